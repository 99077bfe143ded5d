//! `directory`: a folder that people or programs fetch from: a static web root, a mounted share, a synced bucket.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Backend, BackendConfig, BackendContext, BackendError, Found, Presence, Progress, Receipt, Survey};
use crate::atomic::{self, TEMPORARY_PREFIX};
use crate::config::distribute::Prereleases;
use crate::config::{BackendTable, ConfigError};
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, ArtifactKind, Item, Release, Shipment};
use crate::error::{PathError, SampoError, chain};
use crate::template::{ReleaseScope, Template};
use crate::workspace::PackageId;

mod manifest;

pub use manifest::{Latest, Manifest};

/// Temporary files of a run that was killed are older than this before another run removes them.
const ABANDONED: Duration = Duration::from_secs(3600);

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
        if !(self.path.uses("version") || self.path.uses("tag")) {
            let message = format!(
                "`{}` is the same folder for every version: it must contain `{{{{ version }}}}` or `{{{{ tag }}}}`",
                self.path.source()
            );
            return Err(table.error(Some("path"), message));
        }
        match self.url.as_ref().map(check_address) {
            Some(Err(message)) => Err(table.error(Some("url"), message)),
            _ => Ok(()),
        }
    }

    fn build(self, table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        Ok(Box::new(Directory {
            root: context.root.clone(),
            latest_takes_prereleases: table.common.prereleases.is_some_and(|which| which != Prereleases::StableOnly),
            config: self,
            shelves: Mutex::default(),
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
    below(parsed, "file").map(drop).ok_or_else(|| wrong("nothing can stand below it"))
}

/// The address of `file` in the folder at `base`.
fn below(mut base: Url, file: &str) -> Option<String> {
    base.path_segments_mut().ok()?.pop_if_empty().push(file);
    Some(base.into())
}

#[derive(Debug)]
struct Directory {
    root: PathBuf,
    config: Config,
    latest_takes_prereleases: bool,
    /// The folder above the release folders, and the package whose `latest` stands there.
    shelves: Mutex<BTreeMap<PathBuf, PackageId>>,
}

impl Directory {
    fn folder(&self, release: &Release) -> Result<PathBuf, BackendError> {
        let path = self.config.path.render(&release.variables()).map_err(|error| invalid(&error))?;
        Ok(self.root.join(path))
    }

    fn url(&self, release: &Release, file: &str) -> Option<String> {
        let base = self.config.url.as_ref()?.render(&release.variables()).ok()?;
        below(Url::parse(&base).ok()?, file)
    }

    fn manifest(&self, shipment: &Shipment) -> Manifest {
        let url = |artifact: &Artifact| self.url(&shipment.release, &artifact.name);
        Manifest::of(shipment, url)
    }

    /// What the manifest is to be: ours, and the entries of other runs whose files are still there.
    fn merged_manifest(&self, shipment: &Shipment, folder: &Path) -> Result<Manifest, BackendError> {
        let theirs = Manifest::read(&folder.join(manifest::FILE_NAME)).map_err(failed)?;
        let is_there = |name: &str| folder.join(name).is_file();
        Ok(self.manifest(shipment).keeping(theirs, is_there))
    }

    /// The pointer to this release, unless a newer one stands there, or this one must not be pointed at.
    fn latest(&self, release: &Release, folder: &Path) -> Result<Option<(PathBuf, Latest)>, BackendError> {
        if !self.config.latest || (release.is_prerelease() && !self.latest_takes_prereleases) {
            return Ok(None);
        }
        let (Some(shelf), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(None) };
        let path = shelf.join(manifest::LATEST_FILE_NAME);
        let latest = Latest::of(release, &name.to_string_lossy());
        match Latest::read(&path).map_err(failed)? {
            Some(current) if current.package != release.package => {
                Err(shared(shelf, &current.package, &release.package))
            }
            Some(current) if current.version > release.version => Ok(None),
            _ => Ok(Some((path, latest))),
        }
    }

    fn survey_item(folder: &Path, item: &Item) -> Result<Presence, BackendError> {
        let Some(artifact) = &item.artifact else { return Ok(Presence::Unknown) };
        let path = folder.join(&item.name);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Presence::Absent),
            Err(error) => return Err(failed(PathError::new("read", &path)(error))),
        };
        if !metadata.is_file() {
            return Ok(Presence::Closed(format!("`{}` is not a file", path.display())));
        }
        let (digest, bytes) = Digest::of_file(&path).map_err(failed)?;
        if digest == artifact.sha256 {
            return Ok(Presence::Identical);
        }
        let description = format!("a file of {bytes} bytes with SHA-256 {digest}");
        Ok(Presence::Different(Found { description, revision: digest.to_string() }))
    }

    fn is_finished(&self, shipment: &Shipment, folder: &Path) -> Result<bool, BackendError> {
        let manifest = self.merged_manifest(shipment, folder)?;
        if Manifest::read(&folder.join(manifest::FILE_NAME)).map_err(failed)?.as_ref() != Some(&manifest) {
            return Ok(false);
        }
        match self.latest(&shipment.release, folder)? {
            Some((path, latest)) => {
                let file_stands = Latest::read(&path).map_err(failed)?.as_ref() == Some(&latest);
                Ok(file_stands && manifest::link_stands(&path, &latest))
            }
            None => Ok(true),
        }
    }

    /// Removes the oldest releases of this package beyond `keep`: folders with a manifest of ours, nothing else.
    fn prune(&self, release: &Release, folder: &Path) -> Result<(), BackendError> {
        let (Some(keep), Some(shelf)) = (self.config.keep, folder.parent()) else { return Ok(()) };
        let latest = Latest::read(&shelf.join(manifest::LATEST_FILE_NAME)).map_err(failed)?;
        let entries = fs::read_dir(shelf).map_err(|error| failed(PathError::new("read", shelf)(error)))?;
        let mut releases: Vec<(semver::Version, PathBuf)> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()))
            .filter_map(|path| Some((Manifest::read(&path.join(manifest::FILE_NAME)).ok()??, path)))
            .filter(|(manifest, _)| manifest.package == release.package)
            .map(|(manifest, path)| (manifest.version, path))
            .collect();
        releases.sort_by(|a, b| b.cmp(a));
        for (version, path) in releases.into_iter().skip(keep.get()) {
            let is_latest = latest.as_ref().is_some_and(|latest| latest.version == version);
            if !is_latest && version != release.version {
                fs::remove_dir_all(&path).map_err(|error| failed(PathError::new("remove", &path)(error)))?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for Directory {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        Ok(self.folder(release)?.display().to_string())
    }

    /// Refuses two packages whose `latest` would stand at the same place, before anything is delivered.
    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        let folder = self.folder(&shipment.release)?;
        if let (true, Some(shelf)) = (self.config.latest, folder.parent()) {
            let mut shelves = self.shelves.lock().expect("nobody panics while holding this lock");
            let package = &shipment.release.package;
            let first = shelves.entry(shelf.to_owned()).or_insert_with(|| package.clone());
            if first != package {
                return Err(shared(shelf, first, package));
            }
        }
        let reserved = |name: &str| name == manifest::FILE_NAME || name.starts_with(TEMPORARY_PREFIX);
        if let Some(artifact) = shipment.artifacts.iter().find(|artifact| reserved(&artifact.name)) {
            let message = format!("`{}` is a name that the folder's own files have", artifact.name);
            return Err(BackendError::new("asset-name", message).with_hint("give the artifact another name"));
        }
        Ok(shipment.artifacts.iter().map(Item::of).collect())
    }

    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        let folder = self.folder(&shipment.release)?;
        let owned = items.to_vec();
        let presences = blocking({
            let folder = folder.clone();
            move || owned.iter().map(|item| Self::survey_item(&folder, item)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
        let finished = self.is_finished(shipment, &folder)?;
        Ok(Survey { presences, finished, warnings: Vec::new() })
    }

    async fn open(&self, shipment: &Shipment) -> Result<(), BackendError> {
        let folder = self.folder(&shipment.release)?;
        fs::create_dir_all(&folder).map_err(|error| failed(PathError::new("make", &folder)(error)))?;
        remove_abandoned(&folder);
        Ok(())
    }

    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        let folder = self.folder(&shipment.release)?;
        let artifact = item.artifact.clone().ok_or_else(|| BackendError::new("internal", "an item without a file"))?;
        let replace = matches!(found, Presence::Different(_));
        let progress = progress.clone();
        let url = self.url(&shipment.release, &artifact.name);
        blocking(move || place(&artifact, &folder, replace, &progress)).await?;
        Ok(Receipt { url })
    }

    async fn finish(&self, shipment: &Shipment) -> Result<(), BackendError> {
        let folder = self.folder(&shipment.release)?;
        let manifest = self.merged_manifest(shipment, &folder)?;
        manifest.write(&folder.join(manifest::FILE_NAME)).map_err(failed)?;
        if let Some((path, latest)) = self.latest(&shipment.release, &folder)? {
            latest.write(&path).map_err(failed)?;
        }
        self.prune(&shipment.release, &folder)
    }

    async fn read(&self, shipment: &Shipment, item: &Item) -> Result<Vec<u8>, BackendError> {
        let path = self.folder(&shipment.release)?.join(&item.name);
        fs::read(&path).map_err(|error| failed(PathError::new("read", &path)(error)))
    }

    fn download_url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        self.url(release, &artifact.name)
    }
}

/// Copies through a temporary file, checks the digest of what was read, and renames. Without `replace` a file that
/// appeared in the meantime is left alone: it is another run's, and right if it is the same.
fn place(artifact: &Artifact, folder: &Path, replace: bool, progress: &Progress) -> Result<(), BackendError> {
    let path = folder.join(&artifact.name);
    let unwritable = |error| failed(PathError::new("write", &path)(error));
    let mut source =
        File::open(&artifact.path).map_err(|error| failed(PathError::new("read", &artifact.path)(error)))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(permissions_for(artifact.kind));
    let mut temporary = builder.tempfile_in(folder).map_err(unwritable)?;
    let digest = copy(&mut source, temporary.as_file_mut(), progress).map_err(unwritable)?;
    if digest != artifact.sha256 {
        let message = format!("`{}` changed while it was read", artifact.path.display());
        return Err(BackendError::new("artifact-changed", message).with_hint("run `sampo distribute` again"));
    }
    temporary.as_file().sync_all().map_err(unwritable)?;
    if replace {
        temporary.persist(&path).map_err(|error| unwritable(error.error))?;
    } else if let Err(error) = temporary.persist_noclobber(&path) {
        if error.error.kind() != io::ErrorKind::AlreadyExists {
            return Err(unwritable(error.error));
        }
        let (found, _) = Digest::of_file(&path).map_err(failed)?;
        if found != artifact.sha256 {
            let message = format!("another run put a file with SHA-256 {found} under this name");
            return Err(BackendError::new("conflict", message));
        }
    }
    atomic::sync_folder(folder);
    Ok(())
}

/// Copies all of `source`; the digest of what was copied.
fn copy(source: &mut File, sink: &mut File, progress: &Progress) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok(Digest::from(<[u8; 32]>::from(hasher.finalize())));
        }
        hasher.update(&buffer[..read]);
        sink.write_all(&buffer[..read])?;
        progress.advance(read as u64);
    }
}

/// A web server runs as somebody else, and a raw binary may have lost its bit on the way; the umask narrows this.
#[cfg(unix)]
fn permissions_for(kind: ArtifactKind) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(if kind == ArtifactKind::Binary { 0o755 } else { 0o644 })
}

/// What a killed run left behind. Failing to remove it harms nobody.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX);
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
        if is_ours && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn shared(shelf: &Path, first: &PackageId, second: &PackageId) -> BackendError {
    let message = format!("`{first}` and `{second}` would share one `latest` in `{}`", shelf.display());
    BackendError::new("latest-shared", message)
        .with_hint("give each package a folder of its own, such as `path = \"…/{{ crate }}/{{ version }}\"`, or set `latest = false`")
}

fn failed(error: PathError) -> BackendError {
    BackendError::new("io", chain(&error))
}

fn invalid(error: &crate::template::TemplateError) -> BackendError {
    BackendError::new("config-invalid", error.to_string())
}

/// Runs file work apart from the threads that serve the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackendError> + Send + 'static,
) -> Result<T, BackendError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(BackendError::new("internal", format!("file work ended early: {error}"))))
}

#[cfg(test)]
#[path = "directory/directory_tests.rs"]
mod tests;
