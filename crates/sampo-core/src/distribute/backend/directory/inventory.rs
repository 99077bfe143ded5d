//! What the folder of a release holds, as a source for others.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;

use super::failure::failed;
use super::manifest::{self, Manifest};
use super::place::{Place, Standing, copy};
use super::work::Stop;
use crate::atomic::TEMPORARY_PREFIX;
use crate::distribute::backend::{BackendError, Held, Inventory, Progress};
use crate::distribute::checksum::SUMS_FILE;
use crate::distribute::naming;
use crate::error::PathError;

impl Place {
    /// The files in the folder, apart from its own; links lead elsewhere and are none.
    pub fn inventory(&self, stop: &Stop) -> Result<Option<Inventory>, BackendError> {
        let unreadable = |error| failed(PathError::new("read", &self.folder)(error));
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(unreadable)?,
        };
        let manifest = self.whole_manifest()?;
        let mut held = Vec::new();
        for entry in entries {
            held.extend(self.held(&entry.map_err(unreadable)?, manifest.as_ref(), stop)?);
        }
        held.sort_by(|a, b| a.name.cmp(&b.name));
        let finished = match &manifest {
            Some(manifest) => manifest.agrees_with(&held) && self.is_pointed_at()?,
            None => false,
        };
        Ok(Some(Inventory { held, finished }))
    }

    /// Copies a file of the folder to `to`.
    pub fn copy_out(&self, name: &str, to: &Path, progress: &Progress, stop: &Stop) -> Result<(), BackendError> {
        let path = self.folder.join(name);
        let is_file = || fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        if naming::defect(name).is_some() || !is_file() {
            return Err(BackendError::new("not-found", format!("there is no file `{}` any more", path.display())));
        }
        let source = File::open(&path).map_err(|error| failed(PathError::new("read", &path)(error)))?;
        let unwritable = |error| failed(PathError::new("write", to)(error));
        let mut sink = File::create_new(to).map_err(unwritable)?;
        copy(&mut stop.stopping(source), &mut sink, progress).map(drop).map_err(unwritable)
    }

    /// The manifest, if it can be understood and is about this very release.
    fn whole_manifest(&self) -> Result<Option<Manifest>, BackendError> {
        let is_broken = Manifest::read(&self.folder.join(manifest::FILE_NAME)).is_err();
        let manifest = if is_broken { None } else { self.standing_manifest()? };
        Ok(manifest.filter(|manifest| manifest.version == self.release.version))
    }

    fn held(&self, entry: &DirEntry, manifest: Option<&Manifest>, stop: &Stop) -> Result<Option<Held>, BackendError> {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { return Ok(None) };
        let unreadable = |error| failed(PathError::new("read", &entry.path())(error));
        // Of the entry itself: a link is not followed.
        let metadata = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(unreadable)?,
        };
        if !metadata.is_file() || name == manifest::FILE_NAME || name.starts_with(TEMPORARY_PREFIX) {
            return Ok(None);
        }
        // A list grows between two manifests.
        let listed = manifest.filter(|_| name != SUMS_FILE).and_then(|manifest| manifest.entry(&name));
        if let Some(listed) = listed.filter(|listed| listed.bytes == metadata.len()) {
            return Ok(Some(Held { name, bytes: listed.bytes, sha256: Some(listed.sha256), complete: true }));
        }
        match Standing::at(&entry.path(), stop)? {
            Standing::File { digest, bytes } => Ok(Some(Held { name, bytes, sha256: Some(digest), complete: true })),
            Standing::Nothing | Standing::Other => Ok(None),
        }
    }
}

impl Manifest {
    fn entry(&self, name: &str) -> Option<&manifest::Entry> {
        self.artifacts.iter().find(|entry| entry.name == name)
    }

    /// Whether all that it lists is there, in the size that it says.
    fn agrees_with(&self, held: &[Held]) -> bool {
        self.artifacts.iter().all(|entry| {
            let held = held.iter().find(|held| held.name == entry.name);
            held.is_some_and(|held| held.bytes == entry.bytes || held.name == SUMS_FILE)
        })
    }
}
