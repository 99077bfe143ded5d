//! Whether an asset on GitHub is the artifact here.

use sha2::{Digest as _, Sha256};

use super::GithubReleases;
use crate::distribute::backend::BackendError;
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, Item};
use crate::github::model::Asset;

/// What a look at an asset tells about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same bytes, by digest.
    Identical,
    /// The same number of bytes; GitHub gives no digest.
    SameSize,
    /// Other bytes; what they are, for people.
    Different(String),
    /// Its upload has not ended.
    Unfinished,
}

/// The artifact that an item of this backend always is.
pub(super) fn artifact(item: &Item) -> &Artifact {
    item.artifact.as_ref().expect("every item of this backend is an artifact")
}

/// Compares by digest, or by size where there is none.
pub(super) fn compare(asset: &Asset, artifact: &Artifact) -> Likeness {
    if !asset.is_uploaded() {
        return Likeness::Unfinished;
    }
    match asset.sha256().and_then(|sha256| sha256.parse::<Digest>().ok()) {
        Some(digest) if digest == artifact.sha256 => Likeness::Identical,
        Some(digest) => Likeness::Different(format!("{} bytes, sha256 {digest}", asset.size)),
        None if asset.size == artifact.bytes => Likeness::SameSize,
        None => Likeness::Different(format!("{} bytes instead of {}", asset.size, artifact.bytes)),
    }
}

impl GithubReleases {
    /// The same, and by the bytes themselves where nothing else can tell.
    pub(super) async fn compare_closely(&self, asset: &Asset, artifact: &Artifact) -> Result<Likeness, BackendError> {
        match compare(asset, artifact) {
            Likeness::SameSize => {
                let mut hasher = Sha256::new();
                self.releases()?.download(asset, |chunk| hasher.update(chunk)).await?;
                let digest = Digest::from(<[u8; 32]>::from(hasher.finalize()));
                let same = digest == artifact.sha256;
                let other = || Likeness::Different(format!("{} bytes, sha256 {digest}", asset.size));
                Ok(if same { Likeness::Identical } else { other() })
            }
            likeness => Ok(likeness),
        }
    }
}
