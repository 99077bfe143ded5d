//! Carries out what items need: sends them, looks at what became of them, and makes the whole visible.

use std::time::Instant;

use super::task::Task;
use super::{FINISH, Shipping, State, status_of};
use crate::distribute::backend::{BackendError, CHANGED_MEANWHILE, Presence, Progress, Receipt};
use crate::distribute::checksum_list::is_list;
use crate::distribute::model::{Item, Shipment};
use crate::distribute::report::Delivery;
use crate::event::Status;

impl Shipping<'_> {
    /// Does what a task asks for; what became of it, and the item as it stands there now.
    pub(super) async fn carry(&self, task: Task) -> (Delivery, Item) {
        let (item, found) = match task {
            Task::Deliver(item, found) if !self.run.options.dry_run => (item, found),
            settled => {
                let delivery = self.settled(&settled);
                return (delivery, settled.into_item());
            }
        };
        if let Err(error) = self.run.brake.check() {
            return (self.entry(&item, status_of(&error), Some(&error)), item);
        }
        let started = Instant::now();
        let (attempts, item, result) = self.send(item, found).await;
        let mut delivery = match &result {
            Ok(_) => self.entry(&item, Status::Delivered, None),
            Err((status, error)) => self.entry(&item, *status, Some(error)),
        };
        delivery.attempts = attempts;
        delivery.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Ok(Receipt { url: Some(url) }) = result {
            delivery.url = Some(url);
        }
        (delivery, item)
    }

    /// Delivers one item. The destination is looked at after every failure that leaves doubt, since it may have
    /// arrived, and after a list was delivered, since another run may have put its own there at the same moment.
    async fn send(&self, mut item: Item, mut found: Presence) -> (u32, Item, Result<Receipt, (Status, BackendError)>) {
        let name = item.name.clone();
        let attempts = self.attempts(&name);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let progress = Progress::default();
            let request = self.deliver_item(&item, &found, &progress);
            let error = match attempts.watched(request, &progress, item.bytes()).await {
                Ok(receipt) if !self.is_overtaken(&item).await => return (attempt, item, Ok(receipt)),
                Ok(_) => {
                    BackendError::transient(CHANGED_MEANWHILE, "another run changes the same list again and again")
                }
                Err(error) => error,
            };
            let mut again = None;
            if error.leaves_doubt()
                && self.run.brake.check().is_ok()
                && let Some(now) = self.look_again(&item).await
            {
                again = Some(self.task(item.clone(), now).await);
            }
            match again {
                Some(Task::Nothing(item)) => return (attempt, item, Ok(Receipt::default())),
                Some(Task::Leave(item, status, error)) => return (attempt, item, Err((status, error))),
                Some(Task::Deliver(next, now)) => (item, found) = (next, now),
                None => {}
            }
            if let Err(error) = attempts.pause(attempt, error).await {
                return (attempt, item, Err((status_of(&error), error)));
            }
        }
    }

    /// Puts an item there, once its bytes are here.
    async fn deliver_item(&self, item: &Item, found: &Presence, progress: &Progress) -> Result<Receipt, BackendError> {
        let shipment = self.shipment();
        let needed = item.artifact.as_ref().map_or(shipment.artifacts.as_slice(), std::slice::from_ref);
        self.run.options.stock.bring(needed, progress).await?;
        self.backend().deliver(shipment, item, found, progress).await
    }

    /// Whether another run has put its own list in the place of ours at the same moment.
    async fn is_overtaken(&self, item: &Item) -> bool {
        let is_list = item.artifact.as_ref().is_some_and(is_list);
        is_list && matches!(self.look_again(item).await, Some(Presence::Different(_)))
    }

    /// What stands in the item's place now; nothing if that cannot be told either.
    pub(super) async fn look_again(&self, item: &Item) -> Option<Presence> {
        let request = self.backend().survey(self.shipment(), std::slice::from_ref(item));
        let survey = self.attempts(&item.name).once(request).await.ok()?;
        survey.presences.into_iter().next()
    }

    /// Whether the shipment is visible although the answer that says so was lost.
    async fn is_finished(&self, shipment: &Shipment) -> bool {
        let Ok(items) = self.backend().items(shipment) else { return false };
        let survey = self.attempts(FINISH).once(self.backend().survey(shipment, &items)).await;
        let is_there = |presence: &Presence| *presence == Presence::Identical;
        survey.is_ok_and(|survey| survey.finished && survey.presences.iter().all(is_there))
    }

    pub(super) async fn finish_now(&self, item: &Item, state: &State) -> Delivery {
        let started = Instant::now();
        let shipment = Shipment { artifacts: state.arrived.clone(), ..self.shipment().clone() };
        let (attempts, result) = match self.run.check(&self.planned.order.destination).await {
            Ok(()) => match self.attempts(FINISH).run(|| self.backend().finish(&shipment)).await {
                (attempts, Err(error)) if error.leaves_doubt() && self.is_finished(&shipment).await => {
                    (attempts, Ok(()))
                }
                ended => ended,
            },
            Err(error) => (0, Err(error)),
        };
        let mut delivery = match &result {
            Ok(()) => self.entry(item, Status::Delivered, None),
            Err(error) => self.entry(item, status_of(error), Some(error)),
        };
        delivery.attempts = attempts;
        delivery.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        delivery
    }

    /// The entry of a task that nothing is done about.
    pub(super) fn settled(&self, task: &Task) -> Delivery {
        match task {
            Task::Nothing(item) => self.entry(item, Status::Unchanged, None),
            Task::Deliver(item, Presence::Different(_)) => self.entry(item, Status::WouldReplace, None),
            Task::Deliver(item, _) => self.entry(item, Status::WouldDeliver, None),
            Task::Leave(item, status, error) => self.entry(item, *status, Some(error)),
        }
    }
}
