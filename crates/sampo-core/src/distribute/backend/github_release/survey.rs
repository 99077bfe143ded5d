//! What GitHub holds of a release now.

use std::collections::HashMap;

use super::GithubReleases;
use super::compare::{Likeness, artifact};
use super::place::Place;
use crate::distribute::backend::{BackendError, CHANGED_MEANWHILE, Found, Presence, Survey};
use crate::distribute::model::{Item, Release};
use crate::github::model::{Asset, Release as Entry};
use crate::github::releases::MOST_ASSETS;

/// From this number on, the assets shown with a release may not be all.
const FULL_PAGE: usize = 30;
/// Items that are read back list others and are small; more than this is something else.
const LARGEST_TEXT: u64 = 16 * 1024 * 1024;

impl GithubReleases {
    /// The state of each item. A release that is complete costs one request.
    pub(super) async fn look(&self, release: &Release, items: &[Item]) -> Result<Survey, BackendError> {
        let found = self.entry(&release.tag).await?;
        self.look_at(found, release, items).await
    }

    /// The same, of a release that was just looked for.
    pub(super) async fn look_at(
        &self,
        found: Option<(Entry, Place)>,
        release: &Release,
        items: &[Item],
    ) -> Result<Survey, BackendError> {
        let Some((entry, place)) = found else {
            let presences = vec![Presence::Absent; items.len()];
            return Ok(Survey { presences, finished: !self.config.publish, warnings: Vec::new() });
        };
        let assets = self.assets_for(&entry, items).await?;
        require_room(&assets, items, &release.tag)?;
        let mut presences = Vec::with_capacity(items.len());
        for item in items {
            let presence = self.presence(assets.get(item.name.as_str()), item).await?;
            presences.push(if entry.immutable { sealed(presence, &release.tag) } else { presence });
        }
        Ok(Survey { presences, finished: !entry.draft || !self.config.publish, warnings: place.warnings })
    }

    /// The assets by name: those shown with the release, or the whole list if one of `items` might be missing there.
    async fn assets_for(&self, entry: &Entry, items: &[Item]) -> Result<HashMap<String, Asset>, BackendError> {
        let by_name = |assets: Vec<Asset>| -> HashMap<String, Asset> {
            assets.into_iter().map(|asset| (asset.name.clone(), asset)).collect()
        };
        let shown = by_name(entry.assets.clone());
        let has_all = items.iter().all(|item| shown.contains_key(&item.name));
        Ok(if has_all { shown } else { by_name(self.assets_of(entry).await?) })
    }

    /// Every asset of a release.
    pub(super) async fn assets_of(&self, entry: &Entry) -> Result<Vec<Asset>, BackendError> {
        match entry.assets.len() {
            FULL_PAGE.. => Ok(self.releases()?.assets(entry.id).await?),
            _ => Ok(entry.assets.clone()),
        }
    }

    async fn presence(&self, asset: Option<&Asset>, item: &Item) -> Result<Presence, BackendError> {
        let Some(asset) = asset else { return Ok(Presence::Absent) };
        Ok(match self.compare_closely(asset, artifact(item)).await? {
            Likeness::Identical | Likeness::SameSize => Presence::Identical,
            Likeness::Different(description) => {
                Presence::Different(Found { description, revision: asset.id.to_string() })
            }
            Likeness::Unfinished => Presence::Incomplete,
        })
    }

    /// The bytes of a small asset.
    pub(super) async fn contents(&self, release: &Release, name: &str) -> Result<Vec<u8>, BackendError> {
        // Another run may be about to put it there anew: GitHub can only delete and upload.
        let missing = || {
            let message = format!("`{name}` is not in the release `{}` at the moment", release.tag);
            BackendError::transient(CHANGED_MEANWHILE, message)
        };
        let (entry, _) = self.entry(&release.tag).await?.ok_or_else(missing)?;
        let releases = self.releases()?;
        let assets = releases.assets(entry.id).await?;
        let asset = assets.iter().find(|asset| asset.name == name && asset.is_uploaded()).ok_or_else(missing)?;
        if asset.size > LARGEST_TEXT {
            let message = format!("`{name}` in the release `{}` is too large to be read back", release.tag);
            return Err(BackendError::new("asset-size", message));
        }
        let mut bytes = Vec::new();
        releases.download(asset, |chunk| bytes.extend_from_slice(chunk)).await?;
        Ok(bytes)
    }
}

/// Fails if the release cannot hold everything, which GitHub would say only at the first upload that is too much.
fn require_room(assets: &HashMap<String, Asset>, items: &[Item], tag: &str) -> Result<(), BackendError> {
    let missing = items.iter().filter(|item| !assets.contains_key(&item.name)).count();
    if missing == 0 || assets.len() + missing <= MOST_ASSETS {
        return Ok(());
    }
    let message = format!(
        "the release `{tag}` holds {} assets, {missing} are to be added, and GitHub takes {MOST_ASSETS}",
        assets.len()
    );
    Err(BackendError::new("too-many-assets", message).with_hint("remove assets that nobody needs from the release"))
}

/// What a presence means in a release that can no longer be changed.
fn sealed(presence: Presence, tag: &str) -> Presence {
    let what = match presence {
        Presence::Identical => return Presence::Identical,
        Presence::Different(found) => format!("holds something else under this name ({})", found.description),
        _ => "lacks it".to_owned(),
    };
    Presence::Closed(format!("the release `{tag}` is published and immutable, and {what}: release a new version"))
}
