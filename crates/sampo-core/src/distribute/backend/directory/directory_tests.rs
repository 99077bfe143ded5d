//! Real folders.

use std::fs::{self, File};
use std::time::SystemTime;

use futures::future::join_all;

use super::retention::ABANDONED;
use super::*;
use crate::atomic;
use crate::distribute::backend::conformance::conforms;
use crate::distribute::backend::scene::Scene;
use crate::distribute::backend::{CHANGED_MEANWHILE, Found, Retry};
use crate::distribute::checksum::{Digest, SUMS_FILE};

const KEYS: &str =
    "type = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\nurl = 'https://example.com/dl/{{ version }}/'";

async fn deliver_all(backend: &dyn Backend, shipment: &Shipment) {
    backend.open(shipment).await.unwrap();
    for item in backend.items(shipment).unwrap() {
        backend.deliver(shipment, &item, &Presence::Absent, &Progress::default()).await.unwrap();
    }
    backend.finish(shipment).await.unwrap();
}

/// What is in a folder besides the file of the lock.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != lock::FILE_NAME);
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
async fn the_newest_stable_release_outlives_a_row_of_pre_releases() {
    let scene = Scene::new();
    let backend = scene.backend("type = 'directory'\npath = 'site/{{ version }}'\nlatest = false\nkeep = 2").unwrap();
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0-rc.2", "2.0.0-rc.3"] {
        deliver_all(&*backend, &scene.two_artifacts(version)).await;
    }
    assert_eq!(names(&scene.root().join("site")), ["1.1.0", "2.0.0-rc.2", "2.0.0-rc.3"]);
}

#[tokio::test]
async fn a_release_that_another_run_is_writing_to_is_not_removed() {
    for file in [".sampo-abcdef", "added.tar.gz"] {
        let scene = Scene::new();
        let backend = scene.backend("type = 'directory'\npath = 'site/{{ version }}'\nkeep = 1").unwrap();
        deliver_all(&*backend, &scene.two_artifacts("1.0.0")).await;
        let file = scene.root().join("site/1.0.0").join(file);
        fs::write(&file, "").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now() + ABANDONED / 2).unwrap();
        deliver_all(&*backend, &scene.two_artifacts("1.1.0")).await;
        assert!(file.exists());
        File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        deliver_all(&*backend, &scene.two_artifacts("1.2.0")).await;
        assert!(!file.exists());
    }
}

#[tokio::test]
async fn a_folder_that_was_removed_before_anything_was_in_it_is_made_again() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    fs::remove_dir_all(scene.root().join("site")).unwrap();
    deliver_all(&*backend, &shipment).await;
    assert!(backend.survey(&shipment, &[]).await.unwrap().finished);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_or_a_file_in_place_of_a_folder_is_refused_before_anything_is_written() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (path, is_link) in [("site/my-cli/1.2.0", true), ("site/my-cli/1.2.0", false), ("site/my-cli", false)] {
        let scene = Scene::new();
        let path = scene.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match is_link {
            true => std::os::unix::fs::symlink(elsewhere.path(), &path).unwrap(),
            false => fs::write(&path, "").unwrap(),
        }
        let backend = scene.backend(KEYS).unwrap();
        let shipment = scene.two_artifacts("1.2.0");
        for error in [backend.survey(&shipment, &[]).await.unwrap_err(), backend.open(&shipment).await.unwrap_err()] {
            assert_eq!(error.code, "not-a-folder", "{error}");
        }
    }
    assert_eq!(names(elsewhere.path()), [""; 0]);
}

#[tokio::test]
async fn a_manifest_that_is_not_ours_or_of_the_future_is_named_and_stays() {
    for (file, text, code) in [
        ("1.2.0/manifest.json", "{\"name\": \"my-app\"}", "manifest-foreign"),
        ("1.2.0/manifest.json", "\u{0}", "manifest-foreign"),
        ("1.2.0/manifest.json", "{\"schema_version\": 2}", "manifest-version"),
        ("latest.json", "[]", "manifest-foreign"),
    ] {
        let scene = Scene::new();
        let backend = scene.backend(KEYS).unwrap();
        let shipment = scene.two_artifacts("1.2.0");
        deliver_all(&*backend, &shipment).await;
        let path = scene.root().join("site/my-cli").join(file);
        fs::write(&path, text).unwrap();
        for error in [backend.survey(&shipment, &[]).await.unwrap_err(), backend.finish(&shipment).await.unwrap_err()] {
            assert_eq!(error.code, code, "{error}");
            assert!(error.message.contains(&path.display().to_string()) && error.hint.is_some());
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
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
    assert_eq!((error.code, error.retry), (CHANGED_MEANWHILE, Retry::Later), "another run was faster");
    backend.deliver(&shipment, &item, found, &Progress::default()).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "linux");
}

#[tokio::test]
async fn only_the_very_file_that_was_surveyed_is_replaced() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    backend.open(&shipment).await.unwrap();
    let path = scene.root().join("site/my-cli/1.2.0/my-cli-linux.tar.gz");
    let item = Item::of(&shipment.artifacts[0]);
    fs::write(&path, "surveyed").unwrap();
    let found = backend.survey(&shipment, std::slice::from_ref(&item)).await.unwrap().presences.remove(0);
    fs::write(&path, "written since").unwrap();
    let error = backend.deliver(&shipment, &item, &found, &Progress::default()).await.unwrap_err();
    assert_eq!((error.code, error.retry), (CHANGED_MEANWHILE, Retry::Later));
    assert_eq!(fs::read_to_string(&path).unwrap(), "written since");
    fs::remove_file(&path).unwrap();
    let error = backend.read(&shipment, &item).await.unwrap_err();
    assert_eq!((error.code, error.retry), (CHANGED_MEANWHILE, Retry::Later));
}

#[tokio::test]
async fn of_racing_replacements_one_wins_and_the_others_are_told() {
    let scene = Scene::new();
    let path = scene.root().join("site/my-cli/1.2.0/x.txt");
    atomic::write(&path, "old").unwrap();
    let found = Found { description: "old".into(), revision: Digest::of("old").to_string() };
    let runs: Vec<_> = (0..8)
        .map(|n| {
            let mut artifact = scene.artifact(&format!("x{n}.txt"), None, &format!("new {n}"));
            artifact.name = "x.txt".into();
            (scene.backend(KEYS).unwrap(), scene.shipment("1.2.0", vec![artifact]))
        })
        .collect();
    let found = Presence::Different(found);
    let results = join_all(runs.iter().map(async |(backend, shipment)| {
        let item = Item::of(&shipment.artifacts[0]);
        backend.deliver(shipment, &item, &found, &Progress::default()).await
    }))
    .await;
    let winners: Vec<usize> = (0..8).filter(|&n| results[n].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("new {}", winners[0]));
    assert!(results.iter().flat_map(|result| result.as_ref().err()).all(|error| error.code == CHANGED_MEANWHILE));
}

#[tokio::test]
async fn a_checksum_list_is_in_the_manifest_as_it_stands_there() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.shipment("1.2.0", vec![scene.artifact(SUMS_FILE, None, "ours")]);
    let folder = scene.root().join("site/my-cli/1.2.0");
    atomic::write(&folder.join(SUMS_FILE), "ours and theirs").unwrap();
    backend.finish(&shipment).await.unwrap();
    let manifest = Manifest::read(&folder.join("manifest.json")).unwrap().unwrap();
    assert_eq!((manifest.artifacts[0].sha256, manifest.artifacts[0].bytes), (Digest::of("ours and theirs"), 15));
    let theirs = scene.shipment("1.2.0", vec![scene.artifact(SUMS_FILE, None, "theirs")]);
    for shipment in [shipment, theirs] {
        assert!(scene.backend(KEYS).unwrap().survey(&shipment, &[]).await.unwrap().finished);
    }
}

#[tokio::test]
async fn what_would_not_change_is_not_written_again() {
    let scene = Scene::new();
    let backend = scene.backend(KEYS).unwrap();
    let shipment = scene.two_artifacts("1.2.0");
    deliver_all(&*backend, &shipment).await;
    let shelf = scene.root().join("site/my-cli");
    let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let files = ["latest.json", "1.2.0/manifest.json"].map(|name| shelf.join(name));
    for file in &files {
        File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
    }
    fs::remove_file(shelf.join("1.2.0/my-cli-mac.tar.gz")).unwrap();
    deliver_all(&*backend, &shipment).await;
    assert!(files.iter().all(|file| fs::metadata(file).unwrap().modified().unwrap() == old));
}

#[tokio::test]
async fn of_racing_runs_the_newest_version_stays_the_latest_and_every_file_is_listed() {
    for _ in 0..5 {
        let scene = Scene::new();
        let runs: Vec<_> = (0..8)
            .map(|n| (scene.backend(KEYS).unwrap(), scene.two_artifacts(&format!("1.{}.0", n % 4)), n / 4))
            .collect();
        join_all(runs.iter().map(async |(backend, whole, half)| {
            deliver_all(&**backend, &Shipment { artifacts: vec![whole.artifacts[*half].clone()], ..whole.clone() })
                .await;
        }))
        .await;
        let shelf = scene.root().join("site/my-cli");
        assert_eq!(Latest::read(&shelf.join("latest.json")).unwrap().unwrap().version.to_string(), "1.3.0");
        #[cfg(unix)]
        assert_eq!(fs::read_link(shelf.join("latest")).unwrap(), Path::new("1.3.0"));
        for minor in 0..4 {
            let manifest = Manifest::read(&shelf.join(format!("1.{minor}.0/manifest.json"))).unwrap().unwrap();
            assert_eq!(manifest.artifacts.len(), 2);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_or_a_folder_in_place_of_ours_is_an_error_and_no_standstill() {
    for (path, pipe) in [("latest.json", true), ("1.2.0/manifest.json", true), ("1.2.0/manifest.json", false)] {
        let scene = Scene::new();
        let shipment = scene.two_artifacts("1.2.0");
        let backend = scene.backend(KEYS).unwrap();
        backend.open(&shipment).await.unwrap();
        let path = scene.root().join("site/my-cli").join(path);
        if pipe {
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        } else {
            fs::create_dir(&path).unwrap();
        }
        let error = backend.finish(&shipment).await.unwrap_err();
        assert!(error.code == "manifest-foreign" && error.message.ends_with("it is not a file"), "{error}");
    }
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
    let shelf = scene.root().join("site/my-cli");
    fs::create_dir_all(shelf.join(".sampo-removed-x/release")).unwrap();
    for name in ["1.2.0/.sampo-old", ".sampo-old", lock::FILE_NAME] {
        File::create(shelf.join(name)).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    }
    fs::write(folder.join(".sampo-fresh"), "").unwrap();
    let removed = shelf.join(".sampo-removed-x");
    File::open(&removed).unwrap().set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    backend.open(&scene.two_artifacts("1.2.0")).await.unwrap();
    assert_eq!((names(&folder), names(&shelf)), (vec![".sampo-fresh".to_owned()], vec!["1.2.0".to_owned()]));
    assert!(shelf.join(lock::FILE_NAME).exists());
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

#[tokio::test]
async fn two_packages_that_would_share_one_folder_or_latest_are_refused_beforehand() {
    let scene = Scene::new();
    let first = scene.two_artifacts("1.2.0");
    let mut release = (*first.release).clone();
    (release.package, release.tag) = ("cargo/other".parse().unwrap(), "other-v1.2.0".into());
    let second = Shipment { release: release.into(), artifacts: Vec::new() };
    let backend = |path: &str, latest: bool| {
        scene.backend(&format!("type = 'directory'\npath = 'site/{path}'\nlatest = {latest}")).unwrap()
    };
    for (path, latest, file) in
        [("{{ tag }}", true, "site/latest.json"), ("{{ version }}", false, "site/1.2.0/manifest.json")]
    {
        let backend = backend(path, latest);
        backend.items(&first).unwrap();
        backend.items(&first).unwrap();
        let error = backend.items(&second).unwrap_err();
        assert!(error.code == "folder-shared" && error.message.contains(file), "{error:?}");
    }
    let beside = backend("{{ tag }}", false);
    beside.items(&first).unwrap();
    beside.items(&second).unwrap();
    // Another run does not know of the first package, and finds it there.
    deliver_all(&*backend("{{ version }}", false), &first).await;
    let error = backend("{{ version }}", false).finish(&second).await.unwrap_err();
    assert_eq!(error.code, "folder-shared");
}

#[test]
fn configuration_errors_have_their_line() {
    let scene = Scene::new();
    assert_eq!(
        scene.backend("type = 'directory'\npath = 'site'").unwrap_err(),
        "config.toml:3:1: `site` is the same folder for every version: it must contain `{{ version }}` or `{{ tag }}`"
    );
    let both = scene.backend("type = 'directory'\npath = '{{ version }}/..'\nurl = 'x'").unwrap_err();
    assert!(both.starts_with("there are 2 mistakes in the configuration\n  config.toml:3:1: "), "{both}");
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
