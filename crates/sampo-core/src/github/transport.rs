//! Sends requests: one at a time, once each, the token to GitHub's own hosts only.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Limited};
use octocrab::{OctoBody, Octocrab};
use url::Url;

use super::answer::Answer;
use super::call::Call;
use super::error::GithubError;
use super::{Addresses, Token};
use crate::secret::Redactor;

/// How often one request is sent on to where its object has moved.
const MOST_REDIRECTS: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// No answer of the API is nearly as long.
pub(super) const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// What is traced of an answer.
const TRACED_HEADERS: &[&str] = &[
    "content-length",
    "content-type",
    "retry-after",
    "x-accepted-github-permissions",
    "x-github-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];
const AGENT: &str = concat!("sampo/", env!("CARGO_PKG_VERSION"));
const API_VERSION: HeaderName = HeaderName::from_static("x-github-api-version");

/// The answer of the API before its body was read.
pub(super) type ApiResponse = Response<http_body_util::combinators::BoxBody<bytes::Bytes, octocrab::Error>>;

/// The clients behind one [`Github`](super::Github).
#[derive(Clone)]
pub(super) struct Transport {
    api: Octocrab,
    /// The client below octocrab, for what is streamed. It follows no redirect, so that nothing secret is sent on.
    pub(super) streams: reqwest::Client,
    /// What every request to GitHub carries.
    headers: HeaderMap,
    /// Keeps secrets out of what servers say.
    redactor: Redactor,
}

/// Where a request ended up.
pub(super) enum Reached {
    /// At the API.
    Api(ApiResponse),
    /// Sent on to another host, which must not see the token.
    Elsewhere(Url),
}

impl Transport {
    /// Must be called within the runtime that the requests run in.
    pub(super) fn new(
        addresses: &Addresses,
        token: Option<&Token>,
        redactor: Redactor,
        streams: reqwest::Client,
    ) -> Result<Self, GithubError> {
        let headers = headers(token)?;
        let broken = |error: &(dyn StdError + 'static)| network("make a connection", error);
        // octocrab joins base and path itself where the base has no path of its own.
        let api = Octocrab::builder()
            .base_uri(addresses.origin())
            .map_err(|error| broken(&error))?
            .add_header(USER_AGENT, AGENT.to_owned())
            .build_with_reqwest(streams.clone())
            .map_err(|error| broken(&error))?;
        Ok(Self { api, streams, headers, redactor })
    }

    /// The headers of every request to GitHub, the token among them.
    pub(super) fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    /// Sends `call` to `path` (with its query) at the API, and on to where that has moved.
    pub(super) async fn reach(&self, addresses: &Addresses, call: &Call, path: String) -> Result<Reached, GithubError> {
        let mut path = path;
        for _ in 0..=MOST_REDIRECTS {
            let started = Instant::now();
            let request = self.request(call, &path)?;
            tracing::trace!(method = %call.method, %path, headers = ?request.headers(), "asking GitHub");
            let sent = self.api.send(request).await;
            let response = sent.map_err(|error| network(&call.action, &error)).inspect_err(|error| {
                tracing::debug!(method = %call.method, %path, %error, "no answer from GitHub");
            })?;
            let (status, elapsed) = (response.status().as_u16(), started.elapsed());
            tracing::debug!(method = %call.method, %path, status, ?elapsed, "GitHub answered");
            self.trace_headers(response.headers());
            let Some(location) = redirect(&response, addresses, &path) else { return Ok(Reached::Api(response)) };
            if !addresses.owns(&location) {
                return Ok(Reached::Elsewhere(location));
            }
            path = self.redactor.redact(&location[url::Position::BeforePath..url::Position::AfterQuery]);
        }
        Err(too_many_redirects(&call.action))
    }

    /// Fetches from a host that must not see the token, and from where that sends the request on to.
    pub(super) async fn fetch_elsewhere(&self, action: &str, url: Url) -> Result<reqwest::Response, GithubError> {
        let mut url = url;
        for _ in 0..=MOST_REDIRECTS {
            let response = self.streams.get(url.clone()).send().await.map_err(|error| network(action, &error))?;
            let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
            match location.and_then(|location| url.join(location.to_str().ok()?).ok()) {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(too_many_redirects(action))
    }

    /// The whole of an answer, which is never longer than [`LONGEST_ANSWER`]. A server that repeats the token in it does
    /// not get it shown.
    pub(super) async fn read<B>(&self, response: Response<B>, action: &str) -> Result<Answer, GithubError>
    where
        B: BodyExt,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| network(action, error.as_ref()))?.to_bytes();
        let answer = Answer { status: parts.status, headers: parts.headers, body: body.to_vec() };
        Ok(answer.redacted_by(&self.redactor))
    }

    /// Traces what an answer says about itself. Others of its headers may hold secrets, such as the address of a download.
    pub(super) fn trace_headers(&self, headers: &HeaderMap) {
        if !tracing::enabled!(tracing::Level::TRACE) {
            return;
        }
        for name in TRACED_HEADERS {
            if let Some(value) = headers.get(*name).and_then(|value| value.to_str().ok()) {
                tracing::trace!(header = name, value = self.redactor.redact(value), "GitHub said");
            }
        }
    }

    fn request(&self, call: &Call, path: &str) -> Result<Request<OctoBody>, GithubError> {
        let mut request = Request::builder().method(call.method.clone()).uri(path);
        let headers = request.headers_mut();
        if let Some(headers) = headers {
            headers.extend(self.headers());
            headers.insert(ACCEPT, HeaderValue::from_static(call.accept));
        }
        let request = match &call.body {
            None => request.body(OctoBody::empty()),
            Some(body) => {
                let body = body.to_string();
                request
                    .header(CONTENT_TYPE, "application/json")
                    .header(CONTENT_LENGTH, body.len())
                    .body(OctoBody::from(body))
            }
        };
        request.map_err(|error| network(&call.action, &error))
    }
}

/// The HTTP client that everything goes through. It tries nothing again and follows nothing by itself.
pub(super) fn http_client() -> Result<reqwest::Client, GithubError> {
    reqwest::Client::builder()
        .user_agent(AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        // A connection for each upload: over HTTP/2 all of them would share one and its window.
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .map_err(|error| network("make a connection", &error))
}

fn headers(token: Option<&Token>) -> Result<HeaderMap, GithubError> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(API_VERSION, HeaderValue::from_static("2022-11-28"));
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, token.header()?);
    }
    Ok(headers)
}

fn too_many_redirects(action: &str) -> GithubError {
    let reason = format!("it sends the request on more than {MOST_REDIRECTS} times");
    GithubError::InvalidAnswer { action: action.to_owned(), reason }
}

/// Where the answer sends the request on to, if it does.
fn redirect(response: &ApiResponse, addresses: &Addresses, path: &str) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    Url::parse(&addresses.origin()).ok()?.join(path).ok()?.join(location).ok()
}

/// A failed connection, told without the URL: that of a download is as good as a token.
pub(super) fn network(action: &str, error: &(dyn StdError + 'static)) -> GithubError {
    let mut kind = "the connection failed";
    let mut cause = error;
    loop {
        if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
            kind = match () {
                () if error.is_timeout() => "no answer in time",
                () if error.is_connect() => "no connection",
                () => kind,
            };
        }
        match cause.source() {
            Some(source) => cause = source,
            None => break,
        }
    }
    // The last cause is the system's own; what wraps it repeats it and names the URL.
    let reason = match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => kind.to_owned(),
        None => format!("{kind}: {cause}"),
    };
    GithubError::Network { action: action.to_owned(), reason }
}
