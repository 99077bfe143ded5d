//! The one client of GitHub's API: addresses, credentials, redirects, pages, and what answers mean.
//!
//! Every method sends its request once. Whether to try again is the caller's decision, and [`GithubError`] tells all
//! that is needed for it.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::LINK;
use serde::de::DeserializeOwned;
use url::Url;

use crate::environment::Environment;
use crate::secret::Redactor;

use answer::Answer;
use transport::{Reached, Transport};

pub mod address;
mod answer;
pub mod asset_name;
pub mod call;
pub mod discussions;
pub mod error;
mod graphql;
pub mod limits;
pub mod model;
pub(crate) mod patience;
mod people;
pub mod pulls;
pub mod releases;
pub mod repository;
pub mod settings;
pub mod text;
pub mod token;
mod transfer;
mod transport;

pub use address::Addresses;
pub use call::Call;
pub use error::GithubError;
pub use limits::{Limit, Limits};
pub use releases::Releases;
pub use token::Token;

/// How long the API may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// No list is that long; a server that says otherwise is broken.
const MOST_PAGES: usize = 1000;

/// A client of one GitHub, with at most one token.
pub struct Github {
    addresses: Addresses,
    token: Option<Token>,
    timeout: Duration,
    limit: Limit,
    /// Keeps secrets out of what servers say.
    redactor: Redactor,
    client: Option<reqwest::Client>,
    transport: OnceLock<Transport>,
}

impl Github {
    /// A client. Nothing is sent or opened yet.
    pub fn new(addresses: Addresses, token: Option<Token>) -> Self {
        let redactor = token.as_ref().map(Token::redactor).unwrap_or_default();
        let (limit, transport) = (Limit::default(), OnceLock::new());
        Self { addresses, token, timeout: ANSWER_TIMEOUT, limit, redactor, client: None, transport }
    }

    /// A client of the GitHub that `environment` is about, with the token there.
    pub fn of_environment(environment: &Environment) -> Result<Self, GithubError> {
        let addresses = Addresses::resolve(None, environment)?;
        Ok(Self::new(addresses, Token::find(None, environment)).redacted_by(environment.redactor([])))
    }

    /// The same, which shows nothing of what `redactor` knows either, should a server repeat it.
    #[must_use]
    pub fn redacted_by(self, redactor: Redactor) -> Self {
        Self { redactor: self.redactor.and(redactor), ..self }
    }

    /// The same, which waits for answers (and for each part of a download) that long at most.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same, which keeps to the rate limits of others that share its token, and they to those that it meets.
    #[must_use]
    pub fn within(self, limits: &Limits) -> Self {
        let limit = limits.of(self.addresses.origin(), self.token.clone());
        Self { limit, ..self }
    }

    /// The same over an HTTP client that others use too. It must follow no redirects.
    #[must_use]
    pub fn with_client(self, client: reqwest::Client) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Where this GitHub is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The token that requests carry.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// How long GitHub wants nothing more from this token. Until then requests fail without being sent.
    pub fn asks_to_wait(&self) -> Option<Duration> {
        self.limit.remaining()
    }

    /// Sends `call` and reads its answer.
    pub async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T, GithubError> {
        self.answer(&call, self.path(&call)).await?.read(&call.action)
    }

    /// The same for what need not exist: a 404 is none.
    pub async fn find<T: DeserializeOwned>(&self, call: Call) -> Result<Option<T>, GithubError> {
        match self.fetch(call).await {
            Err(error) if error.is_not_found() => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Sends `call`, whose answer has nothing to read.
    pub async fn send(&self, call: Call) -> Result<(), GithubError> {
        self.answer(&call, self.path(&call)).await.map(drop)
    }

    /// The items of every page of a list.
    pub async fn list<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, GithubError> {
        let call = call.query("per_page", "100");
        let mut items = Vec::new();
        let mut path = self.path(&call);
        for _ in 0..MOST_PAGES {
            let answer = self.answer(&call, path).await?;
            items.append(&mut answer.read::<Vec<T>>(&call.action)?);
            match self.next_page(&answer, &call)? {
                Some(next) => path = next,
                None => return Ok(items),
            }
        }
        let reason = format!("the list has more than {MOST_PAGES} pages");
        Err(GithubError::InvalidAnswer { action: call.action, reason })
    }

    fn path(&self, call: &Call) -> String {
        let base = if call.is_graphql { self.addresses.graphql_base() } else { self.addresses.api_path() };
        format!("{base}{}", call.path())
    }

    async fn answer(&self, call: &Call, path: String) -> Result<Answer, GithubError> {
        self.admit(&call.action)?;
        let exchange = async {
            let transport = self.transport()?;
            match transport.reach(&self.addresses, call, path).await? {
                Reached::Api(response) => transport.read(response, &call.action).await,
                Reached::Elsewhere(url) => Err(self.strayed(call, &url)),
            }
        };
        let answer = tokio::time::timeout(self.timeout, exchange).await.map_err(|_| self.timed_out(&call.action))??;
        self.success(answer, &call.action)
    }

    /// Fails while a rate limit is in force: asking on prolongs it.
    fn admit(&self, action: &str) -> Result<(), GithubError> {
        let Some(wait) = self.limit.remaining() else { return Ok(()) };
        let message = "another request has met a rate limit".to_owned();
        // Whole seconds, and not one too few.
        let wait = Duration::from_secs(wait.as_secs() + 1);
        Err(GithubError::RateLimited { action: action.to_owned(), message, wait, is_named: true })
    }

    /// The answer itself if it is a success. A rate limit that it tells of is in force from now on.
    fn success(&self, answer: Answer, action: &str) -> Result<Answer, GithubError> {
        answer.success(action, self.token_variable()).inspect_err(|error| {
            if let GithubError::RateLimited { wait, .. } = error {
                self.limit.hold(*wait);
            }
        })
    }

    /// The clients, made on first use because they belong to the runtime that they are made in.
    fn transport(&self) -> Result<&Transport, GithubError> {
        if let Some(transport) = self.transport.get() {
            return Ok(transport);
        }
        let client = self.client.clone().map_or_else(transport::http_client, Ok)?;
        let transport = Transport::new(&self.addresses, self.token.as_ref(), self.redactor.clone(), client)?;
        Ok(self.transport.get_or_init(|| transport))
    }

    fn token_variable(&self) -> Option<&str> {
        self.token.as_ref().map(Token::variable)
    }

    /// The path of the next page, which must be on the API's own host.
    fn next_page(&self, answer: &Answer, call: &Call) -> Result<Option<String>, GithubError> {
        let link = answer.headers.get(LINK).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some(next) = next_link(link) else { return Ok(None) };
        let url = Url::parse(next).map_err(|error| GithubError::InvalidAnswer {
            action: call.action.clone(),
            reason: format!("the address of its next page is none: {error}"),
        })?;
        if !self.addresses.owns(&url) {
            return Err(self.strayed(call, &url));
        }
        Ok(Some(url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()))
    }

    fn strayed(&self, call: &Call, url: &Url) -> GithubError {
        let host = url.host_str().unwrap_or_default();
        let reason = format!("it points to another host, `{host}`, which must not see the token");
        GithubError::InvalidAnswer { action: call.action.clone(), reason }
    }

    fn timed_out(&self, action: &str) -> GithubError {
        let reason = format!("no answer within {}", humantime::format_duration(self.timeout));
        GithubError::Network { action: action.to_owned(), reason }
    }
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github").field("addresses", &self.addresses).field("token", &self.token).finish_non_exhaustive()
    }
}

/// The URL with `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|link| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        parameters.split(';').any(|parameter| parameter.trim() == "rel=\"next\"").then_some(url)
    })
}

#[cfg(test)]
#[path = "github/client_tests.rs"]
mod tests;
