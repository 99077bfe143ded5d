//! The fault matrix: every request of a delivery fails in every way, the first run says what became of it, and the
//! next run without the fault converges.
//!
//! Usually each request fails once in each way, and in each scene in every way that has a consequence of its own;
//! `SAMPO_FAULTS=all cargo test -p sampo-core --lib fault_tests -- --nocapture` has all of them in all scenes.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sampo_testkit::FakeGithub;
use sampo_testkit::github::{Fault, LoggedRequest};
use tokio_util::sync::CancellationToken;

use super::driver::{COMMIT, Parcel, backend_over, parcel};
use crate::distribute::backend::Pace;
use crate::distribute::checksum::{Digest, SUMS_FILE};
use crate::distribute::engine::{Destination, Earlier, Options, Order, Plan};
use crate::distribute::model::ArtifactKind;
use crate::distribute::report::{Delivery, Status};
use crate::event::Silent;

const TAG: &str = "app-v1.2.0";
const FILES: [(&str, &[u8]); 2] = [("a.zip", b"aaa"), ("b.zip", b"bbb")];
/// Longer than any answer takes, however busy the machine is: only what never comes is not waited for.
const LONGEST: Duration = Duration::from_secs(600);
/// How long to wait for what never comes, at first. A busy machine may need longer for what does come, so that a
/// longer wait is tried before anything is found wrong.
const STALL: Duration = Duration::from_secs(1);
/// So many cases at the same time.
const AT_ONCE: usize = 32;
/// Rate limits ask for more.
const MAX_WAIT: Duration = Duration::from_millis(500);
/// A half-uploaded asset is cleared away at once, so that the requests of a run are always the same.
const PACE: Pace = Pace {
    settle: Duration::ZERO,
    lag: Duration::from_millis(25),
    poll: Duration::from_millis(10),
    backoff: Duration::from_millis(1),
};

/// What there is before the first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// Nothing; what is published becomes immutable.
    Nothing,
    /// A draft with one asset and the half of another.
    HalfDraft,
    /// A published release that lacks one asset.
    Published,
    /// The same, and it is immutable.
    Immutable,
}

/// The way in which one request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Status(u16),
    Dropped,
    Stalled,
    Truncated,
    Nonsense(&'static str),
    /// The primary limit, with the time of its reset.
    Limited,
    /// A secondary limit, with or without `Retry-After`.
    Secondary(Option<u64>),
}

/// How far the failing request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reach {
    Before,
    Half,
    After,
}

/// What a failing request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Request {
    FindPublished,
    /// Before anything is written.
    List,
    /// After a draft was made: is it the only one?
    ListAgain,
    Check,
    TagReference,
    TagObject,
    Create,
    Upload,
    /// After the list was delivered: has another run put its own there?
    LookAtList,
    ReadRelease,
    ListAssets,
    DeleteAsset,
    Latest,
    Publish,
}

#[derive(Debug, Clone)]
struct Case {
    scene: Scene,
    request: Request,
    method: String,
    path: String,
    /// Which one of several such requests.
    nth: usize,
    kind: Kind,
    reach: Reach,
    retries: u32,
}

const SCENES: [Scene; 4] = [Scene::Nothing, Scene::HalfDraft, Scene::Published, Scene::Immutable];
/// What follows a failure depends on these differences only.
const CONSEQUENCES: [Kind; 5] =
    [Kind::Status(401), Kind::Status(404), Kind::Status(502), Kind::Dropped, Kind::Secondary(Some(30))];
const STATUSES: [u16; 10] = [401, 403, 404, 408, 409, 422, 429, 500, 502, 503];

/// What the first run reports as the cause of everything that did not arrive; nothing if all arrived.
fn expected(case: &Case) -> Option<&'static str> {
    let carries_on = None;
    if case.scene == Scene::Immutable && survives(case) {
        return Some("destination-closed");
    }
    match (case.request, case.kind, case.reach) {
        _ if is_limit(case.kind) => Some("rate-limited"),
        // A 404 there means that there is none, which is then looked for elsewhere or needs not be.
        (Request::FindPublished | Request::ReadRelease | Request::Latest, Kind::Status(404), _) => carries_on,
        (Request::DeleteAsset, Kind::Status(404), Reach::After) => carries_on,
        // The upload then meets the half asset.
        (Request::DeleteAsset, Kind::Status(404), _) if case.retries == 0 => Some("upload-in-progress"),
        (Request::DeleteAsset, Kind::Status(404), _) => carries_on,
        (Request::TagReference, Kind::Status(404), _) => Some("tag-not-pushed"),
        // GitHub says the same in other words.
        (Request::FindPublished | Request::Latest, Kind::Nonsense(_), _) if case.scene.lacks_list() => carries_on,
        // What these tell is seen again at the end.
        (Request::ListAgain | Request::LookAtList, ..) => carries_on,
        _ if survives(case) => carries_on,
        (_, kind, _) => Some(code(kind, case.request)),
    }
}

/// Whether the run gets over the failure: it tries again, or sees that the request had its effect.
fn survives(case: &Case) -> bool {
    // A release that was made a moment ago may not be known to the uploads host yet.
    let is_doubtful = match case.kind {
        Kind::Status(404) => case.request == Request::Upload,
        Kind::Status(status) => matches!(status, 408 | 500..),
        Kind::Limited | Kind::Secondary(_) => false,
        _ => true,
    };
    let is_seen_by_looking = match case.request {
        Request::Create | Request::Upload | Request::Publish => has_effect(case),
        // The end of a run into a published release, which needs nothing to be done.
        Request::ReadRelease | Request::ListAssets => case.scene == Scene::Published,
        _ => false,
    };
    is_doubtful && (case.retries > 0 || is_seen_by_looking)
        || (case.scene == Scene::Immutable && case.kind == Kind::Status(404))
}

fn has_effect(case: &Case) -> bool {
    // Answers that are cut or replaced are answers of requests that were carried out.
    case.reach == Reach::After || matches!(case.kind, Kind::Truncated | Kind::Nonsense(_))
}

fn is_limit(kind: Kind) -> bool {
    matches!(kind, Kind::Limited | Kind::Secondary(_) | Kind::Status(429))
}

fn code(kind: Kind, request: Request) -> &'static str {
    match kind {
        Kind::Status(401) => "credentials-refused",
        Kind::Status(403) => "permission-denied",
        Kind::Status(404) => "not-found",
        Kind::Status(409 | 422) => "request-refused",
        Kind::Status(_) => "server-error",
        Kind::Stalled if request == Request::Upload => "stalled",
        Kind::Dropped | Kind::Stalled | Kind::Truncated => "network",
        Kind::Nonsense(_) => "invalid-answer",
        Kind::Limited | Kind::Secondary(_) => "rate-limited",
    }
}

/// Every way in which a request with this method can fail.
fn kinds(method: &str) -> Vec<(Kind, Reach)> {
    let statuses = STATUSES.map(Kind::Status);
    let failures = statuses.into_iter().chain([Kind::Dropped, Kind::Stalled]);
    let limits = [Kind::Limited, Kind::Secondary(Some(30)), Kind::Secondary(None)];
    let answers = [Kind::Truncated, Kind::Nonsense("{\"id\":"), Kind::Nonsense("7")];
    let mut kinds: Vec<(Kind, Reach)> = failures.clone().chain(limits).map(|kind| (kind, Reach::Before)).collect();
    // Nobody reads what stands in the answer to a deletion.
    if method != "DELETE" {
        kinds.extend(answers.map(|kind| (kind, Reach::After)));
    }
    // A request that only asks has no effect to fail after.
    if method != "GET" {
        kinds.extend(failures.map(|kind| (kind, Reach::After)));
        kinds.push((Kind::Dropped, Reach::Half));
    }
    kinds
}

impl Scene {
    /// Whether the list of checksums is not there yet, nor any published release.
    fn lacks_list(self) -> bool {
        matches!(self, Self::Nothing | Self::HalfDraft)
    }

    fn prepare(self) -> (FakeGithub, Parcel) {
        let github = FakeGithub::start();
        github.add_annotated_tag(TAG, COMMIT);
        if matches!(self, Self::Nothing | Self::Immutable) {
            github.with_immutable_releases();
        }
        let sums: String = FILES.iter().map(|(name, bytes)| format!("{}  {name}\n", Digest::of(bytes))).collect();
        let [a, b] = FILES;
        match self {
            Self::Nothing => {}
            Self::HalfDraft => {
                let draft = github.add_draft(TAG);
                github.add_asset(draft, a.0, a.1);
                github.add_starter(draft, b.0);
            }
            Self::Published | Self::Immutable => {
                let release = github.add_published(TAG);
                github.add_asset(release, a.0, a.1);
                github.add_asset(release, SUMS_FILE, sums.as_bytes());
            }
        }
        let mut parcel = parcel(TAG, &[a, b, (SUMS_FILE, sums.as_bytes())]);
        parcel.shipment.artifacts[2].kind = ArtifactKind::Checksum;
        (github, parcel)
    }
}

impl Case {
    fn fault(&self) -> Fault {
        let fault = Fault::on(&self.method, &self.path).nth(self.nth);
        let fault = match self.kind {
            Kind::Status(status) => fault.status(status),
            Kind::Dropped => fault.dropped(),
            Kind::Stalled => fault.stalled(),
            Kind::Truncated => fault.truncated(),
            Kind::Nonsense(text) => fault.answered_with(text),
            Kind::Limited => fault.rate_limited(Duration::from_secs(600)),
            Kind::Secondary(wait) => fault.secondary_rate_limited(wait),
        };
        match self.reach {
            Reach::Before => fault,
            Reach::Half => fault.half_way(),
            Reach::After => fault.after_effect(),
        }
    }

    /// Why the case does not end as it must, if so.
    async fn check(&self, client: &reqwest::Client) -> Result<(), String> {
        if self.kind != Kind::Stalled {
            return self.check_within(LONGEST, client).await;
        }
        let mut stall = STALL;
        loop {
            match self.check_within(stall, client).await {
                Err(_) if stall < LONGEST => stall *= 5,
                checked => return checked,
            }
        }
    }

    async fn check_within(&self, stall: Duration, client: &reqwest::Client) -> Result<(), String> {
        let (github, parcel) = self.scene.prepare();
        github.fail(self.fault());
        let first = deliver(&github, client, &parcel, self.retries, stall).await;
        let cause = cause(&first);
        if cause.as_deref() != expected(self) {
            return Err(format!("{cause:?} instead of {:?}\n{}", expected(self), told(&first)));
        }
        github.heal();
        let there = github.assets(TAG);
        github.clear_requests();
        let second = deliver(&github, client, &parcel, 0, LONGEST).await;
        self.check_end(&github, &first, &second, &there)
    }

    fn check_end(
        &self,
        github: &FakeGithub,
        first: &[Delivery],
        second: &[Delivery],
        there: &[String],
    ) -> Result<(), String> {
        let fail = |what: &str| Err(format!("{what}\n{}\nthen\n{}", told(first), told(second)));
        let (closed, releases) = (self.scene == Scene::Immutable, github.releases());
        let expected: &[&str] = if closed { &[SUMS_FILE, "a.zip"] } else { &[SUMS_FILE, "a.zip", "b.zip"] };
        let is_there = |write: &LoggedRequest| there.iter().any(|name| write.path.ends_with(&format!("?name={name}")));
        let writes = github.writes();
        match () {
            () if cause(second).as_deref() != closed.then_some("destination-closed") => fail("the second run failed"),
            () if releases.len() != 1 || releases[0].draft => fail(&format!("not one release: {releases:?}")),
            () if github.assets(TAG) != expected => fail(&format!("{:?} arrived", github.assets(TAG))),
            () if releases[0].assets.len() != expected.len() => fail("half an asset is left"),
            () if writes.iter().any(is_there) => fail(&format!("sent twice: {writes:?}")),
            () if cause(first).is_none() && !writes.is_empty() => fail(&format!("more was done: {writes:?}")),
            () if !github.invented_tags().is_empty() => fail("a tag was invented"),
            () => Ok(()),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, method, path, nth, kind, reach, retries, .. } = self;
        write!(f, "{scene:?}: {method} {path} #{nth}: {kind:?} {reach:?}, {retries} retries")
    }
}

impl Request {
    fn of(scene: Scene, method: &str, path: &str, nth: usize) -> Self {
        let path = path.trim_start_matches("/repos/acme/app");
        match (method, path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
            ("GET", []) => Self::Check,
            ("GET", ["git", "ref", ..]) => Self::TagReference,
            ("GET", ["git", "tags", _]) => Self::TagObject,
            ("GET", ["releases"]) if nth == 1 => Self::List,
            ("GET", ["releases"]) => Self::ListAgain,
            ("GET", ["releases", "latest"]) => Self::Latest,
            ("GET", ["releases", "tags", _]) => Self::FindPublished,
            ("GET", ["releases", _]) if nth == 1 && scene.lacks_list() => Self::LookAtList,
            ("GET", ["releases", _]) => Self::ReadRelease,
            ("GET", ["releases", _, "assets"]) => Self::ListAssets,
            ("POST", ["releases"]) => Self::Create,
            ("POST", ["releases", _, "assets"]) => Self::Upload,
            ("DELETE", ["releases", "assets", _]) => Self::DeleteAsset,
            ("PATCH", ["releases", _]) => Self::Publish,
            other => panic!("a request that the matrix does not know: {other:?}"),
        }
    }
}

/// One run of the engine, one request after the other.
async fn deliver(
    github: &FakeGithub,
    client: &reqwest::Client,
    parcel: &Parcel,
    retries: u32,
    stall_timeout: Duration,
) -> Vec<Delivery> {
    let backend = backend_over(client, github, PACE, stall_timeout);
    let destination = Destination {
        name: "github".into(),
        backend: Box::new(backend),
        needs: Vec::new(),
        retries,
        stall_timeout,
        max_wait: MAX_WAIT,
        jobs: None,
    };
    let order = Order {
        destination: Arc::new(destination),
        shipment: parcel.shipment.clone(),
        missing: Vec::new(),
        optional: Vec::new(),
        earlier: Earlier::default(),
        unfinished: None,
        adds: false,
    };
    let options = Options {
        jobs: NonZeroUsize::MIN,
        dry_run: false,
        replace: false,
        fail_fast: false,
        pace: PACE,
        cancellation: CancellationToken::new(),
        reporter: Arc::new(Silent),
        staging: parcel.folder.path().to_owned(),
        stock: Arc::default(),
    };
    let outcome = Plan::new(vec![order]).unwrap().carry_out(&options).await.remove(0);
    outcome.deliveries.into_iter().chain(outcome.finish).collect()
}

/// A line for each entry.
fn told(run: &[Delivery]) -> String {
    let line = |delivery: &Delivery| {
        let Delivery { item, status, message, .. } = delivery;
        format!("  {item} {}: {}", status.as_str(), message.as_deref().unwrap_or_default())
    };
    run.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The one code of everything that failed by itself.
fn cause(run: &[Delivery]) -> Option<String> {
    let own = |delivery: &&Delivery| matches!(delivery.status, Status::Failed | Status::Conflict);
    let mut codes: Vec<String> = run.iter().filter(own).filter_map(|delivery| delivery.code.clone()).collect();
    codes.dedup();
    (!codes.is_empty()).then(|| codes.join(" and "))
}

/// The requests of an undisturbed run, each with every fault.
async fn cases(client: &reqwest::Client, scene: Scene, retries: u32) -> Vec<Case> {
    let (github, parcel) = scene.prepare();
    deliver(&github, client, &parcel, 0, LONGEST).await;
    let mut cases = Vec::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    for LoggedRequest { method, path, .. } in github.requests() {
        let path = path.split('?').next().unwrap_or_default().to_owned();
        seen.push((method.clone(), path.clone()));
        let nth = seen.iter().filter(|(m, p)| (m, p) == (&method, &path)).count();
        let request = Request::of(scene, &method, &path, nth);
        let is_meant = |(kind, _): &(Kind, Reach)| retries == 0 || CONSEQUENCES.contains(kind);
        cases.extend(kinds(&method).into_iter().filter(is_meant).map(|(kind, reach)| {
            let (method, path) = (method.clone(), path.clone());
            Case { scene, request, method, path, nth, kind, reach, retries }
        }));
    }
    cases
}

/// Leaves out what differs from a case before it by the scene alone, and has no consequence of its own.
fn representatives(all: Vec<Case>) -> Vec<Case> {
    let mut seen = HashSet::new();
    let mut is_new = |case: &Case| seen.insert((case.request, case.kind, case.reach, case.retries));
    let has_consequence = |case: &Case| case.retries == 0 && CONSEQUENCES.contains(&case.kind);
    all.into_iter().filter(|case| is_new(case) || has_consequence(case)).collect()
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the number of cases is worth knowing")]
async fn after_any_single_fault_the_report_is_right_and_the_next_run_converges() {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut all = Vec::new();
    for scene in SCENES {
        for retries in [0, 1] {
            all.extend(cases(&client, scene, retries).await);
        }
    }
    let total = all.len();
    let mut all = if std::env::var_os("SAMPO_FAULTS").is_some() { all } else { representatives(all) };
    // Those that mostly wait begin first.
    all.sort_by_key(|case| case.kind != Kind::Stalled);
    let count = all.len();
    let client = &client;
    let checks = all.into_iter().map(async |case| (case.check(client).await, case));
    let failed = futures::stream::iter(checks)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |(outcome, case)| outcome.err().map(|why| format!("{case}: {why}")));
    let wrong: Vec<String> = failed.collect().await;
    println!("{count} of {total} faults, {} of them not survived", wrong.len());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}
