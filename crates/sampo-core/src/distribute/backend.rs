//! The `Backend` trait, the one list of backend types, and the suite of promises that they all keep.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::checksum::Digest;
use super::finding::{Finding, Level};
use super::model::{Artifact, ArtifactKind, Item, Release, Shipment};
use crate::config::distribute::Prereleases;
use crate::config::{BackendTable, ConfigError, Repository};
use crate::environment::Environment;
use crate::error::SampoError;
use crate::event::Reporter;
use crate::github::Limits;

pub mod command;
pub mod directory;
pub mod github_release;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod scene;

/// The code of what a destination cannot do by its nature.
pub(super) const NOT_SUPPORTED: &str = "not-supported";

/// One configured destination.
///
/// A backend says what stands at its destination and changes one thing at a time. It never loops over attempts,
/// never prints and never asks whether this is a dry run: order, retries, time limits and bookkeeping are the
/// engine's. Every method may be called again after a failure, by this run or by another one on another machine.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync {
    /// The one place that `release` goes to, for people: `acme/app v1.2.0`, `/srv/www/1.2.0`. Two releases of one
    /// run may share a place only if their items have different names.
    fn destination(&self, release: &Release) -> Result<String, BackendError>;

    /// Fails if the backend cannot work at all: a missing credential, a repository that nobody named. Called once
    /// a run, before the first write. Sends nothing that changes anything.
    async fn check(&self) -> Result<(), BackendError> {
        Ok(())
    }

    /// What would keep it from delivering `prospect`, and what was found to be in order. Changes nothing, and asks nobody
    /// outside this machine unless [`Prospect::is_online`].
    async fn examine(&self, _prospect: &Prospect) -> Vec<Finding> {
        Vec::new()
    }

    /// How long the destination wants nothing more from this run, such as under a rate limit that any delivery met.
    fn asks_to_wait(&self) -> Option<Duration> {
        None
    }

    /// What this backend will put there: an item for each artifact, or one for the release. Names are unique.
    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        Ok(shipment.artifacts.iter().map(Item::of).collect())
    }

    /// What the destination holds now. Changes nothing. `presences` has one entry for each of `items`, in order.
    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError>;

    /// Makes the destination ready to receive: a draft release, a folder. Called before the first delivery of a
    /// shipment and only if there is one.
    async fn open(&self, _shipment: &Shipment) -> Result<(), BackendError> {
        Ok(())
    }

    /// Puts one item there and confirms that it arrived. `found` is what the last survey saw in its place:
    /// [`Presence::Different`] only if that very content may be replaced, never [`Presence::Identical`] or [`Presence::Closed`].
    /// Called concurrently for different items.
    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError>;

    /// Whether it makes one item of the whole release, which cannot be made of a part of it.
    fn takes_whole_release(&self) -> bool {
        false
    }

    /// Whether [`survey`](Self::survey) reads the files of artifacts, so that they must be on this machine by then.
    fn surveys_files(&self) -> bool {
        false
    }

    /// Whether items stay invisible until [`finish`](Self::finish), or something is written then that lists them.
    fn has_finish(&self) -> bool {
        true
    }

    /// Makes the shipment visible, once every item has arrived. Doing it twice changes nothing the second time.
    async fn finish(&self, _shipment: &Shipment) -> Result<(), BackendError> {
        Ok(())
    }

    /// The bytes of a small item at the destination, for those that list others and are merged with what is there.
    async fn read(&self, _shipment: &Shipment, item: &Item) -> Result<Vec<u8>, BackendError> {
        Err(BackendError::new(NOT_SUPPORTED, format!("`{}` cannot be read back from this destination", item.name)))
    }

    /// Everything that the destination holds of `release`, whoever put it there; none if it does not know the release.
    /// Changes nothing, and needs no artifact on this machine.
    async fn inventory(&self, _release: &Release) -> Result<Option<Inventory>, BackendError> {
        Err(BackendError::new(NOT_SUPPORTED, "this destination cannot tell what it holds"))
    }

    /// Whether the digests of [`inventory`](Self::inventory) are computed by the destination itself from the bytes that it
    /// stores, and are no mere record of what was once delivered.
    fn vouches_for_digests(&self) -> bool {
        false
    }

    /// Downloads what [`inventory`](Self::inventory) named into the file `to`, which does not exist yet, as a user would.
    /// The bytes are not checked here.
    async fn fetch(
        &self,
        _release: &Release,
        held: &Held,
        _to: &Path,
        _progress: &Progress,
    ) -> Result<(), BackendError> {
        Err(BackendError::new(NOT_SUPPORTED, format!("`{}` cannot be fetched from this destination", held.name)))
    }

    /// Where users will fetch this artifact from, once the shipment is finished.
    fn download_url(&self, _release: &Release, _artifact: &Artifact) -> Option<String> {
        None
    }
}

/// What a backend will be asked to deliver one day, as far as the configuration tells.
#[derive(Debug, Clone)]
pub struct Prospect {
    /// The releases.
    pub releases: Vec<Arc<Release>>,
    /// The names of their artifacts, where they are known beforehand.
    pub names: Vec<String>,
    /// Whether questions may be sent over the network.
    pub is_online: bool,
    /// Whether this is where deliveries are made from, so that what is missing here will be missing then.
    pub is_ci: bool,
}

impl Prospect {
    /// How bad it is that something is missing from the environment, which may be there in CI.
    pub fn level_of_absence(&self) -> Level {
        if self.is_ci { Level::Error } else { Level::Note }
    }
}

/// What a destination holds of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// For each item asked about, in order.
    pub presences: Vec<Presence>,
    /// Whether [`Backend::finish`] would have nothing to do if nothing were delivered.
    pub finished: bool,
    /// What the user should know about the destination, such as a second draft for one tag.
    pub warnings: Vec<String>,
}

/// What a destination holds of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Every file, sorted by name.
    pub held: Vec<Held>,
    /// Whether it is as visible as this backend makes it: [`Backend::finish`] was done.
    pub finished: bool,
}

/// One file that a destination holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name there.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest, where the destination tells it without a download.
    pub sha256: Option<Digest>,
    /// Whether it was stored to its end.
    pub complete: bool,
}

/// What a destination holds in one item's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Absent,
    /// Exactly this item.
    Identical,
    /// Something else.
    Different(Found),
    /// An item that was begun and not finished, by an earlier run or by another one that is still at it.
    Incomplete,
    /// The destination takes nothing under this name, whatever is asked for; why, for people.
    Closed(String),
    /// The destination cannot tell: delivering again must do no harm.
    Unknown,
}

/// What stands in an item's place, and is not the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is, for people.
    pub description: String,
    /// Names this very content: a delivery replaces only what was surveyed, and ends as [`CHANGED_MEANWHILE`] if
    /// something else has come in its place since.
    pub revision: String,
}

/// The code of a delivery that found another content than the survey before it. It may be tried again, from a survey.
pub const CHANGED_MEANWHILE: &str = "changed-meanwhile";

/// The proof of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Where users will fetch it.
    pub url: Option<String>,
}

/// A delivery's own line to the engine: how far it got.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<ProgressState>);

#[derive(Debug, Default)]
struct ProgressState {
    sent: AtomicU64,
    movements: AtomicU64,
}

impl Progress {
    /// `bytes` more have left.
    pub fn advance(&self, bytes: u64) {
        self.0.sent.fetch_add(bytes, Ordering::Relaxed);
        self.tick();
    }

    /// Something moved that has no size, such as a line of a command's output.
    pub fn tick(&self) {
        self.0.movements.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes that have left so far.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How often something moved so far.
    pub fn movements(&self) -> u64 {
        self.0.movements.load(Ordering::Relaxed)
    }
}

/// A backend could not do what it was asked. Carries all that the engine and the report need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BackendError {
    /// The stable, documented name of what went wrong.
    pub code: &'static str,
    /// What went wrong, with the cause, without secrets.
    pub message: String,
    /// What the user can do.
    pub hint: Option<String>,
    /// Whether and when trying again can help.
    pub retry: Retry,
}

/// Whether and when trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot: the same request would fail again.
    Never,
    /// It can, after a while. The destination may have acted before it failed: it is surveyed first.
    Later,
    /// It can, and the destination said after how long. It has done nothing.
    After(Duration),
    /// The same, but how long is a guess: longer each time.
    AtLeast(Duration),
}

impl BackendError {
    /// A failure that trying again does not mend.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry: Retry::Never }
    }

    /// A failure that may pass.
    pub fn transient(code: &'static str, message: impl Into<String>) -> Self {
        Self { retry: Retry::Later, ..Self::new(code, message) }
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds whether and when to try again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Whether the destination may have acted, so that only a survey can tell.
    pub fn leaves_doubt(&self) -> bool {
        self.retry == Retry::Later
    }

    /// Whether trying again can help at all.
    pub fn is_retryable(&self) -> bool {
        self.retry != Retry::Never
    }
}

/// What backends share with the rest of the run.
#[derive(Clone)]
pub struct BackendContext {
    /// The root of the workspace.
    pub root: PathBuf,
    /// The repository that the releases belong to, where it is known.
    pub repository: Option<Repository>,
    /// The environment to read credentials and addresses from.
    pub environment: Arc<Environment>,
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// The environment variables that hold credentials of any backend: kept from children and from output.
    pub token_variables: Arc<[String]>,
    /// The rate limits that all backends of the run share.
    pub limits: Arc<Limits>,
    /// How long to wait for a destination to settle.
    pub pace: Pace,
}

/// Bounded waits for destinations whose reads lag behind their writes.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a half-made item may be another run's work in progress.
    pub settle: Duration,
    /// How long a fresh write may be missing from lists.
    pub lag: Duration,
    /// How long between two looks.
    pub poll: Duration,
    /// The first wait before trying again; it doubles from there.
    pub backoff: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(10),
            lag: Duration::from_secs(20),
            poll: Duration::from_secs(2),
            backoff: Duration::from_secs(1),
        }
    }
}

/// The keys of one type of backend, and what makes a backend of them.
pub trait BackendConfig: DeserializeOwned + JsonSchema {
    /// The value of `type`.
    const TYPE: &'static str;
    /// The kinds of artifacts that it takes unless told otherwise.
    const ARTIFACTS: &'static [ArtifactKind] =
        &[ArtifactKind::Archive, ArtifactKind::Binary, ArtifactKind::File, ArtifactKind::Checksum];
    /// Whether it takes pre-releases unless told otherwise.
    const PRERELEASES: Prereleases = Prereleases::Both;
    /// How often it is tried again unless told otherwise; none for the value of `[distribute]`.
    const RETRIES: Option<u32> = None;

    /// Checks what the types of the keys cannot say; errors carry the line.
    fn check(&self, _table: &BackendTable) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The environment variables that hold its credentials, so that they are kept from children and output.
    fn token_variables(&self) -> Vec<String> {
        Vec::new()
    }

    /// The backend that `table` configures. Opens nothing.
    fn build(self, table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError>;
}

/// Makes a backend of its table.
type Build = fn(&BackendTable, &BackendContext) -> Result<Box<dyn Backend>, SampoError>;

/// A type of backend, as the list below holds it.
pub struct BackendType {
    /// The value of `type`.
    pub name: &'static str,
    /// See [`BackendConfig::ARTIFACTS`].
    pub artifacts: &'static [ArtifactKind],
    /// See [`BackendConfig::PRERELEASES`].
    pub prereleases: Prereleases,
    /// See [`BackendConfig::RETRIES`].
    pub retries: Option<u32>,
    /// Reads and checks the table, and names its credentials' variables.
    pub check: fn(&BackendTable) -> Result<Vec<String>, ConfigError>,
    /// Reads the table and makes the backend.
    pub build: Build,
    /// The JSON Schema of its own keys.
    pub schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl BackendType {
    const fn of<C: BackendConfig>() -> Self {
        Self {
            name: C::TYPE,
            artifacts: C::ARTIFACTS,
            prereleases: C::PRERELEASES,
            retries: C::RETRIES,
            check: |table| {
                let config: C = table.own()?;
                config.check(table)?;
                Ok(config.token_variables())
            },
            build: |table, context| table.own::<C>()?.build(table, context),
            schema: |generator| generator.subschema_for::<C>(),
        }
    }

    /// The type that a table names.
    pub fn find(table: &BackendTable) -> Result<&'static Self, ConfigError> {
        TYPES.iter().find(|known| known.name == table.kind).ok_or_else(|| {
            let known: Vec<String> = TYPES.iter().map(|known| format!("`{}`", known.name)).collect();
            let message = format!("unknown backend type `{}`; known are {}", table.kind, known.join(", "));
            table.error(Some("type"), message)
        })
    }
}

/// Every type of backend. To add one: a file in `backend/`, and its line here.
pub const TYPES: &[BackendType] = &[
    BackendType::of::<command::Config>(),
    BackendType::of::<directory::Config>(),
    BackendType::of::<github_release::GithubReleaseConfig>(),
];
