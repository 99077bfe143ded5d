//! Which tags are to be made at HEAD: those that are missing and belong to this commit.

use std::path::Path;

use super::error::UncommittedVersion;
use super::tags::ExistingTags;
use super::{PublishError, Publisher, Step, Tagging, Upload};
use crate::git::GitError;
use crate::workspace::Package;

impl Publisher<'_> {
    /// Finds out which tags exist, and which of the missing ones belong to HEAD.
    pub(super) async fn settle_tags(&self, steps: &mut [Step], head: &str) -> Result<(), PublishError> {
        let mut existing = ExistingTags::read(&self.git).await?;
        let is_missing = |step: &Step| existing.commit(&step.tag).is_none();
        if steps.iter().any(is_missing) {
            // A published version without a tag is odd enough to look further, and a cut-off clone may lack any tag.
            let is_odd = steps.iter().any(|step| step.upload == Upload::AlreadyThere && is_missing(step));
            if is_odd || self.git.is_shallow().await? {
                existing.add_remote(&self.git, self.reporter.as_ref()).await?;
            }
        }
        for step in steps.iter_mut() {
            step.tagging = match existing.commit(&step.tag) {
                Some(commit) if commit == head => Tagging::AtHead,
                Some(_) => Tagging::Elsewhere,
                None => self.tagging_of_missing(step).await?,
            };
        }
        self.warn_of_tags(steps);
        Ok(())
    }

    /// What becomes of a tag that does not exist anywhere.
    pub(super) async fn tagging_of_missing(&self, step: &Step) -> Result<Tagging, PublishError> {
        Ok(match step.upload {
            Upload::Rehearsed => Tagging::Withheld,
            Upload::AlreadyThere if !self.is_release_commit(step).await? => Tagging::Withheld,
            _ => Tagging::Needed,
        })
    }

    /// Whether HEAD is the commit that gave the package its version: its (first) parent has another version, or HEAD
    /// is the first commit of all. In a clone without that parent this cannot be known, and the answer is no.
    async fn is_release_commit(&self, step: &Step) -> Result<bool, PublishError> {
        let parent = "HEAD^1";
        if self.git.commit_of(parent).await?.is_none() {
            return Ok(!self.git.is_shallow().await?);
        }
        let package = self.package(step);
        let before = self.version_at(parent, package).await?;
        Ok(before.as_ref() != Some(&step.version))
    }

    /// The version that `package` had in `revision`.
    async fn version_at(&self, revision: &str, package: &Package) -> Result<Option<String>, GitError> {
        package.id.ecosystem().support().version_at(&self.git, revision, package).await
    }

    fn warn_of_tags(&self, steps: &[Step]) {
        self.warn_of_withheld(steps);
        let is_misplaced = |step: &&Step| step.tagging == Tagging::Elsewhere && step.upload == Upload::Needed;
        let misplaced: Vec<&Step> = steps.iter().filter(is_misplaced).collect();
        if !misplaced.is_empty() {
            let message = format!("not published yet, but tagged at another commit: {}", tag_names(&misplaced));
            self.warn(&message, Some("check that HEAD is the commit to publish"));
        }
        if steps.iter().any(|step| step.upload == Upload::Rehearsed) {
            self.warn("a dry run was forwarded: packages are neither uploaded nor tagged", None);
        }
    }

    /// Says which published versions stay without a tag, and how to tag them.
    pub(super) fn warn_of_withheld(&self, steps: &[Step]) {
        let is_withheld = |step: &&Step| step.tagging == Tagging::Withheld && step.upload == Upload::AlreadyThere;
        let withheld: Vec<&Step> = steps.iter().filter(is_withheld).collect();
        let Some(first) = withheld.first() else { return };
        let message = format!(
            "already published, and not from this commit as far as its history tells, so not tagged here: {}",
            tag_names(&withheld)
        );
        let hint = format!(
            "tag the commits that were published, such as `git tag -a {} -m \"{}\" COMMIT`; in a shallow clone, fetch more history",
            first.tag,
            first.tag_message()
        );
        self.warn(&message, Some(&hint));
    }

    /// A release that was not committed yet would be tagged at the commit before it, and uploaded from no commit at all.
    pub(super) async fn refuse_uncommitted_versions(&self, steps: &[Step]) -> Result<(), PublishError> {
        // What lies outside the root cannot be found in a commit by its path.
        let is_inside = |step: &Step| Path::new(&self.package(step).path).is_relative();
        let to_do: Vec<&Step> = steps.iter().filter(|step| step.has_work() && is_inside(step)).collect();
        if to_do.is_empty() || !self.git.has_changes().await? {
            return Ok(());
        }
        let mut uncommitted = Vec::new();
        for step in to_do {
            let package = self.package(step);
            let committed = self.version_at("HEAD", package).await?;
            if committed.as_ref() != Some(&step.version) {
                uncommitted.push(UncommittedVersion {
                    package: step.package.clone(),
                    version: step.version.clone(),
                    committed,
                });
            }
        }
        if uncommitted.is_empty() { Ok(()) } else { Err(PublishError::Uncommitted { versions: uncommitted }) }
    }
}

fn tag_names(steps: &[&Step]) -> String {
    steps.iter().map(|step| format!("`{}`", step.tag)).collect::<Vec<_>>().join(", ")
}
