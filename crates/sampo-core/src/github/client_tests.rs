//! The client against the strict fake: redirects, pages, secrets, time limits, and uploads from disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sampo_testkit::FakeGithub;
use sampo_testkit::github::{Access, Answer, Fault, Host, TOKEN};

use super::model::{Asset, NewDraft, Release};
use super::releases::Upload;
use super::*;
use crate::config::Repository;
use crate::environment::Environment;
use crate::error::Diagnose;

fn client(github: &FakeGithub) -> Github {
    let environment: Environment =
        [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", TOKEN)].into_iter().collect();
    Github::new(Addresses::resolve(None, &environment).unwrap(), Token::find(None, &environment))
}

fn repository() -> Repository {
    "acme/app".to_owned().try_into().unwrap()
}

/// A file of this size, in a folder that lives as long as the result.
fn file(bytes: usize) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, vec![b'x'; bytes]).unwrap();
    (folder, path)
}

async fn upload(client: &Github, release: &Release, name: &str, bytes: usize) -> Result<(Asset, u64), GithubError> {
    let (_folder, path) = file(bytes);
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let upload = Upload { template: &release.upload_url, name, path: &path, bytes: bytes as u64 };
    let count = move |bytes| {
        counter.fetch_add(bytes, Ordering::Relaxed);
    };
    let asset = client.releases(&repository()).upload(upload, count).await?;
    Ok((asset, sent.load(Ordering::Relaxed)))
}

#[tokio::test]
async fn an_upload_streams_from_disk_to_the_uploads_host_under_its_exact_name() {
    let github = FakeGithub::start();
    let client = client(&github);
    let release = client.releases(&repository()).create(&NewDraft::new("v1", "v1", "", false)).await.unwrap();
    let (asset, sent) = upload(&client, &release, "a+b@1&x.zip", 300_000).await.unwrap();
    // `&` is the one character here that GitHub rewrites; `+` must not become a blank on the way.
    assert_eq!((asset.name.as_str(), asset.size, sent), ("a+b@1.x.zip", 300_000, 300_000));
    let request = github.requests().pop().unwrap();
    assert_eq!((request.host, request.authorized), (Host::Uploads, true));
}

#[tokio::test]
async fn an_early_refusal_of_a_large_upload_is_read_unless_the_connection_is_gone_before() {
    let github = FakeGithub::start();
    let client = client(&github);
    let id = github.add_draft("v1");
    github.add_asset(id, "a.zip", b"x");
    let release = client.releases(&repository()).by_id(id).await.unwrap().unwrap();
    let error = upload(&client, &release, "a.zip", 20_000_000).await.unwrap_err();
    // Whether the answer outruns the end of the connection is up to the system; the second leaves doubt, and a new
    // look at the release settles it.
    assert!(error.is_already_exists("name") || error.code() == "network", "{error:?}");
}

#[tokio::test]
async fn a_cut_upload_is_a_network_error_and_a_broken_answer_is_not_a_success() {
    let github = FakeGithub::start();
    let client = client(&github);
    let release = client.releases(&repository()).create(&NewDraft::new("v1", "v1", "", false)).await.unwrap();
    for (fault, code) in [
        (Fault::on("POST", "*/assets").dropped(), "network"),
        (Fault::on("POST", "*/assets").dropped().half_way(), "network"),
        (Fault::on("POST", "*/assets").truncated(), "network"),
        (Fault::on("POST", "*/assets").answered_with("[]"), "invalid-answer"),
        (Fault::on("POST", "*/assets").status(503), "server-error"),
    ] {
        github.heal().fail(fault.clone());
        let name = format!("{}.zip", github.requests().len());
        let error = upload(&client, &release, &name, 1000).await.unwrap_err();
        assert_eq!((error.code(), error.is_ambiguous()), (code, true), "{fault:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_kept_by_all_that_share_its_token_and_by_nobody_else() {
    let github = FakeGithub::start();
    github.add_token("ghp_another", Access::Write);
    let limits = Limits::default();
    let (one, two) = (client(&github).within(&limits), client(&github).within(&limits));
    let environment: Environment =
        [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", "ghp_another")].into_iter().collect();
    let addresses = Addresses::resolve(None, &environment).unwrap();
    let other = Github::new(addresses, Token::find(None, &environment)).within(&limits);
    github.fail(Fault::on("GET", "*").secondary_rate_limited(Some(60)));
    assert_eq!(one.releases(&repository()).all().await.unwrap_err().code(), "rate-limited");
    github.clear_requests();
    for limited in [&one, &two] {
        let error = limited.releases(&repository()).all().await.unwrap_err();
        let GithubError::RateLimited { wait, is_named: true, .. } = error else { panic!("{error:?}") };
        assert!((58..=60).contains(&wait.as_secs()) && limited.asks_to_wait().is_some(), "{wait:?}");
    }
    assert!(github.requests().is_empty(), "going on prolongs the limit");
    other.releases(&repository()).all().await.unwrap();
    assert_eq!((github.requests().len(), other.asks_to_wait()), (1, None));
}

#[tokio::test]
async fn lists_are_read_to_their_last_page() {
    let github = FakeGithub::start();
    for n in 0..201 {
        github.add_draft(&format!("v{n}"));
    }
    assert_eq!(client(&github).releases(&repository()).all().await.unwrap().len(), 201);
    assert_eq!(github.requests().len(), 3);
}

#[tokio::test]
async fn the_token_is_never_sent_to_another_host() {
    let github = FakeGithub::start();
    let elsewhere = format!("{}/objects/1?signature=x", github.storage_url());
    let client = client(&github);
    for answer in [
        Answer::empty(301).header("location", elsewhere.as_str()),
        Answer::empty(307).header("location", elsewhere.as_str()),
        Answer::new(200, "application/json", "[]").header("link", format!("<{elsewhere}>; rel=\"next\"")),
    ] {
        github.fail(Fault::on("GET", "*/releases").answer(answer));
        let error = client.releases(&repository()).all().await.unwrap_err();
        assert_eq!(error.code(), "invalid-answer");
        assert!(error.to_string().contains("another host, `127.0.0.1`"), "{error}");
    }
    assert!(github.requests().iter().all(|request| request.host == Host::Api));
}

#[tokio::test]
async fn a_ring_of_redirects_ends() {
    let github = FakeGithub::start();
    let answer = Answer::empty(301).header("location", format!("{}/repos/acme/app/releases", github.api_url()));
    github.fail(Fault::on("GET", "*/releases").answer(answer).always());
    let error = client(&github).releases(&repository()).all().await.unwrap_err();
    assert_eq!((error.code(), github.requests().len()), ("invalid-answer", 6));
}

#[tokio::test]
async fn a_stalled_answer_is_given_up() {
    let github = FakeGithub::start();
    github.fail(Fault::on("GET", "*").stalled());
    let client = client(&github).with_timeout(Duration::from_millis(50));
    let error = client.releases(&repository()).all().await.unwrap_err();
    assert_eq!(error.to_string(), "cannot list the releases: no answer within 50ms");
}

#[tokio::test]
async fn nobody_listening_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let github = Github::new(Addresses::resolve(Some(&url), &Environment::default()).unwrap(), None);
    let error = github.releases(&repository()).all().await.unwrap_err();
    assert_eq!(error.code(), "network");
    assert!(error.to_string().starts_with("cannot list the releases: no connection: "), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_signed_address_is_in_no_error() {
    let github = FakeGithub::start();
    let id = github.add_published("v1");
    github.add_asset(id, "a.zip", b"x");
    let client = client(&github);
    let release = client.releases(&repository()).by_id(id).await.unwrap().unwrap();
    for fault in [
        Fault::on("GET", "/objects/*").status(403),
        Fault::on("GET", "/objects/*").dropped(),
        Fault::on("GET", "/objects/*").truncated(),
    ] {
        github.heal().fail(fault);
        let error = client.releases(&repository()).download(&release.assets[0], |_| {}).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[tokio::test]
async fn a_download_of_another_length_than_listed_is_refused() {
    let github = FakeGithub::start();
    let id = github.add_published("v1");
    github.add_asset(id, "a.zip", b"12345");
    let client = client(&github);
    let mut asset = client.releases(&repository()).by_id(id).await.unwrap().unwrap().assets.remove(0);
    for (size, reason) in [(4, "more than the 4 bytes"), (6, "1 of the 6 bytes")] {
        asset.size = size;
        let mut received = 0;
        let fetched = client.releases(&repository()).download(&asset, |chunk| received += chunk.len() as u64).await;
        let error = fetched.unwrap_err();
        assert!(error.code() == "invalid-answer" && error.to_string().contains(reason), "{error}");
        assert!(received <= size);
    }
}

#[tokio::test]
async fn an_endless_answer_to_an_upload_is_not_read_to_its_end() {
    let github = FakeGithub::start();
    let client = client(&github);
    let release = client.releases(&repository()).create(&NewDraft::new("v1", "v1", "", false)).await.unwrap();
    github.fail(Fault::on("POST", "*/assets").answered_with(&" ".repeat(transport::LONGEST_ANSWER + 1)));
    let error = upload(&client, &release, "a.zip", 1000).await.unwrap_err();
    assert!(error.code() == "network" && error.to_string().contains("length limit exceeded"), "{error}");
}

#[test]
fn the_token_comes_from_the_named_variable_or_the_usual_ones_and_is_not_shown() {
    let environment: Environment =
        [("GH_TOKEN", "second"), ("GITHUB_TOKEN", "first"), ("MINE", "third")].into_iter().collect();
    let variable = |configured| Token::find(configured, &environment).map(|token| token.variable().to_owned());
    assert_eq!(variable(None).as_deref(), Some("GITHUB_TOKEN"));
    assert_eq!(variable(Some("MINE")).as_deref(), Some("MINE"));
    assert_eq!(variable(Some("ABSENT")), None);
    assert!(!format!("{:?}", Token::find(None, &environment)).contains("first"));
}

#[test]
fn the_next_page_is_found_among_the_links() {
    let header = "<https://x/1>; rel=\"prev\", <https://x/3?a=b>; rel=\"next\", <https://x/9>; rel=\"last\"";
    assert_eq!(next_link(header), Some("https://x/3?a=b"));
    assert_eq!(next_link("<https://x/1>; rel=\"prev\""), None);
    assert_eq!(next_link("nonsense"), None);
}
