//! One request to the API, described before it is sent.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::config::Repository;

/// What may stand in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request to the API. Paths are below the API's base and encoded here.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) action: String,
    pub(super) accept: &'static str,
    pub(super) body: Option<serde_json::Value>,
    /// Whether it is for the API that knows one address only.
    pub(super) is_graphql: bool,
    path: String,
}

impl Call {
    /// A request that asks; `action` says what for, as an infinitive that follows `cannot`.
    pub fn get(action: impl Into<String>) -> Self {
        Self::new(Method::GET, action)
    }

    /// A request that makes something.
    pub fn post(action: impl Into<String>) -> Self {
        Self::new(Method::POST, action)
    }

    /// A request that changes something.
    pub fn patch(action: impl Into<String>) -> Self {
        Self::new(Method::PATCH, action)
    }

    /// A request that removes something.
    pub fn delete(action: impl Into<String>) -> Self {
        Self::new(Method::DELETE, action)
    }

    /// A request to the other API, which is told in its body what it is about.
    pub(super) fn graphql(action: impl Into<String>) -> Self {
        Self { is_graphql: true, ..Self::post(action) }.at(["graphql"])
    }

    fn new(method: Method, action: impl Into<String>) -> Self {
        let accept = "application/vnd.github+json";
        Self { method, action: action.into(), accept, body: None, is_graphql: false, path: String::new() }
    }

    /// Adds segments to the path; a `/` within one separates, everything else that is special is encoded.
    #[must_use]
    pub fn at<'a>(mut self, segments: impl IntoIterator<Item = &'a str>) -> Self {
        for segment in segments.into_iter().flat_map(|segment| segment.split('/')) {
            self.path.push('/');
            self.path.push_str(&encode(segment));
        }
        self
    }

    /// Adds `repos/OWNER/NAME` to the path.
    #[must_use]
    pub fn of(self, repository: &Repository) -> Self {
        self.at(["repos", &repository.owner, &repository.name])
    }

    /// Adds a value to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&format!("{}={}", encode(name), encode(value)));
        self
    }

    /// Sends `body` as JSON.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("bodies have text keys only");
        Self { body: Some(body), ..self }
    }

    /// Asks for bytes instead of JSON.
    #[must_use]
    pub(super) fn for_bytes(self) -> Self {
        Self { accept: "application/octet-stream", ..self }
    }

    /// Path and query below the API's base.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// `text` as one segment of a URL's path.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_keep_slashes_and_encode_what_is_special_in_a_url() {
        let call = Call::get("look").at(["releases", "tags", "@scope/a+b #1?%-v1.0.0"]).query("per_page", "100");
        assert_eq!(call.path(), "/releases/tags/%40scope/a%2Bb%20%231%3F%25-v1.0.0?per_page=100");
    }
}
