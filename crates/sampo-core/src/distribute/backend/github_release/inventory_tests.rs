//! A release as a source: what is listed, and where the bytes come from.

use sampo_testkit::FakeGithub;
use sampo_testkit::github::{Fault, Host};

use super::driver::{COMMIT, backend, parcel, run};
use crate::distribute::backend::{Backend, BackendError, Held, Inventory, Progress, Retry};
use crate::distribute::checksum::Digest;
use crate::distribute::model::Release;

const TAG: &str = "app-v1.2.0";

fn fake() -> FakeGithub {
    let github = FakeGithub::start();
    github.add_tag(TAG, COMMIT);
    github
}

fn release() -> Release {
    super::driver::release(TAG)
}

async fn inventory(github: &FakeGithub) -> Inventory {
    backend(github, "").inventory(&release()).await.unwrap().unwrap()
}

async fn fetch(backend: &dyn Backend, name: &str, bytes: u64) -> Result<Vec<u8>, BackendError> {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy");
    let held = Held { name: name.into(), bytes, sha256: None, complete: true };
    backend.fetch(&release(), &held, &to, &Progress::default()).await?;
    Ok(std::fs::read(to).unwrap())
}

fn hosts(github: &FakeGithub) -> Vec<Host> {
    github.requests().iter().map(|request| request.host).collect()
}

#[tokio::test]
async fn every_asset_is_listed_however_many_pages_there_are() {
    let github = fake();
    let draft = github.add_draft(TAG);
    for n in 0..105 {
        github.add_asset(draft, &format!("app-{n:03}.zip"), &[n]);
    }
    github.with_embedded_assets(30);
    let inventory = inventory(&github).await;
    assert_eq!((inventory.held.len(), inventory.finished), (105, false));
    let last = Held { name: "app-104.zip".into(), bytes: 1, sha256: Some(Digest::of([104])), complete: true };
    assert_eq!(inventory.held.last(), Some(&last));
    assert_eq!(github.writes(), []);
}

#[tokio::test]
async fn a_half_uploaded_asset_is_not_complete_and_an_old_server_tells_no_digest() {
    let github = fake();
    let published = github.add_published(TAG);
    github.add_asset(published, "a.zip", b"a");
    github.add_starter(published, "b.zip");
    github.without_digests();
    let inventory = inventory(&github).await;
    let told: Vec<_> = inventory.held.iter().map(|held| (held.name.as_str(), held.complete, held.sha256)).collect();
    assert_eq!(told, [("a.zip", true, None), ("b.zip", false, None)]);
    assert!(inventory.finished);
}

#[tokio::test]
async fn a_draft_that_stays_one_is_finished() {
    let github = fake();
    github.add_draft(TAG);
    let inventory = backend(&github, "publish = false").inventory(&release()).await.unwrap().unwrap();
    assert!(inventory.finished);
}

#[tokio::test]
async fn a_published_asset_is_fetched_like_users_do_without_asking_the_api() {
    let github = fake();
    let parcel = parcel(TAG, &[("a.zip", b"aaa")]);
    let backend = backend(&github, "");
    run(&*backend, &parcel.shipment).await.succeeded();
    github.clear_requests();
    assert_eq!(fetch(&*backend, "a.zip", 3).await.unwrap(), b"aaa");
    assert_eq!(hosts(&github), [Host::Web, Host::Storage]);
}

#[tokio::test]
async fn a_draft_and_a_private_release_come_through_the_api() {
    for direct in [false, true] {
        let github = fake();
        if direct {
            github.with_direct_downloads();
        }
        let draft = github.add_draft(TAG);
        github.add_asset(draft, "a.zip", b"aaa");
        // The storage refuses whoever shows it a token.
        assert_eq!(fetch(&*backend(&github, ""), "a.zip", 3).await.unwrap(), b"aaa");
        assert_eq!(hosts(&github).contains(&Host::Storage), !direct);
    }
    let github = fake();
    github.make_private();
    let published = github.add_published(TAG);
    github.add_asset(published, "a.zip", b"aaa");
    assert_eq!(fetch(&*backend(&github, ""), "a.zip", 3).await.unwrap(), b"aaa");
}

#[tokio::test]
async fn what_users_cannot_fetch_is_not_taken_from_the_api_instead() {
    let github = fake();
    let published = github.add_published(TAG);
    github.add_asset(published, "a.zip", b"aaa");
    github.fail(Fault::on("GET", "*/releases/download/*").status(404).always());
    let error = fetch(&*backend(&github, ""), "a.zip", 3).await.unwrap_err();
    assert_eq!((error.code, error.retry), ("not-found", Retry::Later));
    assert!(error.message.contains(&format!("{}/acme/app/releases/download/", github.web_url())), "{error}");
    assert!(!hosts(&github).contains(&Host::Storage));
}

#[tokio::test]
async fn what_cannot_be_fetched_says_why_and_whether_it_may_come_back() {
    let github = fake();
    let published = github.add_published(TAG);
    github.add_asset(published, "a.zip", b"aaa");
    let backend = backend(&github, "");
    let error = fetch(&*backend, "gone.zip", 3).await.unwrap_err();
    assert_eq!((error.code, error.retry), ("not-found", Retry::Never));
    // Another size than the one that was listed is another file.
    let error = fetch(&*backend, "a.zip", 4).await;
    assert_eq!(error.unwrap(), b"aaa", "the API lists it anew");
    github.fail(Fault::on("GET", "*/releases/download/*").status(502).always());
    let error = fetch(&*backend, "a.zip", 3).await.unwrap_err();
    assert_eq!((error.code, error.retry), ("server-error", Retry::Later));
}
