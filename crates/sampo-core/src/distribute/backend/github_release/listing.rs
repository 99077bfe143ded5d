//! The list of all releases, fetched once for all that ask: in a large repository it has many pages.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::GithubReleases;
use crate::distribute::backend::BackendError;
use crate::github::model::Release as Entry;
use crate::github::releases::Found;

/// The last list, and when it was asked for.
#[derive(Debug, Default)]
pub(super) struct Listing(Mutex<Option<(Instant, Arc<[Entry]>)>>);

impl Listing {
    /// Something has changed that the last list cannot tell of.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// `entry` looks like this now.
    pub(super) async fn note(&self, entry: Entry) {
        if let Some((_, all)) = &mut *self.0.lock().await {
            *all = all.iter().filter(|other| other.id != entry.id).cloned().chain([entry.clone()]).collect();
        }
    }
}

impl GithubReleases {
    /// Every release, as GitHub lists them at `since` or later.
    pub(super) async fn all_since(&self, since: Instant) -> Result<Arc<[Entry]>, BackendError> {
        // Whoever comes meanwhile waits here for the same answer.
        let mut listed = self.listing.0.lock().await;
        if let Some((_, all)) = listed.as_ref().filter(|(at, _)| *at >= since) {
            return Ok(Arc::clone(all));
        }
        let at = Instant::now();
        let all: Arc<[Entry]> = self.releases()?.all().await?.into();
        *listed = Some((at, Arc::clone(&all)));
        Ok(all)
    }

    /// What there is for `tag` at `since` or later. Every page is read: an older draft may stand on the last one, and
    /// if runs disagreed about which is the oldest, they would fill different ones.
    pub(super) async fn find(&self, tag: &str, since: Instant) -> Result<Found, BackendError> {
        // By tag only published releases are found; drafts must be looked for in the list.
        match self.releases()?.by_tag(tag).await? {
            Some(release) => Ok(Found { release: Some(release), others: Vec::new() }),
            None => Ok(Found::among(&self.all_since(since).await?, tag)),
        }
    }
}
