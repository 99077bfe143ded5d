//! How a test makes the fake fail: which requests, when, and in which of GitHub's ways.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::answer::Answer;

/// A planned failure of some requests.
///
/// `Fault::on("POST", "*/assets").status(502).after_effect()` answers the first upload with 502 although the asset
/// was stored.
#[derive(Debug, Clone)]
pub struct Fault {
    method: String,
    path: String,
    skip: usize,
    times: usize,
    pub(crate) kind: Kind,
    pub(crate) effect: Effect,
}

/// How the request fails.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Another answer than the right one.
    Answer(Answer),
    /// The connection is closed instead of an answer.
    Drop,
    /// Nothing happens any more.
    Stall,
    /// The right answer, cut in its middle.
    Truncated,
    /// The right status with another body.
    Instead(String),
}

/// How far the request was carried out before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Not at all.
    None,
    /// An upload has begun and leaves a `starter` asset; any other request has no effect.
    Half,
    /// Wholly.
    Done,
}

impl Fault {
    /// The first request with this method (`*` for any) whose path matches; `*` in the path stands for any run of
    /// characters. It fails with 500 unless told otherwise.
    pub fn on(method: &str, path: &str) -> Self {
        let kind = Kind::Answer(Answer::error(500, "Server Error"));
        Self { method: method.into(), path: path.into(), skip: 0, times: 1, kind, effect: Effect::None }
    }

    /// From the `nth` matching request on (counted from 1) instead of the first.
    #[must_use]
    pub fn nth(self, nth: usize) -> Self {
        Self { skip: nth - 1, ..self }
    }

    /// That many requests in a row instead of one.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Every one from there on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// The request is carried out before it fails.
    #[must_use]
    pub fn after_effect(self) -> Self {
        Self { effect: Effect::Done, ..self }
    }

    /// The request fails while its body is being read; an upload leaves a `starter` asset.
    #[must_use]
    pub fn half_way(self) -> Self {
        Self { effect: Effect::Half, ..self }
    }

    /// Any answer.
    #[must_use]
    pub fn answer(self, answer: Answer) -> Self {
        Self { kind: Kind::Answer(answer), ..self }
    }

    /// GitHub's error with this status: HTML for 502 to 504, as its load balancers send it, JSON otherwise.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        let answer = match status {
            502..=504 => Answer::new(status, "text/html", "<html><body><h1>Unicorn!</h1></body></html>"),
            401 => Answer::bad_credentials(),
            403 => Answer::error(403, "Resource not accessible by integration")
                .header("x-accepted-github-permissions", "contents=write"),
            404 => Answer::not_found(),
            422 => Answer::custom("Release", "base", "this was refused"),
            _ => Answer::error(status, "Server Error"),
        };
        self.answer(answer)
    }

    /// The connection is closed instead of an answer.
    #[must_use]
    pub fn dropped(self) -> Self {
        Self { kind: Kind::Drop, ..self }
    }

    /// No answer, and no end.
    #[must_use]
    pub fn stalled(self) -> Self {
        Self { kind: Kind::Stall, ..self }
    }

    /// The request is carried out, and the answer is cut in its middle.
    #[must_use]
    pub fn truncated(self) -> Self {
        Self { kind: Kind::Truncated, effect: Effect::Done, ..self }
    }

    /// The request is carried out, and this text stands in place of the answer's body.
    #[must_use]
    pub fn answered_with(self, body: &str) -> Self {
        Self { kind: Kind::Instead(body.into()), effect: Effect::Done, ..self }
    }

    /// The primary rate limit is used up until `wait` from now.
    #[must_use]
    pub fn rate_limited(self, wait: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let answer = Answer::error(403, "API rate limit exceeded for user ID 1.")
            .header("x-ratelimit-limit", "5000")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", (now + wait).as_secs().to_string());
        self.answer(answer)
    }

    /// A secondary rate limit, with `Retry-After` where a time is given.
    #[must_use]
    pub fn secondary_rate_limited(self, retry_after: Option<u64>) -> Self {
        let body = json!({
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        });
        let answer = Answer::json(403, &body);
        self.answer(match retry_after {
            Some(seconds) => answer.header("retry-after", seconds.to_string()),
            None => answer,
        })
    }

    /// Whether this request fails; counts it if it matches.
    fn strikes(&mut self, method: &str, path: &str) -> bool {
        if (self.method != "*" && self.method != method) || !matches(&self.path, path) {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let strikes = self.times > 0;
        self.times = self.times.saturating_sub(1);
        strikes
    }
}

/// The first planned fault that strikes this request.
pub(crate) fn strike(faults: &mut [Fault], method: &str, path: &str) -> Option<Fault> {
    faults.iter_mut().find_map(|fault| fault.strikes(method, path).then(|| fault.clone()))
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((prefix, rest)) => text.strip_prefix(prefix).is_some_and(|text| {
            let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.any(|at| matches(rest, &text[at..]))
        }),
    }
}
