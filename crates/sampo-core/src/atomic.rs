//! Writing a file all or not at all: temporary file in the same folder, fsync, rename.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use crate::error::PathError;

/// Temporary files carry this prefix, so that a later run can tell them from anything else and clean up.
pub const TEMPORARY_PREFIX: &str = ".sampo-";

/// Replaces `path` by `contents`; a crash at any moment leaves the old file or the new one, never a part.
///
/// Folders on the way are made. An existing file keeps its permissions; a new one gets the usual ones. A link stays:
/// what it leads to is replaced.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), PathError> {
    let target = if path.is_symlink() { path.canonicalize().ok() } else { None };
    let path = target.as_deref().unwrap_or(path);
    let failed = || PathError::new("write", path);
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(failed())?;
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(permissions_for(path));
    let mut file = builder.tempfile_in(folder).map_err(failed())?;
    file.write_all(contents.as_ref()).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    sync_folder(folder);
    Ok(())
}

/// An empty file in `folder` with the usual permissions of a new file, gone again unless it is persisted. For contents
/// that are too large for [`write`].
pub fn temporary_file_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(usual_permissions());
    builder.tempfile_in(folder)
}

/// Fails if [`write`] could not put a file at `path`, and leaves nothing behind.
pub fn probe(path: &Path) -> Result<(), PathError> {
    if path.is_dir() {
        return Err(PathError::new("write", path)(std::io::ErrorKind::IsADirectory.into()));
    }
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(PathError::new("write", path))?;
    Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder).map(drop).map_err(PathError::new("write", path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a rename in `folder` durable where the platform can.
pub fn sync_folder(folder: &Path) {
    // Windows cannot open a folder for syncing, and some network shares refuse: the rename itself has happened.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
fn permissions_for(path: &Path) -> fs::Permissions {
    fs::metadata(path).map_or_else(|_| usual_permissions(), |metadata| metadata.permissions())
}

#[cfg(unix)]
fn usual_permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    // 0666 is narrowed by the umask, as for any newly made file.
    fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_makes_folders_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file.txt");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_names_the_file_and_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file.txt");
        write(&blocked, "old").unwrap();
        let error = write(&blocked.join("below-a-file"), "x").unwrap_err();
        assert!(error.to_string().contains("below-a-file"));
        assert_eq!(fs::read_to_string(&blocked).unwrap(), "old");
    }

    #[cfg(unix)]
    #[test]
    fn an_existing_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.sh");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        write(&path, "#!/bin/sh\ntrue\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
