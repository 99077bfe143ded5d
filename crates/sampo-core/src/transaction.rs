//! Several files changed together: all of them, or none.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic;
use crate::error::{Diagnose, PathError, chain};

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// Its text when the change was planned; none if it did not exist.
    pub before: Option<String>,
    /// Its new text; none if it is removed.
    pub after: Option<String>,
}

/// The files could not all be changed.
#[derive(Debug, thiserror::Error)]
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
    /// A file could not be written, and others could not be put back.
    #[error("some files are changed and could not be put back ({})", restore.join("; "))]
    HalfDone {
        /// Each file that is not as it was, and why.
        restore: Vec<String>,
        /// What went wrong first.
        source: PathError,
    },
}

impl Diagnose for TransactionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Stale(_) => "plan-stale",
            Self::SameFile(..) => "same-file",
            Self::Io(error) => error.code(),
            Self::HalfDone { .. } => "half-done",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Stale(_) => Some("run the command again".into()),
            Self::SameFile(..) => Some("replace the link by a file of its own".into()),
            Self::Io(_) => None,
            Self::HalfDone { .. } => Some("put the named files back with `git checkout -- FILE`".into()),
        }
    }
}

/// Makes every change, in this order. If one fails, those before it are taken back.
pub fn apply(changes: &[Change]) -> Result<(), TransactionError> {
    apply_with(changes, put)
}

fn apply_with(
    changes: &[Change],
    put: impl Fn(&Path, Option<&str>) -> Result<(), PathError>,
) -> Result<(), TransactionError> {
    check(changes)?;
    for (done, change) in changes.iter().enumerate() {
        if let Err(source) = put(&change.path, change.after.as_deref()) {
            return Err(take_back(&changes[..done], source, put));
        }
    }
    Ok(())
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

fn take_back(
    done: &[Change],
    source: PathError,
    put: impl Fn(&Path, Option<&str>) -> Result<(), PathError>,
) -> TransactionError {
    let restored = done.iter().rev().map(|change| put(&change.path, change.before.as_deref()));
    let restore: Vec<String> = restored.filter_map(Result::err).map(|error| chain(&error)).collect();
    if restore.is_empty() { source.into() } else { TransactionError::HalfDone { restore, source } }
}

/// The text of a file, or none if there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, PathError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some).map_err(PathError::new("read", path)),
    }
}

fn put(path: &Path, text: Option<&str>) -> Result<(), PathError> {
    match text {
        Some(text) => atomic::write(path, text),
        None => fs::remove_file(path).map_err(PathError::new("remove", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One file to be changed, one to be made, one to be removed.
    fn changes(folder: &Path) -> Vec<Change> {
        fs::write(folder.join("old"), "1").unwrap();
        fs::write(folder.join("gone"), "1").unwrap();
        let change = |name: &str, before: Option<&str>, after: Option<&str>| Change {
            path: folder.join(name),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        vec![change("old", Some("1"), Some("2")), change("new", None, Some("2")), change("gone", Some("1"), None)]
    }

    fn texts(changes: &[Change]) -> Vec<Option<String>> {
        changes.iter().map(|change| read(&change.path).unwrap()).collect()
    }

    #[test]
    fn files_are_changed_made_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let changes = changes(folder.path());
        apply(&changes).unwrap();
        assert_eq!(texts(&changes), [Some("2".into()), Some("2".into()), None]);
    }

    #[test]
    fn a_failure_at_any_file_leaves_every_file_as_it_was() {
        for failing in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let changes = changes(folder.path());
            let before = texts(&changes);
            let victim = &changes[failing].path;
            let result = apply_with(&changes, |path, text| {
                if path == victim {
                    Err(PathError::new("write", path)(io::Error::other("disk full")))
                } else {
                    put(path, text)
                }
            });
            assert_eq!(result.unwrap_err().code(), "io");
            assert_eq!(texts(&changes), before, "failing at {failing}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_put_back_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let changes = changes(folder.path());
        let result = apply_with(&changes, |path, text| match text {
            Some("2") if path.ends_with("old") => put(path, text),
            _ => Err(PathError::new("write", path)(io::Error::other("disk full"))),
        });
        let error = result.unwrap_err();
        assert_eq!(error.code(), "half-done");
        assert!(error.to_string().contains("old`: disk full"), "{error}");
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let changes = changes(folder.path());
        fs::write(&changes[2].path, "edited").unwrap();
        assert_eq!(apply(&changes).unwrap_err().code(), "plan-stale");
        assert_eq!(texts(&changes), [Some("1".into()), None, Some("edited".into())]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_two_changes_of_one_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = changes(folder.path());
        std::os::unix::fs::symlink("old", folder.path().join("link")).unwrap();
        changes.push(Change { path: folder.path().join("link"), ..changes[0].clone() });
        assert_eq!(apply(&changes).unwrap_err().code(), "same-file");
        assert_eq!(read(&folder.path().join("old")).unwrap().as_deref(), Some("1"));
        apply(&changes[3..]).unwrap();
        assert_eq!(read(&folder.path().join("old")).unwrap().as_deref(), Some("2"));
        assert!(folder.path().join("link").is_symlink());
    }
}
