//! The pull requests of one repository.

use serde::{Deserialize, Serialize};

use super::error::GithubError;
use super::{Call, Github};
use crate::config::Repository;

/// GitHub refuses longer descriptions, in characters.
pub const LONGEST_BODY: usize = 65_536;
/// GitHub refuses longer titles, in characters.
pub const LONGEST_TITLE: usize = 256;

/// The pull requests of one repository between branches of its own.
#[derive(Debug, Clone, Copy)]
pub struct Pulls<'a> {
    github: &'a Github,
    repository: &'a Repository,
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description.
    #[serde(default)]
    pub body: Option<String>,
    /// Its page.
    #[serde(default)]
    pub html_url: String,
    head: Branch,
    base: Branch,
}

#[derive(Debug, Clone, Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
}

/// A pull request to be made.
#[derive(Debug, Clone, Serialize)]
pub struct NewPullRequest<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its description.
    pub body: &'a str,
    /// The branch to be merged.
    pub head: &'a str,
    /// The branch that it is merged into.
    pub base: &'a str,
}

impl Github {
    /// The pull requests of `repository`.
    pub fn pulls<'a>(&'a self, repository: &'a Repository) -> Pulls<'a> {
        Pulls { github: self, repository }
    }
}

impl Pulls<'_> {
    /// The open pull request from the branch `head` into the branch `base`; there is at most one.
    pub async fn open(&self, head: &str, base: &str) -> Result<Option<PullRequest>, GithubError> {
        let call = Call::get(format!("look for the pull request of `{head}`")).of(self.repository).at(["pulls"]);
        let from = format!("{}:{head}", self.repository.owner);
        let call = call.query("state", "open").query("head", &from).query("base", base);
        let found: Vec<PullRequest> = self.github.list(call).await?;
        Ok(found.into_iter().find(|pull| pull.head.name == head && pull.base.name == base))
    }

    /// Makes a pull request. After an unclear failure look before repeating it.
    pub async fn create(&self, pull: &NewPullRequest<'_>) -> Result<PullRequest, GithubError> {
        let call = Call::post(format!("open a pull request for `{}`", pull.head)).of(self.repository);
        self.github.fetch(call.at(["pulls"]).json(pull)).await
    }

    /// Gives a pull request this title and description.
    pub async fn update(&self, number: u64, title: &str, body: &str) -> Result<PullRequest, GithubError> {
        let call = Call::patch(format!("update the pull request #{number}")).of(self.repository);
        let change = serde_json::json!({ "title": title, "body": body });
        self.github.fetch(call.at(["pulls", &number.to_string()]).json(&change)).await
    }
}
