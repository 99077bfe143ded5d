//! Where GitHub is: github.com, a `ghe.com` subdomain, or a GitHub Enterprise Server.

use url::{Host, Url};

use super::error::GithubError;
use crate::environment::Environment;

const API: &str = "https://api.github.com";

/// The base URLs of one GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    api: Url,
    web: Url,
    is_ambient: bool,
}

impl Addresses {
    /// Of the API at `api_url`, else at `GITHUB_API_URL`, else of github.com. The web address is `GITHUB_SERVER_URL`
    /// where that belongs to the same GitHub, else it is derived from the API's.
    pub fn resolve(api_url: Option<&str>, environment: &Environment) -> Result<Self, GithubError> {
        let ambient = environment.get("GITHUB_API_URL").unwrap_or(API);
        let api = base(api_url.unwrap_or(ambient))?;
        let is_ambient = base(ambient).is_ok_and(|ambient| ambient.origin() == api.origin());
        let web = match environment.get("GITHUB_SERVER_URL").filter(|_| is_ambient) {
            Some(url) => base(url)?,
            None => web_of(&api),
        };
        Ok(Self { api, web, is_ambient })
    }

    /// Whether this is the GitHub that the environment is about, which its tokens are meant for.
    pub fn is_ambient(&self) -> bool {
        self.is_ambient
    }

    /// The base of the API, without a slash at its end: `https://api.github.com`, `https://HOST/api/v3`.
    pub fn api(&self) -> &str {
        self.api.as_str().trim_end_matches('/')
    }

    /// The base of what people see, without a slash at its end: `https://github.com`.
    pub fn web(&self) -> &str {
        self.web.as_str().trim_end_matches('/')
    }

    /// Whether this is a GitHub Enterprise Server, which lacks some of what github.com has.
    pub fn is_enterprise_server(&self) -> bool {
        let host = self.web.host_str().unwrap_or_default();
        host != "github.com" && !host.ends_with(".ghe.com")
    }

    /// `https://HOST[:PORT]` of the API.
    pub(super) fn origin(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    /// The path of the API's base, without a slash at its end: empty, or `/api/v3`.
    pub(super) fn api_path(&self) -> &str {
        self.api.path().trim_end_matches('/')
    }

    /// What the path of the GraphQL API begins with: nothing, or `/api` where the API's base is `/api/v3`.
    pub(super) fn graphql_base(&self) -> &str {
        let base = self.api_path();
        base.strip_suffix("/v3").unwrap_or(base)
    }

    /// Whether `url` is on the API's own host, where the token may be sent.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.api.origin()
    }

    /// Whether a token that the API is trusted with may be sent to `url`, which that API named for it.
    pub(super) fn may_trust(&self, url: &Url) -> bool {
        url.host().is_some() && (url.scheme() == "https" || (self.api.scheme() == "http" && is_loopback(url)))
    }
}

fn base(text: &str) -> Result<Url, GithubError> {
    let invalid = |reason: &str| GithubError::Address { url: text.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text.trim()).map_err(|error| GithubError::Address {
        // What cannot be read might hold credentials all the same.
        url: text.rsplit('@').next().unwrap_or_default().to_owned(),
        reason: error.to_string(),
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(GithubError::Address { url: "***".into(), reason: "it must not contain credentials".into() });
    }
    let mut url = url;
    // So that addresses with and without a slash at their end are the same.
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    match () {
        () if !matches!(url.scheme(), "https" | "http") => Err(invalid("it must begin with `https://`")),
        () if url.host().is_none() => Err(invalid("it names no host")),
        () if url.scheme() == "http" && !is_loopback(&url) => {
            Err(invalid("`http://` would show the token to the network; it must begin with `https://`"))
        }
        () if url.query().is_some() || url.fragment().is_some() => Err(invalid("it must end with its path")),
        () => Ok(url),
    }
}

/// Whether what is sent to `url` stays on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The web address that belongs to an API.
fn web_of(api: &Url) -> Url {
    let mut web = api.clone();
    web.set_path("");
    let host = api.host_str().unwrap_or_default();
    let is_hosted = host == "api.github.com" || host.ends_with(".ghe.com");
    if let Some(host) = host.strip_prefix("api.").filter(|_| is_hosted) {
        web.set_host(Some(host)).expect("the rest of a host name is one");
    }
    web
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnose;

    fn resolve(api_url: Option<&str>, variables: &[(&str, &str)]) -> (String, String) {
        let addresses = Addresses::resolve(api_url, &variables.iter().copied().collect()).unwrap();
        (addresses.api().to_owned(), addresses.web().to_owned())
    }

    #[test]
    fn each_kind_of_github_has_its_api_and_web_address() {
        let table = [
            (None, "https://api.github.com", "https://github.com"),
            (Some("https://api.acme.ghe.com/"), "https://api.acme.ghe.com", "https://acme.ghe.com"),
            (Some("https://git.acme.com/api/v3/"), "https://git.acme.com/api/v3", "https://git.acme.com"),
            (Some("https://api.acme.com/api/v3"), "https://api.acme.com/api/v3", "https://api.acme.com"),
            (Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ];
        for (api_url, api, web) in table {
            assert_eq!(resolve(api_url, &[]), (api.to_owned(), web.to_owned()));
        }
    }

    #[test]
    fn the_environment_of_a_workflow_counts_unless_another_github_is_configured() {
        let workflow =
            [("GITHUB_API_URL", "https://git.acme.com/api/v3"), ("GITHUB_SERVER_URL", "https://www.acme.com")];
        let here = ("https://git.acme.com/api/v3".to_owned(), "https://www.acme.com".to_owned());
        assert_eq!(resolve(None, &workflow), here);
        assert_eq!(resolve(Some("https://git.acme.com/api/v3/"), &workflow).1, here.1);
        assert_eq!(resolve(Some("https://api.github.com"), &workflow).1, "https://github.com");
    }

    #[test]
    fn the_tokens_of_the_environment_are_meant_for_the_github_of_the_environment() {
        let table = [
            (None, None, true),
            (None, Some("https://git.acme.com/api/v3"), true),
            (Some("https://api.github.com/"), None, true),
            (Some("https://git.acme.com/api/v3"), Some("https://git.acme.com/api/v3"), true),
            (Some("https://git.acme.com/api/v3"), None, false),
            (Some("https://git.acme.com:8443/api/v3"), Some("https://git.acme.com/api/v3"), false),
            (Some("https://api.github.com"), Some("https://git.acme.com/api/v3"), false),
        ];
        for (api_url, ambient, expected) in table {
            let environment = ambient.into_iter().map(|url| ("GITHUB_API_URL", url)).collect();
            let addresses = Addresses::resolve(api_url, &environment).unwrap();
            assert_eq!(addresses.is_ambient(), expected, "{api_url:?} {ambient:?}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let resolve = |url: &str| Addresses::resolve(Some(url), &Environment::default());
        for url in ["http://127.0.0.1:80", "http://127.9.9.9", "http://[::1]:8080", "http://localhost:8080"] {
            let addresses = resolve(url).unwrap();
            assert!(!addresses.may_trust(&Url::parse("http://git.acme.com/upload").unwrap()), "{url}");
        }
        for url in ["http://git.acme.com/api/v3", "http://10.0.0.1", "http://localhost.acme.com", "http://[::2]"] {
            assert_eq!(resolve(url).unwrap_err().code(), "config-invalid", "{url}");
        }
        let environment = [("GITHUB_API_URL", "http://api.github.com")].into_iter().collect();
        assert_eq!(Addresses::resolve(None, &environment).unwrap_err().code(), "config-invalid");
    }

    #[test]
    fn what_is_no_address_is_refused_and_credentials_in_it_are_not_shown() {
        for url in ["github.com", "ftp://x", "https://user:hunter2@x/", "https://x/?a=b", "https://user:hunter2@:x"] {
            let error = Addresses::resolve(Some(url), &Environment::default()).unwrap_err();
            assert_eq!(error.code(), "config-invalid", "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
