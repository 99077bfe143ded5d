//! What GitHub's answers mean for whoever asks: the repository's own examination, and every backend that delivers there.

use super::{Check, Finding};
use crate::config::Repository;
use crate::error::{Diagnose, chain};
use crate::github::{Addresses, GithubError};

/// The finding that comes of `error` instead of an answer to `check`. That a GitHub cannot be reached reads the same
/// whoever asked, so that it is told once.
pub fn unanswered(check: Check, error: &GithubError, addresses: &Addresses) -> Finding {
    match error {
        GithubError::Network { .. } | GithubError::Server { .. } | GithubError::InvalidAnswer { .. } => Check::Github
            .warning(format!("GitHub cannot be asked at `{}`", addresses.api()))
            .because(chain(error))
            .fix("look at the network, at `GITHUB_API_URL` and `api_url`; `--offline` asks nobody"),
        GithubError::RateLimited { .. } => {
            Finding { fix: error.hint(), ..check.note("not checked: GitHub wants no more questions for now") }
        }
        _ => Finding { fix: error.hint(), ..check.error(chain(error)) },
    }
}

/// Nothing can be added to a repository that is archived.
pub fn archived(repository: &Repository) -> Finding {
    let title = format!("`{repository}` is archived: nothing can be added to it");
    Check::Archived.error(title).fix("unarchive it in its settings on GitHub")
}
