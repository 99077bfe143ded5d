//! The folder for what is made on the way.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::error::PathError;
use crate::project::Project;

/// How the folders for what is made on the way are named.
const STAGING_PREFIX: &str = "sampo-distribute-";
/// The folder of a run that was killed is removed once it is older than this.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// A folder for what is made on the way, gone at the end. Beside Cargo's own output, since that disk has room for
/// artifacts, while a system's temporary folder is often kept in memory.
pub(in crate::distribute) fn staging_folder(project: &Project) -> Result<TempDir, PathError> {
    let parent = project.workspace.cargo_target_directory.clone().unwrap_or_else(std::env::temp_dir);
    fs::create_dir_all(&parent).map_err(PathError::new("make", &parent))?;
    remove_abandoned(&parent);
    let made = tempfile::Builder::new().prefix(STAGING_PREFIX).tempdir_in(&parent);
    made.map_err(PathError::new("write to", &parent))
}

/// What runs that were killed left behind. Failing to remove it harms nobody.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX);
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
        if is_ours && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
