//! What all deliveries of a run share: their places, the brake, and the one check of credentials.

use std::collections::BTreeMap;

use futures::future::join_all;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use super::brake::Brake;
use super::shipping::Shipping;
use super::{Destination, Options, PlannedOrder};
use crate::distribute::backend::BackendError;

/// One run of a plan.
pub(in crate::distribute) struct Run<'a> {
    pub options: Options,
    pub(super) brake: Brake,
    orders: &'a [PlannedOrder],
    /// How many attempts are under way in the whole run.
    places: Semaphore,
    /// The same for each destination that is bounded by itself, by name.
    lanes: BTreeMap<String, Semaphore>,
    checked: OnceCell<BTreeMap<String, Result<(), BackendError>>>,
}

/// The right to make one attempt. Waits between attempts need none.
pub(in crate::distribute) struct Permit<'a> {
    _lane: Option<SemaphorePermit<'a>>,
    _place: SemaphorePermit<'a>,
}

impl Run<'static> {
    /// A run that delivers nothing: what it asks `destinations` is bounded, tried again and cancelled like deliveries.
    pub fn of_questions<'d>(destinations: impl IntoIterator<Item = &'d Destination>, options: Options) -> Self {
        Self::new(&[], destinations, options)
    }
}

impl<'a> Run<'a> {
    pub(super) fn of_orders(orders: &'a [PlannedOrder], options: Options) -> Self {
        Self::new(orders, orders.iter().map(|planned| &*planned.order.destination), options)
    }

    fn new<'d>(
        orders: &'a [PlannedOrder],
        destinations: impl IntoIterator<Item = &'d Destination>,
        options: Options,
    ) -> Self {
        let lane =
            |destination: &Destination| Some((destination.name.clone(), Semaphore::new(destination.jobs?.get())));
        Self {
            brake: Brake::new(&options),
            orders,
            places: Semaphore::new(options.jobs.get()),
            lanes: destinations.into_iter().filter_map(lane).collect(),
            checked: OnceCell::new(),
            options,
        }
    }

    /// Waits for a place. Whoever waits for its own destination takes none from the others.
    pub async fn permit(&self, destination: &Destination) -> Permit<'_> {
        let lane = self.lanes.get(&*destination.name);
        let lane = match lane {
            Some(lane) => Some(lane.acquire().await.expect("lanes are never closed")),
            None => None,
        };
        Permit { _lane: lane, _place: self.places.acquire().await.expect("places are never closed") }
    }

    /// Fails if the credentials of `destination` do. Those of all destinations are checked together, before the
    /// first write of any: what will fail is known before anything was changed.
    pub async fn check(&self, destination: &Destination) -> Result<(), BackendError> {
        let checked = self.checked.get_or_init(|| self.check_all()).await;
        checked[&*destination.name].clone()
    }

    async fn check_all(&self) -> BTreeMap<String, Result<(), BackendError>> {
        let first: BTreeMap<&str, &PlannedOrder> =
            self.orders.iter().rev().map(|planned| (&*planned.order.destination.name, planned)).collect();
        let checks = first
            .into_iter()
            .map(async |(name, planned)| (name.to_owned(), Shipping::new(planned, self).check_now().await));
        join_all(checks).await.into_iter().collect()
    }
}
