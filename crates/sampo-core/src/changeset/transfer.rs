//! Changesets that change their folder: kept until a pre-release ends, and back.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{Changeset, FOLDER};
use crate::error::PathError;
use crate::transaction::Change;
use crate::workspace::files::Read;

/// A folder that changesets move to; none of them replaces another.
pub(crate) struct Destination<'a> {
    folder: PathBuf,
    given: HashSet<PathBuf>,
    read: Read<'a>,
}

impl<'a> Destination<'a> {
    pub(crate) fn new(folder: PathBuf, read: Read<'a>) -> Self {
        Self { folder, given: HashSet::new(), read }
    }

    /// The change that puts `text` here under the name that `path` has, with a number if that is taken.
    pub(crate) fn add(&mut self, path: &Path, text: String) -> Result<Change, PathError> {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut name = format!("{stem}.md");
        for number in 1.. {
            let path = self.folder.join(&name);
            if !self.given.contains(&path) && (self.read)(&path)?.is_none() {
                self.given.insert(path.clone());
                return Ok(Change { path, before: None, after: Some(text) });
            }
            name = format!("{stem}-{number}.md");
        }
        unreachable!("there are more names than files")
    }
}

/// The changes that make every kept changeset pending again: the new files first.
pub(crate) fn restore(root: &Path, kept: &[Changeset], read: Read<'_>) -> Result<Vec<Change>, PathError> {
    let mut pending = Destination::new(root.join(FOLDER), read);
    let made = kept.iter().map(|changeset| pending.add(&changeset.path, changeset.source.clone()));
    let made: Vec<Change> = made.collect::<Result<_, _>>()?;
    Ok(made.into_iter().chain(kept.iter().map(|changeset| changeset.becomes(None))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let read = |path: &Path| Ok((path == Path::new("kept/a.md")).then(String::new));
        let mut destination = Destination::new("kept".into(), &read);
        let mut add = |path: &str| destination.add(Path::new(path), String::new()).unwrap().path;
        assert_eq!(add("changesets/b.md"), Path::new("kept/b.md"));
        assert_eq!(add("changesets/a.md"), Path::new("kept/a-1.md"));
        assert_eq!(add("others/a.md"), Path::new("kept/a-2.md"));
    }
}
