//! Deliveries: their order, their concurrency, their retries and their isolation from one another.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, BackendError, Pace};
use super::checksum::Digest;
use super::checksum_list::is_list;
use super::model::{Item, Release, Shipment};
use super::report::Delivery;
use crate::error::Diagnose;
use crate::event::{Event, Reporter};
use crate::target::Target;

pub(super) mod attempt;
mod brake;
pub(super) mod run;
mod shipping;
pub mod stock;

use run::Run;
use shipping::{Awaited, Shipping, State};
use stock::Stock;

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
    /// How many deliveries at the same time go there, where that is bounded.
    pub jobs: Option<NonZeroUsize>,
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
    /// Whether it is finished all the same where it was finished before: what comes later is added to it.
    pub adds: bool,
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
    /// Whether another run may find it.
    pub retryable: bool,
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
    /// Start nothing new once something failed.
    pub fail_fast: bool,
    /// Bounded waits for destinations to settle.
    pub pace: Pace,
    /// Fires when the run is to end early.
    pub cancellation: CancellationToken,
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// A folder of this run for files that are made on the way.
    pub staging: PathBuf,
    /// What of the artifacts is to be fetched before it can be sent.
    pub stock: Arc<Stock>,
}

/// Orders whose items are known and do not get in each other's way.
#[derive(Debug)]
pub struct Plan(Vec<PlannedOrder>);

#[derive(Debug)]
struct PlannedOrder {
    order: Order,
    items: Vec<Item>,
    place: String,
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
            // Lists of one place are merged into one.
            for item in items.iter().filter(|item| !item.artifact.as_ref().is_some_and(is_list)) {
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
            planned.push(PlannedOrder { order, items, place });
        }
        Ok(Self(planned))
    }

    /// Carries out every order. One that fails never stops another, unless that one needs it or shares its place:
    /// what is visible at once for several releases is finished once all of them have arrived.
    pub async fn carry_out(self, options: &Options) -> Vec<Outcome> {
        self.warn_of_optional(&*options.reporter);
        let run = Run::of_orders(&self.0, options.clone());
        let signals: Signals = self.0.iter().map(|planned| (planned.key(), watch::channel(None))).collect();
        let mut groups: BTreeMap<(&str, &str), Vec<&PlannedOrder>> = BTreeMap::new();
        for planned in &self.0 {
            groups.entry((&planned.order.destination.name, &planned.place)).or_default().push(planned);
        }
        let ran = groups.into_values().map(|group| carry_out_group(group, &run, &signals));
        join_all(ran).await.into_iter().flatten().collect()
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

/// Tells, by backend and release, whether it succeeded; nothing until it is through.
type Signals = BTreeMap<(String, String, String), (watch::Sender<Option<bool>>, watch::Receiver<Option<bool>>)>;

/// The orders that share one place.
async fn carry_out_group(group: Vec<&PlannedOrder>, run: &Run<'_>, signals: &Signals) -> Vec<Outcome> {
    let shippings: Vec<Shipping<'_>> = group.iter().map(|planned| Shipping::new(planned, run)).collect();
    let delivering = shippings.iter().zip(&group).map(|(shipping, planned)| shipping.deliver(planned.awaited(signals)));
    let mut states: Vec<State> = Vec::new();
    for (shipping, state) in shippings.iter().zip(join_all(delivering).await) {
        // They have one list, and what the next one makes of it counts.
        states.iter_mut().for_each(State::forget_list);
        let state = shipping.deliver_list(state, &states).await;
        states.push(state);
    }
    let hindrance = shippings.iter().zip(&states).find_map(|(shipping, state)| shipping.required_problem(state));
    let mut outcomes = Vec::new();
    for ((shipping, state), planned) in shippings.iter().zip(states).zip(&group) {
        let finish = shipping.finish(&state, hindrance.as_deref()).await;
        let succeeded = shipping.succeeded(&state, finish.as_ref());
        signals[&planned.key()].0.send_replace(Some(succeeded));
        outcomes.push(Outcome { deliveries: state.deliveries, finish });
    }
    outcomes
}

impl PlannedOrder {
    fn key(&self) -> (String, String, String) {
        self.key_at(&self.order.destination.name)
    }

    fn key_at(&self, backend: &str) -> (String, String, String) {
        let release = &self.order.shipment.release;
        (backend.to_owned(), release.package.to_string(), release.tag.clone())
    }

    /// The backends that this one waits for, as far as they have to do with the release.
    fn awaited(&self, signals: &Signals) -> Vec<Awaited> {
        let needs = self.order.destination.needs.iter();
        needs.filter_map(|need| Some((need.clone(), signals.get(&self.key_at(need))?.1.clone()))).collect()
    }
}

#[cfg(test)]
#[path = "engine/engine_tests.rs"]
mod tests;
