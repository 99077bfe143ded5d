//! Deliveries: their order, their concurrency, their retries and their isolation from one another.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, BackendError, Pace};
use super::checksum::Digest;
use super::model::{Artifact, Item, Release, Shipment};
use super::report::Delivery;
use crate::error::Diagnose;
use crate::event::{Event, Reporter};
use crate::target::Target;

mod attempt;
mod voyage;

use voyage::Voyage;

/// A configured backend, with the bounds of its deliveries.
#[derive(Debug)]
pub struct Destination {
    /// Its configured name.
    pub name: String,
    /// The backend.
    pub backend: Box<dyn Backend>,
    /// The backends that go first with each release.
    pub needs: Vec<String>,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// How long an attempt may go without progress.
    pub stall_timeout: Duration,
    /// The longest single wait.
    pub max_wait: Duration,
    checked: OnceCell<Result<(), BackendError>>,
}

impl Destination {
    /// A destination with these bounds; its credentials are checked before its first write.
    pub fn new(
        name: String,
        backend: Box<dyn Backend>,
        needs: Vec<String>,
        retries: u32,
        stall_timeout: Duration,
        max_wait: Duration,
    ) -> Self {
        Self { name, backend, needs, retries, stall_timeout, max_wait, checked: OnceCell::new() }
    }
}

/// One release for one destination.
#[derive(Debug, Clone)]
pub struct Order {
    /// Where to.
    pub destination: Arc<Destination>,
    /// What.
    pub shipment: Shipment,
    /// What there is no artifact of.
    pub missing: Vec<Missing>,
    /// Targets that do not hold back the release, whatever becomes of their artifacts.
    pub optional: Vec<Target>,
    /// What an earlier run knew of this order, if this one repeats it.
    pub earlier: Earlier,
    /// Why the shipment is not to be finished by this run, although all that it has may arrive.
    pub unfinished: Option<String>,
}

impl Order {
    /// Whether what belongs to `target` holds nothing back.
    fn is_optional(&self, target: Option<&Target>) -> bool {
        target.is_some_and(|target| self.optional.contains(target))
    }
}

/// What the report of an earlier run says about an order.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// Items that arrived then: believed where the destination cannot tell.
    pub arrived: BTreeSet<String>,
    /// The digests of artifacts then: one that differs now was built anew, and is delivered only if replacing was
    /// asked for.
    pub digests: BTreeMap<String, Digest>,
}

/// Something of a release that there is no artifact of.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The target that it was to be built for, if it belongs to one.
    pub target: Option<Target>,
    /// What would have been delivered.
    pub item: String,
    /// Why there is none: a stable name.
    pub code: &'static str,
    /// The same for people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a run is done.
#[derive(Clone)]
pub struct Options {
    /// How many deliveries at the same time, over all destinations.
    pub jobs: NonZeroUsize,
    /// Look, change nothing.
    pub dry_run: bool,
    /// Replace what differs.
    pub replace: bool,
    /// Bounded waits for destinations to settle.
    pub pace: Pace,
    /// Fires when the run is to end early.
    pub cancellation: CancellationToken,
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// A folder of this run for files that are made on the way.
    pub staging: PathBuf,
}

/// Orders whose items are known and do not get in each other's way.
#[derive(Debug)]
pub struct Plan(Vec<PlannedOrder>);

#[derive(Debug)]
struct PlannedOrder {
    order: Order,
    items: Vec<Item>,
}

/// The orders cannot be carried out as they are; nothing was delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A backend refuses what it is to deliver, such as a file name.
    #[error("the backend `{backend}` cannot take `{release}`: {source}")]
    Refused {
        /// The backend's name.
        backend: String,
        /// The release's tag.
        release: String,
        /// Its reason.
        source: Box<BackendError>,
    },
    /// Two items would have one name at one place.
    #[error("`{item}` of `{first}` and of `{second}` would have the same name at {place}")]
    Collision {
        /// The item's name.
        item: String,
        /// The tag of one release.
        first: String,
        /// The tag of the other.
        second: String,
        /// The place.
        place: String,
    },
}

impl Diagnose for PlanError {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { source, .. } => source.code,
            Self::Collision { .. } => "artifact-collision",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { source, .. } => source.hint.clone(),
            Self::Collision { .. } => Some(
                "give each package a place or names of its own, with `{{ crate }}` in the path or in `archive.name`"
                    .into(),
            ),
        }
    }
}

/// What became of one order.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One entry for each item.
    pub deliveries: Vec<Delivery>,
    /// Whether the shipment was made visible.
    pub finish: Option<Delivery>,
}

impl Plan {
    /// Asks every backend what it would put where, and refuses items that would overwrite each other.
    pub fn new(orders: Vec<Order>) -> Result<Self, PlanError> {
        let mut taken: BTreeMap<(String, String, String), Arc<Release>> = BTreeMap::new();
        let mut planned = Vec::with_capacity(orders.len());
        for order in orders {
            let Destination { name, backend, .. } = &*order.destination;
            let release = &order.shipment.release;
            let refused = |source| PlanError::Refused {
                backend: name.clone(),
                release: release.tag.clone(),
                source: Box::new(source),
            };
            let place = backend.destination(release).map_err(refused)?;
            let items = backend.items(&order.shipment).map_err(refused)?;
            for item in &items {
                // Compared without case: the destination may be a file system that does not tell it apart.
                let key = (name.clone(), place.clone(), item.name.to_lowercase());
                if let Some(other) = taken.insert(key, Arc::clone(release)) {
                    return Err(PlanError::Collision {
                        item: item.name.clone(),
                        first: other.tag.clone(),
                        second: release.tag.clone(),
                        place,
                    });
                }
            }
            planned.push(PlannedOrder { order, items });
        }
        Ok(Self(planned))
    }

    /// Carries out every order. One that fails never stops another, unless that one needs it.
    pub async fn carry_out(self, options: &Options) -> Vec<Outcome> {
        self.warn_of_optional(&*options.reporter);
        let permits = Semaphore::new(options.jobs.get());
        let mut signals = BTreeMap::new();
        for planned in &self.0 {
            signals.insert(planned.key(), watch::channel(None));
        }
        let voyages = self.0.iter().map(|planned| {
            let needs = planned.order.destination.needs.iter();
            let awaited = needs
                .filter_map(|need| {
                    let (_, receiver) = signals.get(&(need.clone(), planned.order.shipment.release.tag.clone()))?;
                    Some((need.clone(), receiver.clone()))
                })
                .collect();
            let (done, _) = &signals[&planned.key()];
            async {
                let outcome = Voyage::new(planned, options, &permits).sail(awaited).await;
                let succeeded = outcome.deliveries.iter().chain(&outcome.finish).all(|d| !d.status.is_problem());
                done.send_replace(Some(succeeded));
                outcome
            }
        });
        join_all(voyages).await
    }

    /// Says once what is missing and optional: the run succeeds without it, so that it would be easily overlooked.
    fn warn_of_optional(&self, reporter: &dyn Reporter) {
        let mut told = BTreeSet::new();
        for order in self.0.iter().map(|planned| &planned.order) {
            let release = &order.shipment.release;
            for missing in order.missing.iter().filter(|missing| order.is_optional(missing.target.as_ref())) {
                if told.insert((&release.package, &release.version, &missing.item)) {
                    let message = format!("`{}` is optional and left out: {}", missing.item, missing.message);
                    reporter.report(Event::Warning { message: &message, hint: missing.hint.as_deref() });
                }
            }
        }
    }
}

impl PlannedOrder {
    fn key(&self) -> (String, String) {
        (self.order.destination.name.clone(), self.order.shipment.release.tag.clone())
    }
}

/// Whether an artifact lists others, so that a newer one may take its place if it keeps every line.
fn lists_others(artifact: &Artifact) -> bool {
    artifact.name == super::checksum::SUMS_FILE
}

#[cfg(test)]
#[path = "engine/engine_tests.rs"]
mod tests;
