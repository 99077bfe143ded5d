//! What a command finds around it: environment variables, and the file that lists all artifacts.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use tempfile::NamedTempFile;

use super::CommandBackend;
use super::ending::invalid;
use crate::distribute::backend::BackendError;
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Shipment};
use crate::process::Command;
use crate::target::Target;
use crate::template::Variables;

/// The variables that tell about one artifact.
const OF_ARTIFACT: [&str; 5] =
    ["SAMPO_TARGET", "SAMPO_ARTIFACT", "SAMPO_ARTIFACT_NAME", "SAMPO_ARTIFACT_KIND", "SAMPO_ARTIFACT_SHA256"];
/// The variable that names the list of all of them.
const LIST: &str = "SAMPO_ARTIFACTS";

/// The artifacts of one release, as in the file that `SAMPO_ARTIFACTS` names.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ArtifactList(Vec<ListedArtifact>);

/// One artifact in the list.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct ListedArtifact {
    /// The file name.
    name: String,
    /// Where it lies, as an absolute path.
    path: PathBuf,
    /// What it is.
    kind: ArtifactKind,
    /// The target it was built for; null for a file of no target.
    target: Option<Target>,
    /// Its size in bytes.
    bytes: u64,
    /// Its digest.
    sha256: Digest,
}

impl ArtifactList {
    fn of(shipment: &Shipment) -> Self {
        let listed = |artifact: &Artifact| ListedArtifact {
            name: artifact.name.clone(),
            path: artifact.path.clone(),
            kind: artifact.kind,
            target: artifact.target.clone(),
            bytes: artifact.bytes,
            sha256: artifact.sha256,
        };
        Self(shipment.artifacts.iter().map(listed).collect())
    }

    /// The list as a file, gone when dropped.
    pub(super) fn write(shipment: &Shipment) -> Result<NamedTempFile, BackendError> {
        let json = serde_json::to_vec_pretty(&Self::of(shipment)).expect("names and digests are JSON");
        let made = tempfile::Builder::new().prefix("sampo-artifacts-").suffix(".json").tempfile();
        let written = made.and_then(|mut file| file.write_all(&json).map(|()| file));
        written.map_err(|error| BackendError::new("io", format!("cannot write the list of artifacts: {error}")))
    }
}

impl CommandBackend {
    /// `command` with the environment that is promised for this artifact, or for the whole release with its `list`.
    pub(super) fn surrounded(
        &self,
        command: Command,
        shipment: &Shipment,
        artifact: Option<&Artifact>,
        list: Option<&NamedTempFile>,
        variables: &Variables,
    ) -> Result<Command, BackendError> {
        let withheld = self.context.token_variables.iter().map(String::as_str);
        let withheld = withheld.filter(|name| !self.config.pass_env.iter().any(|passed| passed == name));
        let mut command = command.adding(&self.context.environment);
        // What another Sampo around this one has said is not about this artifact.
        for name in withheld.chain(OF_ARTIFACT).chain([LIST]) {
            command = command.without_env(name);
        }
        for name in &self.config.pass_env {
            command = command.env(name, self.passed(name)?);
        }
        let release = &shipment.release;
        command = command
            .env("SAMPO_BACKEND", &self.name)
            .env("SAMPO_PACKAGE", release.package.to_string())
            .env("SAMPO_CRATE", release.package.name())
            .env("SAMPO_ECOSYSTEM", release.package.ecosystem().as_str())
            .env("SAMPO_VERSION", release.version.to_string())
            .env("SAMPO_TAG", &release.tag)
            .env("SAMPO_COMMIT", release.commit.as_deref().unwrap_or_default());
        if let Some(artifact) = artifact {
            let [target, path, name, kind, sha256] = OF_ARTIFACT;
            command = command
                .env(target, artifact.target.as_ref().map(ToString::to_string).unwrap_or_default())
                .env(path, &artifact.path)
                .env(name, &artifact.name)
                .env(kind, artifact.kind.as_str())
                .env(sha256, artifact.sha256.to_string());
        }
        if let Some(list) = list {
            command = command.env(LIST, list.path());
        }
        for (name, template) in &self.config.env {
            command = command.env(name, template.render(variables).map_err(invalid)?);
        }
        Ok(command)
    }

    /// The value of a variable that is to be handed on.
    pub(super) fn passed(&self, name: &str) -> Result<&str, BackendError> {
        self.context.environment.get(name).ok_or_else(|| {
            BackendError::new("credentials-missing", format!("the environment variable `{name}` is not set"))
                .with_hint(format!("set `{name}`, or take it out of `pass_env` of the backend `{}`", self.name))
        })
    }
}
