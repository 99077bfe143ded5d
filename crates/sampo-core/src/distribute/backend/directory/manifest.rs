//! The files that a `directory` backend writes for its users: `manifest.json` in each release, `latest.json` above.

use std::fs;
use std::io;
use std::path::Path;

use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Release, Shipment};
use crate::error::PathError;
use crate::target::Target;
use crate::workspace::PackageId;

/// Lists the artifacts of a release, beside them.
pub(super) const FILE_NAME: &str = "manifest.json";
/// Points at the newest release, beside the folders of releases.
pub(super) const LATEST_FILE_NAME: &str = "latest.json";
/// The same as a link, where the system has links.
#[cfg(unix)]
const LATEST_LINK: &str = "latest";

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
    /// The manifest of all that a shipment brings.
    pub(super) fn of(shipment: &Shipment, url: impl Fn(&Artifact) -> Option<String>) -> Self {
        let release = &shipment.release;
        let entry = |artifact: &Artifact| Entry {
            name: artifact.name.clone(),
            kind: artifact.kind,
            target: artifact.target.clone(),
            bytes: artifact.bytes,
            sha256: artifact.sha256,
            url: url(artifact),
        };
        let mut artifacts: Vec<Entry> = shipment.artifacts.iter().map(entry).collect();
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

    /// This manifest, with the entries of `theirs` that it lacks and whose files are there.
    pub(super) fn keeping(mut self, theirs: Option<Self>, is_there: impl Fn(&str) -> bool) -> Self {
        let Some(theirs) = theirs.filter(|theirs| theirs.package == self.package && theirs.version == self.version)
        else {
            return self;
        };
        let is_new = |entry: &Entry| self.artifacts.iter().all(|ours| ours.name != entry.name);
        let kept: Vec<Entry> =
            theirs.artifacts.iter().filter(|entry| is_new(entry) && is_there(&entry.name)).cloned().collect();
        self.artifacts.extend(kept);
        self.artifacts.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// The manifest in a file; none if there is no file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, PathError> {
        read_json(path)
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), PathError> {
        write_json(self, path)
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
    pub(super) fn read(path: &Path) -> Result<Option<Self>, PathError> {
        read_json(path)
    }

    /// Writes the pointer, and the link beside it.
    pub(super) fn write(&self, path: &Path) -> Result<(), PathError> {
        write_json(self, path)?;
        move_link(path, self)
    }
}

/// Whether the link beside `latest.json` points where it should; always where the system has no links.
#[cfg(unix)]
pub(super) fn link_stands(latest: &Path, pointer: &Latest) -> bool {
    let link = latest.with_file_name(LATEST_LINK);
    match fs::read_link(&link) {
        Ok(target) => target == Path::new(&pointer.path),
        // Somebody's own file or folder of that name is left alone, and some shares know no links.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(not(unix))]
pub(super) fn link_stands(_latest: &Path, _pointer: &Latest) -> bool {
    true
}

/// Replaces the link by a rename, so that it never points nowhere.
#[cfg(unix)]
fn move_link(latest: &Path, pointer: &Latest) -> Result<(), PathError> {
    let link = latest.with_file_name(LATEST_LINK);
    if link_stands(latest, pointer) || fs::symlink_metadata(&link).is_ok_and(|metadata| !metadata.is_symlink()) {
        return Ok(());
    }
    let temporary = latest.with_file_name(format!("{}{LATEST_LINK}-{}", atomic::TEMPORARY_PREFIX, std::process::id()));
    let _ = fs::remove_file(&temporary);
    match std::os::unix::fs::symlink(&pointer.path, &temporary) {
        Ok(()) => fs::rename(&temporary, &link).map_err(PathError::new("write", &link)),
        // A share without links still has `latest.json`.
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => Ok(()),
        Err(error) => Err(PathError::new("write", &link)(error)),
    }
}

#[cfg(not(unix))]
fn move_link(_latest: &Path, _pointer: &Latest) -> Result<(), PathError> {
    Ok(())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, PathError> {
    match fs::read_to_string(path) {
        // Somebody else's file of that name is not ours to overwrite.
        Ok(text) => {
            serde_json::from_str(&text).map(Some).map_err(|error| PathError::new("understand", path)(error.into()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PathError::new("read", path)(error)),
    }
}

fn write_json(value: &impl Serialize, path: &Path) -> Result<(), PathError> {
    let text = serde_json::to_string_pretty(value).expect("these values have nothing that JSON lacks");
    atomic::write(path, text + "\n")
}
