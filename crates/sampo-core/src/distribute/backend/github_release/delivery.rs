//! One asset's way into a release: room is made for it, it is sent once, and what arrived is compared.

use tokio::time::{Instant, sleep};

use super::GithubReleases;
use super::compare::{Likeness, artifact, compare};
use super::place::Place;
use crate::distribute::backend::{BackendError, CHANGED_MEANWHILE, Found, Presence, Progress};
use crate::distribute::model::{Item, Release};
use crate::github::GithubError;
use crate::github::model::Asset;
use crate::github::releases::Upload;

/// What stands in the way of an upload.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    /// Nothing.
    Free,
    /// The very item: it has arrived already.
    Arrived,
}

impl GithubReleases {
    /// Puts `item` into its release.
    pub(super) async fn put(
        &self,
        release: &Release,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<(), BackendError> {
        let place = self.settled_place(release).await?;
        if self.make_room(&place, item, found, progress).await? == Room::Arrived {
            return Ok(());
        }
        let file = artifact(item);
        let upload = Upload { template: &place.upload_url, name: &item.name, path: &file.path, bytes: file.bytes };
        let sent = progress.clone();
        match self.releases()?.upload(upload, move |bytes| sent.advance(bytes)).await {
            Ok(asset) => self.confirm(&asset, item).await,
            Err(error) if error.is_already_exists("name") => self.look_again(&place, item, progress).await,
            Err(error) => Err(explain(error, release)),
        }
    }

    /// Removes what the last survey saw in the item's place, if that very asset is still there.
    async fn make_room(
        &self,
        place: &Place,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Room, BackendError> {
        match found {
            Presence::Different(found) => match self.asset(place, item).await? {
                None => Ok(Room::Free),
                Some(asset) if is(&asset, found) => self.remove(&asset).await,
                Some(asset) => match self.compare_closely(&asset, artifact(item)).await? {
                    Likeness::Identical | Likeness::SameSize => Ok(Room::Arrived),
                    Likeness::Unfinished => self.outwait(place, item, progress).await,
                    Likeness::Different(what) => Err(changed(item, &what)),
                },
            },
            Presence::Incomplete => self.outwait(place, item, progress).await,
            _ => Ok(Room::Free),
        }
    }

    /// A half-uploaded asset may be another run's upload in progress: it gets time to end, and is deleted only if it is
    /// still the very same after that.
    async fn outwait(&self, place: &Place, item: &Item, progress: &Progress) -> Result<Room, BackendError> {
        let deadline = Instant::now() + self.pace.settle;
        let mut seen = None;
        loop {
            let Some(asset) = self.asset(place, item).await? else { return Ok(Room::Free) };
            match self.compare_closely(&asset, artifact(item)).await? {
                Likeness::Identical | Likeness::SameSize => return Ok(Room::Arrived),
                Likeness::Different(what) => return Err(changed(item, &what)),
                Likeness::Unfinished if seen.is_some_and(|id| id != asset.id) => return Err(in_progress(item)),
                Likeness::Unfinished if Instant::now() >= deadline => return self.remove(&asset).await,
                Likeness::Unfinished => seen = Some(asset.id),
            }
            progress.tick();
            sleep(self.pace.poll).await;
        }
    }

    /// The name is taken although the survey did not see it: by another run, or by an upload whose answer was lost.
    async fn look_again(&self, place: &Place, item: &Item, progress: &Progress) -> Result<(), BackendError> {
        let deadline = Instant::now() + self.pace.lag;
        loop {
            if let Some(asset) = self.asset(place, item).await? {
                match self.compare_closely(&asset, artifact(item)).await? {
                    Likeness::Identical | Likeness::SameSize => return Ok(()),
                    Likeness::Different(what) => return Err(changed(item, &what)),
                    Likeness::Unfinished => {}
                }
            }
            if Instant::now() >= deadline {
                return Err(in_progress(item));
            }
            progress.tick();
            sleep(self.pace.poll).await;
        }
    }

    /// Compares what GitHub says it stored with what was sent; what is damaged is removed again.
    async fn confirm(&self, asset: &Asset, item: &Item) -> Result<(), BackendError> {
        if asset.name != item.name {
            self.remove(asset).await?;
            let message = format!("GitHub stored `{}` under the name `{}`", item.name, asset.name);
            return Err(BackendError::new("asset-name", message));
        }
        match compare(asset, artifact(item)) {
            Likeness::Identical | Likeness::SameSize => Ok(()),
            Likeness::Unfinished => Err(in_progress(item)),
            Likeness::Different(what) => {
                self.remove(asset).await?;
                let message = format!("`{}` arrived damaged: {what}", item.name);
                Err(BackendError::transient("verification-failed", message))
            }
        }
    }

    async fn asset(&self, place: &Place, item: &Item) -> Result<Option<Asset>, BackendError> {
        Ok(self.releases()?.assets(place.id).await?.into_iter().find(|asset| asset.name == item.name))
    }

    async fn remove(&self, asset: &Asset) -> Result<Room, BackendError> {
        self.releases()?.delete_asset(asset).await?;
        Ok(Room::Free)
    }
}

/// Whether `asset` is what the survey found: an asset never changes, and another one has another id.
fn is(asset: &Asset, found: &Found) -> bool {
    asset.id.to_string() == found.revision
}

/// Whether that is a conflict, or a file to be merged with, is for the engine to see in a new survey.
fn changed(item: &Item, what: &str) -> BackendError {
    let message = format!("another run has put something else under the name `{}`: {what}", item.name);
    BackendError::transient(CHANGED_MEANWHILE, message)
}

fn in_progress(item: &Item) -> BackendError {
    let message = format!("`{}` is half uploaded, perhaps by another run", item.name);
    BackendError::transient("upload-in-progress", message).with_hint("run this again when no other run is at it")
}

fn explain(error: GithubError, release: &Release) -> BackendError {
    match &error {
        // The uploads host may not know a release yet that was made a moment ago.
        GithubError::NotFound { .. } => BackendError::from(error).with_retry(super::Retry::Later),
        GithubError::Refused { message, .. } if message.contains("immutable release") => {
            let message = format!("the release `{}` is published and immutable", release.tag);
            BackendError::new("conflict", message).with_hint("release a new version")
        }
        _ => error.into(),
    }
}
