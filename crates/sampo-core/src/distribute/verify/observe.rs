//! What a destination really holds of a release: asked, and downloaded where its word is not enough.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures::future::join_all;

use crate::distribute::backend::{BackendError, Held, Presence, Progress};
use crate::distribute::checksum::Digest;
use crate::distribute::expected::is_checksum;
use crate::distribute::model::{Item, Shipment};
use crate::distribute::site::{Answer, Asking, Site};
use crate::error::{PathError, chain};
use crate::event::Event;

/// Checksum files are small; one that is larger is something else.
const LARGEST_TEXT: u64 = 16 * 1024 * 1024;

/// What was found at one destination.
#[derive(Debug)]
pub(super) enum Seen {
    /// These files, by name.
    Files {
        /// Whether users can fetch them.
        finished: bool,
        files: BTreeMap<String, SeenFile>,
    },
    /// Nothing of the release.
    Nothing,
    /// What a backend that cannot list anything says about each item.
    Surveyed(Vec<(Item, Presence)>),
    /// It cannot tell.
    Mute(BackendError),
    /// It could not be asked.
    Failed(BackendError),
    /// The release does not belong there.
    LeftOut(String),
}

/// One file at a destination.
#[derive(Debug)]
pub(super) struct SeenFile {
    pub bytes: u64,
    pub complete: bool,
    /// The digest of the bytes themselves; none of those that nobody asked about.
    pub digest: Result<Option<Digest>, BackendError>,
    /// What the destination says of it.
    pub recorded: Option<Digest>,
    /// Its text, if it is a checksum file that was read.
    pub text: Option<String>,
}

/// How closely to look.
pub(super) struct Closely<'a> {
    /// Download even what the destination computes digests of.
    pub download: bool,
    /// Digests that are known beforehand.
    pub given: &'a BTreeMap<&'a str, Digest>,
    /// What is delivered there, for backends that cannot list what they hold.
    pub shipment: Option<&'a Shipment>,
}

/// Looks at everything there that `is_wanted`, as a user would.
pub(super) async fn observe(
    site: &Site<'_>,
    is_wanted: impl Fn(&str) -> bool,
    closely: &Closely<'_>,
    asking: &Asking<'_>,
) -> Seen {
    if let Some(reason) = site.left_out() {
        return Seen::LeftOut(reason);
    }
    let inventory = match site.ask(asking).await {
        Answer::Holds(Some(inventory)) => inventory,
        Answer::Holds(None) => return Seen::Nothing,
        Answer::Failed(error) => return Seen::Failed(error),
        Answer::Mute(error) => return survey(site, closely.shipment, error, asking).await,
    };
    let look = |held: Held| {
        let is_wanted = is_wanted(&held.name);
        async move {
            let file = if is_wanted { look_at(site, &held, closely, asking).await } else { unread(&held) };
            (held.name, file)
        }
    };
    let files = join_all(inventory.held.into_iter().map(look)).await;
    Seen::Files { finished: inventory.finished, files: files.into_iter().collect() }
}

/// Where nothing can be listed, the backend may still tell of each item whether it is there, if there are items.
async fn survey(site: &Site<'_>, shipment: Option<&Shipment>, mute: BackendError, asking: &Asking<'_>) -> Seen {
    let Some(shipment) = shipment else { return Seen::Mute(mute) };
    let items = match site.backend().items(shipment) {
        Ok(items) => items,
        Err(error) => return Seen::Failed(error),
    };
    match site.attempts(asking, "survey").run(|| site.backend().survey(shipment, &items)).await.1 {
        Ok(survey) => Seen::Surveyed(items.into_iter().zip(survey.presences).collect()),
        Err(error) => Seen::Failed(error),
    }
}

fn unread(held: &Held) -> SeenFile {
    SeenFile { bytes: held.bytes, complete: held.complete, digest: Ok(None), recorded: held.sha256, text: None }
}

async fn look_at(site: &Site<'_>, held: &Held, closely: &Closely<'_>, asking: &Asking<'_>) -> SeenFile {
    let mut file = unread(held);
    if !held.complete {
        return file;
    }
    let vouched = held.sha256.filter(|_| site.backend().vouches_for_digests() && !closely.download);
    let is_known = vouched.is_some() && vouched == closely.given.get(held.name.as_str()).copied();
    if vouched.is_some() && (is_known || !is_checksum(&held.name)) {
        return SeenFile { digest: Ok(vouched), ..file };
    }
    let label = site.label(&held.name);
    asking.reporter().report(Event::ReadStarted { delivery: label, bytes: held.bytes });
    match download(site, held, asking).await {
        Ok((digest, text)) => (file.digest, file.text) = (Ok(Some(digest)), text),
        Err(error) => file.digest = Err(error),
    }
    asking.reporter().report(Event::ReadFinished { delivery: label });
    file
}

/// Downloads a file, and forgets it once its digest is known.
async fn download(site: &Site<'_>, held: &Held, asking: &Asking<'_>) -> Result<(Digest, Option<String>), BackendError> {
    let attempts = site.attempts(asking, &held.name);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let folder = tempfile::tempdir_in(asking.staging()).map_err(PathError::new("write to", asking.staging()));
        let folder = folder.map_err(failed)?;
        let (path, progress) = (folder.path().join("file"), Progress::default());
        let fetched = site.backend().fetch(&site.release, held, &path, &progress);
        match attempts.watched(fetched, &progress, held.bytes).await {
            Ok(()) => return read(path, is_checksum(&held.name)).await,
            Err(error) => attempts.pause(attempt, error).await?,
        }
    }
}

async fn read(path: PathBuf, is_text: bool) -> Result<(Digest, Option<String>), BackendError> {
    let reading = tokio::task::spawn_blocking(move || {
        let (digest, bytes) = Digest::of_file(&path)?;
        if !is_text || bytes > LARGEST_TEXT {
            return Ok((digest, None));
        }
        let text = std::fs::read(&path).map_err(PathError::new("read", &path))?;
        Ok((digest, Some(String::from_utf8_lossy(&text).into_owned())))
    });
    match reading.await {
        Ok(read) => read.map_err(failed),
        Err(error) => Err(BackendError::new("internal", format!("a file could not be read: {error}"))),
    }
}

fn failed(error: PathError) -> BackendError {
    BackendError::new("io", chain(&error))
}
