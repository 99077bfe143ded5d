//! The folder of one release: what stands there, how a file gets in, and the manifest that makes it complete.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::below;
use super::failure::{changed, failed, is_missing, not_a_folder, shared};
use super::manifest::{self, Entry, Manifest};
use super::retention::remove_abandoned;
use super::shelf::Shelf;
use super::work::Stop;
use crate::atomic::{self, TEMPORARY_PREFIX};
use crate::distribute::backend::{BackendError, Found, Presence, Progress};
use crate::distribute::checksum::{Digest, SUMS_FILE};
#[cfg(unix)]
use crate::distribute::model::ArtifactKind;
use crate::distribute::model::{Artifact, Item, Release};
use crate::error::PathError;

/// The folder of one release.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub folder: PathBuf,
    pub shelf: Shelf,
    pub release: Release,
    /// The name of the folder on its shelf, if `latest` may point at it.
    pub latest: Option<String>,
    /// Where users reach the folder.
    pub url: Option<Url>,
}

/// What stands under a name.
pub(super) enum Standing {
    Nothing,
    File {
        digest: Digest,
        bytes: u64,
    },
    /// A folder, a link, a pipe.
    Other,
}

impl Standing {
    pub fn at(path: &Path, stop: &Stop) -> Result<Self, BackendError> {
        let unreadable = |error| failed(PathError::new("read", path)(error));
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Nothing),
            Err(error) => Err(unreadable(error)),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Other),
            Ok(_) => {
                let file = match File::open(path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
                    opened => opened.map_err(unreadable)?,
                };
                let (digest, bytes) = Digest::of_reader(&mut stop.stopping(file)).map_err(unreadable)?;
                Ok(Self::File { digest, bytes })
            }
        }
    }
}

impl Place {
    /// What stands in the place of `item`.
    pub fn presence(&self, item: &Item, stop: &Stop) -> Result<Presence, BackendError> {
        let Some(artifact) = &item.artifact else { return Ok(Presence::Unknown) };
        let path = self.folder.join(&item.name);
        Ok(match Standing::at(&path, stop)? {
            Standing::Nothing => Presence::Absent,
            Standing::File { digest, .. } if digest == artifact.sha256 => Presence::Identical,
            Standing::File { digest, bytes } => {
                let description = format!("a file of {bytes} bytes with SHA-256 {digest}");
                Presence::Different(Found { description, revision: digest.to_string() })
            }
            Standing::Other => Presence::Closed(format!("`{}` is not a file", path.display())),
        })
    }

    /// Makes the folder, and removes what killed runs have left.
    pub fn open(&self) -> Result<(), BackendError> {
        self.make_folder()?;
        remove_abandoned(&self.folder);
        remove_abandoned(&self.shelf.folder);
        atomic::sync_folder(&self.shelf.folder).map_err(failed)
    }

    /// Fails if something else stands where the folder belongs. A link would bring what is delivered elsewhere.
    pub fn check_folder(&self) -> Result<(), BackendError> {
        match fs::symlink_metadata(&self.folder) {
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failed(PathError::new("read", &self.folder)(error))),
            Ok(metadata) if metadata.is_symlink() => Err(not_a_folder(&self.folder, "a link")),
            Ok(metadata) if !metadata.is_dir() => Err(not_a_folder(&self.folder, "a file")),
            Ok(_) => Ok(()),
        }
    }

    fn make_folder(&self) -> Result<(), BackendError> {
        self.check_folder()?;
        fs::create_dir_all(&self.folder).map_err(|error| failed(PathError::new("make", &self.folder)(error)))
    }

    /// Copies `artifact` under a temporary name, checks what was read, and renames it, if then nothing stands in its
    /// place but what was surveyed.
    pub fn put(
        &self,
        artifact: &Artifact,
        found: &Presence,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<(), BackendError> {
        let path = self.folder.join(&artifact.name);
        let unwritable = |error| failed(PathError::new("write", &path)(error));
        // Another run may have removed it as an old one, before anything was in it.
        self.make_folder()?;
        let temporary = self.copy_in(artifact, progress, stop)?;
        let lock = self.shelf.lock(stop)?;
        let is_surveyed =
            |digest: Digest| matches!(found, Presence::Different(found) if found.revision == digest.to_string());
        match Standing::at(&path, stop)? {
            Standing::File { digest, .. } if digest == artifact.sha256 => return Ok(()),
            Standing::File { digest, .. } if is_surveyed(digest) => {
                temporary.persist(&path).map_err(|error| unwritable(error.error))?;
            }
            Standing::File { .. } | Standing::Other => return Err(changed(&path)),
            Standing::Nothing => match temporary.persist_noclobber(&path) {
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(changed(&path)),
                // Some shares can only replace.
                Err(error) => error.file.persist(&path).map(drop).map_err(|error| unwritable(error.error))?,
                Ok(_) => {}
            },
        }
        drop(lock);
        atomic::sync_folder(&self.folder).map_err(failed)
    }

    /// Writes the manifest, moves `latest` and removes old releases, as far as that is to be done.
    pub fn finish(&self, artifacts: &[Artifact], stop: &Stop) -> Result<(), BackendError> {
        let _lock = self.shelf.lock(stop)?;
        let standing = self.standing_manifest()?;
        let manifest = self.manifest(artifacts, standing.as_ref(), stop)?;
        if standing.as_ref() != Some(&manifest) {
            manifest.write(&self.folder.join(manifest::FILE_NAME)).map_err(failed)?;
        }
        if let Some(name) = &self.latest {
            self.shelf.point_at(&self.release, name)?;
        }
        self.shelf.prune(&self.release, stop)
    }

    /// Whether [`finish`](Self::finish) would write nothing.
    pub fn is_finished(&self, artifacts: &[Artifact], stop: &Stop) -> Result<bool, BackendError> {
        let standing = self.standing_manifest()?;
        if standing != Some(self.manifest(artifacts, standing.as_ref(), stop)?) {
            return Ok(false);
        }
        self.is_pointed_at()
    }

    /// Whether `latest` is where it belongs.
    pub fn is_pointed_at(&self) -> Result<bool, BackendError> {
        self.latest.as_ref().map_or(Ok(true), |name| self.shelf.points_at(&self.release, name))
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, BackendError> {
        let path = self.folder.join(name);
        match manifest::read_file(&path)? {
            Some(text) => Ok(text),
            None => Err(changed(&path)),
        }
    }

    /// The manifest that stands there; another package's is an error.
    pub fn standing_manifest(&self) -> Result<Option<Manifest>, BackendError> {
        let path = self.folder.join(manifest::FILE_NAME);
        let standing = Manifest::read(&path)?;
        match standing.as_ref().filter(|standing| standing.package != self.release.package) {
            Some(other) => Err(shared(&path, &other.package, &self.release.package)),
            None => Ok(standing),
        }
    }

    /// What the manifest is to be: what stands there of ours, and of what other runs have listed.
    fn manifest(
        &self,
        artifacts: &[Artifact],
        standing: Option<&Manifest>,
        stop: &Stop,
    ) -> Result<Manifest, BackendError> {
        let ours = artifacts.iter().map(|artifact| {
            let url = self.url.as_ref().and_then(|base| below(base, &artifact.name));
            Entry::of(artifact, url)
        });
        let theirs = standing.filter(|standing| standing.version == self.release.version);
        let theirs = theirs.into_iter().flat_map(|theirs| &theirs.artifacts);
        let theirs = theirs.filter(|entry| artifacts.iter().all(|artifact| artifact.name != entry.name)).cloned();
        let is_there = |entry: &Entry| self.folder.join(&entry.name).is_file();
        let entries = ours.chain(theirs).filter(is_there).map(|entry| self.as_it_stands(entry, stop));
        Ok(Manifest::of(&self.release, entries.collect::<Result<_, _>>()?))
    }

    /// A list is merged with those of other runs, so that only the one that stands there tells what is in it.
    fn as_it_stands(&self, entry: Entry, stop: &Stop) -> Result<Entry, BackendError> {
        if entry.name != SUMS_FILE {
            return Ok(entry);
        }
        Ok(match Standing::at(&self.folder.join(&entry.name), stop)? {
            Standing::File { digest, bytes } => Entry { sha256: digest, bytes, ..entry },
            Standing::Nothing | Standing::Other => entry,
        })
    }

    /// A temporary file beside the others with the bytes of `artifact`, on the disk.
    fn copy_in(&self, artifact: &Artifact, progress: &Progress, stop: &Stop) -> Result<NamedTempFile, BackendError> {
        let unwritable = |error| failed(PathError::new("write", &self.folder.join(&artifact.name))(error));
        let source =
            File::open(&artifact.path).map_err(|error| failed(PathError::new("read", &artifact.path)(error)))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        builder.permissions(permissions_for(artifact.kind));
        let mut temporary = builder.tempfile_in(&self.folder).map_err(unwritable)?;
        let digest = copy(&mut stop.stopping(source), temporary.as_file_mut(), progress).map_err(unwritable)?;
        if digest != artifact.sha256 {
            let message = format!("`{}` changed while it was read", artifact.path.display());
            return Err(BackendError::new("artifact-changed", message).with_hint("run `sampo distribute` again"));
        }
        temporary.as_file().sync_all().map_err(unwritable)?;
        Ok(temporary)
    }
}

/// Copies all of `source`; the digest of what was copied.
pub(super) fn copy(source: &mut impl Read, sink: &mut File, progress: &Progress) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(Digest::from(<[u8; 32]>::from(hasher.finalize())));
        }
        hasher.update(&buffer[..read]);
        sink.write_all(&buffer[..read])?;
        progress.advance(read as u64);
    }
}

/// A web server runs as somebody else, and a raw binary may have lost its bit on the way; the umask narrows this.
#[cfg(unix)]
fn permissions_for(kind: ArtifactKind) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(if kind == ArtifactKind::Binary { 0o755 } else { 0o644 })
}
