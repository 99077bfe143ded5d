//! How a pull request fails, and what to do about it.

use crate::error::Diagnose;
use crate::git::GitError;
use crate::github::GithubError;
use crate::github::pulls::LONGEST_TITLE;

/// A pull request could not be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullRequestError {
    /// Nothing says in which repository.
    #[error("no repository for the pull request: `GITHUB_REPOSITORY` is {}", given.as_ref().map_or("not set".to_owned(), |given| format!("`{given}`")))]
    Repository {
        /// What the variable says instead of `OWNER/NAME`.
        given: Option<String>,
    },
    /// A name that git would refuse.
    #[error("`{name}` is not the name of a branch")]
    InvalidBranch {
        /// The name.
        name: String,
    },
    /// The branch would be merged into itself.
    #[error("the pull request would merge `{0}` into itself")]
    SameBranch(String),
    /// The branch is overwritten by each run, and has another meaning.
    #[error("`{branch}` cannot be the branch of a pull request: it is {meaning}")]
    TakenBranch {
        /// The branch.
        branch: String,
        /// What else it is.
        meaning: String,
    },
    /// A title that GitHub would refuse, or that is none.
    #[error("the title of the pull request {0}")]
    InvalidTitle(&'static str),
    /// The branch to merge into is not there.
    #[error("the remote `origin` has no branch `{0}`")]
    NoBase(String),
    /// Somebody pushed meanwhile.
    #[error("the branch `{0}` has moved meanwhile")]
    Moved(String),
    /// The settings of the repository forbid it.
    #[error("GitHub lets no workflow of this repository open pull requests")]
    Forbidden {
        /// What it said.
        source: GithubError,
    },
    /// The token may not do it.
    #[error("the token may not write pull requests")]
    PermissionDenied {
        /// What GitHub said.
        source: GithubError,
    },
    /// The run was interrupted.
    #[error("interrupted while the pull request was prepared")]
    Interrupted,
    /// Git could not do its part.
    #[error(transparent)]
    Git(#[from] GitError),
    /// GitHub could not do its part.
    #[error(transparent)]
    Github(GithubError),
}

impl PullRequestError {
    /// `error` of a request about pull requests.
    pub(super) fn of(error: GithubError) -> Self {
        match &error {
            GithubError::PermissionDenied { message, .. } if message.contains("create or approve pull requests") => {
                Self::Forbidden { source: error }
            }
            GithubError::PermissionDenied { .. } => Self::PermissionDenied { source: error },
            _ => Self::Github(error),
        }
    }
}

impl Diagnose for PullRequestError {
    fn code(&self) -> &'static str {
        match self {
            Self::Repository { .. } => "pull-request-repository",
            Self::InvalidBranch { .. } | Self::SameBranch(_) | Self::TakenBranch { .. } => "pull-request-branch",
            Self::InvalidTitle(_) => "pull-request-title",
            Self::NoBase(_) => "pull-request-base",
            Self::Moved(_) => "pull-request-moved",
            Self::Forbidden { .. } => "pull-request-forbidden",
            Self::PermissionDenied { .. } => "pull-request-permission",
            Self::Interrupted => "cancelled",
            Self::Git(error) => error.code(),
            Self::Github(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Repository { .. } => "set it to `OWNER/NAME`; in a workflow it is set".into(),
            Self::InvalidBranch { .. } => "see `git check-ref-format --help` for what a name may contain".into(),
            Self::SameBranch(_) | Self::TakenBranch { .. } => {
                "give the inputs `pr-branch` and `stabilize-pr-branch` names that nothing else uses".into()
            }
            Self::InvalidTitle(_) => format!("a title is one line of at most {LONGEST_TITLE} characters"),
            Self::NoBase(_) => "push it, or set the input `base-branch` to the branch to merge into".into(),
            Self::Moved(_) => "run this again".into(),
            Self::Forbidden { .. } => {
                "turn on \"Allow GitHub Actions to create and approve pull requests\" in the repository's settings, under \
                 Actions, General, Workflow permissions; or set `github-token` to a token of your own"
                    .into()
            }
            Self::PermissionDenied { .. } => {
                "in a workflow: `permissions: { contents: write, pull-requests: write }`".into()
            }
            Self::Interrupted => "the next run completes what is missing".into(),
            Self::Git(error) => return error.hint(),
            Self::Github(error) => return error.hint(),
        })
    }
}
