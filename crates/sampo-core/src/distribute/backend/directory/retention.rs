//! Which releases stay on a shelf, and how one that does not is taken away.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use semver::Version;

use super::failure::failed;
use super::lock;
use super::manifest::{self, Latest, Manifest};
use super::shelf::Shelf;
use super::work::Stop;
use crate::atomic::TEMPORARY_PREFIX;
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::error::PathError;

/// What a run that was killed has left is older than this before another run removes it.
pub(super) const ABANDONED: Duration = Duration::from_secs(3600);
/// What is being removed stands in a folder of such a name, out of the sight of users.
const REMOVED_PREFIX: &str = ".sampo-removed-";

impl Shelf {
    /// Removes the oldest releases of this package beyond `keep`: folders with a manifest of ours, nothing else, and
    /// none that another run is writing to. For whoever holds the lock.
    pub fn prune(&self, release: &Release, stop: &Stop) -> Result<(), BackendError> {
        let Some(keep) = self.keep else { return Ok(()) };
        let mut releases = self.releases(release)?;
        releases.sort_by(|a, b| b.cmp(a));
        let pointed_at = Latest::read(&self.pointer())?.map(|latest| latest.version);
        // A row of pre-releases is no reason to lose what most users have.
        let newest_stable = releases.iter().map(|(version, _)| version).find(|version| version.pre.is_empty()).cloned();
        let stays = |version: &Version| {
            [Some(&release.version), pointed_at.as_ref(), newest_stable.as_ref()].contains(&Some(version))
        };
        for (version, folder) in releases.iter().skip(keep.get()) {
            if !stays(version) && !is_being_written(folder) {
                stop.check().map_err(|error| failed(PathError::new("remove", folder)(error)))?;
                self.remove(folder).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The finished releases of the package, each with its folder; links are none.
    fn releases(&self, release: &Release) -> Result<Vec<(Version, PathBuf)>, BackendError> {
        let unreadable = |error| failed(PathError::new("read", &self.folder)(error));
        Ok(fs::read_dir(&self.folder)
            .map_err(unreadable)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()))
            .filter_map(|path| Some((Manifest::read(&path.join(manifest::FILE_NAME)).ok()??, path)))
            .filter(|(manifest, _)| manifest.package == release.package)
            .map(|(manifest, path)| (manifest.version, path))
            .collect())
    }

    /// Out of sight at once, so that nobody sees half of it.
    fn remove(&self, folder: &Path) -> Result<(), PathError> {
        let failed = || PathError::new("remove", folder);
        let grave = tempfile::Builder::new().prefix(REMOVED_PREFIX).tempdir_in(&self.folder).map_err(failed())?;
        fs::rename(folder, grave.path().join("release")).map_err(failed())?;
        grave.close().map_err(failed())
    }
}

/// Whether a run may be at it: something is on its way in, or has come lately, after the manifest.
fn is_being_written(folder: &Path) -> bool {
    let listed = modified(&folder.join(manifest::FILE_NAME));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| !is_old(&entry.path())).any(|entry| {
        let is_on_its_way = entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX);
        is_on_its_way || modified(&entry.path()) > listed
    })
}

/// What a killed run left behind in `folder`. Failing to remove it harms nobody.
pub(super) fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(TEMPORARY_PREFIX) && name != lock::FILE_NAME;
        if !is_ours || !is_old(&path) {
            continue;
        }
        let _ = match name.starts_with(REMOVED_PREFIX) {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
    }
}

fn is_old(path: &Path) -> bool {
    let age = modified(path).and_then(|time| SystemTime::now().duration_since(time).ok());
    age.is_some_and(|age| age > ABANDONED)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).and_then(|metadata| metadata.modified()).ok()
}
