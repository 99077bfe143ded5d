//! One release to one destination: survey, open, deliver; then its list of checksums; then finish.

use std::path::PathBuf;

use futures::future::join_all;
use tokio::sync::watch;

use super::PlannedOrder;
use super::attempt::Attempts;
use super::brake::NOT_STARTED;
use super::run::Run;
use crate::distribute::backend::{Backend, BackendError, Presence, Progress, Retry, Survey};
use crate::distribute::checksum::Digest;
use crate::distribute::checksum_list::{self, is_list};
use crate::distribute::model::{Artifact, Item, Release, Shipment};
use crate::distribute::report::Delivery;
use crate::error::{PathError, chain};
use crate::event::{DeliveryLabel, Event, Status};

mod sending;
mod task;

use task::Task;

/// The name under which making a shipment visible is reported.
const FINISH: &str = "finish";

/// Tells whether a needed backend succeeded with the release; nothing until it is through.
pub(super) type Awaited = (String, watch::Receiver<Option<bool>>);

/// An order that is being carried out.
pub(super) struct Shipping<'a> {
    planned: &'a PlannedOrder,
    run: &'a Run<'a>,
    names: Names,
}

/// What events are labelled with.
struct Names {
    package: String,
    version: String,
}

/// How far an order is.
#[derive(Default)]
pub(super) struct State {
    /// What became of each item so far.
    pub deliveries: Vec<Delivery>,
    /// What stands at the destination of this shipment, as artifacts.
    arrived: Vec<Artifact>,
    /// The list of checksums and what was found in its place, as long as it is not delivered.
    list: Option<(Item, Presence)>,
    /// Whether this run has put another list there.
    has_sent_list: bool,
    /// Whether the destination needed no finish when it was surveyed.
    was_finished: bool,
    /// Whether nothing more can be done, since the order was given up before its first delivery.
    given_up: bool,
}

impl<'a> Shipping<'a> {
    pub fn new(planned: &'a PlannedOrder, run: &'a Run<'_>) -> Self {
        let release = &planned.order.shipment.release;
        let names = Names { package: release.package.to_string(), version: release.version.to_string() };
        Self { planned, run, names }
    }

    /// Delivers everything but the list. Never fails: what goes wrong is in the state.
    pub async fn deliver(&self, awaited: Vec<Awaited>) -> State {
        let mut state = State { deliveries: self.missing(), ..State::default() };
        let items = &self.planned.items;
        if let Err(blocked) = self.wait_for(awaited).await {
            return self.give_up(state, items, Status::Blocked, &blocked);
        }
        let survey = match self.survey(items).await {
            Ok(survey) => survey,
            Err(error) => return self.give_up(state, items, status_of(&error), &error),
        };
        state.was_finished = survey.finished;
        let (lists, others): (Vec<_>, Vec<_>) =
            items.iter().zip(survey.presences).partition(|(item, _)| item.artifact.as_ref().is_some_and(is_list));
        let list = lists.into_iter().next();
        let tasks = join_all(others.into_iter().map(|(item, presence)| self.task(item.clone(), presence))).await;
        let writes = tasks.iter().any(|task| matches!(task, Task::Deliver(..)));
        let list_differs = list.as_ref().is_some_and(|(_, presence)| *presence != Presence::Identical);
        let is_ready =
            if self.run.options.dry_run || !(writes || list_differs) { Ok(()) } else { self.make_ready(writes).await };
        if let Err(error) = is_ready {
            let (undone, there): (Vec<Task>, Vec<Task>) =
                tasks.into_iter().partition(|task| matches!(task, Task::Deliver(..)));
            state.deliveries.extend(there.iter().map(|task| self.settled(task)));
            let undone: Vec<Item> =
                undone.into_iter().map(Task::into_item).chain(list.map(|(item, _)| item.clone())).collect();
            return self.give_up(state, &undone, status_of(&error), &error);
        }
        self.announce(&tasks);
        for (delivery, item) in join_all(tasks.into_iter().map(|task| self.carry(task))).await {
            state.note(delivery, item);
        }
        state.list = list.map(|(item, presence)| (item.clone(), presence));
        state
    }

    /// Delivers the list of checksums: of what arrived, together with what stands there already. `before` is what
    /// became of those that share it: once one of them has sent it, what was found in its place is there no more.
    pub async fn deliver_list(&self, mut state: State, before: &[State]) -> State {
        let Some((item, mut presence)) = state.list.take() else { return state };
        if before.iter().any(|other| other.has_sent_list)
            && let Some(now) = self.look_again(&item).await
        {
            presence = now;
        }
        if let Some(problem) = self.required_problem(&state) {
            let delivery = if presence == Presence::Identical {
                self.entry(&item, Status::Unchanged, None)
            } else {
                let message = format!("it lists `{problem}`, which did not arrive");
                self.entry(&item, Status::Blocked, Some(&needed_item_failed(message)))
            };
            state.note(delivery, item);
            return state;
        }
        let task = match self.list_of_arrived(&item, &state) {
            Ok(Some(item)) => self.task(item, presence).await,
            Ok(None) => return state,
            Err(error) => Task::Leave(item, Status::Failed, io_failure(&error)),
        };
        let (delivery, item) = self.carry(task).await;
        state.has_sent_list = delivery.status == Status::Delivered;
        state.note(delivery, item);
        state
    }

    /// Makes the shipment visible if everything that belongs to it has arrived. `hindrance` is what others that share
    /// the destination still lack.
    pub async fn finish(&self, state: &State, hindrance: Option<&str>) -> Option<Delivery> {
        if !self.backend().has_finish() || state.given_up {
            return None;
        }
        let item = Item { name: FINISH.into(), artifact: None };
        if let Some(problem) = self.required_problem(state).or_else(|| hindrance.map(str::to_owned)) {
            let error = needed_item_failed(format!("`{problem}` did not arrive"));
            return Some(self.entry(&item, Status::Blocked, Some(&error)));
        }
        let skipped =
            |reason: &str| self.entry(&item, Status::Skipped, Some(&BackendError::new("not-selected", reason)));
        let adds = self.planned.order.adds && state.was_finished;
        if let Some(reason) = self.planned.order.unfinished.as_ref().filter(|_| !adds) {
            return Some(skipped(reason));
        }
        if self.planned.items.is_empty() {
            return Some(skipped("nothing of this release is there to be delivered"));
        }
        let has = |status| state.deliveries.iter().any(|delivery| delivery.status == status);
        let delivered = has(Status::Delivered) || has(Status::WouldDeliver) || has(Status::WouldReplace);
        if state.was_finished && !delivered {
            return Some(self.entry(&item, Status::Unchanged, None));
        }
        if self.run.options.dry_run {
            return Some(self.entry(&item, Status::WouldDeliver, None));
        }
        Some(self.finish_now(&item, state).await)
    }

    /// The name of something that is required and did not arrive.
    pub fn required_problem(&self, state: &State) -> Option<String> {
        let is_optional = |delivery: &Delivery| self.planned.order.is_optional(delivery.target.as_ref());
        let mut problems = state.deliveries.iter().filter(|delivery| delivery.status.is_problem());
        problems.find(|delivery| !is_optional(delivery)).map(|delivery| delivery.item.clone())
    }

    /// Whether those that need this may go on: users can fetch what was shipped.
    pub fn succeeded(&self, state: &State, finish: Option<&Delivery>) -> bool {
        let visible = match finish {
            Some(finish) => !finish.status.is_problem() && finish.status != Status::Skipped,
            None => self.planned.order.unfinished.is_none(),
        };
        visible && !state.given_up && self.required_problem(state).is_none()
    }

    fn shipment(&self) -> &Shipment {
        &self.planned.order.shipment
    }

    fn release(&self) -> &Release {
        &self.shipment().release
    }

    fn backend(&self) -> &dyn Backend {
        &*self.planned.order.destination.backend
    }

    fn label<'b>(&'b self, item: &'b str) -> DeliveryLabel<'b> {
        let backend = &self.planned.order.destination.name;
        DeliveryLabel { backend, package: &self.names.package, version: &self.names.version, item }
    }

    fn attempts<'b>(&'b self, item: &'b str) -> Attempts<'b> {
        Attempts { destination: &self.planned.order.destination, run: self.run, label: self.label(item) }
    }

    fn entry(&self, item: &Item, status: Status, error: Option<&BackendError>) -> Delivery {
        let mut delivery = Delivery::new(&self.planned.order.destination.name, self.release(), &item.name, status);
        delivery.target = item.artifact.as_ref().and_then(|artifact| artifact.target.clone());
        delivery.bytes = item.bytes();
        if !status.is_problem() {
            delivery.url = item.artifact.as_ref().and_then(|a| self.backend().download_url(self.release(), a));
        }
        note_error(&mut delivery, error);
        if matches!(status, Status::Failed | Status::Conflict)
            && !self.planned.order.is_optional(delivery.target.as_ref())
        {
            self.run.brake.note_failure();
        }
        let reason = delivery.message.as_deref();
        self.run.options.reporter.report(Event::DeliveryFinished { delivery: self.label(&item.name), status, reason });
        delivery
    }

    fn give_up(&self, mut state: State, items: &[Item], status: Status, error: &BackendError) -> State {
        state.deliveries.extend(items.iter().map(|item| self.entry(item, status, Some(error))));
        state.given_up = true;
        state
    }

    /// An entry for everything that there is no artifact of.
    fn missing(&self) -> Vec<Delivery> {
        let order = &self.planned.order;
        let entry = |missing: &super::Missing| {
            let status = if order.is_optional(missing.target.as_ref()) { Status::Skipped } else { Status::Failed };
            let mut error = BackendError::new(missing.code, missing.message.clone());
            error.hint.clone_from(&missing.hint);
            error.retry = if missing.retryable { Retry::Later } else { Retry::Never };
            let mut delivery = self.entry(&Item { name: missing.item.clone(), artifact: None }, status, Some(&error));
            delivery.target.clone_from(&missing.target);
            delivery
        };
        order.missing.iter().map(entry).collect()
    }

    async fn wait_for(&self, awaited: Vec<Awaited>) -> Result<(), BackendError> {
        for (name, mut signal) in awaited {
            let succeeded = signal.wait_for(Option::is_some).await.ok().and_then(|value| *value);
            if succeeded != Some(true) {
                let message = format!("it needs `{name}`, which did not succeed with this release");
                return Err(BackendError::new("needed-backend-failed", message).with_retry(Retry::Later));
            }
        }
        Ok(())
    }

    async fn survey(&self, items: &[Item]) -> Result<Survey, BackendError> {
        let backend = self.backend();
        let request = async || {
            if backend.surveys_files() {
                self.run.options.stock.bring(&self.shipment().artifacts, &Progress::default()).await?;
            }
            backend.survey(self.shipment(), items).await
        };
        let survey = self.attempts("survey").run(request).await.1?;
        for warning in &survey.warnings {
            let message = format!("{}: {warning}", self.planned.order.destination.name);
            self.run.options.reporter.report(Event::Warning { message: &message, hint: None });
        }
        Ok(survey)
    }

    /// Says how much there is to do, for those who watch.
    fn announce(&self, tasks: &[Task]) {
        let due = || tasks.iter().filter_map(Task::due);
        let (items, bytes) = (due().count() as u64, due().map(Item::bytes).sum());
        tracing::trace!(
            backend = self.planned.order.destination.name,
            tag = self.release().tag,
            due = items,
            settled = tasks.len() as u64 - items,
            "surveyed"
        );
        if !self.run.options.dry_run && items > 0 {
            self.run.options.reporter.report(Event::DeliveriesPlanned { items, bytes });
        }
    }

    /// The list, without what is optional and did not arrive; none if nothing arrived that could be listed.
    fn list_of_arrived(&self, item: &Item, state: &State) -> Result<Option<Item>, PathError> {
        if self.run.options.dry_run {
            return Ok(Some(item.clone()));
        }
        let list = checksum_list::list_of(&state.arrived, &self.staging("arrived"))?;
        Ok(list.as_ref().map(Item::of))
    }

    /// A folder for files that are made on the way for this order alone.
    fn staging(&self, purpose: &str) -> PathBuf {
        let order = Digest::of(format!("{:?}", self.label(&self.release().tag))).to_string();
        self.run.options.staging.join(purpose).join(order)
    }

    /// Checks credentials, and opens the destination if anything but a list is to be delivered.
    async fn make_ready(&self, open: bool) -> Result<(), BackendError> {
        self.run.check(&self.planned.order.destination).await?;
        if !open {
            return Ok(());
        }
        self.attempts("open").run(|| self.backend().open(self.shipment())).await.1
    }

    /// Whether the credentials of the destination are good; asked once a run, through [`Run::check`].
    pub async fn check_now(&self) -> Result<(), BackendError> {
        self.attempts("check").run(|| self.backend().check()).await.1
    }
}

impl State {
    /// Another release has its lines in the same list now.
    pub fn forget_list(&mut self) {
        self.arrived.retain(|artifact| !is_list(artifact));
    }

    fn note(&mut self, delivery: Delivery, item: Item) {
        if matches!(delivery.status, Status::Delivered | Status::Unchanged) {
            self.arrived.extend(item.artifact);
        }
        self.deliveries.push(delivery);
    }
}

/// How something ended that this keeps from being done.
fn status_of(error: &BackendError) -> Status {
    if error.code == NOT_STARTED { Status::Blocked } else { Status::Failed }
}

fn needed_item_failed(message: String) -> BackendError {
    BackendError::new("needed-item-failed", message).with_retry(Retry::Later)
}

fn io_failure(error: &PathError) -> BackendError {
    BackendError::new("io", chain(error))
}

fn note_error(delivery: &mut Delivery, error: Option<&BackendError>) {
    let Some(error) = error else { return };
    delivery.code = Some(error.code.to_owned());
    delivery.message = Some(error.message.clone());
    delivery.hint.clone_from(&error.hint);
    delivery.retryable = error.is_retryable();
}
