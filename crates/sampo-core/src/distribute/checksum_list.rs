//! The one file that lists the checksums of a shipment: made from what arrives, merged with what stands there already.

use std::path::Path;

use super::checksum::{Digest, Merge, SUMS_FILE, Sums, merge};
use super::model::{Artifact, ArtifactKind};
use crate::atomic;
use crate::error::PathError;

/// Whether an artifact lists others, so that a newer one may take its place if it keeps every line.
pub(super) fn is_list(artifact: &Artifact) -> bool {
    artifact.name == SUMS_FILE
}

/// The list of `artifacts`, apart from checksum files, written into `folder`; none if there is nothing to list.
pub(super) fn list_of<'a>(
    artifacts: impl IntoIterator<Item = &'a Artifact>,
    folder: &Path,
) -> Result<Option<Artifact>, PathError> {
    let listed = artifacts.into_iter().filter(|artifact| artifact.kind != ArtifactKind::Checksum);
    let sums: Sums = listed.map(|artifact| (artifact.name.clone(), artifact.sha256)).collect();
    if sums.iter().next().is_none() {
        return Ok(None);
    }
    write(&sums, folder).map(Some)
}

fn write(sums: &Sums, folder: &Path) -> Result<Artifact, PathError> {
    let (path, text) = (folder.join(SUMS_FILE), sums.to_string());
    atomic::write(&path, &text)?;
    let (bytes, sha256) = (text.len() as u64, Digest::of(text));
    Ok(Artifact { name: SUMS_FILE.into(), kind: ArtifactKind::Checksum, target: None, bytes, sha256, path })
}

/// `ours` with the lines that stand at the destination, written into `folder`. Where both name a file with different
/// digests, ours counts with `replace`; otherwise there is no union.
pub(super) fn merged(
    theirs: &str,
    ours: &Artifact,
    replace: bool,
    folder: &Path,
) -> Result<Option<Artifact>, PathError> {
    let text = std::fs::read_to_string(&ours.path).map_err(PathError::new("read", &ours.path))?;
    let union = match (merge(theirs, &text), Sums::parse(&text)) {
        (Ok(Merge::Union(union)), _) => Some(union),
        (Ok(Merge::Contradiction(_)), Ok(ours)) if replace => {
            Sums::parse(theirs).ok().map(|theirs| theirs.overlaid_by(ours))
        }
        (Err(_), Ok(ours)) if replace => Some(ours),
        _ => None,
    };
    union.map(|union| write(&union, folder)).transpose()
}
