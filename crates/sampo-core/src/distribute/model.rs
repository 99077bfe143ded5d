//! The nouns of a distribution: data only, no input or output.

use std::path::PathBuf;
use std::sync::Arc;

use semver::Version;

use super::checksum::Digest;
use crate::config::Repository;
pub use crate::config::distribute::ArtifactKind;
use crate::target::Target;
use crate::template::Variables;
use crate::workspace::{Ecosystem, PackageId};

/// A package at a version, with its git tag and commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The package.
    pub package: PackageId,
    /// The version released.
    pub version: Version,
    /// The git tag.
    pub tag: String,
    /// The full hash of the tagged commit; none for a release that is only planned.
    pub commit: Option<String>,
    /// When that commit was made, in seconds since 1970-01-01 UTC: the time of every file that is packed.
    pub commit_time: i64,
    /// The package's folder below the root, with forward slashes.
    pub path: String,
    /// The section of the changelog for this version, in Markdown.
    pub notes: Option<String>,
    /// The repository that it belongs to, where it is known.
    pub repository: Option<Repository>,
}

impl Release {
    /// A release like any other, to try out a template before there is a real one.
    pub fn example() -> Self {
        let repository = Repository { owner: "acme".into(), name: "app".into() };
        Self {
            package: PackageId::new(Ecosystem::Cargo, "my-cli"),
            version: Version::new(1, 2, 0),
            tag: "my-cli-v1.2.0".into(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
            commit_time: 0,
            path: "crates/my-cli".into(),
            notes: None,
            repository: Some(repository),
        }
    }

    /// Whether the version is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.version.pre.is_empty()
    }

    /// The values of the template variables of every release.
    pub fn variables(&self) -> Variables {
        let mut variables = Variables::default();
        variables
            .set("package", self.package.name())
            .set("crate", self.package.name())
            .set("package_id", self.package.to_string())
            .set("ecosystem", self.package.ecosystem().as_str())
            .set("version", self.version.to_string())
            .set("tag", self.tag.as_str())
            .set("commit", self.commit.as_deref().unwrap_or_default())
            .set("prerelease", self.is_prerelease())
            .set("repository", self.repository.as_ref().map(ToString::to_string).unwrap_or_default());
        variables
    }

    /// The same, and those of `target`; they are empty where there is none.
    pub fn variables_for(&self, target: Option<&Target>) -> Variables {
        let mut variables = self.variables();
        variables
            .set("target", target.map(Target::as_str).unwrap_or_default())
            .set("os", target.map(Target::os).unwrap_or_default())
            .set("arch", target.map(Target::arch).unwrap_or_default())
            .set("ext", target.map(Target::executable_suffix).unwrap_or_default());
        variables
    }
}

/// What a run does about the finish of its releases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finishing {
    /// It delivers, and finishes what is complete then.
    #[default]
    Usual,
    /// It delivers and leaves the releases open, for others to add to.
    Never,
    /// It finishes what others have delivered.
    Only,
}

/// A file made for a release, ready to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its file name at every destination.
    pub name: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// The target it was built for, if it belongs to one.
    pub target: Option<Target>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// Where it lies on this machine.
    pub path: PathBuf,
}

impl Artifact {
    /// The values of the template variables of this artifact of `release`.
    pub fn variables(&self, release: &Release) -> Variables {
        let mut variables = release.variables_for(self.target.as_ref());
        variables
            .set("artifact", self.name.as_str())
            .set("path", self.path.to_string_lossy().as_ref())
            .set("sha256", self.sha256.to_string());
        variables
    }
}

/// The artifacts of one release for one backend.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// The release.
    pub release: Arc<Release>,
    /// What this backend gets of it, sorted by name.
    pub artifacts: Vec<Artifact>,
}

/// One thing that a backend puts at its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name there, unique within the shipment.
    pub name: String,
    /// The artifact that it is; none for an item that a backend makes from the whole release.
    pub artifact: Option<Artifact>,
}

impl Item {
    /// An artifact under its own name.
    pub fn of(artifact: &Artifact) -> Self {
        Self { name: artifact.name.clone(), artifact: Some(artifact.clone()) }
    }

    /// Its size in bytes; 0 where the backend makes it.
    pub fn bytes(&self) -> u64 {
        self.artifact.as_ref().map_or(0, |artifact| artifact.bytes)
    }
}
