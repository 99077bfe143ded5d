//! What a release holds, as a source for others: listed to the last page, and downloaded as users do it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::GithubReleases;
use crate::distribute::backend::{BackendError, Held, Inventory, Progress};
use crate::distribute::model::Release;
use crate::error::{PathError, chain};
use crate::github::model::Asset;

impl GithubReleases {
    /// Every asset of the release, draft or published.
    pub(super) async fn holdings(&self, release: &Release) -> Result<Option<Inventory>, BackendError> {
        let Some((entry, _)) = self.entry(&release.tag).await? else { return Ok(None) };
        let mut held: Vec<Held> = self.assets_of(&entry).await?.iter().map(held).collect();
        held.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(Inventory { held, finished: !entry.draft || !self.config.publish }))
    }

    /// Downloads from the address that users have. There, a draft or a private repository does not exist: for those,
    /// the API gives the bytes to whoever may read them.
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
        if !releases.download_as_user(&release.tag, &held.name, held.bytes, &mut sink).await? {
            releases.download(&self.asset_named(release, &held.name).await?, &mut sink).await?;
        }
        written.map_err(|error| failed(to, error))
    }

    async fn asset_named(&self, release: &Release, name: &str) -> Result<Asset, BackendError> {
        let assets = match self.entry(&release.tag).await? {
            Some((entry, _)) => self.assets_of(&entry).await?,
            None => Vec::new(),
        };
        assets.into_iter().find(|asset| asset.name == name && asset.is_uploaded()).ok_or_else(|| {
            BackendError::new("not-found", format!("`{name}` is not in the release `{}` any more", release.tag))
        })
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

fn failed(path: &Path, error: std::io::Error) -> BackendError {
    BackendError::new("io", chain(&PathError::new("write", path)(error)))
}
