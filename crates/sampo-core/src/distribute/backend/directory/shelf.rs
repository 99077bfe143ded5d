//! The folder above those of the releases, with the pointers to the newest one.

use std::num::NonZeroUsize;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
#[cfg(unix)]
use std::{fs, io};

use super::failure::{failed, shared};
use super::lock::{Lock, PATIENCE};
use super::manifest::{self, Latest};
use super::work::Stop;
#[cfg(unix)]
use crate::atomic::TEMPORARY_PREFIX;
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::error::PathError;

/// The same as `latest.json` as a link, where the system has links.
#[cfg(unix)]
const LATEST_LINK: &str = "latest";

/// The folder above those of the releases of a package.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub folder: PathBuf,
    /// How many releases stay.
    pub keep: Option<NonZeroUsize>,
}

impl Shelf {
    /// Waits until no other run changes anything on this shelf.
    pub fn lock(&self, stop: &Stop) -> Result<Lock, BackendError> {
        Lock::on(&self.folder, PATIENCE, stop)
    }

    /// Whether [`point_at`](Self::point_at) would change nothing.
    pub fn points_at(&self, release: &Release, name: &str) -> Result<bool, BackendError> {
        let wanted = Latest::of(release, name);
        Ok(match self.current(release)? {
            Some(current) if current.version > release.version => true,
            current => current.as_ref() == Some(&wanted) && self.link_stands(&wanted),
        })
    }

    /// Makes the folder `name` of `release` the latest one, unless a newer one is. For whoever holds the lock.
    pub fn point_at(&self, release: &Release, name: &str) -> Result<(), BackendError> {
        let wanted = Latest::of(release, name);
        let current = self.current(release)?;
        if current.as_ref().is_some_and(|current| current.version > release.version) {
            return Ok(());
        }
        if current.as_ref() != Some(&wanted) {
            wanted.write(&self.pointer()).map_err(failed)?;
        }
        self.move_link(&wanted).map_err(failed)
    }

    pub(super) fn pointer(&self) -> PathBuf {
        self.folder.join(manifest::LATEST_FILE_NAME)
    }

    /// The pointer that stands there, which must be one of the same package.
    fn current(&self, release: &Release) -> Result<Option<Latest>, BackendError> {
        let current = Latest::read(&self.pointer())?;
        match current.as_ref().filter(|current| current.package != release.package) {
            Some(other) => Err(shared(&self.pointer(), &other.package, &release.package)),
            None => Ok(current),
        }
    }

    /// Whether the link points where it should; always where the system has no links.
    #[cfg(unix)]
    fn link_stands(&self, latest: &Latest) -> bool {
        match fs::read_link(self.folder.join(LATEST_LINK)) {
            Ok(target) => target == Path::new(&latest.path),
            // Somebody's own file or folder of that name is left alone, and some shares know no links.
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    #[cfg(not(unix))]
    fn link_stands(&self, _latest: &Latest) -> bool {
        true
    }

    /// Replaces the link by a rename, so that it never points nowhere.
    #[cfg(unix)]
    fn move_link(&self, latest: &Latest) -> Result<(), PathError> {
        let link = self.folder.join(LATEST_LINK);
        let is_somebody_elses = fs::symlink_metadata(&link).is_ok_and(|metadata| !metadata.is_symlink());
        if is_somebody_elses || self.link_stands(latest) {
            return Ok(());
        }
        let mut builder = tempfile::Builder::new();
        let made = builder
            .prefix(TEMPORARY_PREFIX)
            .make_in(&self.folder, |temporary| std::os::unix::fs::symlink(&latest.path, temporary));
        match made {
            Ok(made) => made.persist(&link).map(drop).map_err(|error| PathError::new("write", &link)(error.error)),
            // A share without links still has `latest.json`.
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
                Ok(())
            }
            Err(error) => Err(PathError::new("write", &link)(error)),
        }
    }

    #[cfg(not(unix))]
    fn move_link(&self, _latest: &Latest) -> Result<(), PathError> {
        Ok(())
    }
}
