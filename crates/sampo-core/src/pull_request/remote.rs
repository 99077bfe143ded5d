//! The branch of a pull request on the remote: one commit on top of its base, overwritten when it is out of date.

use std::collections::HashMap;

use super::{Branches, PullRequestError, Step};
use crate::event::{Event, Reporter};
use crate::git::{Git, GitError};

/// Where the branches stood on the remote when they were looked at; their commits are in the clone.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) base: String,
    heads: HashMap<String, String>,
    /// Branches by whose names others would have to be folders, which git does not allow.
    in_the_way: Vec<String>,
}

impl Seen {
    /// Looks, and fetches what the clone lacks: whose commits are new, and who noted a change, only the whole history
    /// tells.
    pub(super) async fn look(git: &Git, branches: &Branches) -> Result<Self, PullRequestError> {
        let candidates = branches.candidates();
        let names: Vec<&str> = std::iter::once(&branches.base).chain(&candidates).map(String::as_str).collect();
        let folders: Vec<&str> = candidates.iter().flat_map(|branch| folders(branch)).collect();
        let mut heads = git.remote_branches(&[&names[..], &folders[..]].concat()).await?;
        let in_the_way = folders.into_iter().filter(|name| heads.contains_key(*name)).map(str::to_owned).collect();
        heads.retain(|name, _| names.contains(&name.as_str()));
        let base = heads.get(&branches.base).cloned();
        let base = base.ok_or_else(|| PullRequestError::NoBase(branches.base.clone()))?;
        let is_shallow = git.is_shallow().await?;
        let mut is_missing = is_shallow;
        for commit in heads.values() {
            is_missing |= git.commit_of(commit).await?.is_none();
        }
        if is_missing {
            let present: Vec<&str> = names.iter().copied().filter(|name| heads.contains_key(*name)).collect();
            git.fetch_branches(&present, is_shallow).await?;
            for (branch, commit) in &heads {
                if git.commit_of(commit).await?.is_none() {
                    return Err(PullRequestError::Moved(branch.clone()));
                }
            }
        }
        Ok(Self { base, heads, in_the_way })
    }

    /// An error if another branch keeps `branch` from being pushed.
    pub(super) fn check_room(&self, branch: &str) -> Result<(), PullRequestError> {
        match folders(branch).find(|folder| self.in_the_way.iter().any(|name| name == folder)) {
            Some(other) => {
                let meaning = format!("in a folder by the name of the branch `{other}`");
                Err(PullRequestError::TakenBranch { branch: branch.to_owned(), meaning })
            }
            None => Ok(()),
        }
    }

    /// The commit of `branch`, if it is there.
    pub(super) fn head(&self, branch: &str) -> Option<&str> {
        self.heads.get(branch).map(String::as_str)
    }

    /// What has to become of `branch` so that it is one commit with the files `tree` on top of the base.
    pub(super) async fn step(&self, git: &Git, branch: &str, tree: &str) -> Result<Step, GitError> {
        let Some(head) = self.head(branch) else { return Ok(Step::Make) };
        let is_same = git.tree_of(head).await?.as_deref() == Some(tree)
            && git.commit_of(&format!("{head}^1")).await?.as_deref() == Some(self.base.as_str())
            && git.commit_of(&format!("{head}^2")).await?.is_none();
        Ok(if is_same { Step::Nothing } else { Step::Update })
    }
}

/// The names of the folders that the branch would be in.
fn folders(branch: &str) -> impl Iterator<Item = &str> {
    branch.match_indices('/').map(|(end, _)| &branch[..end])
}

/// Warns of the commits on `branch` that are none of ours, whose message is `message`: they are about to be overwritten.
pub(super) async fn warn_of_others(
    git: &Git,
    seen: &Seen,
    branch: &str,
    message: &str,
    reporter: &dyn Reporter,
) -> Result<(), GitError> {
    let Some(head) = seen.head(branch) else { return Ok(()) };
    let commits = git.commits_beyond(&seen.base, head).await?;
    let others: Vec<&str> =
        commits.iter().filter(|commit| commit.subject != message).map(|commit| commit.short.as_str()).collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!("commits of others on the branch `{branch}` are overwritten: {}", others.join(", "));
    let hint = "put such commits on the branch that it is merged into; they are still there by their hashes";
    reporter.report(Event::Warning { message: &message, hint: Some(hint) });
    Ok(())
}

/// Makes `branch` stand at `commit` unless it moved since it was `seen`.
pub(super) async fn push(git: &Git, seen: &Seen, branch: &str, commit: &str) -> Result<(), PullRequestError> {
    let before = seen.head(branch);
    let Err(error) = git.push_branch(commit, branch, before).await else { return Ok(()) };
    // Whether the failure was one, and whose it is, only a look tells.
    let Ok(now) = git.remote_branches(&[branch]).await else { return Err(error.into()) };
    match now.get(branch).map(String::as_str) {
        Some(now) if now == commit => Ok(()),
        now if now != before => Err(PullRequestError::Moved(branch.to_owned())),
        _ => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use sampo_testkit::Repo;

    use super::*;
    use crate::config::GitConfig;
    use crate::error::Diagnose;
    use crate::event::Recorder;
    use crate::pull_request::{Kind, Settings};

    fn branches() -> Branches {
        Branches::resolve(Kind::Release, &Settings::default(), "main", &GitConfig::default()).unwrap()
    }

    /// A commit with this content on top of HEAD, which stays where it is.
    fn commit(repo: &Repo, content: &str, message: &str) -> String {
        repo.git(&["checkout", "--quiet", "--detach"]);
        let commit = repo.write("a", content).commit(message);
        repo.git(&["checkout", "--quiet", "main"]);
        commit
    }

    #[tokio::test]
    async fn a_branch_is_left_alone_if_it_is_right_or_somebody_else_moved_it() {
        let repo = Repo::new();
        repo.write("a", "1").commit("first");
        repo.push_to_origin();
        let (ours, theirs) = (commit(&repo, "2", "release"), commit(&repo, "3", "theirs"));
        let git = Git::new(repo.root());
        let seen = Seen::look(&git, &branches()).await.unwrap();
        let tree = git.tree_of(&ours).await.unwrap().unwrap();
        assert_eq!(seen.step(&git, "release/main", &tree).await.unwrap(), Step::Make);
        push(&git, &seen, "release/main", &ours).await.unwrap();
        // As after an answer that got lost.
        push(&git, &seen, "release/main", &ours).await.unwrap();
        let error = push(&git, &seen, "release/main", &theirs).await.unwrap_err();
        assert_eq!(error.code(), "pull-request-moved");

        let seen = Seen::look(&git, &branches()).await.unwrap();
        assert_eq!(seen.step(&git, "release/main", &tree).await.unwrap(), Step::Nothing);
        let other = git.tree_of(&theirs).await.unwrap().unwrap();
        assert_eq!(seen.step(&git, "release/main", &other).await.unwrap(), Step::Update);
        // The same files, on another base.
        repo.write("b", "x").commit("second");
        repo.push_to_origin();
        let seen = Seen::look(&git, &branches()).await.unwrap();
        assert_eq!(seen.step(&git, "release/main", &tree).await.unwrap(), Step::Update);
    }

    #[tokio::test]
    async fn merges_of_the_base_are_no_work_of_others() {
        let repo = Repo::new();
        repo.write("a", "1").commit("first");
        repo.push_to_origin();
        let ours = commit(&repo, "2", "release");
        repo.write("b", "x").commit("second");
        repo.push_to_origin();
        repo.git(&["checkout", "--quiet", "--detach", &ours]);
        repo.git(&["merge", "--quiet", "--message", "update branch", "main"]);
        repo.git(&["push", "--quiet", "origin", "HEAD:refs/heads/release/main"]);
        let git = Git::new(repo.root());
        let seen = Seen::look(&git, &branches()).await.unwrap();
        let recorder = Recorder::default();
        warn_of_others(&git, &seen, "release/main", "release", &recorder).await.unwrap();
        assert!(recorder.events().is_empty());
        warn_of_others(&git, &seen, "release/main", "another message", &recorder).await.unwrap();
        assert_eq!(recorder.events().len(), 1);
    }
    #[tokio::test]
    async fn a_branch_that_would_be_in_a_folder_by_the_name_of_another_is_refused() {
        let repo = Repo::new();
        repo.write("a", "1").commit("first");
        repo.push_to_origin();
        repo.git(&["push", "--quiet", "origin", "main:release"]);
        let seen = Seen::look(&Git::new(repo.root()), &branches()).await.unwrap();
        let error = seen.check_room("release/main").unwrap_err();
        let expected = "it is in a folder by the name of the branch `release`";
        assert!(error.to_string().ends_with(expected), "{error}");
        seen.check_room("pre-release/main").unwrap();
    }
}
