//! Which branch releases are made from.

use crate::config::GitConfig;
use crate::environment::Environment;
use crate::error::Diagnose;
use crate::git::{Git, GitError};

/// The variables that name the branch where git cannot, in this order: CI checks out commits, not branches.
const VARIABLES: [&str; 2] = ["SAMPO_RELEASE_BRANCH", "GITHUB_REF_NAME"];

/// This is not a branch to release from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BranchError {
    /// Git cannot tell the branch.
    #[error("cannot tell the current branch")]
    Git(#[source] GitError),
    /// A commit is checked out, and no variable names a branch.
    #[error("no branch is checked out")]
    Detached,
    /// Releases are made from other branches.
    #[error("`{branch}` is not a release branch; configured: {}", configured.join(", "))]
    NotConfigured {
        /// The current branch.
        branch: String,
        /// The branches to release from.
        configured: Vec<String>,
    },
}

impl Diagnose for BranchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Git(error) => error.code(),
            Self::Detached => "branch-unknown",
            Self::NotConfigured { .. } => "branch-not-configured",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Git(error) => error.hint(),
            Self::Detached => Some("check out a branch, or name it in `SAMPO_RELEASE_BRANCH`".into()),
            Self::NotConfigured { branch, .. } => Some(format!(
                "switch to a release branch, or add `{branch}` to `release_branches` below `[git]` in `.sampo/config.toml`"
            )),
        }
    }
}

/// The current branch, if releases may be made from it.
pub async fn check(git: &Git, config: &GitConfig, environment: &Environment) -> Result<String, BranchError> {
    let named = VARIABLES.iter().find_map(|name| environment.get(name)).map(str::to_owned);
    let branch = match named {
        Some(branch) => branch,
        None => git.current_branch().await.map_err(BranchError::Git)?.ok_or(BranchError::Detached)?,
    };
    if config.is_release_branch(&branch) {
        return Ok(branch);
    }
    let branches = std::iter::once(&config.default_branch).chain(&config.release_branches);
    Err(BranchError::NotConfigured { branch, configured: branches.map(|name| name.as_str().to_owned()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sampo_testkit::Repo;

    async fn check_in(repo: &Repo, variables: &[(&str, &str)]) -> Result<String, BranchError> {
        let environment: Environment = variables.iter().copied().collect();
        check(&Git::new(repo.root()), &GitConfig::default(), &environment).await
    }

    #[tokio::test]
    async fn the_branch_is_asked_of_git_also_before_its_first_commit() {
        let repo = Repo::new();
        assert_eq!(check_in(&repo, &[]).await.unwrap(), "main");
        repo.git(&["checkout", "--quiet", "-b", "topic"]);
        let error = check_in(&repo, &[]).await.unwrap_err();
        assert_eq!(error.to_string(), "`topic` is not a release branch; configured: main");
    }

    #[tokio::test]
    async fn variables_come_first_unless_they_are_blank() {
        let repo = Repo::new();
        repo.git(&["checkout", "--quiet", "-b", "topic"]);
        let blank = [("SAMPO_RELEASE_BRANCH", " "), ("GITHUB_REF_NAME", "main")];
        assert_eq!(check_in(&repo, &blank).await.unwrap(), "main");
        let both = [("SAMPO_RELEASE_BRANCH", "other"), ("GITHUB_REF_NAME", "main")];
        assert_eq!(check_in(&repo, &both).await.unwrap_err().code(), "branch-not-configured");
    }

    #[tokio::test]
    async fn a_detached_head_needs_a_variable() {
        let repo = Repo::new();
        let commit = repo.commit("first");
        repo.git(&["checkout", "--quiet", &commit]);
        assert_eq!(check_in(&repo, &[]).await.unwrap_err().code(), "branch-unknown");
        assert_eq!(check_in(&repo, &[("GITHUB_REF_NAME", "main")]).await.unwrap(), "main");
    }
}
