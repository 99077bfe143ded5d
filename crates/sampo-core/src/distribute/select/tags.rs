//! The tags of the repository: local ones in one process, and those of the remote only where they are needed.

use std::collections::HashMap;

use super::error::SelectError;
use crate::git::{Git, GitError, Tag};
use crate::similar::nearest;

/// Tags with their commits.
pub(super) struct Tags {
    commits: HashMap<String, String>,
    asked_remote: bool,
}

impl Tags {
    /// Those of this clone.
    pub(super) async fn local(git: &Git) -> Result<Self, GitError> {
        Ok(Self { commits: by_name(git.tags().await?), asked_remote: false })
    }

    /// Those of the remote `origin`.
    pub(super) async fn remote(git: &Git) -> Result<Self, GitError> {
        Ok(Self { commits: by_name(git.remote_tags().await?), asked_remote: true })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// The commit of a tag that is known so far.
    pub(super) fn commit_of(&self, tag: &str) -> Option<&str> {
        self.commits.get(tag).map(String::as_str)
    }

    /// The commit of a tag, which must exist here or on the remote.
    pub(super) async fn require(&mut self, tag: &str, git: &Git) -> Result<String, SelectError> {
        if self.commit_of(tag).is_none() {
            self.add_remote(git).await?;
        }
        let missing = || SelectError::MissingTag { tag: tag.to_owned(), asked_remote: self.asked_remote };
        self.commit_of(tag).map(str::to_owned).ok_or_else(missing)
    }

    /// Adds the tags that only the remote has. Asks it once.
    pub(super) async fn add_remote(&mut self, git: &Git) -> Result<(), SelectError> {
        let unavailable = |source| SelectError::RemoteTags { source };
        if self.asked_remote || git.origin_url().await.map_err(unavailable)?.is_none() {
            return Ok(());
        }
        for Tag { name, commit } in git.remote_tags().await.map_err(unavailable)? {
            self.commits.entry(name).or_insert(commit);
        }
        self.asked_remote = true;
        Ok(())
    }

    /// The known tag that is most like `tag`.
    pub(super) fn nearest(&self, tag: &str) -> Option<String> {
        let mut names: Vec<&str> = self.commits.keys().map(String::as_str).collect();
        // The order decides between equally similar ones, and that of a hash map is random.
        names.sort_unstable();
        nearest(tag, names).map(str::to_owned)
    }
}

fn by_name(tags: Vec<Tag>) -> HashMap<String, String> {
    tags.into_iter().map(|tag| (tag.name, tag.commit)).collect()
}
