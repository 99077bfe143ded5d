//! What was built for which version: a note beside the results, so that an old program never ships under a new number.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::checksum::Digest;
use crate::atomic;
use crate::error::PathError;

/// The note's name, in the folder of one build's results.
const FILE_NAME: &str = "sampo-build.json";

/// Which version the files of a folder are, told by their digests. Files that were put there by other means are not
/// in it, and nothing is said about them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BuildStamp {
    /// The version that was built.
    version: Version,
    /// The results, by name.
    files: BTreeMap<String, Digest>,
}

impl BuildStamp {
    /// Notes that the files `names` in `folder`, as far as they are there, are `version`.
    pub(super) fn write(folder: &Path, version: &Version, names: &[String]) -> Result<(), PathError> {
        let mut files = BTreeMap::new();
        for name in names.iter().filter(|name| folder.join(name).is_file()) {
            files.insert(name.clone(), Digest::of_file(&folder.join(name))?.0);
        }
        if files.is_empty() {
            return Ok(());
        }
        let stamp = Self { version: version.clone(), files };
        let text = serde_json::to_string_pretty(&stamp).expect("versions and digests are JSON");
        atomic::write(&folder.join(FILE_NAME), text + "\n")
    }

    /// The version that the file at `path` was built for, if that is known of these very bytes.
    pub(super) fn version_of(path: &Path) -> Result<Option<Version>, PathError> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        let stamp = folder.join(FILE_NAME);
        let text = match fs::read_to_string(&stamp) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PathError::new("read", &stamp)(error)),
        };
        // A note that cannot be read says nothing; the next build writes it anew.
        let Ok(stamp) = serde_json::from_str::<Self>(&text) else { return Ok(None) };
        let Some(digest) = stamp.files.get(name.to_string_lossy().as_ref()) else { return Ok(None) };
        Ok((Digest::of_file(path)?.0 == *digest).then_some(stamp.version))
    }
}

/// Files that are noted as another version, as they are before a build.
pub(super) struct Outdated(Vec<(PathBuf, Option<SystemTime>)>);

impl Outdated {
    /// Those of `names` in `folder` that are not `version`.
    pub(super) fn find(folder: &Path, version: &Version, names: &[String]) -> Result<Self, PathError> {
        let mut found = Vec::new();
        for path in names.iter().map(|name| folder.join(name)).filter(|path| path.is_file()) {
            if BuildStamp::version_of(&path)?.is_some_and(|noted| noted != *version) {
                found.push((path.clone(), modified(&path)));
            }
        }
        Ok(Self(found))
    }

    /// Whether every one of them has been written anew since.
    pub(super) fn is_gone(&self) -> bool {
        self.0.iter().all(|(path, before)| modified(path) != *before)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_bytes_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tool");
        fs::write(&path, "old").unwrap();
        let version = Version::new(1, 1, 0);
        BuildStamp::write(folder.path(), &version, &["tool".into(), "missing".into()]).unwrap();
        assert_eq!(BuildStamp::version_of(&path).unwrap(), Some(version));
        fs::write(&path, "brought by somebody").unwrap();
        assert_eq!(BuildStamp::version_of(&path).unwrap(), None);
        fs::write(folder.path().join(FILE_NAME), "garbage").unwrap();
        assert_eq!(BuildStamp::version_of(&path).unwrap(), None);
    }
}
