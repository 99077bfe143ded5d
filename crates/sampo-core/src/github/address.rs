//! Where GitHub is: github.com, a `ghe.com` subdomain, or a GitHub Enterprise Server.

use url::Url;

use super::error::GithubError;
use crate::environment::Environment;

const API: &str = "https://api.github.com";

/// The base URLs of one GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    api: Url,
    web: Url,
}

impl Addresses {
    /// Of the API at `api_url`, else at `GITHUB_API_URL`, else of github.com. The web address is `GITHUB_SERVER_URL`
    /// where that belongs to the same GitHub, else it is derived from the API's.
    pub fn resolve(api_url: Option<&str>, environment: &Environment) -> Result<Self, GithubError> {
        let ambient = environment.get("GITHUB_API_URL");
        let api = base(api_url.or(ambient).unwrap_or(API))?;
        let is_ambient = match (api_url, ambient) {
            (None, _) => true,
            (Some(_), Some(ambient)) => base(ambient).is_ok_and(|ambient| ambient == api),
            (Some(_), None) => false,
        };
        let web = match environment.get("GITHUB_SERVER_URL").filter(|_| is_ambient) {
            Some(url) => base(url)?,
            None => web_of(&api),
        };
        Ok(Self { api, web })
    }

    /// The base of the API, without a slash at its end: `https://api.github.com`, `https://HOST/api/v3`.
    pub fn api(&self) -> &str {
        self.api.as_str().trim_end_matches('/')
    }

    /// The base of what people see, without a slash at its end: `https://github.com`.
    pub fn web(&self) -> &str {
        self.web.as_str().trim_end_matches('/')
    }

    /// `https://HOST[:PORT]` of the API.
    pub(super) fn origin(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    /// The path of the API's base, without a slash at its end: empty, or `/api/v3`.
    pub(super) fn api_path(&self) -> &str {
        self.api.path().trim_end_matches('/')
    }

    /// Whether `url` is on the API's own host, where the token may be sent.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.api.origin()
    }

    /// Whether a token that the API is trusted with may be sent to `url`, which that API named for it.
    pub(super) fn may_trust(&self, url: &Url) -> bool {
        url.host().is_some() && (url.scheme() == "https" || self.api.scheme() == "http")
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
        () if url.query().is_some() || url.fragment().is_some() => Err(invalid("it must end with its path")),
        () => Ok(url),
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
    fn what_is_no_address_is_refused_and_credentials_in_it_are_not_shown() {
        for url in ["github.com", "ftp://x", "https://user:hunter2@x/", "https://x/?a=b", "https://user:hunter2@:x"] {
            let error = Addresses::resolve(Some(url), &Environment::default()).unwrap_err();
            assert_eq!(error.code(), "config-invalid", "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
