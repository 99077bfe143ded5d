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
    pub(super) async fn order<T: DeserializeOwned>(&self, query: &Query<'_>) -> Result<T, GithubError> {
        self.read_answer(query, self.fetch(query.call()).await?)
    }

    /// The same for what only asks: again after a failure that may pass.
    pub(super) async fn ask<T: DeserializeOwned>(&self, query: &Query<'_>) -> Result<T, GithubError> {
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
