//! One release on its way to one destination: survey, open, deliver, finish.

use std::time::Instant;

use futures::future::join_all;
use tokio::sync::{Semaphore, watch};

use super::attempt::{Attempts, CANCELLED, cancelled};
use super::{Options, Outcome, PlannedOrder, lists_others};
use crate::atomic;
use crate::distribute::backend::{Backend, BackendError, Presence, Progress, Receipt, Retry, Survey};
use crate::distribute::checksum::{self, Digest, Merge};
use crate::distribute::model::{Artifact, Item, Release, Shipment};
use crate::distribute::report::Delivery;
use crate::error::{PathError, chain};
use crate::event::{DeliveryLabel, Event, Status};

/// The name under which making a shipment visible is reported.
const FINISH: &str = "finish";

/// Tells whether a needed backend succeeded with the release; nothing until it is through.
pub(super) type Awaited = (String, watch::Receiver<Option<bool>>);

/// An order under way.
pub(super) struct Voyage<'a> {
    planned: &'a PlannedOrder,
    options: &'a Options,
    permits: &'a Semaphore,
    names: Names,
}

/// What events about this voyage are labelled with.
struct Names {
    package: String,
    version: String,
}

/// What one item needs.
enum Task {
    /// It is there.
    Nothing,
    /// It is to be put where this was found.
    Deliver(Item, Presence),
    /// Nothing can be done about it, or may be.
    Leave(Status, BackendError),
}

impl<'a> Voyage<'a> {
    pub fn new(planned: &'a PlannedOrder, options: &'a Options, permits: &'a Semaphore) -> Self {
        let release = &planned.order.shipment.release;
        let names = Names { package: release.package.to_string(), version: release.version.to_string() };
        Self { planned, options, permits, names }
    }

    /// From survey to finish. Never fails: what goes wrong is in the outcome.
    pub async fn sail(&self, awaited: Vec<Awaited>) -> Outcome {
        let mut outcome = Outcome { deliveries: self.missing(), finish: None };
        let items = &self.planned.items;
        if let Err(blocked) = self.wait_for(awaited).await {
            outcome.deliveries.extend(items.iter().map(|item| self.entry(item, Status::Blocked, Some(&blocked))));
            return outcome;
        }
        let survey = match self.survey(items).await {
            Ok(survey) => survey,
            Err(error) => {
                outcome.deliveries.extend(items.iter().map(|item| self.entry(item, Status::Failed, Some(&error))));
                return outcome;
            }
        };
        let tasks = self.tasks(items, survey.presences).await;
        if self.options.dry_run {
            let would = items.iter().zip(&tasks).map(|(item, task)| self.forecast(item, task));
            outcome.deliveries.extend(would);
            outcome.finish = self.finish(&outcome.deliveries, survey.finished).await;
            return outcome;
        }
        if let Err(error) = self.make_ready(&tasks).await {
            outcome.deliveries.extend(items.iter().zip(&tasks).map(|(item, task)| match task {
                Task::Deliver(..) => self.entry(item, Status::Failed, Some(&error)),
                _ => self.settled(item, task),
            }));
            return outcome;
        }
        outcome.deliveries.extend(self.deliver_all(items, tasks).await);
        outcome.finish = self.finish(&outcome.deliveries, survey.finished).await;
        outcome
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
        Attempts {
            destination: &self.planned.order.destination,
            options: self.options,
            permits: self.permits,
            label: self.label(item),
        }
    }

    fn entry(&self, item: &Item, status: Status, error: Option<&BackendError>) -> Delivery {
        let mut delivery = Delivery::new(&self.planned.order.destination.name, self.release(), &item.name, status);
        delivery.target = item.artifact.as_ref().and_then(|artifact| artifact.target.clone());
        delivery.bytes = item.bytes();
        if !status.is_problem() {
            delivery.url = item.artifact.as_ref().and_then(|a| self.backend().download_url(self.release(), a));
        }
        note_error(&mut delivery, error);
        let reason = delivery.message.as_deref();
        self.options.reporter.report(Event::DeliveryFinished { delivery: self.label(&item.name), status, reason });
        delivery
    }

    /// An entry for everything that there is no artifact of.
    fn missing(&self) -> Vec<Delivery> {
        let missing = self.planned.order.missing.iter();
        missing
            .map(|missing| {
                let optional = self.planned.order.is_optional(missing.target.as_ref());
                let status = if optional { Status::Skipped } else { Status::Failed };
                let mut error = BackendError::new(missing.code, missing.message.clone());
                error.hint.clone_from(&missing.hint);
                let item = Item { name: missing.item.clone(), artifact: None };
                let mut delivery = self.entry(&item, status, Some(&error));
                delivery.target.clone_from(&missing.target);
                delivery
            })
            .collect()
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
        let (_, survey) = self.attempts("survey").run(|| self.backend().survey(self.shipment(), items)).await;
        let survey = survey?;
        for warning in &survey.warnings {
            let message = format!("{}: {warning}", self.planned.order.destination.name);
            self.options.reporter.report(Event::Warning { message: &message, hint: None });
        }
        Ok(survey)
    }

    async fn tasks(&self, items: &[Item], presences: Vec<Presence>) -> Vec<Task> {
        join_all(items.iter().zip(presences).map(|(item, presence)| self.task(item, presence))).await
    }

    async fn task(&self, item: &Item, presence: Presence) -> Task {
        match presence {
            Presence::Identical => Task::Nothing,
            Presence::Unknown if self.planned.order.earlier.arrived.contains(&item.name) => Task::Nothing,
            Presence::Closed(reason) => Task::Leave(Status::Conflict, BackendError::new("destination-closed", reason)),
            Presence::Different(found) => match &item.artifact {
                Some(artifact) if lists_others(artifact) => self.merged(item, artifact, found).await,
                _ => self.replacement(item, found),
            },
            other => match self.rebuilt(item) {
                Some(error) if !self.options.replace => Task::Leave(Status::Conflict, error),
                _ => Task::Deliver(item.clone(), other),
            },
        }
    }

    /// Why the item is not what an earlier run tried to deliver, if it is not.
    fn rebuilt(&self, item: &Item) -> Option<BackendError> {
        let artifact = item.artifact.as_ref().filter(|artifact| !lists_others(artifact))?;
        let before = self.planned.order.earlier.digests.get(&item.name)?;
        if *before == artifact.sha256 {
            return None;
        }
        let message = format!("it has SHA-256 {}, and had {before} in the report", artifact.sha256);
        let hint = "bring back the files of that run, or pass `--replace` if these are the right ones";
        Some(BackendError::new("artifact-changed", message).with_hint(hint))
    }

    fn replacement(&self, item: &Item, found: String) -> Task {
        if self.options.replace {
            return Task::Deliver(item.clone(), Presence::Different(found));
        }
        let message = format!("the destination holds {found} under this name");
        let hint = "released files are not replaced: release a new version, or pass `--replace` if this one is wrong";
        Task::Leave(Status::Conflict, BackendError::new("conflict", message).with_hint(hint))
    }

    /// A checksum file that differs may be one of a run with other targets: what it lists is kept.
    async fn merged(&self, item: &Item, ours: &Artifact, found: String) -> Task {
        let (_, theirs) = self.attempts(&item.name).run(|| self.backend().read(self.shipment(), item)).await;
        let theirs = match theirs {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => return Task::Leave(Status::Failed, error),
        };
        match std::fs::read_to_string(&ours.path).map(|ours| checksum::merge(&theirs, &ours)) {
            Err(error) => failed(&PathError::new("read", &ours.path)(error)),
            Ok(Err(_) | Ok(Merge::Contradiction(_))) => self.replacement(item, found),
            Ok(Ok(Merge::Union(sums))) if sums.to_string() == theirs => Task::Nothing,
            Ok(Ok(Merge::Union(sums))) => match self.stage(ours, &sums.to_string()) {
                Ok(artifact) => Task::Deliver(Item::of(&artifact), Presence::Different(found)),
                Err(error) => failed(&error),
            },
        }
    }

    /// `artifact` with another text, in a file of this run.
    fn stage(&self, artifact: &Artifact, text: &str) -> Result<Artifact, PathError> {
        let folder = Digest::of(format!("{:?}", self.label(&artifact.name))).to_string();
        let path = self.options.staging.join("merged").join(folder).join(&artifact.name);
        atomic::write(&path, text)?;
        Ok(Artifact { path, sha256: Digest::of(text), bytes: text.len() as u64, ..artifact.clone() })
    }

    fn forecast(&self, item: &Item, task: &Task) -> Delivery {
        match task {
            Task::Deliver(_, Presence::Different(_)) => self.entry(item, Status::WouldReplace, None),
            Task::Deliver(..) => self.entry(item, Status::WouldDeliver, None),
            settled => self.settled(item, settled),
        }
    }

    fn settled(&self, item: &Item, task: &Task) -> Delivery {
        match task {
            Task::Leave(status, error) => self.entry(item, *status, Some(error)),
            Task::Nothing | Task::Deliver(..) => self.entry(item, Status::Unchanged, None),
        }
    }

    /// Checks credentials and opens the destination, if anything is to be delivered.
    async fn make_ready(&self, tasks: &[Task]) -> Result<(), BackendError> {
        if !tasks.iter().any(|task| matches!(task, Task::Deliver(..))) {
            return Ok(());
        }
        self.check_credentials().await?;
        if self.options.cancellation.is_cancelled() {
            return Err(cancelled());
        }
        self.attempts("open").run(|| self.backend().open(self.shipment())).await.1
    }

    /// Once for all releases of a run.
    async fn check_credentials(&self) -> Result<(), BackendError> {
        let attempts = self.attempts("check");
        let checked = &self.planned.order.destination.checked;
        checked.get_or_init(|| async { attempts.run(|| self.backend().check()).await.1 }).await.clone()
    }

    /// Everything but the lists at once, then the lists, so that a list never names what has not arrived.
    async fn deliver_all(&self, items: &[Item], tasks: Vec<Task>) -> Vec<Delivery> {
        let is_list = |item: &Item| item.artifact.as_ref().is_some_and(lists_others);
        let (lists, others): (Vec<_>, Vec<_>) = items.iter().zip(tasks).partition(|(item, _)| is_list(item));
        let mut deliveries = join_all(others.into_iter().map(|(item, task)| self.carry(item, task))).await;
        let failed =
            deliveries.iter().find(|delivery| delivery.status.is_problem()).map(|delivery| delivery.item.clone());
        for (item, task) in lists {
            deliveries.push(match (&failed, task) {
                (Some(failed), Task::Deliver(..)) => {
                    let message = format!("it lists `{failed}`, which did not arrive");
                    let error = BackendError::new("needed-item-failed", message);
                    self.entry(item, Status::Blocked, Some(&error.with_retry(Retry::Later)))
                }
                (_, task) => self.carry(item, task).await,
            });
        }
        deliveries
    }

    async fn carry(&self, item: &Item, task: Task) -> Delivery {
        let Task::Deliver(item, found) = task else { return self.settled(item, &task) };
        if self.options.cancellation.is_cancelled() {
            return self.entry(&item, Status::Failed, Some(&cancelled()));
        }
        self.options.reporter.report(Event::DeliveryStarted { delivery: self.label(&item.name), bytes: item.bytes() });
        let started = Instant::now();
        let (attempts, result) = self.deliver(&item, found).await;
        let mut delivery = match &result {
            Ok(_) => self.entry(&item, Status::Delivered, None),
            Err((status, error)) => self.entry(&item, *status, Some(error)),
        };
        delivery.attempts = attempts;
        delivery.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Ok(Receipt { url: Some(url) }) = result {
            delivery.url = Some(url);
        }
        delivery
    }

    /// Delivers one item, and looks at the destination after every failure that leaves doubt: it may have arrived.
    async fn deliver(&self, item: &Item, mut found: Presence) -> (u32, Result<Receipt, (Status, BackendError)>) {
        let attempts = self.attempts(&item.name);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let progress = Progress::default();
            let request = self.backend().deliver(self.shipment(), item, &found, &progress);
            let error = match attempts.watched(request, &progress, item.bytes()).await {
                Ok(receipt) => return (attempt, Ok(receipt)),
                Err(error) => error,
            };
            if error.is_retryable() && error.code != CANCELLED {
                match self.look_again(item).await {
                    Some(Presence::Identical) => return (attempt, Ok(Receipt::default())),
                    Some(now) => match self.task(item, now).await {
                        Task::Deliver(_, now) => found = now,
                        Task::Leave(status, error) => return (attempt, Err((status, error))),
                        Task::Nothing => return (attempt, Ok(Receipt::default())),
                    },
                    None => {}
                }
            }
            if let Err(error) = attempts.pause(attempt, error).await {
                let status = if error.code == "conflict" { Status::Conflict } else { Status::Failed };
                return (attempt, Err((status, error)));
            }
        }
    }

    /// What stands in the item's place now; nothing if that cannot be told either.
    async fn look_again(&self, item: &Item) -> Option<Presence> {
        let request = self.backend().survey(self.shipment(), std::slice::from_ref(item));
        let survey = self.attempts(&item.name).once(request).await.ok()?;
        survey.presences.into_iter().next()
    }

    /// Makes the shipment visible if everything that belongs to it has arrived.
    async fn finish(&self, deliveries: &[Delivery], finished: bool) -> Option<Delivery> {
        if !self.backend().has_finish() {
            return None;
        }
        let item = Item { name: FINISH.into(), artifact: None };
        let optional = |delivery: &Delivery| self.planned.order.is_optional(delivery.target.as_ref());
        if let Some(problem) = deliveries.iter().find(|delivery| delivery.status.is_problem() && !optional(delivery)) {
            let error = BackendError::new("needed-item-failed", format!("`{}` did not arrive", problem.item));
            return Some(self.entry(&item, Status::Blocked, Some(&error.with_retry(Retry::Later))));
        }
        if let Some(reason) = &self.planned.order.unfinished {
            return Some(self.entry(&item, Status::Skipped, Some(&BackendError::new("not-selected", reason.clone()))));
        }
        let arrived = |status| deliveries.iter().any(|delivery| delivery.status == status);
        let delivered = arrived(Status::Delivered) || arrived(Status::WouldDeliver) || arrived(Status::WouldReplace);
        if finished && !delivered {
            return Some(self.entry(&item, Status::Unchanged, None));
        }
        if self.options.dry_run {
            return Some(self.entry(&item, Status::WouldDeliver, None));
        }
        Some(self.finish_now(&item).await)
    }

    async fn finish_now(&self, item: &Item) -> Delivery {
        let started = Instant::now();
        let (attempts, result) = match self.check_credentials().await {
            Ok(()) if self.options.cancellation.is_cancelled() => (0, Err(cancelled())),
            Ok(()) => self.attempts(FINISH).run(|| self.backend().finish(self.shipment())).await,
            Err(error) => (0, Err(error)),
        };
        let mut delivery = match &result {
            Ok(()) => self.entry(item, Status::Delivered, None),
            Err(error) => self.entry(item, Status::Failed, Some(error)),
        };
        delivery.attempts = attempts;
        delivery.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        delivery
    }
}

fn failed(error: &PathError) -> Task {
    Task::Leave(Status::Failed, BackendError::new("io", chain(error)))
}

fn note_error(delivery: &mut Delivery, error: Option<&BackendError>) {
    let Some(error) = error else { return };
    delivery.code = Some(error.code.to_owned());
    delivery.message = Some(error.message.clone());
    delivery.hint.clone_from(&error.hint);
    delivery.retryable = error.is_retryable();
}
