//! A changeset on its way into the folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{ChangesetError, Entry, FOLDER, Level, known_tag, merged, syntax};
use crate::atomic;
use crate::config::ChangesetsConfig;
use crate::error::PathError;
use crate::workspace::PackageId;

/// A new changeset, checked and ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    entries: Vec<Entry>,
    message: String,
}

impl Draft {
    /// A change of `packages`, all in the category `tag`. A package named twice stands once, with the higher level.
    pub fn new(
        packages: impl IntoIterator<Item = (PackageId, Level)>,
        tag: Option<&str>,
        message: &str,
        config: &ChangesetsConfig,
    ) -> Result<Self, ChangesetError> {
        let tag = tag.map(|tag| known_tag(tag, config)).transpose()?;
        let entries = packages.into_iter().map(|(package, level)| Entry { package, level, tag: tag.clone() });
        let entries = merged(entries);
        let message = message.replace("\r\n", "\n").trim().to_owned();
        if entries.is_empty() {
            return Err(ChangesetError::NoPackage);
        }
        if message.is_empty() {
            return Err(ChangesetError::NoMessage);
        }
        Ok(Self { entries, message })
    }

    /// Writes it below `root` under a random name that nothing there has; the file made.
    pub fn write(&self, root: &Path) -> Result<PathBuf, ChangesetError> {
        let name = petname::petname(3, "-").expect("the built-in word lists are not empty");
        self.write_as(root, &name)
    }

    fn write_as(&self, root: &Path, name: &str) -> Result<PathBuf, ChangesetError> {
        let folder = root.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(PathError::new("make", &folder))?;
        let failed = || PathError::new("write", folder.join(format!("{name}.md")));
        // A part of a changeset would make every release fail: it is whole before it has its name.
        let mut file = atomic::temporary_file_in(&folder).map_err(failed())?;
        // Others remove what nobody holds. Where there are no locks they only make us fail.
        let _ = file.as_file().try_lock();
        file.write_all(self.text().as_bytes()).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        let names = std::iter::once(name.to_owned()).chain((1..).map(|number| format!("{name}-{number}")));
        for name in names {
            let path = folder.join(format!("{name}.md"));
            match file.persist_noclobber(&path) {
                Ok(_) => {
                    atomic::sync_folder(&folder)?;
                    return Ok(path);
                }
                Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => file = taken.file,
                Err(error) => return Err(PathError::new("write", &path)(error.error).into()),
            }
        }
        unreachable!("there are more names than files")
    }

    fn text(&self) -> String {
        syntax::write(&self.entries, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Ecosystem;

    fn config(tags: &[&str]) -> ChangesetsConfig {
        ChangesetsConfig { tags: tags.iter().map(|tag| (*tag).into()).collect() }
    }

    fn package(name: &str) -> PackageId {
        PackageId::new(Ecosystem::Cargo, name)
    }

    #[test]
    fn packages_named_twice_are_merged_and_keep_their_place() {
        let packages = [("b", Level::Patch), ("a", Level::Minor), ("b", Level::Major)];
        let packages = packages.map(|(name, level)| (package(name), level));
        let draft = Draft::new(packages, Some("fixed"), "  One.\r\nTwo. \n", &config(&["Fixed"])).unwrap();
        assert_eq!(draft.text(), "---\ncargo/b: major (Fixed)\ncargo/a: minor (Fixed)\n---\n\nOne.\nTwo.\n");
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft::new([(package("a"), Level::Patch)], None, "x", &config(&[])).unwrap();
        let names: Vec<String> = (0..3)
            .map(|_| draft.write_as(folder.path(), "one-two-three").unwrap())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["one-two-three.md", "one-two-three-1.md", "one-two-three-2.md"]);
    }

    #[test]
    fn names_are_three_lower_case_words() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft::new([(package("a"), Level::Patch)], None, "x", &config(&[])).unwrap();
        let path = draft.write(folder.path()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        assert_eq!(name.split('-').count(), 3, "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
    }

    #[test]
    fn what_says_nothing_or_names_an_unknown_tag_is_refused() {
        let one = || [(package("a"), Level::Patch)];
        let error = |result: Result<Draft, ChangesetError>| result.unwrap_err().to_string();
        assert_eq!(error(Draft::new(one(), None, " \n", &config(&[]))), "a changeset needs a message");
        assert_eq!(error(Draft::new([], None, "x", &config(&[]))), "a changeset needs at least one package");
        assert_eq!(
            error(Draft::new(one(), Some("New"), "x", &config(&[]))),
            "the tag `New` is used, but none is configured"
        );
        assert_eq!(
            error(Draft::new(one(), Some("New"), "x", &config(&["Added", "Fixed"]))),
            "`New` is not a tag here; known are Added, Fixed"
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(message in "\\PC{0,40}(\n\\PC{0,20}){0,3}", level in proptest::sample::select(Level::ALL.to_vec())) {
            let draft = Draft::new([(package("a"), level), (package("b"), Level::Patch)], None, &message, &config(&[]));
            let Ok(draft) = draft else {
                proptest::prop_assert!(message.trim().is_empty());
                return Ok(());
            };
            let text = draft.text();
            let read = crate::changeset::syntax::parse(&text).unwrap();
            proptest::prop_assert_eq!(read.message, message.trim());
            proptest::prop_assert_eq!(read.lines[0].level, level);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(---|\n|:|\\(|\"|'|a|patch|\\PC){0,30}") {
            let _ = crate::changeset::syntax::parse(&text);
        }
    }
}
