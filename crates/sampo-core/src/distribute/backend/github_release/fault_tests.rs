//! The fault matrix: whatever GitHub does to one request, the next run without the fault converges.

use std::time::Duration;

use futures::StreamExt;
use sampo_testkit::FakeGithub;
use sampo_testkit::github::Fault;

use super::driver::{COMMIT, Outcome, backend, parcel, run, run_once};
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
    ("GET", "*/releases/*[0-9]"),
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
    "upload-in-progress",
    "verification-failed",
];

fn faults(method: &str, path: &str) -> Vec<Fault> {
    // The fake knows no character classes: an id is what remains once the other paths are named.
    let path = path.replace("[0-9]", "");
    let on = || Fault::on(method, &path);
    let statuses = STATUSES.iter().flat_map(|&status| [on().status(status), on().status(status).after_effect()]);
    let connections = [on().dropped(), on().dropped().half_way(), on().dropped().after_effect()];
    let stalls = [on().stalled(), on().stalled().after_effect()];
    let answers = [on().truncated(), on().answered_with("{\"id\":"), on().answered_with("{}")];
    let limits = [on().rate_limited(Duration::from_secs(600)), on().secondary_rate_limited(Some(30))];
    statuses.chain(connections).chain(stalls).chain(answers).chain(limits).collect()
}

fn fake() -> FakeGithub {
    let github = FakeGithub::start();
    github.add_annotated_tag(TAG, COMMIT);
    github
}

/// The first run meets the fault (with retries or without), the second one does not.
async fn converges(fault: Fault, retries: bool) {
    let github = fake();
    let parcel = parcel(TAG, &[("a.zip", b"aaa"), ("b.zip", b"bbb"), ("SHA256SUMS", b"sums")]);
    github.fail(fault.clone());
    let broken = backend(&github, "");
    let attempt = async {
        match retries {
            true => run(&*broken, &parcel.shipment).await,
            false => run_once(&*broken, &parcel.shipment).await,
        }
    };
    // Who stalls is given up by the engine.
    let first = tokio::time::timeout(Duration::from_millis(700), attempt).await.ok();
    check(first.as_ref(), &fault);
    github.heal();
    let there = github.assets(TAG).len();
    github.clear_requests();
    let second = run(&*backend(&github, ""), &parcel.shipment).await;
    assert!(second.codes().is_empty(), "{fault:?}\n{first:#?}\n{second:#?}");
    assert_eq!(github.assets(TAG), ["SHA256SUMS", "a.zip", "b.zip"], "{fault:?}");
    let release = github.release(TAG);
    assert_eq!((release.draft, release.assets.len()), (false, 3), "{fault:?}");
    let sent = github.writes().iter().filter(|write| write.path.contains("/assets?name=")).count();
    assert_eq!(sent, 3 - there, "sent twice: {fault:?}");
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
async fn after_any_single_fault_the_next_run_converges() {
    let cases = REQUESTS.iter().flat_map(|(method, path)| faults(method, path));
    let cases = cases.flat_map(|fault| [(fault.clone(), false), (fault, true)]);
    let mut run = futures::stream::iter(cases.map(|(fault, retries)| converges(fault, retries))).buffer_unordered(16);
    let mut count = 0;
    while run.next().await.is_some() {
        count += 1;
    }
    println!("{count} faults survived");
    assert_eq!(count, REQUESTS.len() * 30 * 2);
}
