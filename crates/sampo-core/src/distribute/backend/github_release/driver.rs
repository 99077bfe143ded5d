//! Plays the engine's part in tests of the backend: survey, check, open, deliver, survey again after a failure, finish.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sampo_testkit::FakeGithub;
use sampo_testkit::github::TOKEN;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{GithubReleaseConfig, GithubReleases};
use crate::config::Config;
use crate::distribute::backend::{
    Backend, BackendContext, BackendError, BackendType, Found, Pace, Presence, Progress, Retry,
};
use crate::distribute::checksum::Digest;
use crate::distribute::engine::{Destination, Earlier, Options, Order, Plan};
use crate::distribute::model::{Artifact, ArtifactKind, Item, Release, Shipment};
use crate::environment::Environment;
use crate::event::Silent;
use crate::workspace::{Ecosystem, PackageId};

/// The commit of every release in these tests.
pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Fast enough for tests, slow enough to see more than one look.
pub(super) const PACE: Pace = Pace {
    settle: Duration::from_millis(60),
    lag: Duration::from_millis(200),
    poll: Duration::from_millis(10),
    backoff: Duration::from_millis(1),
};

/// The release of `cargo/app` with this tag, whose version is what follows the last `v`.
pub(super) fn release(tag: &str) -> Release {
    let version = tag.rsplit_once('v').map_or(tag, |(_, version)| version);
    Release {
        package: PackageId::new(Ecosystem::Cargo, "app"),
        version: version.parse().unwrap(),
        tag: tag.to_owned(),
        commit: Some(COMMIT.to_owned()),
        commit_time: 0,
        path: "crates/app".into(),
        notes: Some("### Minor changes\n\n- A thing\n".into()),
        repository: None,
    }
}

/// A shipment whose files lie in a temporary folder.
pub(super) struct Parcel {
    pub(super) folder: TempDir,
    pub(super) shipment: Shipment,
}

/// A parcel of these files for the release with this tag.
pub(super) fn parcel(tag: &str, files: &[(&str, &[u8])]) -> Parcel {
    let folder = tempfile::tempdir().unwrap();
    let artifacts = files.iter().map(|(name, bytes)| {
        let path = folder.path().join(name.replace('/', "_"));
        std::fs::write(&path, bytes).unwrap();
        Artifact {
            name: (*name).to_owned(),
            kind: ArtifactKind::Archive,
            target: None,
            bytes: bytes.len() as u64,
            sha256: Digest::of(bytes),
            path,
        }
    });
    let artifacts = artifacts.collect();
    Parcel { folder, shipment: Shipment { release: Arc::new(release(tag)), artifacts } }
}

/// Carries out these shipments through one backend with the engine itself, four at a time; all must succeed.
pub(super) async fn carry_out(backend: Box<dyn Backend>, shipments: Vec<Shipment>, staging: &Path) {
    let destination = Arc::new(Destination {
        name: "github".into(),
        backend,
        needs: Vec::new(),
        retries: 0,
        stall_timeout: Duration::from_secs(60),
        max_wait: Duration::from_secs(60),
        jobs: None,
    });
    let order = |shipment| Order {
        destination: Arc::clone(&destination),
        shipment,
        missing: Vec::new(),
        optional: Vec::new(),
        earlier: Earlier::default(),
        unfinished: None,
        adds: false,
    };
    let options = Options {
        jobs: NonZeroUsize::new(4).unwrap(),
        dry_run: false,
        replace: false,
        fail_fast: false,
        pace: PACE,
        cancellation: CancellationToken::new(),
        reporter: Arc::new(Silent),
        staging: staging.to_owned(),
        stock: Arc::default(),
    };
    let plan = Plan::new(shipments.into_iter().map(order).collect()).unwrap();
    for outcome in plan.carry_out(&options).await {
        let problems: Vec<_> =
            outcome.deliveries.iter().chain(&outcome.finish).filter(|d| d.status.is_problem()).collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

/// The environment of a workflow of `github`.
pub(super) fn environment(github: &FakeGithub, token: Option<&str>) -> Environment {
    let addresses = [("GITHUB_API_URL", github.api_url()), ("GITHUB_SERVER_URL", github.web_url())];
    addresses.into_iter().chain(token.map(|token| ("GITHUB_TOKEN", token))).collect()
}

/// A backend with these keys, built the way that the configuration builds it.
pub(super) fn backend_in(environment: Environment, keys: &str) -> Box<dyn Backend> {
    let text = format!("[distribute.backends.github]\ntype = \"github-release\"\n{keys}\n");
    let config = Config::parse("config.toml".as_ref(), text).unwrap();
    let table = &config.distribute.backends["github"];
    let kind = BackendType::find(table).unwrap();
    (kind.check)(table).unwrap();
    (kind.build)(table, &context(environment)).unwrap()
}

/// A backend with all keys at their defaults, over an HTTP client that is shared: making one is slow.
pub(super) fn backend_over(
    client: &reqwest::Client,
    github: &FakeGithub,
    pace: Pace,
    timeout: Duration,
) -> GithubReleases {
    let context = BackendContext { pace, ..context(environment(github, Some(TOKEN))) };
    let config = GithubReleaseConfig::default();
    let github = config.github(&context.environment).unwrap().with_client(client.clone()).with_timeout(timeout);
    config.over(github, &context)
}

fn context(environment: Environment) -> BackendContext {
    BackendContext {
        limits: Arc::default(),
        token_variables: Arc::from([]),
        root: ".".into(),
        repository: Some("acme/app".to_owned().try_into().unwrap()),
        environment: Arc::new(environment),
        reporter: Arc::new(Silent),
        pace: PACE,
    }
}

/// The usual backend.
pub(super) fn backend(github: &FakeGithub, keys: &str) -> Box<dyn Backend> {
    backend_in(environment(github, Some(TOKEN)), keys)
}

/// How a run ended.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) delivered: Vec<String>,
    pub(super) unchanged: Vec<String>,
    pub(super) failed: Vec<(String, BackendError)>,
    /// Why the shipment as a whole failed.
    pub(super) error: Option<BackendError>,
    pub(super) warnings: Vec<String>,
}

impl Outcome {
    /// The codes of everything that failed.
    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.failed.iter().map(|(_, error)| error).chain(&self.error).map(|error| error.code).collect()
    }

    /// Panics unless all went well.
    #[track_caller]
    pub(super) fn succeeded(self) -> Self {
        assert!(self.failed.is_empty() && self.error.is_none(), "{self:#?}");
        self
    }
}

/// Runs a shipment with four retries of every step, nothing being replaced.
pub(super) async fn run(backend: &dyn Backend, shipment: &Shipment) -> Outcome {
    Run { backend, shipment, retries: 4, replace: false }.run().await
}

/// The same, replacing what differs.
pub(super) async fn run_replacing(backend: &dyn Backend, shipment: &Shipment) -> Outcome {
    Run { backend, shipment, retries: 4, replace: true }.run().await
}

/// The same without retries.
pub(super) async fn run_once(backend: &dyn Backend, shipment: &Shipment) -> Outcome {
    Run { backend, shipment, retries: 0, replace: false }.run().await
}

struct Run<'a> {
    backend: &'a dyn Backend,
    shipment: &'a Shipment,
    retries: u32,
    replace: bool,
}

impl Run<'_> {
    async fn run(&self) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.all(&mut outcome).await {
            outcome.error = Some(error);
        }
        outcome
    }

    async fn all(&self, outcome: &mut Outcome) -> Result<(), BackendError> {
        let (backend, shipment) = (self.backend, self.shipment);
        let items = backend.items(shipment)?;
        let survey = retried(self.retries, async || backend.survey(shipment, &items).await).await?;
        outcome.warnings = survey.warnings;
        let missing = survey.presences.iter().any(|presence| *presence != Presence::Identical);
        if missing || !survey.finished {
            retried(self.retries, async || backend.check().await).await?;
        }
        if missing {
            retried(self.retries, async || backend.open(shipment).await).await?;
        }
        let deliveries = items.iter().zip(survey.presences).map(|(item, found)| self.deliver(item, found));
        for (item, result) in items.iter().zip(futures::future::join_all(deliveries).await) {
            match result {
                Ok(true) => outcome.delivered.push(item.name.clone()),
                Ok(false) => outcome.unchanged.push(item.name.clone()),
                Err(error) => outcome.failed.push((item.name.clone(), error)),
            }
        }
        if outcome.failed.is_empty() && (!survey.finished || !outcome.delivered.is_empty()) {
            retried(self.retries, async || backend.finish(shipment).await).await?;
        }
        Ok(())
    }

    /// Whether something was sent.
    async fn deliver(&self, item: &Item, found: Presence) -> Result<bool, BackendError> {
        let mut found = found;
        let mut attempt = 0;
        loop {
            match &found {
                Presence::Identical => return Ok(attempt > 0),
                Presence::Closed(why) => return Err(BackendError::new("conflict", why.clone())),
                Presence::Different(Found { description: what, .. }) if !self.replace => {
                    return Err(BackendError::new("conflict", what.clone()));
                }
                _ => {}
            }
            let progress = Progress::default();
            let error = match self.backend.deliver(self.shipment, item, &found, &progress).await {
                Ok(receipt) => {
                    assert_eq!(
                        receipt.url,
                        self.backend.download_url(&self.shipment.release, super::compare::artifact(item))
                    );
                    return Ok(true);
                }
                Err(error) => error,
            };
            let survey = self.backend.survey(self.shipment, std::slice::from_ref(item)).await;
            match survey {
                Ok(survey) => found = survey.presences.into_iter().next().unwrap(),
                Err(_) => return Err(error),
            }
            if found == Presence::Identical {
                return Ok(true);
            }
            if attempt >= self.retries || !error.is_retryable() {
                return Err(error);
            }
            attempt += 1;
        }
    }
}

/// Tries again what may help, at once unless a time is named, which no test waits for.
async fn retried<T>(retries: u32, step: impl AsyncFn() -> Result<T, BackendError>) -> Result<T, BackendError> {
    let mut left = retries;
    loop {
        match step().await {
            Err(error) if error.retry == Retry::Later && left > 0 => left -= 1,
            outcome => return outcome,
        }
        tokio::time::sleep(PACE.backoff).await;
    }
}
