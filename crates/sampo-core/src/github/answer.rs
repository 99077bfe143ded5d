//! What GitHub's answers mean: status, headers and body become a value or an error. Nothing here waits or sends.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{FieldError, GithubError};
use crate::secret::Redactor;

/// How long to wait after a secondary limit for which GitHub names no time.
pub(super) const SECONDARY_WAIT: Duration = Duration::from_secs(60);
/// The longest part of a message that is shown.
const LONGEST_MESSAGE: usize = 500;

/// An answer that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// GitHub's error body, as far as it is one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    // Usually objects, sometimes plain strings.
    errors: Vec<serde_json::Value>,
}

impl Answer {
    /// The same without secrets, wherever the server repeats them.
    pub(super) fn redacted_by(mut self, redactor: &Redactor) -> Self {
        if let Ok(body) = std::str::from_utf8(&self.body)
            && let Cow::Owned(redacted) = redactor.redacted(body)
        {
            self.body = redacted.into_bytes();
        }
        for value in self.headers.values_mut() {
            if let Ok(text) = value.to_str()
                && let Cow::Owned(redacted) = redactor.redacted(text)
            {
                *value = HeaderValue::from_str(&redacted).unwrap_or(HeaderValue::from_static("***"));
            }
        }
        self
    }

    /// The value that a successful answer carries.
    pub(super) fn read<T: DeserializeOwned>(&self, action: &str) -> Result<T, GithubError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| GithubError::InvalidAnswer { action: action.to_owned(), reason: error.to_string() })
    }

    /// The answer itself if it is a success; `variable` names where the token came from.
    pub(super) fn success(self, action: &str, variable: Option<&str>) -> Result<Self, GithubError> {
        if self.status.is_success() { Ok(self) } else { Err(self.error(action, variable, SystemTime::now())) }
    }

    /// What an answer that is no success means at the time `now`.
    fn error(&self, action: &str, variable: Option<&str>, now: SystemTime) -> GithubError {
        let said = self.said();
        let fields = said.fields();
        let message = said.message(&fields, self.status);
        let (action, variable) = (action.to_owned(), variable.map(str::to_owned));
        if let Some((wait, is_named)) = self.limit(&message, now) {
            return GithubError::RateLimited { action, message, wait, is_named };
        }
        match self.status.as_u16() {
            401 => GithubError::CredentialsRefused { action, message, variable },
            403 => {
                let needed = self.header("x-accepted-github-permissions").filter(|needed| !needed.is_empty());
                GithubError::PermissionDenied { action, message, needed: needed.map(str::to_owned), variable }
            }
            404 => GithubError::NotFound { action, message, variable },
            status @ (408 | 425 | 500..) => GithubError::Server { action, status, message },
            status => GithubError::Refused { action, status, message, fields },
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// How long to wait if this answer is about too many requests, and whether it says so. A plain 403 is not.
    fn limit(&self, message: &str, now: SystemTime) -> Option<(Duration, bool)> {
        if !matches!(self.status.as_u16(), 403 | 429) {
            return None;
        }
        if let Some(wait) = self.header("retry-after").and_then(|value| retry_after(value, now)) {
            return Some((wait, true));
        }
        if self.header("x-ratelimit-remaining") == Some("0") {
            return Some(self.reset(now).map_or((SECONDARY_WAIT, false), |wait| (wait, true)));
        }
        let text = message.to_ascii_lowercase();
        let is_limit = self.status == StatusCode::TOO_MANY_REQUESTS
            || ["secondary rate limit", "api rate limit exceeded", "abuse detection"]
                .iter()
                .any(|words| text.contains(words));
        is_limit.then_some((SECONDARY_WAIT, false))
    }

    /// How long until the primary limit is reset; a second more, since clocks differ.
    fn reset(&self, now: SystemTime) -> Option<Duration> {
        let reset = self.header("x-ratelimit-reset")?.parse().ok()?;
        let reset = UNIX_EPOCH.checked_add(Duration::from_secs(reset))?;
        Some(reset.duration_since(now).unwrap_or_default() + Duration::from_secs(1))
    }

    /// The error body; empty where it is not JSON, as from a load balancer.
    fn said(&self) -> ErrorBody {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A number of seconds, or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = SystemTime::from(chrono::DateTime::parse_from_rfc2822(value).ok()?);
    Some(date.duration_since(now).unwrap_or_default())
}

impl ErrorBody {
    fn fields(&self) -> Vec<FieldError> {
        let read = |value: &serde_json::Value| match value.as_str() {
            Some(text) => Some(FieldError { message: text.to_owned(), ..FieldError::default() }),
            None => FieldError::deserialize(value).ok(),
        };
        self.errors.iter().filter_map(read).collect()
    }

    /// GitHub's words on one line, with its remarks on each field.
    fn message(&self, fields: &[FieldError], status: StatusCode) -> String {
        let remarks: Vec<String> = fields.iter().map(FieldError::describe).collect();
        let message = match (self.message.trim(), remarks.as_slice()) {
            ("", []) => status.canonical_reason().unwrap_or_default().to_owned(),
            (message, []) => message.to_owned(),
            (message, remarks) => format!("{message}: {}", remarks.join("; ")),
        };
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(LONGEST_MESSAGE).collect()
    }
}

impl FieldError {
    fn describe(&self) -> String {
        match (self.field.as_str(), self.message.as_str()) {
            (_, message) if !message.is_empty() => message.to_owned(),
            ("", _) => self.code.clone(),
            (field, _) => format!("`{field}` {}", self.code.replace('_', " ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnose;

    const NOW: u64 = 1_795_000_000;

    fn error(status: u16, headers: &[(&str, &str)], body: &str) -> GithubError {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let answer = Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() };
        answer.error("look", Some("MY_TOKEN"), UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[test]
    fn every_kind_of_refusal_is_told_from_the_others() {
        let reset = (NOW + 90).to_string();
        let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
        type Case<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, &'a str);
        let table: &[Case<'_>] = &[
            (401, &[], r#"{"message":"Bad credentials"}"#, "credentials-refused"),
            (403, &[], r#"{"message":"Resource not accessible by integration"}"#, "permission-denied"),
            (403, &[], "<html>Request forbidden by administrative rules</html>", "permission-denied"),
            (403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}", "rate-limited"),
            (403, &[("x-ratelimit-remaining", "17")], r#"{"message":"no"}"#, "permission-denied"),
            (403, &[("retry-after", "7")], secondary, "rate-limited"),
            (403, &[], secondary, "rate-limited"),
            (429, &[], "", "rate-limited"),
            (404, &[], r#"{"message":"Not Found"}"#, "not-found"),
            (400, &[], r#"{"message":"Problems parsing JSON"}"#, "request-refused"),
            (409, &[], "{}", "request-refused"),
            (
                422,
                &[],
                r#"{"message":"Validation Failed","errors":[{"code":"already_exists","field":"name"}]}"#,
                "request-refused",
            ),
            (408, &[], "", "server-error"),
            (500, &[], "not json", "server-error"),
            (502, &[], "<html>", "server-error"),
        ];
        for (status, headers, body, code) in table {
            assert_eq!(error(*status, headers, body).code(), *code, "{status} {headers:?} {body}");
        }
    }

    #[test]
    fn the_wait_is_the_one_that_github_names() {
        let reset = (NOW + 90).to_string();
        let past = (NOW - 90).to_string();
        type Case<'a> = (&'a [(&'a str, &'a str)], u64, bool);
        let table: &[Case<'_>] = &[
            (&[("retry-after", "7"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], 7, true),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], 91, true),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &past)], 1, true),
            (&[("x-ratelimit-remaining", "0")], 60, false),
            (&[], 60, false),
            (&[("retry-after", "Wed, 18 Nov 2026 11:06:50 GMT")], 10, true),
            (&[("retry-after", "soon")], 60, false),
        ];
        for (headers, seconds, named) in table {
            let GithubError::RateLimited { wait, is_named, .. } = error(429, headers, "") else {
                panic!("{headers:?}")
            };
            assert_eq!((wait, is_named), (Duration::from_secs(*seconds), *named), "{headers:?}");
        }
    }

    #[test]
    fn the_message_has_githubs_words_and_remarks_on_one_line() {
        let body = r#"{"message":"Validation Failed","errors":[
            {"resource":"ReleaseAsset","code":"already_exists","field":"name"},
            {"resource":"Release","code":"custom","field":"body","message":"body is too long"}, "and more"]}"#;
        let refused = error(422, &[], body);
        assert_eq!(
            refused.to_string(),
            "cannot look: Validation Failed: `name` already exists; body is too long; and more"
        );
        assert!(refused.is_already_exists("name") && !refused.is_already_exists("tag_name"));
        let typed =
            error(422, &[], "{\"message\":\"Invalid request.\\n\\nFor 'properties/draft', 1 is not a boolean.\"}");
        assert_eq!(typed.to_string(), "cannot look: Invalid request. For 'properties/draft', 1 is not a boolean.");
        assert!(!typed.is_already_exists("name"));
    }

    #[test]
    fn a_missing_permission_is_named_as_github_names_it() {
        let denied = error(403, &[("x-accepted-github-permissions", "contents=write")], r#"{"message":"no"}"#);
        assert_eq!(
            denied.hint().as_deref(),
            Some(
                "the permission `contents=write` is missing; the token is in `MY_TOKEN`; in a workflow: `permissions: { contents: write }`"
            )
        );
    }
}
