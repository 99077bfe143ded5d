//! The `github-release` backend: the assets of a release on GitHub, uploaded into a draft that is published last.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{
    Backend, BackendConfig, BackendContext, BackendError, Held, Inventory, Pace, Presence, Progress, Prospect, Receipt,
    Retry, Survey,
};
use crate::SampoError;
use crate::config::{BackendTable, ConfigError, NonBlank, Repository};
use crate::distribute::finding::Finding;
use crate::distribute::model::{Artifact, Item, Release, Shipment};
use crate::environment::Environment;
use crate::error::{Diagnose, chain};
use crate::github::releases::{ASSET_LIMIT, MOST_ASSETS, Releases};
use crate::github::{Addresses, Github, GithubError, Token, asset_name};
use crate::template::{ReleaseScope, Template};
use listing::Listing;
use place::Places;

pub use latest::Latest;

mod announced;
mod compare;
mod delivery;
mod examination;
mod family;
mod finish;
mod inventory;
mod latest;
mod listing;
mod notes;
mod place;
mod survey;

/// The keys of `type = "github-release"`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GithubReleaseConfig {
    /// `OWNER/NAME`, where it is not the repository itself.
    pub repository: Option<Repository>,
    /// Whether the draft is published once everything has arrived.
    pub publish: bool,
    /// Whether it becomes the repository's latest release.
    pub latest: Latest,
    /// The title of a release that is made here.
    pub title: Template<ReleaseScope>,
    /// Where the notes of a release that is made here come from.
    pub notes: Notes,
    /// Opens a discussion in this category when the release is published.
    pub discussion_category: Option<NonBlank>,
    /// The environment variable that holds the token, instead of `GITHUB_TOKEN` and `GH_TOKEN`.
    pub token_env: Option<NonBlank>,
    /// The base of the API, instead of `GITHUB_API_URL` and github.com.
    pub api_url: Option<String>,
}

impl Default for GithubReleaseConfig {
    fn default() -> Self {
        Self {
            repository: None,
            publish: true,
            latest: Latest::Auto,
            title: Template::parse("{{ tag }}").expect("the default title is a template"),
            notes: Notes::Changelog,
            discussion_category: None,
            token_env: None,
            api_url: None,
        }
    }
}

/// Where the notes of a release come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Notes {
    /// The section of the changelog.
    Changelog,
    /// GitHub's own list of merged pull requests.
    Generate,
    /// Nowhere: they stay empty.
    None,
}

impl BackendConfig for GithubReleaseConfig {
    const TYPE: &'static str = "github-release";

    fn check(&self, table: &BackendTable) -> Result<(), ConfigError> {
        match self.api_url.as_deref().map(|url| Addresses::resolve(Some(url), &Environment::default())) {
            Some(Err(error)) => Err(table.error(Some("api_url"), error.to_string())),
            _ => Ok(()),
        }
    }

    fn token_variables(&self) -> Vec<String> {
        match &self.token_env {
            Some(variable) => vec![variable.as_str().to_owned()],
            None => crate::secret::TOKEN_VARIABLES.iter().map(|&variable| variable.to_owned()).collect(),
        }
    }

    fn build(self, _table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        let github = self.github(&context.environment)?.within(&context.limits);
        Ok(Box::new(self.over(github, context)))
    }
}

impl GithubReleaseConfig {
    fn github(&self, environment: &Environment) -> Result<Github, GithubError> {
        let addresses = Addresses::resolve(self.api_url.as_deref(), environment)?;
        let variable = self.token_env.as_ref().map(NonBlank::as_str);
        // Whoever may change the configuration must not be able to have the usual token sent wherever they like.
        let may_be_sent = addresses.is_ambient() || variable.is_some();
        let token = may_be_sent.then(|| Token::find(variable, environment)).flatten();
        // A server may have been shown the tokens of other backends, too.
        Ok(Github::new(addresses, token).redacted_by(environment.redactor(variable)))
    }

    fn over(self, github: Github, context: &BackendContext) -> GithubReleases {
        GithubReleases {
            repository: self.repository.clone().or_else(|| context.repository.clone()),
            github,
            places: Places::default(),
            listing: Listing::default(),
            publishing: tokio::sync::Mutex::default(),
            pace: context.pace,
            config: self,
        }
    }
}

/// The releases of one repository, as a destination.
#[derive(Debug)]
struct GithubReleases {
    config: GithubReleaseConfig,
    repository: Option<Repository>,
    github: Github,
    places: Places,
    listing: Listing,
    /// Held by the one release that is being published.
    publishing: tokio::sync::Mutex<()>,
    pace: Pace,
}

impl GithubReleases {
    fn repository(&self) -> Result<&Repository, BackendError> {
        self.repository.as_ref().ok_or_else(|| {
            BackendError::new("repository-unknown", "nothing says which GitHub repository the releases belong to")
                .with_hint("set `repository = \"OWNER/NAME\"` under `[github]`, or GITHUB_REPOSITORY")
        })
    }

    fn releases(&self) -> Result<Releases<'_>, BackendError> {
        Ok(self.github.releases(self.repository()?))
    }

    /// Where users fetch an asset once its release is published. A draft's own addresses die with it.
    fn asset_url(&self, release: &Release, name: &str) -> Option<String> {
        Some(self.github.releases(self.repository.as_ref()?).asset_address(&release.tag, name))
    }
}

#[async_trait]
impl Backend for GithubReleases {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        Ok(format!("{} {}", self.repository()?, release.tag))
    }

    async fn check(&self) -> Result<(), BackendError> {
        let addresses = self.github.addresses();
        if !addresses.is_ambient() && self.config.token_env.is_none() {
            return Err(GithubError::CredentialsForeign { api: addresses.api().to_owned() }.into());
        }
        Ok(self.github.check_write_access(self.repository()?, self.config.token_variables()).await?)
    }

    async fn examine(&self, prospect: &Prospect) -> Vec<Finding> {
        self.examination(prospect).await
    }

    fn asks_to_wait(&self) -> Option<Duration> {
        self.github.asks_to_wait()
    }

    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        let count = shipment.artifacts.len();
        if count > MOST_ASSETS {
            let message = format!("`{}` has {count} artifacts, and GitHub takes {MOST_ASSETS}", shipment.release.tag);
            return Err(BackendError::new("too-many-assets", message));
        }
        shipment.artifacts.iter().map(|artifact| accept(artifact).map(|()| Item::of(artifact))).collect()
    }

    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        self.look(&shipment.release, items).await
    }

    async fn open(&self, shipment: &Shipment) -> Result<(), BackendError> {
        self.place(&shipment.release).await.map(drop)
    }

    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        self.put(&shipment.release, item, found, progress).await?;
        Ok(Receipt { url: self.asset_url(&shipment.release, &item.name) })
    }

    /// A draft that is left to the user is not made visible: there is nothing to report as done.
    fn has_finish(&self) -> bool {
        self.config.publish
    }

    async fn finish(&self, shipment: &Shipment) -> Result<(), BackendError> {
        if !self.config.publish {
            return Ok(());
        }
        self.make_public(&shipment.release, &self.items(shipment)?).await
    }

    async fn read(&self, shipment: &Shipment, item: &Item) -> Result<Vec<u8>, BackendError> {
        self.contents(&shipment.release, &item.name).await
    }

    fn vouches_for_digests(&self) -> bool {
        true
    }

    async fn inventory(&self, release: &Release) -> Result<Option<Inventory>, BackendError> {
        self.holdings(release).await
    }

    async fn fetch(&self, release: &Release, held: &Held, to: &Path, progress: &Progress) -> Result<(), BackendError> {
        self.bring(release, held, to, progress).await
    }

    fn download_url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        self.asset_url(release, &artifact.name)
    }
}

/// Refuses what GitHub would refuse, or store under another name, before anything is sent.
fn accept(artifact: &Artifact) -> Result<(), BackendError> {
    let name = &artifact.name;
    let stored = asset_name::stored_as(name);
    if stored != *name {
        let message = format!("GitHub would rename `{name}` to `{stored}`");
        let hint = "use ASCII letters, digits and `._-+@` in `archive.name` and file names";
        return Err(BackendError::new("asset-name", message).with_hint(hint));
    }
    match artifact.bytes {
        0 => Err(BackendError::new("asset-size", format!("`{name}` is empty, and GitHub refuses empty assets"))),
        ASSET_LIMIT.. => {
            Err(BackendError::new("asset-size", format!("`{name}` has 2 GiB or more, which GitHub refuses")).with_hint(
                "split it, or deliver it elsewhere: `artifacts` and `targets` of a backend choose what it gets",
            ))
        }
        _ => Ok(()),
    }
}

impl From<GithubError> for BackendError {
    fn from(error: GithubError) -> Self {
        let retry = match &error {
            GithubError::RateLimited { wait, is_named: true, .. } => Retry::After(*wait),
            GithubError::RateLimited { wait, .. } => Retry::AtLeast(*wait),
            // Whether GitHub acted is seen by looking, which the caller does before it tries again.
            error if error.is_ambiguous() => Retry::Later,
            _ => Retry::Never,
        };
        Self { code: error.code(), message: chain(&error), hint: error.hint(), retry }
    }
}

#[cfg(test)]
#[path = "github_release/driver.rs"]
mod driver;
#[cfg(test)]
#[path = "github_release/examination_tests.rs"]
mod examination_tests;
#[cfg(test)]
#[path = "github_release/fault_tests.rs"]
mod fault_tests;
#[cfg(test)]
#[path = "github_release/inventory_tests.rs"]
mod inventory_tests;
#[cfg(test)]
#[path = "github_release/github_release_tests.rs"]
mod tests;
