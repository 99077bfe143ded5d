//! A folder as a source: what counts as held, and which digest is told.

use std::fs;
use std::path::PathBuf;

use super::super::scene::Scene;
use super::super::{Backend, Held, Inventory, Presence, Progress};
use crate::distribute::checksum::Digest;
use crate::distribute::model::Shipment;

const KEYS: &str = "type = 'directory'\npath = 'site/{{ crate }}/{{ version }}'";

struct Delivered {
    scene: Scene,
    shipment: Shipment,
    backend: Box<dyn Backend>,
}

impl Delivered {
    async fn new() -> Self {
        let scene = Scene::new();
        let shipment = scene.two_artifacts("1.2.0");
        let backend = scene.backend(KEYS).unwrap();
        backend.open(&shipment).await.unwrap();
        for item in backend.items(&shipment).unwrap() {
            backend.deliver(&shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap();
        }
        backend.finish(&shipment).await.unwrap();
        Self { scene, shipment, backend }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scene.root().join("site/my-cli/1.2.0").join(name)
    }

    async fn inventory(&self) -> Inventory {
        self.backend.inventory(&self.shipment.release).await.unwrap().unwrap()
    }

    async fn linux(&self) -> (Held, bool) {
        let inventory = self.inventory().await;
        let linux = inventory.held.into_iter().find(|held| held.name == "my-cli-linux.tar.gz").unwrap();
        (linux, inventory.finished)
    }
}

#[tokio::test]
async fn the_manifest_tells_the_digest_that_a_file_was_delivered_with() {
    let delivered = Delivered::new().await;
    fs::write(delivered.file("my-cli-linux.tar.gz"), "LINUX").unwrap();
    let (linux, finished) = delivered.linux().await;
    assert_eq!((linux.sha256, finished), (Some(Digest::of("linux")), true), "whoever fetches it finds out");
}

#[tokio::test]
async fn a_file_of_another_size_than_the_manifest_says_speaks_for_itself() {
    let delivered = Delivered::new().await;
    fs::write(delivered.file("my-cli-linux.tar.gz"), "lin").unwrap();
    let (linux, finished) = delivered.linux().await;
    assert_eq!((linux.bytes, linux.sha256, finished), (3, Some(Digest::of("lin")), false));
}

#[tokio::test]
async fn a_folder_with_a_broken_manifest_or_a_missing_file_is_not_finished() {
    let delivered = Delivered::new().await;
    fs::remove_file(delivered.file("my-cli-mac.tar.gz")).unwrap();
    assert!(!delivered.linux().await.1);
    fs::write(delivered.file("manifest.json"), "{\"schema").unwrap();
    let (linux, finished) = delivered.linux().await;
    assert_eq!((linux.sha256, finished), (Some(Digest::of("linux")), false));
}

#[tokio::test]
async fn another_packages_folder_is_refused() {
    let delivered = Delivered::new().await;
    let manifest = fs::read_to_string(delivered.file("manifest.json")).unwrap().replace("cargo/my-cli", "cargo/other");
    fs::write(delivered.file("manifest.json"), manifest).unwrap();
    let error = delivered.backend.inventory(&delivered.shipment.release).await.unwrap_err();
    assert_eq!(error.code, "folder-shared");
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_the_folder_is_listed_or_fetched() {
    let delivered = Delivered::new().await;
    fs::write(delivered.scene.root().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(delivered.scene.root().join("secret"), delivered.file("link")).unwrap();
    fs::create_dir(delivered.file("folder")).unwrap();
    fs::write(delivered.file(".sampo-temporary"), "half").unwrap();
    assert_eq!(delivered.inventory().await.held.len(), 2);
    for name in ["link", "folder", "../../../secret", "/etc/hostname", ".", "my-cli-win.zip"] {
        let held = Held { name: name.into(), bytes: 6, sha256: None, complete: true };
        let to = delivered.scene.root().join("copy");
        let release = &delivered.shipment.release;
        let error = delivered.backend.fetch(release, &held, &to, &Progress::default()).await.unwrap_err();
        assert_eq!((error.code, to.exists()), ("not-found", false), "{name}");
    }
}
