//! GitHub's GraphQL API, for what the other one does not have.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::SECONDARY_WAIT;
use super::error::GithubError;
use super::{Call, Github};

/// One question or order, with the values of its variables.
pub(super) struct Query<'a> {
    /// What it is for, as an infinitive that follows `cannot`.
    pub action: String,
    /// What is asked: never made of values, which go into `variables`.
    pub text: &'a str,
    /// The values.
    pub variables: Value,
    /// The permission that it takes, as GitHub names it.
    pub permission: &'static str,
}

/// GitHub answers 200 even where it refuses.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Remark>,
}

#[derive(Deserialize)]
struct Remark {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

impl Github {
    /// Sends `query` once and reads its answer.
    pub(super) async fn mutate<T: DeserializeOwned>(&self, query: &Query<'_>) -> Result<T, GithubError> {
        self.read_answer(query, self.fetch(query.call()).await?)
    }

    /// The same for what only asks: again after a failure that may pass.
    pub(super) async fn query<T: DeserializeOwned>(&self, query: &Query<'_>) -> Result<T, GithubError> {
        self.read_answer(query, self.fetch_patiently(&query.call()).await?)
    }

    fn read_answer<T: DeserializeOwned>(&self, query: &Query<'_>, answer: Answer) -> Result<T, GithubError> {
        if let Some(remark) = answer.errors.into_iter().next() {
            return Err(self.refused(query, remark));
        }
        let action = query.action.clone();
        serde_json::from_value(answer.data)
            .map_err(|error| GithubError::InvalidAnswer { action, reason: error.to_string() })
    }

    fn refused(&self, query: &Query<'_>, Remark { kind, message }: Remark) -> GithubError {
        let action = query.action.clone();
        let variable = self.token_variable().map(str::to_owned);
        match kind.as_str() {
            "NOT_FOUND" => GithubError::NotFound { action, message, variable },
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => {
                GithubError::PermissionDenied { action, message, needed: Some(query.permission.to_owned()), variable }
            }
            "RATE_LIMITED" => {
                self.limit.hold(SECONDARY_WAIT);
                GithubError::RateLimited { action, message, wait: SECONDARY_WAIT, is_named: false }
            }
            _ => GithubError::Refused { action, status: 200, message, fields: Vec::new() },
        }
    }
}

impl Query<'_> {
    fn call(&self) -> Call {
        Call::graphql(&self.action).json(&json!({ "query": self.text, "variables": self.variables }))
    }
}

#[cfg(test)]
mod tests {
    use sampo_testkit::FakeGithub;
    use sampo_testkit::github::{Answer, Fault, TOKEN};

    use super::*;
    use crate::error::Diagnose;

    fn client(github: &FakeGithub, token: &str) -> Github {
        let variables = [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", token)];
        Github::of_environment(&variables.into_iter().collect()).unwrap()
    }

    #[tokio::test]
    async fn the_address_has_no_version_wherever_github_is() {
        for github in [FakeGithub::start(), FakeGithub::enterprise()] {
            github.with_discussions(&["ideas"]);
            let forum = client(&github, TOKEN).forum(&github.repository().try_into().unwrap()).await.unwrap();
            assert!(forum.is_enabled && forum.categories()[0].slug == "ideas");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_apart_although_its_status_is_that_of_a_success() {
        let table = [
            ("NOT_FOUND", "not-found"),
            ("FORBIDDEN", "permission-denied"),
            ("INSUFFICIENT_SCOPES", "permission-denied"),
            ("RATE_LIMITED", "rate-limited"),
            ("UNPROCESSABLE", "request-refused"),
        ];
        for (kind, code) in table {
            let github = FakeGithub::start();
            let body = json!({ "data": { "repository": null }, "errors": [{ "type": kind, "message": "no" }] });
            github.fail(Fault::on("POST", "/graphql").answer(Answer::json(200, &body)));
            let client = client(&github, TOKEN);
            let error = client.forum(&github.repository().try_into().unwrap()).await.unwrap_err();
            assert_eq!(error.code(), code);
            assert_eq!(client.asks_to_wait().is_some(), kind == "RATE_LIMITED");
        }
        let github = FakeGithub::start();
        let error = client(&github, "ghp_wrong").forum(&"acme/app".to_owned().try_into().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), "credentials-refused");
        let error = client(&github, TOKEN).forum(&"acme/other".to_owned().try_into().unwrap()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the discussion categories of `acme/other`: GitHub does not find it (Could not resolve to a Repository with the name 'acme/other'.)"
        );
    }
}
