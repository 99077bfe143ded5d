//! The fault matrix: whatever GitHub does to one request, the next run without the fault converges.

use std::time::Duration;

use futures::StreamExt;
use sampo_testkit::FakeGithub;
use sampo_testkit::github::Fault;

use super::driver::{COMMIT, Outcome, backend_over, parcel, run, run_once};
use crate::distribute::backend::Retry;

const TAG: &str = "app-v1.2.0";

/// Every request of a run that makes a release.
const REQUESTS: &[(&str, &str)] = &[
    ("GET", "*/releases/tags/*"),
    ("GET", "*/releases"),
    ("GET", "/repos/acme/app"),
    ("GET", "*/git/ref/tags/*"),
    ("GET", "*/git/tags/*"),
    ("POST", "*/releases"),
    ("POST", "*/assets"),
    ("GET", "*/releases/1*"),
    ("GET", "*/assets"),
    ("GET", "*/releases/latest"),
    ("PATCH", "*/releases/*"),
];

const STATUSES: &[u16] = &[401, 403, 404, 408, 409, 422, 429, 500, 502, 503];

/// Codes that may stand in a report of one failed request.
const CODES: &[&str] = &[
    "credentials-refused",
    "permission-denied",
    "not-found",
    "request-refused",
    "rate-limited",
    "server-error",
    "network",
    "invalid-answer",
    "tag-not-pushed",
    "incomplete",
    "conflict",
    "changed-meanwhile",
    "upload-in-progress",
    "verification-failed",
];

fn faults(method: &str, path: &str) -> Vec<Fault> {
    let on = || Fault::on(method, path);
    let refusals = STATUSES.iter().map(|&status| on().status(status)).chain([on().dropped(), on().stalled()]);
    let answers = [on().truncated(), on().answered_with("{\"id\":"), on().answered_with("{}")];
    let limits = [on().rate_limited(Duration::from_secs(600)), on().secondary_rate_limited(Some(30))];
    let mut faults: Vec<Fault> = refusals.clone().chain(answers).chain(limits).collect();
    // A request that only asks has no effect to fail after.
    if method != "GET" {
        faults.extend(refusals.map(Fault::after_effect));
        faults.push(on().dropped().half_way());
    }
    faults
}

fn fake() -> FakeGithub {
    let github = FakeGithub::start();
    github.add_annotated_tag(TAG, COMMIT);
    github
}

/// The first run meets the fault (with retries or without), the second one does not.
async fn converges(client: &reqwest::Client, fault: Fault, retries: bool) {
    let github = fake();
    let parcel = parcel(TAG, &[("a.zip", b"aaa"), ("b.zip", b"bbb"), ("SHA256SUMS", b"sums")]);
    github.fail(fault.clone());
    let broken = backend_over(client, &github);
    let attempt = async {
        match retries {
            true => run(&broken, &parcel.shipment).await,
            false => run_once(&broken, &parcel.shipment).await,
        }
    };
    // A stalled attempt is given up by the engine.
    let patience = Duration::from_millis(if format!("{fault:?}").contains("Stall") { 300 } else { 120_000 });
    let first = tokio::time::timeout(patience, attempt).await.ok();
    check(first.as_ref(), &fault);
    github.heal();
    let there = github.assets(TAG);
    github.clear_requests();
    let second = run(&backend_over(client, &github), &parcel.shipment).await;
    assert!(second.codes().is_empty(), "{fault:?}\n{first:#?}\n{second:#?}");
    assert_eq!(github.assets(TAG), ["SHA256SUMS", "a.zip", "b.zip"], "{fault:?}");
    let release = github.release(TAG);
    assert_eq!((release.draft, release.assets.len()), (false, 3), "{fault:?}");
    let is_there = |path: &str| there.iter().any(|name| path.ends_with(&format!("/assets?name={name}")));
    let again: Vec<_> = github.writes().into_iter().filter(|write| is_there(&write.path)).collect();
    assert!(again.is_empty(), "sent twice: {fault:?} {again:?}");
    assert!(github.invented_tags().is_empty(), "{fault:?}");
}

fn check(outcome: Option<&Outcome>, fault: &Fault) {
    let Some(outcome) = outcome else { return };
    for error in outcome.failed.iter().map(|(_, error)| error).chain(&outcome.error) {
        assert!(CODES.contains(&error.code), "{fault:?}: {error:?}");
        assert!(error.code != "rate-limited" || matches!(error.retry, Retry::After(_)), "{error:?}");
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the number of cases is worth knowing")]
async fn after_any_single_fault_the_next_run_converges() {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let cases: Vec<Fault> = REQUESTS.iter().flat_map(|(method, path)| faults(method, path)).collect();
    let expected = cases.len();
    let cases = cases.into_iter().enumerate().map(|(n, fault)| (fault, n % 2 == 0));
    let mut run =
        futures::stream::iter(cases.map(|(fault, retries)| converges(&client, fault, retries))).buffer_unordered(16);
    let mut count = 0;
    while run.next().await.is_some() {
        count += 1;
    }
    println!("{count} faults survived");
    assert_eq!(count, expected);
}
