//! The end: the release is compared as a whole and made public.

use std::collections::HashMap;

use super::compare::{Likeness, artifact};
use super::family::{Family, is_main};
use super::place::{Place, winner};
use super::{GithubReleases, Latest};
use crate::config::NonBlank;
use crate::distribute::backend::BackendError;
use crate::distribute::model::{Item, Release};
use crate::github::model::{MakeLatest, Publication, Release as Entry};

impl GithubReleases {
    /// Makes the release public if it is still a draft. One that is public already keeps its title, notes and flags.
    pub(super) async fn make_public(&self, release: &Release, items: &[Item]) -> Result<(), BackendError> {
        let tag = &release.tag;
        let Some((entry, place)) = self.entry(tag).await? else {
            return Err(BackendError::transient("not-found", format!("there is no release `{tag}` to publish")));
        };
        if !entry.draft {
            return self.require_complete(&entry, items).await;
        }
        let all = self.all_since(place.made.unwrap_or(self.places.since)).await?;
        match winner(&all, tag, entry.id) {
            None => {
                self.require_complete(&entry, items).await?;
                self.publish(release, &entry).await
            }
            Some(winner) => self.yield_to(release, &winner, &entry, &place, items).await,
        }
    }

    /// Another run made the release too, and before us: its release is the one that counts.
    async fn yield_to(
        &self,
        release: &Release,
        winner: &Entry,
        ours: &Entry,
        place: &Place,
        items: &[Item],
    ) -> Result<(), BackendError> {
        self.require_complete(winner, items).await?;
        if winner.draft {
            self.publish(release, winner).await?;
        }
        // Everything in ours is in the other one as well.
        if place.made.is_some() && ours.assets.iter().all(|asset| items.iter().any(|item| item.name == asset.name)) {
            self.releases()?.delete(ours.id).await?;
        }
        self.move_to(&release.tag, winner).await;
        Ok(())
    }

    /// Fails unless every item is there, whole and identical.
    async fn require_complete(&self, entry: &Entry, items: &[Item]) -> Result<(), BackendError> {
        let assets = self.releases()?.assets(entry.id).await?;
        let by_name: HashMap<&str, _> = assets.iter().map(|asset| (asset.name.as_str(), asset)).collect();
        let mut missing = Vec::new();
        for item in items {
            // By the bytes where need be: it may be another run's release, which holds the same size of something else.
            let is_there = match by_name.get(item.name.as_str()) {
                Some(asset) => self.compare_closely(asset, artifact(item)).await? == Likeness::Identical,
                None => false,
            };
            if !is_there {
                missing.push(format!("`{}`", item.name));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("the release `{}` does not hold {} yet", entry.tag_name, missing.join(", "));
        Err(BackendError::transient("incomplete", message).with_hint("run this again: only what is missing is sent"))
    }

    async fn publish(&self, release: &Release, entry: &Entry) -> Result<(), BackendError> {
        self.require_tag(release).await?;
        // One after another: whether a release becomes the latest depends on those that this run has published before.
        let _turn = self.publishing.lock().await;
        let all = self.all_since(self.places.since).await?;
        let make_latest = self.make_latest(release, entry, &all).await?;
        let mut publication = Publication::new(&release.tag, release.is_prerelease(), make_latest);
        publication.discussion_category_name = self.config.discussion_category.as_ref().map(NonBlank::as_str);
        match self.releases()?.publish(entry.id, &publication).await {
            Ok(published) => {
                self.listing.note(published).await;
                Ok(())
            }
            // Another run was faster. The next attempt finds its release and compares.
            Err(error) if error.is_already_exists("tag_name") => {
                self.listing.forget().await;
                Err(BackendError { retry: super::Retry::Later, ..BackendError::from(error) })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make_latest(&self, release: &Release, entry: &Entry, all: &[Entry]) -> Result<MakeLatest, BackendError> {
        let family = Family::of(release);
        let published = all.iter().filter(|entry| !entry.draft).map(|entry| entry.tag_name.as_str());
        let may_lead = !release.is_prerelease() && family.is_highest(&release.version, published);
        let becomes_latest = match self.config.latest {
            Latest::Always => may_lead,
            Latest::Auto if may_lead => {
                let current = self.releases()?.latest().await?.filter(|current| !gives_way(current, entry));
                family.may_follow(current.as_ref().map(|entry| entry.tag_name.as_str()))
            }
            Latest::Auto | Latest::Never => false,
        };
        Ok(if becomes_latest { MakeLatest::True } else { MakeLatest::False })
    }
}

/// Whether users, who find downloads at the latest release, lose nothing by another package's: the main package gives
/// way to none.
fn gives_way(current: &Entry, successor: &Entry) -> bool {
    current.assets.is_empty() && !successor.assets.is_empty() && !is_main(&current.tag_name)
}
