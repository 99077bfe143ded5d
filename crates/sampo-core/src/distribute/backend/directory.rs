//! `directory`: a folder that people or programs fetch from: a static web root, a mounted share, a synced bucket.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use url::Url;

use super::{
    Backend, BackendConfig, BackendContext, BackendError, Held, Inventory, Presence, Progress, Prospect, Receipt,
    Survey,
};
use crate::atomic::TEMPORARY_PREFIX;
use crate::config::distribute::Prereleases;
use crate::config::{BackendTable, ConfigError};
use crate::distribute::finding::Finding;
use crate::distribute::model::{Artifact, Item, Release, Shipment};
use crate::error::SampoError;
use crate::template::{ReleaseScope, Template};
use crate::workspace::PackageId;

mod examination;
mod failure;
mod inventory;
mod location;
mod lock;
mod manifest;
mod place;
mod retention;
mod shelf;
mod work;

pub use manifest::{Latest, Manifest};

use failure::shared;
use place::Place;
use shelf::Shelf;
use work::blocking;

/// The keys of a `directory` backend.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DirectoryConfig")]
pub struct Config {
    /// The folder of a release, below the root unless it is absolute. Must contain `{{ version }}` or `{{ tag }}`.
    path: Template<ReleaseScope>,
    /// The address under which users reach the folder of a release.
    url: Option<Template<ReleaseScope>>,
    /// Point `latest.json` (and on Unix a link `latest`) beside the release folders at the newest release.
    #[serde(default = "yes")]
    latest: bool,
    /// Keep only this many releases of each package; the latest one is always kept.
    keep: Option<std::num::NonZeroUsize>,
}

fn yes() -> bool {
    true
}

impl BackendConfig for Config {
    const TYPE: &'static str = "directory";

    fn check(&self, table: &BackendTable) -> Result<(), ConfigError> {
        let is_ordered = self.latest || self.keep.is_some();
        let path = location::defect(&self.path, is_ordered).unwrap_or_else(|error| Some(error.to_string()));
        let url = self.url.as_ref().and_then(|url| check_address(url).err());
        let mistakes = [("path", path), ("url", url)];
        let mistakes = mistakes.into_iter().filter_map(|(key, message)| Some(table.error(Some(key), message?)));
        ConfigError::all(mistakes)
    }

    fn build(self, table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        Ok(Box::new(Directory {
            root: context.root.clone(),
            latest_takes_prereleases: table.common.prereleases.is_some_and(|which| which != Prereleases::StableOnly),
            config: self,
            owners: Mutex::default(),
        }))
    }
}

/// Makes sure that the template gives an address, for a release as any other.
fn check_address(url: &Template<ReleaseScope>) -> Result<(), String> {
    let base = url.render(&Release::example().variables()).map_err(|error| error.to_string())?;
    let wrong = |reason: &str| {
        format!("`{}` is not an address such as `https://example.com/downloads/`: {reason}", url.source())
    };
    let parsed = Url::parse(&base).map_err(|error| wrong(&error.to_string()))?;
    below(&parsed, "file").map(drop).ok_or_else(|| wrong("nothing can stand below it"))
}

/// The address of `file` in the folder at `base`.
fn below(base: &Url, file: &str) -> Option<String> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push(file);
    Some(url.into())
}

#[derive(Debug)]
struct Directory {
    root: PathBuf,
    config: Config,
    latest_takes_prereleases: bool,
    /// The files that releases of this run are listed in, and the package that each is about.
    owners: Mutex<BTreeMap<PathBuf, PackageId>>,
}

impl Directory {
    fn folder(&self, release: &Release) -> Result<PathBuf, BackendError> {
        // Without a separator at its end, which would make nothing of its name.
        Ok(self.root.join(location::folder(&self.config.path, release)?).components().collect())
    }

    fn place(&self, release: &Release) -> Result<Place, BackendError> {
        let folder = self.folder(release)?;
        let takes = self.config.latest && (self.latest_takes_prereleases || !release.is_prerelease());
        Ok(Place {
            shelf: Shelf { folder: folder.parent().unwrap_or(&folder).to_owned(), keep: self.config.keep },
            latest: folder.file_name().filter(|_| takes).map(|name| name.to_string_lossy().into_owned()),
            url: self.base(release),
            release: release.clone(),
            folder,
        })
    }

    /// The address of a release's folder.
    fn base(&self, release: &Release) -> Option<Url> {
        Url::parse(&self.config.url.as_ref()?.render(&release.variables()).ok()?).ok()
    }

    fn url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        below(&self.base(release)?, &artifact.name)
    }

    /// Fails if `file` is about another package already.
    fn own(&self, file: PathBuf, package: &PackageId) -> Result<(), BackendError> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        match owners.get(&file).filter(|owner| *owner != package) {
            Some(owner) => Err(shared(&file, owner, package)),
            None => {
                owners.insert(file, package.clone());
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Backend for Directory {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        Ok(self.folder(release)?.display().to_string())
    }

    async fn examine(&self, prospect: &Prospect) -> Vec<Finding> {
        self.examination(prospect)
    }

    /// Refuses two packages that would overwrite each other's manifest or `latest`, before anything is delivered.
    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        let folder = self.folder(&shipment.release)?;
        let package = &shipment.release.package;
        self.own(folder.join(manifest::FILE_NAME), package)?;
        if self.config.latest {
            self.own(folder.parent().unwrap_or(&folder).join(manifest::LATEST_FILE_NAME), package)?;
        }
        let reserved = |name: &str| name == manifest::FILE_NAME || name.starts_with(TEMPORARY_PREFIX);
        if let Some(artifact) = shipment.artifacts.iter().find(|artifact| reserved(&artifact.name)) {
            let message = format!("`{}` is a name that the folder's own files have", artifact.name);
            return Err(BackendError::new("asset-name", message).with_hint("give the artifact another name"));
        }
        Ok(shipment.artifacts.iter().map(Item::of).collect())
    }

    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        let place = self.place(&shipment.release)?;
        let (items, artifacts) = (items.to_vec(), shipment.artifacts.clone());
        blocking(move |stop| {
            place.check_folder()?;
            let presences = items.iter().map(|item| place.presence(item, stop)).collect::<Result<_, _>>()?;
            let finished = place.is_finished(&artifacts, stop)?;
            Ok(Survey { presences, finished, warnings: Vec::new() })
        })
        .await
    }

    async fn open(&self, shipment: &Shipment) -> Result<(), BackendError> {
        let place = self.place(&shipment.release)?;
        blocking(move |_| place.open()).await
    }

    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        let place = self.place(&shipment.release)?;
        let artifact = item.artifact.clone().ok_or_else(|| BackendError::new("internal", "an item without a file"))?;
        let url = self.url(&shipment.release, &artifact);
        let (found, progress) = (found.clone(), progress.clone());
        blocking(move |stop| place.put(&artifact, &found, &progress, stop)).await?;
        Ok(Receipt { url })
    }

    async fn finish(&self, shipment: &Shipment) -> Result<(), BackendError> {
        let place = self.place(&shipment.release)?;
        let artifacts = shipment.artifacts.clone();
        blocking(move |stop| place.finish(&artifacts, stop)).await
    }

    async fn read(&self, shipment: &Shipment, item: &Item) -> Result<Vec<u8>, BackendError> {
        let place = self.place(&shipment.release)?;
        let name = item.name.clone();
        blocking(move |_| place.read(&name)).await
    }

    async fn inventory(&self, release: &Release) -> Result<Option<Inventory>, BackendError> {
        let place = self.place(release)?;
        blocking(move |stop| place.inventory(stop)).await
    }

    async fn fetch(&self, release: &Release, held: &Held, to: &Path, progress: &Progress) -> Result<(), BackendError> {
        let place = self.place(release)?;
        let (name, to, progress) = (held.name.clone(), to.to_owned(), progress.clone());
        blocking(move |stop| place.copy_out(&name, &to, &progress, stop)).await
    }

    fn download_url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        self.url(release, artifact)
    }
}

#[cfg(test)]
#[path = "directory/inventory_tests.rs"]
mod inventory_tests;
#[cfg(test)]
#[path = "directory/directory_tests.rs"]
mod tests;
