//! Writing a file all or not at all: temporary file in the same folder, fsync, rename.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

use crate::error::PathError;

mod disk;

pub use disk::Disk;

/// Temporary files carry this prefix, so that a later run can tell them from anything else and clean up.
pub const TEMPORARY_PREFIX: &str = ".sampo-";

/// Replaces `path` by `contents`; a crash at any moment leaves the old file or the new one, never a part.
///
/// Folders on the way are made. An existing file keeps its permissions; a new one gets the usual ones. A link stays:
/// what it leads to is replaced.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), PathError> {
    let staged = Staged::new(path, contents)?;
    staged.sync()?;
    let path = staged.commit()?;
    sync_folder(folder_of(&path))
}

/// The new contents of a file, written beside it: the steps of [`write()`] one by one, for several files that change
/// together. Unless it is committed it leaves nothing behind.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    // A path and not an open file: thousands of files may be staged at the same time.
    temporary: TempPath,
}

impl Staged {
    /// Writes `contents` beside `path`.
    pub fn new(path: &Path, contents: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let target = if path.is_symlink() { path.canonicalize().ok() } else { None };
        let path = target.unwrap_or_else(|| path.to_owned());
        let failed = || PathError::new("write", &path);
        if path.is_dir() {
            return Err(failed()(ErrorKind::IsADirectory.into()));
        }
        let folder = folder_of(&path);
        make_folder(folder).map_err(failed())?;
        let mut builder = Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        builder.permissions(permissions_for(&path));
        let mut file = builder.tempfile_in(folder).map_err(failed())?;
        // Not through `file` itself, whose errors name the temporary file.
        file.as_file_mut().write_all(contents.as_ref()).map_err(failed())?;
        Ok(Self { temporary: file.into_temp_path(), path })
    }

    /// Makes the contents durable.
    pub fn sync(&self) -> Result<(), PathError> {
        // Windows syncs only what is open for writing; elsewhere the file may be read-only.
        let file = fs::OpenOptions::new().read(true).write(cfg!(windows)).open(&self.temporary);
        file.and_then(|file| file.sync_all()).map_err(PathError::new("write", &self.path))
    }

    /// Puts the contents into their place; the file replaced. [`sync_folder`] makes that durable.
    pub fn commit(self) -> Result<PathBuf, PathError> {
        let failed = PathError::new("write", &self.path);
        self.temporary.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(self.path)
    }
}

/// An empty file in `folder` with the usual permissions of a new file, gone again unless it is persisted. For contents
/// that are too large for [`write()`].
pub fn temporary_file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(usual_permissions());
    builder.tempfile_in(folder)
}

/// Fails if [`write()`] could not put a file at `path`, and leaves nothing behind.
pub fn probe(path: &Path) -> Result<(), PathError> {
    if path.is_dir() {
        return Err(PathError::new("write", path)(ErrorKind::IsADirectory.into()));
    }
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(PathError::new("write", path))?;
    Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder).map(drop).map_err(PathError::new("write", path))
}

/// Removes what a run that was killed has left of its temporary files in `folder`. Files that a process holds locked
/// are in use and stay.
pub fn remove_temporaries(folder: &Path) {
    // Nothing depends on it: what cannot be removed now may be the next time.
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_abandoned = || fs::File::open(file.path()).is_ok_and(|open| open.try_lock().is_ok());
        if is_temporary(&file.file_name()) && file.file_type().is_ok_and(|kind| kind.is_file()) && is_abandoned() {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// Whether `tempfile` made this name: the prefix and six letters or digits.
fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY_PREFIX));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The folder that a file stands in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a folder, and those around it, unless they are there; like a rename, that is durable where the platform can.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().try_for_each(|made| sync_entries_of(folder_of(made)))
}

/// Makes a rename in `folder` durable where the platform can; a failure of the disk is an error.
pub fn sync_folder(folder: &Path) -> Result<(), PathError> {
    sync_entries_of(folder).map_err(PathError::new("make durable what was written in", folder))
}

fn sync_entries_of(folder: &Path) -> io::Result<()> {
    // Windows cannot open a folder for syncing.
    if cfg!(windows) {
        return Ok(());
    }
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !is_refused(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the platform does not sync folders, or not this one: some network shares refuse, and a folder that may be
/// written but not read cannot be opened. The rename itself has happened.
fn is_refused(error: &io::Error) -> bool {
    /// What some file systems say of a folder, on every Unix.
    const EBADF: i32 = 9;
    let refusals = [ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::PermissionDenied];
    refusals.contains(&error.kind()) || error.raw_os_error() == Some(EBADF)
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
    fn a_probe_finds_what_cannot_be_written_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.txt");
        probe(&file).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(&file, "").unwrap();
        assert!(probe(&file.join("below-a-file")).is_err());
        assert!(probe(folder.path()).is_err());
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
    fn a_folder_that_cannot_be_synced_is_an_error_unless_its_platform_refuses() {
        let folder = tempfile::tempdir().unwrap();
        sync_folder(folder.path()).unwrap();
        let error = sync_folder(&folder.path().join("gone")).unwrap_err();
        assert!(error.to_string().starts_with("cannot make durable what was written in `"), "{error}");
        // EBADF, EACCES and EINVAL; EIO, and no space left.
        for (code, refused) in [(9, true), (13, true), (22, true), (5, false), (28, false)] {
            assert_eq!(is_refused(&std::io::Error::from_raw_os_error(code)), refused, "{code}");
        }
    }

    #[test]
    fn only_abandoned_temporary_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let in_use = temporary_file_in(folder.path()).unwrap();
        in_use.as_file().lock().unwrap();
        let abandoned = temporary_file_in(folder.path()).unwrap().keep().unwrap().1;
        for name in [".sampo-notes.txt", "sampo-abcdef"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_temporaries(folder.path());
        assert!(in_use.path().exists() && !abandoned.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
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
