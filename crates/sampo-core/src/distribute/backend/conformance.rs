//! What every backend owes the engine. Each backend's tests run this first.

use super::{Backend, Presence, Progress, Survey};
use crate::distribute::model::{Item, Shipment};

/// Delivers `shipment` to an empty destination, and checks on the way that surveys change nothing, that a delivery
/// can be repeated, and that a finished destination has nothing left to do.
pub(crate) async fn conforms(backend: &dyn Backend, shipment: &Shipment) {
    let items = backend.items(shipment).unwrap();
    assert!(!items.is_empty(), "a shipment with artifacts has items");
    let before = survey(backend, shipment, &items).await;
    assert!(before.presences.iter().all(|presence| *presence == Presence::Absent), "{before:?}");
    assert_eq!(before, survey(backend, shipment, &items).await, "a survey changes nothing");

    backend.check().await.unwrap();
    backend.open(shipment).await.unwrap();
    backend.open(shipment).await.unwrap();
    for (item, presence) in items.iter().zip(&before.presences) {
        backend.deliver(shipment, item, presence, &Progress::default()).await.unwrap();
        // A run that lost the answer to its delivery may come again with what it saw before.
        backend.deliver(shipment, item, presence, &Progress::default()).await.unwrap();
    }
    let arrived = survey(backend, shipment, &items).await;
    assert!(arrived.presences.iter().all(|presence| *presence == Presence::Identical), "{arrived:?}");

    backend.finish(shipment).await.unwrap();
    let after = survey(backend, shipment, &items).await;
    assert!(after.finished, "a finished shipment has nothing left to do");
    backend.finish(shipment).await.unwrap();
    assert_eq!(after, survey(backend, shipment, &items).await, "finishing twice changes nothing");
}

async fn survey(backend: &dyn Backend, shipment: &Shipment, items: &[Item]) -> Survey {
    let survey = backend.survey(shipment, items).await.unwrap();
    assert_eq!(survey.presences.len(), items.len(), "one presence for each item");
    survey
}
