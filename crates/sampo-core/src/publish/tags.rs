//! The tags of releases: which name each package gets, and which of them exist already.

use std::collections::{BTreeMap, HashMap};

use super::PublishError;
use crate::event::{Event, Reporter};
use crate::git::{Git, GitError, Tag, is_tag_name};
use crate::workspace::PackageId;

/// Makes sure that every tag can be made and belongs to one package only. Pure.
pub(super) fn check<'a>(tags: impl IntoIterator<Item = (&'a PackageId, &'a str)>) -> Result<(), PublishError> {
    let mut owners: BTreeMap<&str, Vec<PackageId>> = BTreeMap::new();
    for (package, tag) in tags {
        if !is_tag_name(tag) {
            return Err(PublishError::InvalidTag { tag: tag.to_owned(), package: package.clone() });
        }
        owners.entry(tag).or_default().push(package.clone());
    }
    match owners.into_iter().find(|(_, packages)| packages.len() > 1) {
        Some((tag, packages)) => Err(PublishError::TagConflict { tag: tag.to_owned(), packages }),
        None => Ok(()),
    }
}

/// The tags that exist, with their commits.
pub(super) struct ExistingTags(HashMap<String, String>);

impl ExistingTags {
    /// The local ones.
    pub async fn read(git: &Git) -> Result<Self, GitError> {
        Ok(Self::of(git.tags().await?))
    }

    fn of(tags: Vec<Tag>) -> Self {
        Self(tags.into_iter().map(|tag| (tag.name, tag.commit)).collect())
    }

    /// The commit of `tag`, if it exists.
    pub fn commit(&self, tag: &str) -> Option<&str> {
        self.0.get(tag).map(String::as_str)
    }

    /// Adds those of the remote `origin`, if there is one. If it cannot be asked, that is a warning.
    pub async fn add_remote(&mut self, git: &Git, reporter: &dyn Reporter) -> Result<(), GitError> {
        if git.origin_url().await?.is_none() {
            return Ok(());
        }
        match git.remote_tags().await {
            Ok(tags) => {
                for (name, commit) in Self::of(tags).0 {
                    self.0.entry(name).or_insert(commit);
                }
            }
            Err(error) => reporter.report(Event::Warning {
                message: &crate::error::chain(&error),
                hint: Some("only local tags count; fetch all of them with `git fetch --tags`"),
            }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Ecosystem;

    #[test]
    fn two_packages_with_one_tag_are_named() {
        let ids: Vec<PackageId> = ["a", "b", "c"].map(|name| PackageId::new(Ecosystem::Cargo, name)).into();
        let error = check([(&ids[0], "v1.0.0"), (&ids[1], "v2.0.0"), (&ids[2], "v1.0.0")]).unwrap_err();
        assert_eq!(error.to_string(), "the tag `v1.0.0` would stand for several packages: `cargo/a`, `cargo/c`");
        assert!(check([(&ids[0], "v1.0.0"), (&ids[1], "v2.0.0")]).is_ok());
    }
}
