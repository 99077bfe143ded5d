//! Several files changed together: all of them, or none, whatever ends the run.
//!
//! A journal says what every file held before. It is written before the first file changes and removed after the last
//! one: where a run finds one that nobody holds, it takes back what a run that was killed has left.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic::{self, Disk, Staged};
use crate::error::{Diagnose, PathError, chain};

mod journal;

use journal::Journal;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its text when the change was planned; none if it did not exist.
    pub before: Option<String>,
    /// Its new text; none if it is removed.
    pub after: Option<String>,
}

/// What a run that was killed had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Some files were changed; every file is again as it was before.
    Half,
    /// Every file was changed; only the journal had to be removed.
    Whole,
}

/// The files could not all be changed, or not be taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// A file is no longer what the plan was made for. Nothing was written.
    #[error("`{}` has changed since the plan was made", .0.display())]
    Stale(PathBuf),
    /// Two changes meet in one file, which a link leads to. Nothing was written.
    #[error("`{}` and `{}` are the same file", .0.display(), .1.display())]
    SameFile(PathBuf, PathBuf),
    /// A file could not be read or written. Every file is as it was before.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A file could not be written, and others could not be put back. The journal stays.
    #[error("some files are changed and could not be put back ({})", restore.join("; "))]
    HalfDone {
        /// Each file that is not as it was, and why.
        restore: Vec<String>,
        /// What went wrong first.
        source: PathError,
    },
    /// Another process changes files right now.
    #[error("another run is changing files in `{}`", .0.display())]
    UnderWay(PathBuf),
    /// A run was killed, and somebody has changed its files since. Nothing was written.
    #[error("a run was interrupted half-way, and files that it was changing have changed since: {}", shown(changed))]
    ChangedSince {
        /// The files that are neither as before that run nor as after it.
        changed: Vec<PathBuf>,
    },
    /// The journal is not one of ours, or names a file elsewhere. Nothing was written.
    #[error("a run was interrupted, and `{}` cannot be used: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

impl Diagnose for TransactionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Stale(_) => "plan-stale",
            Self::SameFile(..) => "same-file",
            Self::Io(error) => error.code(),
            Self::HalfDone { .. } => "half-done",
            Self::UnderWay(_) => "release-under-way",
            Self::ChangedSince { .. } | Self::Journal { .. } => "release-interrupted",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Stale(_) => Some("run the command again".into()),
            Self::SameFile(..) => Some("replace the link by a file of its own".into()),
            Self::Io(_) => None,
            Self::HalfDone { .. } => {
                Some("once the cause is mended, run the command again: it takes back what is left".into())
            }
            Self::UnderWay(_) => Some("wait for its end, then run the command again".into()),
            Self::ChangedSince { .. } | Self::Journal { .. } => {
                Some(format!("put these files back, such as with `git stash`; then delete `{}`", journal::PATH))
            }
        }
    }
}

/// Asked before each step whether it may be taken: tests put a full disk or a sudden end there.
type Obstacle<'a> = &'a dyn Fn() -> io::Result<()>;

/// Makes every change, in this order, and keeps a journal below `root` meanwhile. If one fails, all are taken back.
pub fn apply(root: &Path, changes: &[Change]) -> Result<(), TransactionError> {
    apply_with(root, changes, &|| Ok(()))
}

/// Whether files below `root` are being changed, or were when a run was killed.
pub fn is_unfinished(root: &Path) -> bool {
    root.join(journal::PATH).symlink_metadata().is_ok()
}

/// Takes back what a run in `root` that was killed has left half done, if there was one.
pub fn recover(root: &Path) -> Result<Option<Left>, TransactionError> {
    recover_with(root, &|| Ok(()))
}

fn apply_with(root: &Path, changes: &[Change], obstacle: Obstacle<'_>) -> Result<(), TransactionError> {
    check(changes)?;
    if changes.is_empty() {
        return Ok(());
    }
    let journal = Journal::begin(root, changes, obstacle)?;
    let done = carry_out(root, changes, obstacle).and_then(|()| journal.end(obstacle));
    done.map_err(|source| match take_back(root, changes, obstacle).and_then(|()| journal.end(obstacle).map_err(one)) {
        Ok(()) => source.into(),
        Err(restore) => TransactionError::HalfDone { restore, source },
    })
}

fn recover_with(root: &Path, obstacle: Obstacle<'_>) -> Result<Option<Left>, TransactionError> {
    let Some((journal, changes)) = Journal::left_in(root)? else { return Ok(None) };
    let mut changed = Vec::new();
    let mut is_whole = true;
    for change in &changes {
        let text = read(&change.path)?;
        is_whole &= text == change.after;
        if text != change.after && text != change.before {
            changed.push(change.path.clone());
        }
    }
    if !changed.is_empty() {
        return Err(TransactionError::ChangedSince { changed });
    }
    let unfinished = |restore| TransactionError::HalfDone {
        restore,
        source: PathError::new("take back the changes in", root)(io::Error::other("it was interrupted")),
    };
    if !is_whole {
        take_back(root, &changes, obstacle).map_err(unfinished)?;
    }
    folders(paths(&changes)).into_iter().for_each(atomic::remove_temporaries);
    journal.end(obstacle)?;
    Ok(Some(if is_whole { Left::Whole } else { Left::Half }))
}

fn check(changes: &[Change]) -> Result<(), TransactionError> {
    let mut seen: HashMap<PathBuf, &Path> = HashMap::new();
    for change in changes {
        if read(&change.path)? != change.before {
            return Err(TransactionError::Stale(change.path.clone()));
        }
        let real = change.path.canonicalize().unwrap_or_else(|_| change.path.clone());
        if let Some(other) = seen.insert(real, &change.path) {
            return Err(TransactionError::SameFile(other.to_owned(), change.path.clone()));
        }
    }
    Ok(())
}

/// What can fail for want of space comes first: every new text is on the disk before the first file is replaced.
fn carry_out(root: &Path, changes: &[Change], obstacle: Obstacle<'_>) -> Result<(), PathError> {
    let disk = Disk::of(root);
    let may = |change: &Change| obstacle().map_err(PathError::new("write", &change.path));
    let may_sync = || obstacle().map_err(PathError::new("make durable what was written in", root));
    let mut staged = Vec::with_capacity(changes.len());
    for change in changes {
        may(change)?;
        staged.push(change.after.as_ref().map(|text| Staged::new(&change.path, text)).transpose()?);
    }
    may_sync()?;
    disk.sync_files(&staged.iter().flatten().collect::<Vec<_>>())?;
    let mut replaced = Vec::with_capacity(changes.len());
    for (change, staged) in changes.iter().zip(staged) {
        may(change)?;
        replaced.push(match staged {
            Some(staged) => staged.commit()?,
            None => remove(&change.path).map(|()| change.path.clone())?,
        });
    }
    may_sync()?;
    disk.sync_folders(&folders(replaced.iter()))
}

/// Puts every file back that is changed; what could not be put back, and why.
fn take_back(root: &Path, changes: &[Change], obstacle: Obstacle<'_>) -> Result<(), Vec<String>> {
    let disk = Disk::of(root);
    let put_back = |change: &Change| {
        let text = read(&change.path)?;
        if text == change.before {
            return Ok(());
        }
        let failed = || PathError::new("put back", &change.path);
        if text != change.after {
            return Err(failed()(io::Error::other("it has changed meanwhile")));
        }
        obstacle().map_err(failed())?;
        match &change.before {
            Some(before) => atomic::write(&change.path, before),
            None => remove(&change.path),
        }
    };
    let mut failures: Vec<PathError> = changes.iter().rev().filter_map(|change| put_back(change).err()).collect();
    // A folder that was never made holds nothing.
    let folders: Vec<&Path> = folders(paths(changes)).into_iter().filter(|folder| folder.exists()).collect();
    failures.extend(disk.sync_folders(&folders).err());
    let failures: Vec<String> = failures.iter().map(|error| chain(error)).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

fn one(error: PathError) -> Vec<String> {
    vec![chain(&error)]
}

fn paths(changes: &[Change]) -> impl Iterator<Item = &PathBuf> {
    changes.iter().map(|change| &change.path)
}

/// The folders that these files stand in, each once.
fn folders<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Vec<&'a Path> {
    paths.map(|path| atomic::folder_of(path)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn remove(path: &Path) -> Result<(), PathError> {
    fs::remove_file(path).map_err(PathError::new("remove", path))
}

/// The text of a file, or none if there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, PathError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(PathError::new("read", path)),
    }
}

#[cfg(test)]
#[path = "transaction/transaction_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "transaction/release_tests.rs"]
mod release_tests;
