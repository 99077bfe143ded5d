//! The files that a `directory` backend writes for its users: `manifest.json` in each release, `latest.json` above.

use std::fs;
use std::path::Path;

use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::failure::{failed, foreign, is_missing, too_new};
use crate::atomic;
use crate::distribute::backend::BackendError;
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Release};
use crate::error::PathError;
use crate::target::Target;
use crate::workspace::PackageId;

/// Lists the artifacts of a release, beside them.
pub(super) const FILE_NAME: &str = "manifest.json";
/// Points at the newest release, beside the folders of releases.
pub(super) const LATEST_FILE_NAME: &str = "latest.json";

const SCHEMA_VERSION: u32 = 1;

/// Everything that a release consists of. `schemas/manifest.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Manifest {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// The package's id.
    pub package: PackageId,
    /// The version released.
    #[schemars(with = "String")]
    pub version: Version,
    /// The git tag.
    pub tag: String,
    /// The full hash of the tagged commit.
    pub commit: Option<String>,
    /// The artifacts, sorted by name.
    pub artifacts: Vec<Entry>,
}

/// One artifact in a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entry {
    /// The file's name, beside the manifest.
    pub name: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// The target it was built for; null for a file of no target.
    pub target: Option<Target>,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// Where users fetch it; null if the configuration gives no address.
    pub url: Option<String>,
}

/// The newest release of a package. `schemas/latest.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Latest {
    /// The package's id.
    pub package: PackageId,
    /// Its newest version.
    #[schemars(with = "String")]
    pub version: Version,
    /// The git tag of that version.
    pub tag: String,
    /// The folder of that version, beside this file.
    pub path: String,
    /// Its manifest, relative to this file.
    pub manifest: String,
}

impl Manifest {
    /// The manifest of `release` with these entries.
    pub(super) fn of(release: &Release, mut artifacts: Vec<Entry>) -> Self {
        artifacts.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            schema_version: SCHEMA_VERSION,
            package: release.package.clone(),
            version: release.version.clone(),
            tag: release.tag.clone(),
            commit: release.commit.clone(),
            artifacts,
        }
    }

    /// The manifest in a file; none if there is no file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, BackendError> {
        read_json(path)
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), PathError> {
        write_json(self, path)
    }
}

impl Entry {
    /// The entry of `artifact`, which users fetch from `url`.
    pub(super) fn of(artifact: &Artifact, url: Option<String>) -> Self {
        Self {
            name: artifact.name.clone(),
            kind: artifact.kind,
            target: artifact.target.clone(),
            bytes: artifact.bytes,
            sha256: artifact.sha256,
            url,
        }
    }
}

impl Latest {
    /// A pointer to `release` in the folder `name`.
    pub(super) fn of(release: &Release, name: &str) -> Self {
        Self {
            package: release.package.clone(),
            version: release.version.clone(),
            tag: release.tag.clone(),
            path: name.to_owned(),
            manifest: format!("{name}/{FILE_NAME}"),
        }
    }

    /// The pointer in a file; none if there is no file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, BackendError> {
        read_json(path)
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), PathError> {
        write_json(self, path)
    }
}

/// The bytes of a file; none if there is none. Anything else of that name is an error: reading a pipe might never end.
pub(super) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, BackendError> {
    let unreadable = |error| failed(PathError::new("read", path)(error));
    match fs::metadata(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(metadata) if !metadata.is_file() => return Err(foreign(path, &"it is not a file")),
        Ok(_) => {}
    }
    match fs::read(path) {
        Err(error) if is_missing(&error) => Ok(None),
        bytes => bytes.map(Some).map_err(unreadable),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, BackendError> {
    let Some(bytes) = read_file(path)? else { return Ok(None) };
    if let Ok(Header { schema_version }) = serde_json::from_slice(&bytes)
        && schema_version > SCHEMA_VERSION.into()
    {
        return Err(too_new(path, schema_version));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| foreign(path, &error))
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Header {
    schema_version: u64,
}

fn write_json(value: &impl Serialize, path: &Path) -> Result<(), PathError> {
    let text = serde_json::to_string_pretty(value).expect("these values have nothing that JSON lacks");
    atomic::write(path, text + "\n")
}
