//! A folder as the place that files are fetched from.

use super::*;
use crate::distribute::backend::Presence;
use crate::distribute::backend::scene::Scene;
use crate::distribute::model::Shipment;

const KEYS: &str = "type = 'directory'\npath = 'site/{{ version }}'";

/// A destination that holds two artifacts, and these as they will be on another machine.
async fn stocked(scene: &Scene) -> (Stock, Vec<Artifact>) {
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    for item in backend.items(&shipment).unwrap() {
        backend.deliver(&shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap();
    }
    let held = backend.inventory(&shipment.release).await.unwrap().unwrap().held;
    let second = Duration::from_secs(1);
    let from = Arc::new(Destination {
        name: "site".into(),
        backend,
        needs: Vec::new(),
        retries: 0,
        stall_timeout: second,
        max_wait: second,
        jobs: None,
    });
    let Shipment { release, artifacts } = shipment;
    let mut stock = Stock::default();
    let at = |artifact: Artifact| Artifact { path: scene.root().join("elsewhere").join(&artifact.name), ..artifact };
    let artifacts: Vec<Artifact> = artifacts.into_iter().map(at).collect();
    for (artifact, held) in artifacts.iter().zip(held) {
        stock.promise(&from, &release, held, artifact.path.clone());
    }
    (stock, artifacts)
}

#[tokio::test]
async fn what_several_need_at_once_is_fetched_once_and_the_rest_not_at_all() {
    let scene = Scene::new();
    let (stock, artifacts) = stocked(&scene).await;
    let progress = Progress::default();
    let (first, second) =
        futures::join!(stock.bring(&artifacts[..1], &progress), stock.bring(&artifacts[..1], &progress));
    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(fs::read_to_string(&artifacts[0].path).unwrap(), "linux");
    assert!(!artifacts[1].path.exists(), "nobody has asked for it");
    assert_eq!(progress.sent(), 0, "nothing was sent yet");
    let source = scene.root().join("site/1.2.0").join(&artifacts[0].name);
    fs::remove_file(source).unwrap();
    assert_eq!(stock.bring(&artifacts[..1], &progress).await, Ok(()), "it is here by now");
}

#[tokio::test]
async fn bytes_with_another_digest_or_size_are_refused() {
    let scene = Scene::new();
    let (stock, artifacts) = stocked(&scene).await;
    let other = Artifact { sha256: Digest::of("other"), ..artifacts[0].clone() };
    let error = stock.bring([&other], &Progress::default()).await.unwrap_err();
    assert_eq!((error.code, error.is_retryable()), ("artifact-corrupt", false));
    fs::write(scene.root().join("site/1.2.0").join(&artifacts[1].name), "ma").unwrap();
    let error = stock.bring(&artifacts[1..], &Progress::default()).await.unwrap_err();
    assert_eq!((error.code, artifacts[1].path.exists()), ("artifact-corrupt", false), "{error}");
}

#[tokio::test]
async fn other_files_are_nobodys_business_here() {
    let scene = Scene::new();
    let artifact = scene.artifact("a.zip", None, "a");
    assert_eq!(Stock::default().bring([&artifact], &Progress::default()).await, Ok(()));
}
