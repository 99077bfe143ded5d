//! Branches of the remote `origin`: seen and fetched, without a trace in the clone but objects.

use std::collections::HashMap;
use std::time::Duration;

use super::push::patiently;
use super::{Git, GitError};

/// Beyond this a transfer, however large, is stuck.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// A commit, as people speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash as short as git shows it.
    pub short: String,
    /// The first line of its message.
    pub subject: String,
}

impl Git {
    /// The commits at which those of `branches` stand that the remote `origin` has. Asks again after a failure that may
    /// pass.
    pub async fn remote_branches(&self, branches: &[&str]) -> Result<HashMap<String, String>, GitError> {
        let references: Vec<String> = branches.iter().map(|branch| reference(branch)).collect();
        let options = ["ls-remote", "--heads", "--end-of-options", "origin"];
        let arguments: Vec<&str> = options.into_iter().chain(references.iter().map(String::as_str)).collect();
        let output = patiently(async || {
            let command = self.command(&arguments).timeout(self.remote_timeout);
            self.succeeded(command.run().await, "list the branches of the remote `origin`")
        })
        .await?;
        // A pattern also matches the ends of longer names.
        let found = output.lines().filter_map(|line| {
            let (commit, found) = line.split_once('\t')?;
            let branch = found.strip_prefix("refs/heads/")?;
            branches.contains(&branch).then(|| (branch.to_owned(), commit.to_owned()))
        });
        Ok(found.collect())
    }

    /// Fetches the objects of `branches` from the remote `origin`, and the rest of the history if `in_full`; again after
    /// a failure that may pass. No branch, tag or other reference changes.
    pub async fn fetch_branches(&self, branches: &[&str], in_full: bool) -> Result<(), GitError> {
        let references: Vec<String> = branches.iter().map(|branch| reference(branch)).collect();
        let depth = if in_full { Some("--unshallow") } else { None };
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap="];
        let arguments: Vec<&str> = options
            .into_iter()
            .chain(depth)
            .chain(["--end-of-options", "origin"])
            .chain(references.iter().map(String::as_str))
            .collect();
        patiently(async || {
            let output = self.patient_command(&arguments).timeout(TRANSFER_TIMEOUT).run().await;
            self.succeeded(output, "fetch from the remote `origin`").map(drop)
        })
        .await
    }

    /// The commits of `to` that `from` does not have, newest first, without merges.
    pub async fn commits_beyond(&self, from: &str, to: &str) -> Result<Vec<Commit>, GitError> {
        let range = format!("{from}..{to}");
        let options = ["log", "--no-merges", "--no-show-signature", "--format=%h %s", "--end-of-options", &range];
        let output = self.query(&options, "list the commits of a branch").await?;
        let commit = |line: &str| {
            let (short, subject) = line.split_once(' ').unwrap_or((line, ""));
            Commit { short: short.to_owned(), subject: subject.to_owned() }
        };
        Ok(output.lines().map(commit).collect())
    }
}

fn reference(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

#[cfg(test)]
mod tests {
    use sampo_testkit::Repo;

    use super::*;

    /// A clone whose remote has the branches `main` and, one commit ahead, `next`.
    fn scene() -> (Repo, String, String) {
        let repo = Repo::new();
        repo.write("a", "1");
        let first = repo.commit("first");
        let bare = repo.push_to_origin();
        repo.write("a", "2");
        let next = repo.commit("next");
        repo.git(&["push", "--quiet", "origin", "HEAD:refs/heads/next", "HEAD:refs/heads/refs/heads/main"]);
        repo.git(&["reset", "--quiet", "--hard", &first]);
        assert!(bare.exists());
        (repo, first, next)
    }

    #[tokio::test]
    async fn only_the_very_branches_are_seen() {
        let (repo, first, next) = scene();
        let seen = Git::new(repo.root()).remote_branches(&["main", "next", "missing"]).await.unwrap();
        assert_eq!(seen, HashMap::from([("main".to_owned(), first), ("next".to_owned(), next)]));
    }

    #[tokio::test]
    async fn a_fetch_leaves_every_reference_as_it_was() {
        let (repo, ..) = scene();
        let clone = repo.outside("clone");
        let url = format!("file://{}", repo.root().parent().unwrap().join("origin.git").display());
        repo.git(&["clone", "--quiet", "--depth=1", "--single-branch", &url, &clone.to_string_lossy()]);
        let references = || repo.git(&["-C", &clone.to_string_lossy(), "for-each-ref"]);
        let before = references();
        let git = Git::new(&clone);
        let seen = git.remote_branches(&["next"]).await.unwrap();
        assert_eq!(git.commit_of(&seen["next"]).await.unwrap(), None);
        git.fetch_branches(&["main", "next"], true).await.unwrap();
        assert_eq!(git.commit_of(&seen["next"]).await.unwrap().as_ref(), Some(&seen["next"]));
        assert!(!git.is_shallow().await.unwrap());
        assert_eq!(references(), before);
        assert!(!clone.join(".git/FETCH_HEAD").exists());
    }

    #[tokio::test]
    async fn a_branch_that_moved_since_it_was_seen_is_not_overwritten() {
        let (repo, first, next) = scene();
        let git = Git::new(repo.root());
        assert!(git.push_branch(&first, "next", None).await.is_err());
        assert!(git.push_branch(&first, "next", Some(&first)).await.is_err());
        assert!(git.push_branch(&first, "gone", Some(&first)).await.is_err());
        git.push_branch(&first, "next", Some(&next)).await.unwrap();
        git.push_branch(&next, "new", None).await.unwrap();
        let seen = git.remote_branches(&["next", "new"]).await.unwrap();
        assert_eq!((seen["next"].as_str(), seen["new"].as_str()), (first.as_str(), next.as_str()));
    }
}
