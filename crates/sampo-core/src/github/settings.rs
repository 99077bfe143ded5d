//! What GitHub tells about a repository's settings and about the token, for those who want to know before they begin.

use serde::Deserialize;

use super::error::GithubError;
use super::{Call, Github};
use crate::config::Repository;

/// The header that names the scopes of a classic token.
const SCOPES: &str = "x-oauth-scopes";

/// How a repository is set up, and what the token may do with it. What GitHub does not tell is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether nothing in it can be changed any more.
    pub archived: Option<bool>,
    /// Whether only some people may see it.
    pub private: Option<bool>,
    /// Whether it has discussions.
    pub has_discussions: Option<bool>,
    /// The branch that everybody works from.
    pub default_branch: Option<String>,
    permissions: Permissions,
    /// The scopes of the token, if it is a classic one that has any.
    #[serde(skip)]
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Permissions {
    push: Option<bool>,
}

/// What workflows may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkflowSettings {
    /// `read` or `write`: what a workflow's token may do where the workflow does not say.
    pub default_workflow_permissions: Option<String>,
    /// Whether they may open pull requests.
    pub can_approve_pull_request_reviews: Option<bool>,
}

impl WorkflowSettings {
    /// Whether a workflow that does not say what it may do may write; none if GitHub does not tell.
    pub fn may_write(&self) -> Option<bool> {
        self.default_workflow_permissions.as_deref().map(|permissions| permissions == "write")
    }
}

impl Settings {
    /// Whether the scopes of a classic token suffice to write to the repository; true where there is nothing to judge.
    pub fn scopes_suffice(&self) -> bool {
        let has = |scope: &str| self.scopes.iter().any(|known| known == scope);
        self.scopes.is_empty() || has("repo") || (has("public_repo") && self.private != Some(true))
    }
}

impl Github {
    /// How `repository` is set up. One request.
    pub async fn settings(&self, repository: &Repository) -> Result<Settings, GithubError> {
        let call = Call::get(format!("look at `{repository}`")).of(repository);
        let answer = self.answer(&call, self.path(&call)).await?;
        let scopes = answer.headers.get(SCOPES).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        Ok(Settings { scopes, ..answer.read(&call.action)? })
    }

    /// Whether the token may push to a repository with these settings; none if GitHub does not tell, as for the tokens of
    /// workflows.
    pub async fn may_push(&self, settings: &Settings) -> Result<Option<bool>, GithubError> {
        match settings.permissions.push {
            Some(false) if self.is_installation().await? => Ok(None),
            push => Ok(push),
        }
    }

    /// Whether releases can no longer be changed once they are published; none if the setting is off, or the token may
    /// not ask.
    pub async fn has_immutable_releases(&self, repository: &Repository) -> Result<Option<bool>, GithubError> {
        #[derive(Deserialize)]
        struct Immutable {
            enabled: bool,
        }
        let call = Call::get("ask whether releases are immutable").of(repository).at(["immutable-releases"]);
        Ok(self.setting::<Immutable>(call).await?.map(|immutable| immutable.enabled))
    }

    /// What workflows of `repository` may do; none if the token may not ask.
    pub async fn workflow_settings(&self, repository: &Repository) -> Result<Option<WorkflowSettings>, GithubError> {
        let call = Call::get("ask what workflows may do").of(repository);
        self.setting(call.at(["actions", "permissions", "workflow"])).await
    }

    /// The answer to `call`; none if the token may not ask.
    async fn setting<T: serde::de::DeserializeOwned>(&self, call: Call) -> Result<Option<T>, GithubError> {
        match self.find(call).await {
            Err(GithubError::PermissionDenied { .. } | GithubError::CredentialsRefused { .. }) => Ok(None),
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classic_token_needs_a_scope_that_covers_the_repository() {
        let settings = |scopes: &[&str], private: bool| Settings {
            scopes: scopes.iter().map(ToString::to_string).collect(),
            private: Some(private),
            ..Settings::default()
        };
        let table: &[(&[&str], bool, bool)] = &[
            (&[], true, true),
            (&["repo"], true, true),
            (&["gist", "repo"], false, true),
            (&["public_repo"], false, true),
            (&["public_repo"], true, false),
            (&["gist", "read:org"], false, false),
        ];
        for (scopes, private, suffice) in table {
            assert_eq!(settings(scopes, *private).scopes_suffice(), *suffice, "{scopes:?} {private}");
        }
    }
}
