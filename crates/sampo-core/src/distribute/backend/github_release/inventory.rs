//! What a release holds, as a source for others: listed to the last page, and downloaded as users do it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::GithubReleases;
use crate::distribute::backend::{BackendError, Held, Inventory, Progress};
use crate::distribute::model::Release;
use crate::error::{PathError, chain};
use crate::github::model::{Asset, Release as Entry};
use crate::github::releases::ForUsers;

impl GithubReleases {
    /// Every asset of the release, draft or published.
    pub(super) async fn holdings(&self, release: &Release) -> Result<Option<Inventory>, BackendError> {
        let Some((entry, _)) = self.entry(&release.tag).await? else { return Ok(None) };
        let mut held: Vec<Held> = self.assets_of(&entry).await?.iter().map(held).collect();
        held.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(Inventory { held, finished: !entry.draft || !self.config.publish }))
    }

    /// Downloads from the address that users have. There, a draft or a private repository does not exist: for those,
    /// the API gives the bytes to whoever may read them. What users should be able to fetch and cannot is an error.
    pub(super) async fn bring(
        &self,
        release: &Release,
        held: &Held,
        to: &Path,
        progress: &Progress,
    ) -> Result<(), BackendError> {
        let mut file = File::create_new(to).map_err(|error| failed(to, error))?;
        let mut written = Ok(());
        let mut sink = |chunk: &[u8]| {
            progress.advance(chunk.len() as u64);
            if written.is_ok() {
                written = file.write_all(chunk);
            }
        };
        let releases = self.releases()?;
        let fetched = releases.download_as_user(&release.tag, &held.name, held.bytes, &mut sink).await?;
        if fetched != ForUsers::Fetched {
            let (entry, asset) = self.asset_named(release, &held.name).await?;
            if fetched == ForUsers::Missing && !entry.draft && self.github.is_public(self.repository()?).await? {
                return Err(hidden(&held.name, &releases.asset_address(&release.tag, &held.name)));
            }
            releases.download(&asset, &mut sink).await?;
        }
        written.map_err(|error| failed(to, error))
    }

    async fn asset_named(&self, release: &Release, name: &str) -> Result<(Entry, Asset), BackendError> {
        let gone =
            || BackendError::new("not-found", format!("`{name}` is not in the release `{}` any more", release.tag));
        let (entry, _) = self.entry(&release.tag).await?.ok_or_else(gone)?;
        let assets = self.assets_of(&entry).await?;
        let asset = assets.into_iter().find(|asset| asset.name == name && asset.is_uploaded()).ok_or_else(gone)?;
        Ok((entry, asset))
    }
}

fn held(asset: &Asset) -> Held {
    Held {
        name: asset.name.clone(),
        bytes: asset.size,
        sha256: asset.sha256().and_then(|sha256| sha256.parse().ok()),
        complete: asset.is_uploaded(),
    }
}

/// GitHub may need a moment to show what was published.
fn hidden(name: &str, address: &str) -> BackendError {
    let message = format!("`{name}` is in the published release, but not at {address}, where users fetch it");
    BackendError::transient("not-found", message).with_hint(
        "try again in a few minutes; if it stays away, open that address in a browser: GitHub says why there",
    )
}

fn failed(path: &Path, error: std::io::Error) -> BackendError {
    BackendError::new("io", chain(&PathError::new("write", path)(error)))
}
