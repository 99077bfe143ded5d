//! Real folders.

use super::*;
use crate::distribute::backend::conformance::conforms;
use crate::distribute::backend::scene::Scene;

const KEYS: &str =
    "type = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\nurl = 'https://example.com/dl/{{ version }}/'";

async fn deliver_all(backend: &dyn Backend, shipment: &Shipment) {
    backend.open(shipment).await.unwrap();
    for item in backend.items(shipment).unwrap() {
        backend.deliver(shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap();
    }
    backend.finish(shipment).await.unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_backend() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    conforms(&*backend, &scene.two_artifacts("1.2.0")).await;
    let folder = scene.root().join("site/my-cli/1.2.0");
    assert_eq!(names(&folder), ["manifest.json", "my-cli-linux.tar.gz", "my-cli-mac.tar.gz"]);
}

#[tokio::test]
async fn the_manifest_lists_every_artifact_with_digest_and_address() {
    let scene = Scene::new();
    deliver_all(&*scene.backend(KEYS).unwrap(), &scene.two_artifacts("1.2.0")).await;
    let manifest = Manifest::read(&scene.root().join("site/my-cli/1.2.0/manifest.json")).unwrap().unwrap();
    let entry = &manifest.artifacts[0];
    assert_eq!((entry.name.as_str(), entry.bytes, entry.sha256), ("my-cli-linux.tar.gz", 5, Digest::of("linux")));
    assert_eq!(entry.url.as_deref(), Some("https://example.com/dl/1.2.0/my-cli-linux.tar.gz"));
}

#[tokio::test]
async fn the_manifest_keeps_what_a_run_with_other_targets_delivered() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let whole = scene.two_artifacts("1.2.0");
    for artifact in &whole.artifacts {
        deliver_all(&*backend, &Shipment { artifacts: vec![artifact.clone()], ..whole.clone() }).await;
    }
    let path = scene.root().join("site/my-cli/1.2.0/manifest.json");
    assert_eq!(Manifest::read(&path).unwrap().unwrap().artifacts.len(), 2);
    fs::remove_file(path.with_file_name("my-cli-linux.tar.gz")).unwrap();
    deliver_all(&*backend, &Shipment { artifacts: vec![whole.artifacts[1].clone()], ..whole.clone() }).await;
    assert_eq!(Manifest::read(&path).unwrap().unwrap().artifacts.len(), 1, "what is gone is not listed");
}

#[tokio::test]
async fn latest_follows_the_newest_stable_release_and_never_goes_back() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let latest = || {
        Latest::read(&scene.root().join("site/my-cli/latest.json")).unwrap().map(|latest| latest.version.to_string())
    };
    for (version, expected) in [("1.2.0", "1.2.0"), ("1.10.0", "1.10.0"), ("1.3.0", "1.10.0"), ("2.0.0-rc.1", "1.10.0")]
    {
        deliver_all(&*backend, &scene.two_artifacts(version)).await;
        assert_eq!(latest().as_deref(), Some(expected), "after {version}");
    }
    #[cfg(unix)]
    assert_eq!(fs::read_link(scene.root().join("site/my-cli/latest")).unwrap(), Path::new("1.10.0"));
    let backend = scene.backend(&format!("{KEYS}\nprereleases = true")).unwrap();
    deliver_all(&*backend, &scene.two_artifacts("2.0.0-rc.1")).await;
    assert_eq!(latest().as_deref(), Some("2.0.0-rc.1"));
}

#[tokio::test]
async fn a_lost_latest_is_work_for_finish() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    deliver_all(&*backend, &shipment).await;
    for file in ["latest.json", "1.2.0/manifest.json"] {
        fs::remove_file(scene.root().join("site/my-cli").join(file)).unwrap();
        assert!(!backend.survey(&shipment, &[]).await.unwrap().finished, "{file}");
        backend.finish(&shipment).await.unwrap();
        assert!(backend.survey(&shipment, &[]).await.unwrap().finished, "{file}");
    }
}

#[tokio::test]
async fn old_releases_are_removed_and_nothing_else() {
    let scene = Scene::new();
    let backend = scene.backend(&format!("{KEYS}\nkeep = 2")).unwrap();
    let shelf = scene.root().join("site/my-cli");
    fs::create_dir_all(shelf.join("0.0.1")).unwrap();
    fs::write(shelf.join("0.0.1/own.txt"), "not ours").unwrap();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        deliver_all(&*backend, &scene.two_artifacts(version)).await;
    }
    let mut expected = vec!["0.0.1", "1.1.0", "1.2.0", "latest.json"];
    if cfg!(unix) {
        expected.insert(3, "latest");
    }
    assert_eq!(names(&shelf), expected);
}

#[tokio::test]
async fn a_different_file_is_told_apart_and_replaced_only_when_asked() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    let path = scene.root().join("site/my-cli/1.2.0/my-cli-linux.tar.gz");
    fs::write(&path, "LINUX").unwrap();
    let item = Item::of(&shipment.artifacts[0]);
    let survey = backend.survey(&shipment, std::slice::from_ref(&item)).await.unwrap();
    let found = &survey.presences[0];
    assert!(
        matches!(found, Presence::Different(found) if found.description.starts_with("a file of 5 bytes")),
        "{found:?}"
    );
    let error = backend.deliver(&shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap_err();
    assert_eq!(error.code, "conflict", "another run was faster");
    backend.deliver(&shipment, &item, found, &Progress::default()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "linux");
}

#[tokio::test]
async fn an_artifact_that_changes_on_the_way_is_not_delivered() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    fs::write(&shipment.artifacts[0].path, "rebuilt").unwrap();
    let item = Item::of(&shipment.artifacts[0]);
    let error = backend.deliver(&shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap_err();
    assert_eq!(error.code, "artifact-changed");
    assert!(names(&scene.root().join("site/my-cli/1.2.0")).is_empty());
}

#[tokio::test]
async fn racing_runs_leave_whole_files_only() {
    let scene = Scene::new();
    let (one, two) = (scene.backend(KEYS).unwrap(), scene.backend(KEYS).unwrap());
    let shipment = scene.shipment("1.2.0", vec![scene.artifact("big.bin", None, &"x".repeat(3_000_000))]);
    one.open(&shipment).await.unwrap();
    let item = Item::of(&shipment.artifacts[0]);
    let progress = Progress::default();
    let (first, second) = tokio::join!(
        one.deliver(&shipment, &item, &Presence::Absent, &progress),
        two.deliver(&shipment, &item, &Presence::Absent, &progress),
    );
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(names(&scene.root().join("site/my-cli/1.2.0")), ["big.bin"]);
}

#[tokio::test]
async fn abandoned_temporary_files_are_removed_and_fresh_ones_left() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let folder = scene.root().join("site/my-cli/1.2.0");
    fs::create_dir_all(&folder).unwrap();
    let old = File::create(folder.join(".sampo-old")).unwrap();
    old.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    fs::write(folder.join(".sampo-fresh"), "").unwrap();
    backend.open(&scene.two_artifacts("1.2.0")).await.unwrap();
    assert_eq!(names(&folder), [".sampo-fresh"]);
}

#[tokio::test]
async fn somebody_elses_file_in_place_of_ours_is_an_error_and_stays() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let path = scene.root().join("site/my-cli/latest.json");
    atomic::write(&path, "[]").unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    let error = backend.finish(&shipment).await.unwrap_err();
    assert!(error.message.contains("latest.json"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "[]");
}

#[test]
fn two_packages_that_would_share_one_latest_are_refused_beforehand() {
    let scene = Scene::new();
    let backend = scene.backend("type = 'directory'\npath = 'site/{{ version }}'").unwrap();
    let first = scene.two_artifacts("1.2.0");
    let mut release = (*first.release).clone();
    release.package = "cargo/other".parse().unwrap();
    backend.items(&first).unwrap();
    let error = backend.items(&Shipment { release: release.into(), artifacts: Vec::new() }).unwrap_err();
    assert_eq!(error.code, "latest-shared");
}

#[test]
fn configuration_errors_have_their_line() {
    let scene = Scene::new();
    assert_eq!(
        scene.backend("type = 'directory'\npath = 'site'").unwrap_err(),
        "config.toml:3:1: `site` is the same folder for every version: it must contain `{{ version }}` or `{{ tag }}`"
    );
    assert!(
        scene
            .backend("type = 'directory'\npath = 'x/{{ tag }}'\nkeep = 0")
            .unwrap_err()
            .starts_with("config.toml:4:8: ")
    );
}

#[test]
fn an_address_that_is_none_is_an_error_with_its_line() {
    let scene = Scene::new();
    let with =
        |url: &str| scene.backend(&format!("type = 'directory'\npath = 'x/{{{{ tag }}}}'\nurl = '{url}'")).map(drop);
    assert_eq!(
        with("not a url").unwrap_err(),
        "config.toml:4:1: `not a url` is not an address such as `https://example.com/downloads/`: relative URL without a \
         base"
    );
    let error = with("mailto:{{ crate }}").unwrap_err();
    assert!(error.starts_with("config.toml:4:1: ") && error.ends_with("nothing can stand below it"), "{error}");
    with("https://{{ crate }}.example.com/{{ repository }}/{{ tag }}").unwrap();
}
