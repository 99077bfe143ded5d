//! Artifacts that another destination holds: fetched once, when their bytes are needed, and checked by their digest.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::Destination;
use crate::distribute::backend::{BackendError, Held, Progress};
use crate::distribute::checksum::Digest;
use crate::distribute::model::{Artifact, Release};
use crate::error::{PathError, chain};

/// How often those who wait for the same file look whether it moves on.
const WATCH: Duration = Duration::from_millis(200);

/// What can be fetched, by the path that it will have on this machine. Any other path is somebody else's business.
#[derive(Debug, Default)]
pub struct Stock(HashMap<PathBuf, Promise>);

#[derive(Debug)]
struct Promise {
    from: Arc<Destination>,
    release: Arc<Release>,
    held: Held,
    fetched: OnceCell<Digest>,
    progress: Progress,
}

impl Stock {
    /// From now on what `from` holds of `release` can be had at `path`.
    pub fn promise(&mut self, from: &Arc<Destination>, release: &Arc<Release>, held: Held, path: PathBuf) {
        let (fetched, progress) = (OnceCell::new(), Progress::default());
        let (from, release) = (Arc::clone(from), Arc::clone(release));
        self.0.insert(path, Promise { from, release, held, fetched, progress });
    }

    /// What is promised in `other` too.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Makes sure that the bytes of `artifacts` are there and are the right ones. Movement is told to `progress`.
    pub async fn bring(
        &self,
        artifacts: impl IntoIterator<Item = &Artifact>,
        progress: &Progress,
    ) -> Result<(), BackendError> {
        for artifact in artifacts {
            let Some(promise) = self.0.get(&artifact.path) else { continue };
            let digest = promise.keep(&artifact.path, progress).await?;
            if digest != artifact.sha256 {
                let (name, from) = (&artifact.name, &promise.from.name);
                let message = format!("`{name}` in `{from}` has SHA-256 {digest}, and should have {}", artifact.sha256);
                return Err(corrupt(message));
            }
        }
        Ok(())
    }
}

impl Promise {
    /// Fetches the file, or waits for whoever is at it.
    async fn keep(&self, path: &Path, progress: &Progress) -> Result<Digest, BackendError> {
        let fetched =
            self.fetched.get_or_try_init(|| fetch(&self.from, &self.release, &self.held, path, &self.progress));
        tokio::select! {
            digest = fetched => digest.copied(),
            () = self.echo(progress) => unreachable!("an echo has no end"),
        }
    }

    /// What moves here moves there; these bytes are not the ones that are counted there.
    async fn echo(&self, progress: &Progress) {
        let mut movements = self.progress.movements();
        loop {
            tokio::time::sleep(WATCH).await;
            if movements != self.progress.movements() {
                movements = self.progress.movements();
                progress.tick();
            }
        }
    }
}

/// Fetches one file into `path`, where it appears once it is whole; its digest.
pub async fn fetch(
    from: &Destination,
    release: &Release,
    held: &Held,
    path: &Path,
    progress: &Progress,
) -> Result<Digest, BackendError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |error: PathError| BackendError::new("io", chain(&error));
    fs::create_dir_all(folder).map_err(|error| failed(PathError::new("make", folder)(error)))?;
    // What a broken attempt leaves goes with it.
    let arriving = tempfile::tempdir_in(folder).map_err(|error| failed(PathError::new("write to", folder)(error)))?;
    let copy = arriving.path().join("copy");
    from.backend.fetch(release, held, &copy, progress).await?;
    let (digest, bytes) = digest_of(copy.clone()).await?;
    if bytes != held.bytes {
        let (name, source) = (&held.name, &from.name);
        return Err(corrupt(format!("`{name}` came with {bytes} bytes, and `{source}` lists {}", held.bytes)));
    }
    fs::rename(&copy, path).map_err(|error| failed(PathError::new("write", path)(error)))?;
    Ok(digest)
}

async fn digest_of(path: PathBuf) -> Result<(Digest, u64), BackendError> {
    let digest = tokio::task::spawn_blocking(move || Digest::of_file(&path)).await;
    match digest {
        Ok(digest) => digest.map_err(|error| BackendError::new("io", chain(&error))),
        Err(error) => Err(BackendError::new("internal", format!("file work ended early: {error}"))),
    }
}

fn corrupt(message: String) -> BackendError {
    BackendError::new("artifact-corrupt", message)
        .with_hint("deliver the right bytes there again with `--replace`, or take the artifacts from another backend")
}

#[cfg(test)]
#[path = "stock_tests.rs"]
mod tests;
