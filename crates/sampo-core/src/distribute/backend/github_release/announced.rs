//! A release on GitHub for its own sake: made, filled and published even if no artifact belongs to it.

use std::time::Duration;

use async_trait::async_trait;

use super::{GithubReleaseConfig, GithubReleases};
use crate::SampoError;
use crate::distribute::backend::{Backend, BackendContext, BackendError, Presence, Progress, Receipt, Survey};
use crate::distribute::model::{Artifact, Item, Release, Shipment};

/// The item that is the release itself. No asset can have this name: GitHub takes no blanks.
const ENTRY: &str = "release entry";

/// The releases of one repository, each of which is an item too, beside its assets.
#[derive(Debug)]
struct Announced(GithubReleases);

impl GithubReleaseConfig {
    /// A backend that makes releases as this one would, even those without any artifact, and publishes them.
    pub(crate) fn announcing(self, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        let github = self.github(&context.environment)?.within(&context.limits);
        let config = Self { publish: true, discussion_category: None, ..self };
        Ok(Box::new(Announced(config.over(github, context))))
    }

    /// Whether these are the releases of the very repository that the workspace belongs to.
    pub(crate) fn is_of(&self, context: &BackendContext) -> Result<bool, SampoError> {
        let is_same = self.repository.is_none() || self.repository == context.repository;
        Ok(is_same && self.github(&context.environment)?.addresses().is_ambient())
    }
}

#[async_trait]
impl Backend for Announced {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        self.0.destination(release)
    }

    async fn check(&self) -> Result<(), BackendError> {
        self.0.check().await
    }

    fn asks_to_wait(&self) -> Option<Duration> {
        self.0.asks_to_wait()
    }

    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        let mut items = vec![Item { name: ENTRY.into(), artifact: None }];
        items.extend(self.0.items(shipment)?);
        Ok(items)
    }

    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        let release = &shipment.release;
        let found = self.0.entry(&release.tag).await?;
        let itself = if found.is_some() { Presence::Identical } else { Presence::Absent };
        let assets: Vec<Item> = items.iter().filter(|item| !is_entry(item)).cloned().collect();
        let survey = self.0.look_at(found, release, &assets).await?;
        let mut of_assets = survey.presences.into_iter();
        let presence = |item| if is_entry(item) { Some(itself.clone()) } else { of_assets.next() };
        Ok(Survey { presences: items.iter().filter_map(presence).collect(), ..survey })
    }

    async fn open(&self, shipment: &Shipment) -> Result<(), BackendError> {
        self.0.open(shipment).await
    }

    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        if is_entry(item) {
            return self.0.settled_place(&shipment.release).await.map(|_| Receipt::default());
        }
        self.0.deliver(shipment, item, found, progress).await
    }

    async fn finish(&self, shipment: &Shipment) -> Result<(), BackendError> {
        self.0.finish(shipment).await
    }

    fn download_url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        self.0.download_url(release, artifact)
    }
}

fn is_entry(item: &Item) -> bool {
    item.artifact.is_none()
}
