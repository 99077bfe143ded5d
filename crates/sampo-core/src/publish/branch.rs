//! The branch that packages are published from: it must be one of the configured release branches.

use crate::config::GitConfig;
use crate::environment::Environment;
use crate::error::Diagnose;
use crate::git::{Git, GitError};

/// Variables that name the branch, in this order, before git is asked: in CI the checkout is often detached.
const VARIABLES: &[&str] = &["SAMPO_RELEASE_BRANCH", "GITHUB_REF_NAME"];

/// This is no place to release from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BranchError {
    /// HEAD is detached and no variable names a branch.
    #[error("HEAD is detached, so there is no current branch")]
    Detached,
    /// The branch is not a release branch.
    #[error("`{branch}` is not a release branch; configured: {}", configured.join(", "))]
    NotConfigured {
        /// The current branch.
        branch: String,
        /// The branches to release from.
        configured: Vec<String>,
    },
    /// Git could not tell.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Diagnose for BranchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Detached => "branch-unknown",
            Self::NotConfigured { .. } => "branch-not-configured",
            Self::Git(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Detached => Some("name the branch in SAMPO_RELEASE_BRANCH, or check it out".into()),
            Self::NotConfigured { .. } => {
                Some("switch to a release branch, or add this one to `release_branches` in `[git]`".into())
            }
            Self::Git(error) => error.hint(),
        }
    }
}

/// The current branch, if releases may be made from it.
pub(super) async fn check(git: &Git, config: &GitConfig, environment: &Environment) -> Result<String, BranchError> {
    let named = VARIABLES.iter().find_map(|name| environment.get(name)).map(str::to_owned);
    let branch = match named {
        Some(branch) => branch,
        None => git.current_branch().await?.ok_or(BranchError::Detached)?,
    };
    if config.is_release_branch(&branch) {
        return Ok(branch);
    }
    let branches = std::iter::once(&config.default_branch).chain(&config.release_branches);
    Err(BranchError::NotConfigured { branch, configured: branches.map(|name| name.as_str().to_owned()).collect() })
}
