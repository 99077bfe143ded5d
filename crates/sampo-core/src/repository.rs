//! Which GitHub repository a workspace belongs to.

use crate::config::{Config, Repository};
use crate::environment::Environment;
use crate::git::{Git, GitError};

/// The repository that `config` names, else that of the running workflow, else that of the remote `origin`; none if
/// nobody says. Outside a git repository there is no `origin`, which is no error here.
pub async fn repository(config: &Config, environment: &Environment, git: &Git) -> Result<Option<Repository>, GitError> {
    if let Some(repository) = &config.github.repository {
        return Ok(Some(repository.clone()));
    }
    let in_workflow = environment.get("GITHUB_REPOSITORY").and_then(|text| Repository::try_from(text.to_owned()).ok());
    if in_workflow.is_some() {
        return Ok(in_workflow);
    }
    repository_of_remote(environment, git).await
}

/// The repository of the remote `origin`, if that is one on GitHub.
pub async fn repository_of_remote(environment: &Environment, git: &Git) -> Result<Option<Repository>, GitError> {
    let server = environment.get("GITHUB_SERVER_URL").and_then(host);
    let origin = git.origin_url().await?;
    Ok(origin.and_then(|url| repository_in(&url, server.as_deref())))
}

/// The host of the remote `origin`, if there is one elsewhere.
pub async fn host_of_remote(git: &Git) -> Result<Option<String>, GitError> {
    Ok(git.origin_url().await?.and_then(|url| split(&url).map(|(host, _)| host)).filter(|host| !host.is_empty()))
}

/// The repository that a remote's address names, if it is one of GitHub or of the `server` of this workflow.
fn repository_in(url: &str, server: Option<&str>) -> Option<Repository> {
    let (host, path) = split(url)?;
    let is_github = ["github.com", "www.github.com", "ssh.github.com"].contains(&host.as_str());
    if !is_github && Some(host.as_str()) != server {
        return None;
    }
    let path = path.trim_matches('/');
    Repository::try_from(path.strip_suffix(".git").unwrap_or(path).to_owned()).ok()
}

/// Host and path of `https://HOST/PATH`, `ssh://git@HOST:22/PATH` and git's own short form `git@HOST:PATH`.
fn split(url: &str) -> Option<(String, &str)> {
    if let Some((_, rest)) = url.split_once("://") {
        let (_, path) = rest.split_once('/')?;
        return Some((host(url)?, path));
    }
    let (address, path) = url.split_once(':')?;
    let host = address.rsplit('@').next()?;
    Some((host.to_ascii_lowercase(), path))
}

fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let address = authority.rsplit('@').next()?;
    address.split(':').next().filter(|host| !host.is_empty()).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sampo_testkit::Repo;

    use super::*;

    #[test]
    fn every_form_of_an_address_is_read() {
        let table = [
            ("https://github.com/acme/app", Some("acme/app")),
            ("https://github.com/acme/app.git", Some("acme/app")),
            ("https://github.com/acme/app/", Some("acme/app")),
            ("https://user:token@GitHub.com:443/acme/app.git", Some("acme/app")),
            ("git@github.com:acme/app.git", Some("acme/app")),
            ("github.com:acme/app.js", Some("acme/app.js")),
            ("ssh://git@github.com/acme/app.git", Some("acme/app")),
            ("ssh://git@ssh.github.com:443/acme/app.git", Some("acme/app")),
            ("git://github.com/acme/app", Some("acme/app")),
            ("https://ghe.acme.dev/acme/app", Some("acme/app")),
            ("https://gitlab.com/acme/app", None),
            ("https://github.com/acme", None),
            ("https://github.com/acme/app/wiki", None),
            ("https://evil.example/github.com/acme/app", None),
            ("../origin.git", None),
            ("C:\\repos\\app", None),
            ("", None),
        ];
        for (url, expected) in table {
            let found = repository_in(url, Some("ghe.acme.dev")).map(|repository| repository.to_string());
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn the_configuration_comes_before_the_workflow_and_that_before_the_remote() {
        let repo = Repo::new();
        repo.git(&["remote", "add", "origin", "git@github.com:from/origin.git"]);
        let git = Git::new(repo.root());
        let find = async |config: &str, variables: &[(&str, &str)]| {
            let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
            let environment = variables.iter().copied().collect();
            repository(&config, &environment, &git).await.unwrap().unwrap().to_string()
        };
        let workflow = [("GITHUB_REPOSITORY", "from/workflow")];
        assert_eq!(find("[github]\nrepository = 'from/config'", &workflow).await, "from/config");
        assert_eq!(find("", &workflow).await, "from/workflow");
        assert_eq!(find("", &[]).await, "from/origin");
    }
}
