//! One release at one destination that takes it: what must be there, and what is. No built file is needed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use super::Caller;
use super::backend::{Backend, BackendError, Inventory, NOT_SUPPORTED, Pace};
use super::destination::Taker;
use super::engine::attempt::Attempts;
use super::engine::run::Run;
use super::engine::{self, Destination};
use super::expected::{Expected, expected};
use super::model::Release;
use super::participant::Participant;
use super::resolve::ResolveError;
use crate::config::Config;
use crate::event::{DeliveryLabel, Reporter};
use crate::target::Target;

/// One release at one destination that takes it.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub taker: &'a Taker,
    pub participant: &'a Participant<'a>,
    pub release: Arc<Release>,
    /// Where that is, for people.
    pub place: Result<String, BackendError>,
    /// What must be there of the targets asked for.
    pub expected: Vec<Expected>,
    /// What may be there of any target, also of other releases that share the place.
    pub known: Vec<Expected>,
    package: String,
    version: String,
}

/// What a destination said about a release.
#[derive(Debug)]
pub(super) enum Answer {
    /// This is there; none if nothing is.
    Holds(Option<Inventory>),
    /// It cannot tell, whenever it is asked.
    Mute(BackendError),
    /// It could not be asked now.
    Failed(BackendError),
}

/// Every site of `releases`.
pub(super) fn sites<'a>(
    config: &Config,
    takers: &'a [Taker],
    participants: &'a [Participant<'a>],
    releases: &[Arc<Release>],
) -> Result<Vec<Site<'a>>, ResolveError> {
    let mut sites = Vec::new();
    for release in releases {
        let Some(participant) = participants.iter().find(|participant| *participant.id() == release.package) else {
            continue;
        };
        for taker in takers.iter().filter(|taker| taker.takes_from(participant)) {
            let site = Site::new(config, taker, participant, release)?;
            // Its filters may leave nothing of the release.
            sites.extend(Some(site).filter(|site| !site.expected.is_empty()));
        }
    }
    share_places(&mut sites);
    Ok(sites)
}

/// What one release puts at a place is no stranger to another one that is there too.
fn share_places(sites: &mut [Site<'_>]) {
    let mut at: BTreeMap<(String, String), Vec<Expected>> = BTreeMap::new();
    let key = |site: &Site<'_>| Some((site.backend_name().to_owned(), site.place.clone().ok()?));
    for site in sites.iter() {
        at.entry(key(site).unwrap_or_default()).or_default().extend(site.known.iter().cloned());
    }
    for site in sites {
        if let Some(all) = key(site).and_then(|key| at.get(&key)) {
            site.known.clone_from(all);
        }
    }
}

impl<'a> Site<'a> {
    fn new(
        config: &Config,
        taker: &'a Taker,
        participant: &'a Participant<'a>,
        release: &Arc<Release>,
    ) -> Result<Self, ResolveError> {
        let of = |targets: &[Target]| expected(config, taker, participant, release, targets);
        Ok(Self {
            place: taker.destination.backend.destination(release),
            expected: of(&participant.targets)?,
            known: of(participant.configured_targets)?,
            package: release.package.to_string(),
            version: release.version.to_string(),
            release: Arc::clone(release),
            taker,
            participant,
        })
    }

    pub fn destination(&self) -> &'a Destination {
        &self.taker.destination
    }

    /// The configured name of the destination.
    pub fn backend_name(&self) -> &'a str {
        &self.destination().name
    }

    pub fn backend(&self) -> &'a dyn Backend {
        &*self.destination().backend
    }

    /// Why nothing of the release goes there, if a rule about versions says so.
    pub fn left_out(&self) -> Option<String> {
        let kind = if self.release.is_prerelease() { "pre-releases" } else { "stable versions" };
        (!self.taker.takes_version(&self.release)).then(|| format!("{kind} do not go there"))
    }

    /// Whether `name` is nothing that the configuration knows of.
    pub fn is_stray(&self, name: &str) -> bool {
        !self.known.iter().any(|expected| expected.name.fits(name))
    }

    /// Asks the destination what it holds.
    pub async fn ask(&self, asking: &Asking) -> Answer {
        if let Err(error) = &self.place {
            return Answer::Failed(error.clone());
        }
        let (_, answer) = self.attempts(asking, "inventory").run(|| self.backend().inventory(&self.release)).await;
        match answer {
            Ok(inventory) => Answer::Holds(inventory),
            Err(error) if error.code == NOT_SUPPORTED => Answer::Mute(error),
            Err(error) => Answer::Failed(error),
        }
    }

    /// Attempts of something that concerns `item` there.
    pub fn attempts<'b>(&'b self, asking: &'b Asking, item: &'b str) -> Attempts<'b> {
        Attempts { destination: self.destination(), run: &asking.run, label: self.label(item) }
    }

    /// Names `item` there in events.
    pub fn label<'b>(&'b self, item: &'b str) -> DeliveryLabel<'b> {
        DeliveryLabel { backend: self.backend_name(), package: &self.package, version: &self.version, item }
    }
}

/// How destinations are asked: a bounded number at the same time, of all and of each; nothing is changed.
pub(super) struct Asking {
    run: Run<'static>,
}

impl Asking {
    pub fn new(takers: &[Taker], caller: &Caller, jobs: NonZeroUsize, staging: &Path) -> Self {
        let options = engine::Options {
            jobs,
            dry_run: true,
            replace: false,
            fail_fast: false,
            pace: Pace::default(),
            cancellation: caller.cancellation.clone(),
            reporter: Arc::clone(&caller.reporter),
            staging: staging.to_owned(),
            stock: Arc::default(),
        };
        let destinations = takers.iter().map(|taker| &*taker.destination);
        Self { run: Run::of_questions(destinations, options) }
    }

    pub fn reporter(&self) -> &dyn Reporter {
        &*self.run.options.reporter
    }

    pub fn staging(&self) -> &Path {
        &self.run.options.staging
    }
}
