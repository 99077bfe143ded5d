//! Whose commits there are in a repository.

use serde::Deserialize;

use super::error::GithubError;
use super::{Call, Github};
use crate::config::Repository;

/// GitHub's longest page.
const PAGE: usize = 100;
/// So many pages are worth a word of thanks.
const MOST_PAGES: usize = 20;

#[derive(Deserialize)]
struct Commit {
    #[serde(default)]
    author: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Contributor {
    /// None for addresses that belong to no account.
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    contributions: u64,
}

impl Github {
    /// The login of who wrote `commit`; none if GitHub does not know the commit, or its author's address.
    pub async fn author_of(&self, repository: &Repository, commit: &str) -> Result<Option<String>, GithubError> {
        let call = Call::get(format!("look up who wrote {commit}")).of(repository).at(["commits", commit]);
        match self.fetch_patiently::<Commit>(&call).await {
            // What was not pushed is not "not found" but "unprocessable".
            Err(GithubError::NotFound { .. } | GithubError::Refused { status: 422, .. }) => Ok(None),
            commit => Ok(commit?.author.map(|author| author.login)),
        }
    }

    /// The logins with exactly one commit, as far as a few pages tell.
    pub async fn newcomers(&self, repository: &Repository) -> Result<Vec<String>, GithubError> {
        let mut newcomers = Vec::new();
        for page in 1..=MOST_PAGES {
            let call = Call::get("list contributors").of(repository).at(["contributors"]);
            let call = call.query("per_page", &PAGE.to_string()).query("page", &page.to_string()).query("anon", "true");
            let contributors: Vec<Contributor> = self.fetch_patiently(&call).await?;
            let is_last = contributors.len() < PAGE;
            let new = contributors.into_iter().filter(|contributor| contributor.contributions == 1);
            newcomers.extend(new.filter_map(|contributor| contributor.login));
            if is_last {
                break;
            }
        }
        Ok(newcomers)
    }
}
