//! What every backend owes the engine. Each backend's tests run this first.

use super::{Backend, Inventory, NOT_SUPPORTED, Presence, Progress, Survey};
use crate::distribute::model::{Item, Shipment};

/// Delivers `shipment` to an empty destination, and checks on the way that surveys change nothing, that a delivery
/// can be repeated, that a finished destination has nothing left to do, and that it gives back what it was given, if it
/// gives back anything.
pub(crate) async fn conforms(backend: &dyn Backend, shipment: &Shipment) {
    let items = backend.items(shipment).unwrap();
    assert!(!items.is_empty(), "a shipment with artifacts has items");
    let before = survey(backend, shipment, &items).await;
    assert!(before.presences.iter().all(|presence| *presence == Presence::Absent), "{before:?}");
    assert_eq!(before, survey(backend, shipment, &items).await, "a survey changes nothing");
    let gives_back = gives_back(backend, shipment).await;

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
    if gives_back {
        let unfinished = holds(backend, shipment).await;
        assert_eq!(unfinished.finished, !backend.has_finish(), "what is not finished does not look as if it were");
    }

    backend.finish(shipment).await.unwrap();
    let after = survey(backend, shipment, &items).await;
    assert!(after.finished, "a finished shipment has nothing left to do");
    backend.finish(shipment).await.unwrap();
    assert_eq!(after, survey(backend, shipment, &items).await, "finishing twice changes nothing");
    if gives_back {
        assert!(holds(backend, shipment).await.finished, "what is finished looks like it");
    }
}

async fn survey(backend: &dyn Backend, shipment: &Shipment, items: &[Item]) -> Survey {
    let survey = backend.survey(shipment, items).await.unwrap();
    assert_eq!(survey.presences.len(), items.len(), "one presence for each item");
    survey
}

/// Whether the backend can be a source at all. It holds nothing yet.
async fn gives_back(backend: &dyn Backend, shipment: &Shipment) -> bool {
    match backend.inventory(&shipment.release).await {
        Ok(inventory) => {
            assert_eq!(inventory, None, "a release that is nowhere yet is not known");
            true
        }
        Err(error) => {
            assert_eq!(error.code, NOT_SUPPORTED, "{error}");
            false
        }
    }
}

/// Makes sure that the inventory has exactly what was delivered, and that all of it comes back.
async fn holds(backend: &dyn Backend, shipment: &Shipment) -> Inventory {
    let inventory = backend.inventory(&shipment.release).await.unwrap().expect("the release is known by now");
    assert_eq!(
        Some(&inventory),
        backend.inventory(&shipment.release).await.unwrap().as_ref(),
        "looking changes nothing"
    );
    let mut delivered: Vec<&str> = shipment.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    delivered.sort_unstable();
    assert_eq!(inventory.held.iter().map(|held| held.name.as_str()).collect::<Vec<_>>(), delivered);
    let folder = tempfile::tempdir().unwrap();
    for held in &inventory.held {
        let artifact = shipment.artifacts.iter().find(|artifact| artifact.name == held.name).unwrap();
        assert_eq!((held.bytes, held.complete), (artifact.bytes, true), "{held:?}");
        assert!(held.sha256.is_none_or(|sha256| sha256 == artifact.sha256), "{held:?}");
        let (copy, progress) = (folder.path().join(&held.name), Progress::default());
        backend.fetch(&shipment.release, held, &copy, &progress).await.unwrap();
        assert!(std::fs::read(&copy).unwrap() == std::fs::read(&artifact.path).unwrap(), "`{}` differs", held.name);
        assert_eq!(progress.sent(), artifact.bytes, "its progress is told");
    }
    inventory
}
