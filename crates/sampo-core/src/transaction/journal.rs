//! The file that says, as long as files are being changed, what each of them held before.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Change, Obstacle, TransactionError};
use crate::atomic;
use crate::error::PathError;

/// The file below the root.
pub(super) const PATH: &str = ".sampo/.release-journal";

/// The format that this version writes and reads.
const VERSION: u32 = 1;

/// How often a lock is asked for before its holder counts as alive.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(30);

/// A journal that exists. It is locked, so that others can tell a run that is alive from one that was killed.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    /// Their paths are relative to the root.
    changes: Vec<Change>,
}

impl Journal {
    /// Writes the journal of `changes`, durably and whole or not at all.
    pub(super) fn begin(root: &Path, changes: &[Change], obstacle: Obstacle<'_>) -> Result<Self, TransactionError> {
        let path = root.join(PATH);
        let failed = || PathError::new("write", &path);
        let record = Record { version: VERSION, changes: changes.iter().map(|change| below(root, change)).collect() };
        let text = serde_json::to_vec(&record).map_err(io::Error::other).map_err(failed())?;
        let folder = atomic::folder_of(&path);
        atomic::make_folder(folder).map_err(failed())?;
        obstacle().map_err(failed())?;
        let mut file = atomic::temporary_file_in(folder).map_err(failed())?;
        lock(file.as_file()).map_err(failed())?;
        file.as_file_mut().write_all(&text).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        obstacle().map_err(failed())?;
        let lock = file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => TransactionError::UnderWay(root.to_owned()),
            _ => failed()(error.error).into(),
        })?;
        let journal = Self { path, _lock: lock };
        let synced = atomic::sync_folder(atomic::folder_of(&journal.path));
        synced.inspect_err(|_| drop(fs::remove_file(&journal.path)))?;
        Ok(journal)
    }

    /// The journal of a run that was killed in `root`, and the changes that it was making.
    pub(super) fn left_in(root: &Path) -> Result<Option<(Self, Vec<Change>)>, TransactionError> {
        let path = root.join(PATH);
        let failed = || PathError::new("read", &path);
        // A run may have been killed before its journal had its name.
        atomic::remove_temporaries(atomic::folder_of(&path));
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed())?,
        };
        if !lock_in_time(&file).map_err(failed())? {
            return Err(TransactionError::UnderWay(root.to_owned()));
        }
        if !stands_at(&file, &path) {
            // Its run has just ended in good order.
            return Ok(None);
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed())?;
        let changes = parse(root, &text).map_err(|reason| TransactionError::Journal { path: path.clone(), reason })?;
        Ok(Some((Self { path, _lock: file }, changes)))
    }

    /// Removes the journal: from here on its changes are made for good, or taken back for good.
    pub(super) fn end(&self, obstacle: Obstacle<'_>) -> Result<(), PathError> {
        let failed = || PathError::new("remove", &self.path);
        obstacle().map_err(failed())?;
        fs::remove_file(&self.path).map_err(failed())?;
        // If it comes back after a power failure, its files are as it says: the next run only removes it again.
        let _ = atomic::sync_folder(atomic::folder_of(&self.path));
        Ok(())
    }
}

/// The same, with patience: a child that was being started when its parent ended holds the parent's locks until it
/// runs its own program.
fn lock_in_time(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        if lock(file)? {
            return Ok(true);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    lock(file)
}

/// Whether the lock is ours. Where there are no locks, as on some network shares, nobody can hold one.
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether `path` still names the open `file`.
fn stands_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let identity = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino());
        matches!((file.metadata(), fs::metadata(path)), (Ok(open), Ok(named)) if identity(&open) == identity(&named))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// `change` with its path relative to `root`, so that the repository may be moved.
fn below(root: &Path, change: &Change) -> Change {
    Change { path: change.path.strip_prefix(root).unwrap_or(&change.path).to_owned(), ..change.clone() }
}

/// The changes that `text` records. A journal comes with the repository like any other file: whoever wrote it must not
/// reach files elsewhere.
fn parse(root: &Path, text: &str) -> Result<Vec<Change>, String> {
    let record: Record = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if record.version != VERSION {
        return Err(format!("it has version {}, this version of sampo reads {VERSION}", record.version));
    }
    let top = root.canonicalize().map_err(|error| error.to_string())?;
    let inside = |change: Change| {
        let path = root.join(&change.path);
        let folder = atomic::folder_of(&path).canonicalize();
        let is_inside = !path.is_symlink() || path.canonicalize().is_ok_and(|real| real.starts_with(&top));
        match folder {
            Ok(folder) if is_inside && folder.starts_with(&top) => Ok(Change { path, ..change }),
            _ => Err(format!("`{}` is not a file below the root", change.path.display())),
        }
    };
    record.changes.into_iter().map(inside).collect()
}
