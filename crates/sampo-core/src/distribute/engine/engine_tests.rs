//! The engine's promises, kept with a destination in memory that can be told to fail.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::FutureExt;
use semver::Version;

use super::*;
use crate::distribute::backend::{CHANGED_MEANWHILE, Found, Presence, Progress, Receipt, Retry, Survey};
use crate::distribute::checksum::{self, Digest};
use crate::distribute::model::{Artifact, ArtifactKind};
use crate::event::{Silent, Status};

/// How the next delivery of an item fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing arrives.
    Before(Retry),
    /// It arrives, and the answer is lost.
    After,
    /// Nothing happens, for ever.
    Stall,
    /// It arrives, and another run puts its own list in its place.
    Overtaken,
    /// Nothing arrives, and nobody may come again before that.
    Limited(Duration),
}

/// What the destination holds; shared between runs, as a real one is.
#[derive(Debug, Default)]
struct Shelf {
    held: Mutex<BTreeMap<String, Vec<u8>>>,
    faults: Mutex<HashMap<String, Vec<Fault>>>,
    writes: Mutex<Vec<String>>,
    finished: AtomicBool,
    /// The digests of what the last finish was told.
    finished_with: Mutex<Vec<Digest>>,
    refused: AtomicBool,
    /// How long a check of the credentials takes, and when each ended.
    check_takes: Mutex<Duration>,
    checks: Mutex<Vec<tokio::time::Instant>>,
    /// A rate limit: nothing is wanted before then.
    closed_until: Mutex<Option<tokio::time::Instant>>,
    /// When each delivery came.
    arrivals: Mutex<Vec<(String, tokio::time::Instant)>>,
    /// Whether surveys tell nothing.
    blind: AtomicBool,
    last_write: Mutex<Option<tokio::time::Instant>>,
    deliveries_at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Shelf {
    fn fail(&self, item: &str, faults: &[Fault]) {
        self.faults.lock().unwrap().insert(item.to_owned(), faults.iter().rev().copied().collect());
    }

    fn next_fault(&self, item: &str) -> Option<Fault> {
        self.faults.lock().unwrap().get_mut(item).and_then(Vec::pop)
    }

    fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    fn presence(&self, item: &Item) -> Presence {
        match self.held.lock().unwrap().get(&item.name) {
            _ if self.blind.load(Ordering::SeqCst) => Presence::Unknown,
            None => Presence::Absent,
            Some(bytes) if Digest::of(bytes) == item.artifact.as_ref().unwrap().sha256 => Presence::Identical,
            Some(bytes) => {
                let revision = Digest::of(bytes).to_string();
                Presence::Different(Found { description: format!("{} bytes", bytes.len()), revision })
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.held.lock().unwrap().keys().cloned().collect()
    }
}

#[derive(Debug)]
struct Memory(Arc<Shelf>);

#[async_trait]
impl Backend for Memory {
    fn destination(&self, _release: &Release) -> Result<String, BackendError> {
        Ok("the shelf".into())
    }

    async fn check(&self) -> Result<(), BackendError> {
        let takes = *self.0.check_takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        self.0.checks.lock().unwrap().push(tokio::time::Instant::now());
        match self.0.refused.load(Ordering::SeqCst) {
            true => Err(BackendError::new("credentials-refused", "no")),
            false => Ok(()),
        }
    }

    fn asks_to_wait(&self) -> Option<Duration> {
        let until = (*self.0.closed_until.lock().unwrap())?;
        until.checked_duration_since(tokio::time::Instant::now()).filter(|wait| !wait.is_zero())
    }

    async fn survey(&self, _shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        if self.0.next_fault("survey").is_some() {
            return Err(BackendError::transient("server-error", "survey failed"));
        }
        let presences = items.iter().map(|item| self.0.presence(item)).collect();
        Ok(Survey { presences, finished: self.0.finished.load(Ordering::SeqCst), warnings: Vec::new() })
    }

    async fn deliver(
        &self,
        _shipment: &Shipment,
        item: &Item,
        found: &Presence,
        _progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        self.0.arrivals.lock().unwrap().push((item.name.clone(), tokio::time::Instant::now()));
        let now = self.0.deliveries_at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.0.deliveries_at_once.fetch_sub(1, Ordering::SeqCst);
        let fault = self.0.next_fault(&item.name);
        if fault == Some(Fault::Stall) {
            std::future::pending::<()>().await;
        }
        if let Some(Fault::Limited(wait)) = fault {
            *self.0.closed_until.lock().unwrap() = Some(tokio::time::Instant::now() + wait);
            return Err(BackendError::new("rate-limited", "too many requests").with_retry(Retry::After(wait)));
        }
        if let Some(Fault::Before(retry)) = fault {
            return Err(BackendError::new("server-error", "502 Bad Gateway").with_retry(retry));
        }
        if item.name == checksum::SUMS_FILE && *found != self.0.presence(item) {
            return Err(BackendError::transient(CHANGED_MEANWHILE, "something else is there now"));
        }
        let bytes = std::fs::read(&item.artifact.as_ref().unwrap().path).unwrap();
        self.0.held.lock().unwrap().insert(item.name.clone(), bytes);
        self.0.writes.lock().unwrap().push(item.name.clone());
        *self.0.last_write.lock().unwrap() = Some(tokio::time::Instant::now());
        if fault == Some(Fault::Overtaken) {
            self.0.put(&item.name, &line("other"));
        }
        match fault {
            Some(Fault::After) => Err(BackendError::transient("network", "connection lost")),
            _ => Ok(Receipt { url: Some(format!("memory:{}", item.name)) }),
        }
    }

    async fn finish(&self, shipment: &Shipment) -> Result<(), BackendError> {
        let fault = self.0.next_fault("finish");
        if let Some(Fault::Before(_)) = fault {
            return Err(BackendError::new("refused", "not today"));
        }
        *self.0.finished_with.lock().unwrap() = shipment.artifacts.iter().map(|artifact| artifact.sha256).collect();
        self.0.finished.store(true, Ordering::SeqCst);
        self.0.writes.lock().unwrap().push("finish".into());
        match fault {
            Some(_) => Err(BackendError::transient("network", "connection lost")),
            None => Ok(()),
        }
    }

    async fn read(&self, _shipment: &Shipment, item: &Item) -> Result<Vec<u8>, BackendError> {
        Ok(self.0.held.lock().unwrap()[&item.name].clone())
    }
}

struct Scene {
    folder: tempfile::TempDir,
    cancellation: CancellationToken,
    dry_run: bool,
    replace: bool,
    fail_fast: bool,
    jobs: usize,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            cancellation: CancellationToken::new(),
            dry_run: false,
            replace: false,
            fail_fast: false,
            jobs: 2,
        }
    }

    fn artifact(&self, name: &str, contents: &str) -> Artifact {
        let path = self.folder.path().join(Digest::of(format!("{name}/{contents}")).to_string());
        std::fs::write(&path, contents).unwrap();
        let kind = if name == checksum::SUMS_FILE { ArtifactKind::Checksum } else { ArtifactKind::Archive };
        let (sha256, bytes) = Digest::of_file(&path).unwrap();
        Artifact { name: name.to_owned(), kind, target: None, bytes, sha256, path }
    }

    fn artifacts(&self, names: &[&str]) -> Vec<Artifact> {
        names.iter().map(|name| self.artifact(name, name)).collect()
    }

    fn destination(name: &str, shelf: &Arc<Shelf>, needs: &[&str]) -> Arc<Destination> {
        let needs = needs.iter().map(ToString::to_string).collect();
        let seconds = Duration::from_secs;
        let backend = Box::new(Memory(Arc::clone(shelf)));
        let (stall_timeout, max_wait) = (seconds(60), seconds(300));
        Arc::new(Destination { name: name.to_owned(), backend, needs, retries: 2, stall_timeout, max_wait, jobs: None })
    }

    fn order(&self, destination: &Arc<Destination>, artifacts: Vec<Artifact>) -> Order {
        let release = Release {
            package: "cargo/my-cli".parse().unwrap(),
            version: Version::new(1, 2, 0),
            tag: "my-cli-v1.2.0".into(),
            commit: None,
            commit_time: 0,
            path: ".".into(),
            notes: None,
            repository: None,
        };
        let shipment = Shipment { release: Arc::new(release), artifacts };
        Order {
            destination: Arc::clone(destination),
            shipment,
            missing: Vec::new(),
            optional: Vec::new(),
            earlier: Earlier::default(),
            unfinished: None,
            adds: false,
        }
    }

    fn options(&self, staging: &Path) -> Options {
        Options {
            jobs: NonZeroUsize::new(self.jobs).unwrap(),
            dry_run: self.dry_run,
            replace: self.replace,
            fail_fast: self.fail_fast,
            pace: Pace::default(),
            cancellation: self.cancellation.clone(),
            reporter: Arc::new(Silent),
            stock: Arc::default(),
            staging: staging.to_owned(),
        }
    }

    async fn run(&self, orders: Vec<Order>) -> Vec<Outcome> {
        let staging = tempfile::tempdir().unwrap();
        Plan::new(orders).unwrap().carry_out(&self.options(staging.path())).await
    }

    /// One order through one destination.
    async fn deliver(&self, shelf: &Arc<Shelf>, artifacts: Vec<Artifact>) -> Outcome {
        self.run(vec![self.order(&Self::destination("web", shelf, &[]), artifacts)]).await.remove(0)
    }
}

fn statuses(outcome: &Outcome) -> Vec<(&str, Status)> {
    let entries = outcome.deliveries.iter().chain(&outcome.finish);
    entries.map(|delivery| (delivery.item.as_str(), delivery.status)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_second_run_writes_nothing_and_a_lost_item_is_delivered_alone() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let artifacts = scene.artifacts(&["a", "b"]);
    let outcome = scene.deliver(&shelf, artifacts.clone()).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("b", Status::Delivered), ("finish", Status::Delivered)]);
    assert_eq!(outcome.deliveries[0].url.as_deref(), Some("memory:a"));
    assert_eq!(shelf.writes().len(), 3);

    let outcome = scene.deliver(&shelf, artifacts.clone()).await;
    assert_eq!(statuses(&outcome), [("a", Status::Unchanged), ("b", Status::Unchanged), ("finish", Status::Unchanged)]);
    assert!(shelf.writes().is_empty());

    shelf.held.lock().unwrap().remove("a");
    let outcome = scene.deliver(&shelf, artifacts).await;
    assert_eq!(statuses(&outcome)[..2], [("a", Status::Delivered), ("b", Status::Unchanged)]);
    assert_eq!(shelf.writes(), ["a", "finish"]);
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_tried_again_within_its_bounds() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let fault = Fault::Before(Retry::Later);
    shelf.fail("a", &[fault, fault]);
    shelf.fail("b", &[fault, fault, fault]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a", "b"])).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("b", Status::Failed), ("finish", Status::Blocked)]);
    assert_eq!((outcome.deliveries[0].attempts, outcome.deliveries[1].attempts), (3, 3));
    assert!(outcome.deliveries[1].retryable);
}

#[tokio::test(start_paused = true)]
async fn a_final_failure_is_not_tried_again() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("a", &[Fault::Before(Retry::Never)]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!((outcome.deliveries[0].attempts, outcome.deliveries[0].retryable), (1, false));
}

#[tokio::test(start_paused = true)]
async fn what_arrived_although_the_answer_was_lost_is_not_sent_twice() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("a", &[Fault::After]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("finish", Status::Delivered)]);
    assert_eq!(shelf.writes(), ["a", "finish"]);
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_allowed_ends_the_delivery_with_the_time_to_return() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("a", &[Fault::Before(Retry::After(Duration::from_secs(3600)))]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    let delivery = &outcome.deliveries[0];
    assert_eq!((delivery.status, delivery.attempts, delivery.retryable), (Status::Failed, 1, true));
    assert!(delivery.hint.as_deref().unwrap().contains("try again in 1h"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_progress_is_given_up_and_repeated() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("a", &[Fault::Stall]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!((outcome.deliveries[0].status, outcome.deliveries[0].attempts), (Status::Delivered, 2));
}

#[tokio::test(start_paused = true)]
async fn something_else_under_the_name_is_a_conflict_unless_replacing_was_asked_for() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.held.lock().unwrap().insert("a".into(), b"other".to_vec());
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a", "b"])).await;
    assert_eq!(statuses(&outcome), [("a", Status::Conflict), ("b", Status::Delivered), ("finish", Status::Blocked)]);
    assert_eq!(outcome.deliveries[0].code.as_deref(), Some("conflict"));
    scene.replace = true;
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a", "b"])).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("b", Status::Unchanged), ("finish", Status::Delivered)]);
}

fn line(name: &str) -> String {
    format!("{}  {name}\n", Digest::of(name))
}

impl Scene {
    /// These artifacts, and the list of them.
    fn listed(&self, names: &[&str]) -> Vec<Artifact> {
        let mut artifacts = self.artifacts(names);
        let lines: String = names.iter().map(|name| line(name)).collect();
        artifacts.push(self.artifact(checksum::SUMS_FILE, &lines));
        artifacts
    }

    /// Two packages whose releases have one tag, each with an artifact and a list.
    fn orders_of_one_place(&self, destination: &Arc<Destination>) -> Vec<Order> {
        let first = self.order(destination, self.listed(&["a"]));
        let mut second = self.order(destination, self.listed(&["b"]));
        second.shipment.release =
            Arc::new(Release { package: "cargo/other".parse().unwrap(), ..(*first.shipment.release).clone() });
        vec![first, second]
    }
}

impl Shelf {
    fn list(&self) -> String {
        String::from_utf8(self.held.lock().unwrap()[checksum::SUMS_FILE].clone()).unwrap()
    }

    fn put(&self, name: &str, contents: &str) {
        self.held.lock().unwrap().insert(name.into(), contents.into());
    }
}

fn status_of(outcome: &Outcome, item: &str) -> Status {
    outcome.deliveries.iter().chain(&outcome.finish).find(|delivery| delivery.item == item).unwrap().status
}

#[tokio::test(start_paused = true)]
async fn a_checksum_file_keeps_the_lines_of_runs_with_other_targets() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    scene.deliver(&shelf, scene.listed(&["a"])).await;
    let outcome = scene.deliver(&shelf, scene.listed(&["b"])).await;
    assert_eq!(status_of(&outcome, checksum::SUMS_FILE), Status::Delivered);
    assert_eq!(shelf.list(), line("a") + &line("b"));
    // Finish is told what stands there, not what this run alone would have put there.
    assert!(shelf.finished_with.lock().unwrap().contains(&Digest::of(shelf.list())));

    shelf.writes();
    let outcome = scene.deliver(&shelf, scene.listed(&["b"])).await;
    assert_eq!(status_of(&outcome, checksum::SUMS_FILE), Status::Unchanged, "every line is there");
    assert!(shelf.writes().is_empty());

    let contradiction = format!("{}  b\n", Digest::of("something else"));
    shelf.put(checksum::SUMS_FILE, &(line("a") + &contradiction));
    let outcome = scene.deliver(&shelf, scene.listed(&["b"])).await;
    assert_eq!(status_of(&outcome, checksum::SUMS_FILE), Status::Conflict);
    scene.replace = true;
    scene.deliver(&shelf, scene.listed(&["b"])).await;
    assert_eq!(shelf.list(), line("a") + &line("b"), "replacing touches no line of another target");
}

#[tokio::test(start_paused = true)]
async fn a_checksum_file_that_another_run_overwrites_at_the_same_moment_gets_our_lines_again() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail(checksum::SUMS_FILE, &[Fault::Overtaken]);
    let outcome = scene.deliver(&shelf, scene.listed(&["a"])).await;
    assert_eq!(status_of(&outcome, checksum::SUMS_FILE), Status::Delivered);
    assert_eq!(shelf.list(), line("a") + &line("other"));
}

#[tokio::test(start_paused = true)]
async fn an_optional_artifact_that_cannot_be_delivered_holds_nothing_back_and_is_not_listed() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let target: Target = "riscv64gc-unknown-linux-gnu".parse().unwrap();
    let mut artifacts = scene.listed(&["a", "b"]);
    artifacts[1].target = Some(target.clone());
    shelf.put("b", "something else");
    let mut order = scene.order(&Scene::destination("web", &shelf, &[]), artifacts);
    order.optional.push(target);
    let outcome = scene.run(vec![order]).await.remove(0);
    assert_eq!(status_of(&outcome, "b"), Status::Conflict);
    assert_eq!((status_of(&outcome, "finish"), shelf.list()), (Status::Delivered, line("a")));
}

#[tokio::test(start_paused = true)]
async fn a_release_of_which_nothing_is_there_is_not_made_visible() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let outcome = scene.deliver(&shelf, Vec::new()).await;
    assert_eq!(statuses(&outcome), [("finish", Status::Skipped)]);
    assert!(shelf.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn releases_that_share_a_place_become_visible_together() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let destination = Scene::destination("web", &shelf, &[]);
    let orders = || scene.orders_of_one_place(&destination);
    shelf.fail("b", &[Fault::Before(Retry::Never)]);
    let outcomes = scene.run(orders()).await;
    assert!(outcomes.iter().all(|outcome| status_of(outcome, "finish") == Status::Blocked));
    assert!(!shelf.finished.load(Ordering::SeqCst));
    scene.run(orders()).await;
    assert!(shelf.finished.load(Ordering::SeqCst));
    assert_eq!(shelf.list(), line("a") + &line("b"));
}

#[tokio::test(start_paused = true)]
async fn releases_that_share_a_list_need_no_second_attempt_for_it() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let mut destination = Arc::into_inner(Scene::destination("web", &shelf, &[])).unwrap();
    destination.retries = 0;
    let outcomes = scene.run(scene.orders_of_one_place(&Arc::new(destination))).await;
    for outcome in &outcomes {
        assert_eq!(status_of(outcome, checksum::SUMS_FILE), Status::Delivered, "{outcome:#?}");
    }
    assert_eq!(shelf.list(), line("a") + &line("b"));
}

#[tokio::test(start_paused = true)]
async fn a_needed_backend_succeeds_only_once_users_can_fetch_from_it() {
    let (scene, first, second) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    let mut needed = scene.order(&Scene::destination("first", &first, &[]), scene.artifacts(&["a"]));
    needed.unfinished = Some("a target is left out".into());
    let needing = scene.order(&Scene::destination("second", &second, &["first"]), scene.artifacts(&["a"]));
    let outcomes = scene.run(vec![needed, needing]).await;
    assert_eq!(status_of(&outcomes[0], "a"), Status::Delivered);
    assert_eq!(status_of(&outcomes[1], "a"), Status::Blocked);
}

#[tokio::test(start_paused = true)]
async fn a_checksum_file_goes_last_and_not_at_all_if_something_it_lists_is_missing() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let mut artifacts = scene.artifacts(&["x", "y"]);
    artifacts.insert(0, scene.artifact(checksum::SUMS_FILE, &format!("{}  x\n", Digest::of("x"))));
    shelf.fail("y", &[Fault::Before(Retry::Never)]);
    let outcome = scene.deliver(&shelf, artifacts.clone()).await;
    let entry = outcome.deliveries.iter().find(|delivery| delivery.item == checksum::SUMS_FILE).unwrap();
    assert_eq!((entry.status, shelf.names()), (Status::Blocked, vec!["x".to_owned()]));
    scene.deliver(&shelf, artifacts).await;
    assert_eq!(shelf.writes(), ["x", "y", checksum::SUMS_FILE, "finish"]);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    scene.dry_run = true;
    shelf.held.lock().unwrap().insert("a".into(), b"a".to_vec());
    shelf.held.lock().unwrap().insert("b".into(), b"other".to_vec());
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a", "b", "c"])).await;
    let expected =
        [("a", Status::Unchanged), ("b", Status::Conflict), ("c", Status::WouldDeliver), ("finish", Status::Blocked)];
    assert_eq!(statuses(&outcome), expected);
    scene.replace = true;
    let outcome = scene.deliver(&shelf, scene.artifacts(&["b"])).await;
    assert_eq!(statuses(&outcome), [("b", Status::WouldReplace), ("finish", Status::WouldDeliver)]);
    assert!(shelf.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_fails_its_backend_alone_and_before_any_write() {
    let (scene, bad, good) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    bad.refused.store(true, Ordering::SeqCst);
    let artifacts = scene.artifacts(&["a"]);
    let orders = [("bad", &bad), ("good", &good)]
        .map(|(name, shelf)| scene.order(&Scene::destination(name, shelf, &[]), artifacts.clone()));
    let outcomes = scene.run(orders.into()).await;
    assert_eq!(outcomes[0].deliveries[0].code.as_deref(), Some("credentials-refused"));
    assert_eq!(outcomes[1].deliveries[0].status, Status::Delivered);
    assert!(bad.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_backend_waits_for_those_it_needs_and_is_blocked_if_they_fail() {
    let scene = Scene::new();
    for (fault, expected) in [(None, Status::Delivered), (Some(Fault::Before(Retry::Never)), Status::Blocked)] {
        let (first, second) = (Arc::new(Shelf::default()), Arc::new(Shelf::default()));
        first.fail("a", fault.as_slice());
        let artifacts = scene.artifacts(&["a"]);
        // The needing one stands first: order in the file does not matter.
        let orders = vec![
            scene.order(&Scene::destination("second", &second, &["first"]), artifacts.clone()),
            scene.order(&Scene::destination("first", &first, &[]), artifacts),
        ];
        let outcomes = scene.run(orders).await;
        let of_second = |outcome: &&Outcome| outcome.deliveries[0].backend == "second";
        assert_eq!(outcomes.iter().find(of_second).unwrap().deliveries[0].status, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_survey_is_tried_again_too() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let fault = Fault::Before(Retry::Later);
    shelf.fail("survey", &[fault, fault]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!(outcome.deliveries[0].status, Status::Delivered);
    shelf.fail("survey", &[fault, fault, fault]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!(outcome.deliveries[0].status, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_missing_target_holds_back_the_finish_unless_it_is_optional() {
    let scene = Scene::new();
    for (optional, status, finish) in
        [(false, Status::Failed, Status::Blocked), (true, Status::Skipped, Status::Delivered)]
    {
        let shelf = Arc::new(Shelf::default());
        let mut order = scene.order(&Scene::destination("web", &shelf, &[]), scene.artifacts(&["a"]));
        let target: Target = "aarch64-apple-darwin".parse().unwrap();
        order.optional.extend(optional.then(|| target.clone()));
        order.missing.push(Missing {
            target: Some(target),
            item: "b".into(),
            code: "artifact-missing",
            message: "no binary".into(),
            hint: None,
            retryable: false,
        });
        let outcome = scene.run(vec![order]).await.remove(0);
        assert_eq!(statuses(&outcome), [("b", status), ("a", Status::Delivered), ("finish", finish)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_finish_is_a_failure_of_its_own_and_is_done_by_the_next_run() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("finish", &[Fault::Before(Retry::Never)]);
    let artifacts = scene.artifacts(&["a"]);
    let outcome = scene.deliver(&shelf, artifacts.clone()).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("finish", Status::Failed)]);
    let outcome = scene.deliver(&shelf, artifacts).await;
    assert_eq!(statuses(&outcome), [("a", Status::Unchanged), ("finish", Status::Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_starts_nothing_new_and_says_so() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    scene.cancellation.cancel();
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!(outcome.deliveries[0].code.as_deref(), Some("cancelled"));
    assert!(outcome.deliveries[0].retryable);
    assert!(shelf.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_more_deliveries_run_at_once_than_allowed() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    scene.deliver(&shelf, scene.artifacts(&names)).await;
    assert_eq!(shelf.most_at_once.load(Ordering::SeqCst), 2);
}

#[test]
fn two_items_of_one_name_at_one_place_are_refused_before_anything_happens() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let destination = Scene::destination("web", &shelf, &[]);
    let orders = vec![
        scene.order(&destination, scene.artifacts(&["A.zip"])),
        scene.order(&destination, scene.artifacts(&["a.zip"])),
    ];
    let error = Plan::new(orders).unwrap_err();
    assert_eq!(error.code(), "artifact-collision");
}

#[tokio::test(start_paused = true)]
async fn what_arrived_in_an_earlier_run_is_not_repeated_where_the_destination_cannot_tell() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.blind.store(true, Ordering::SeqCst);
    let mut order = scene.order(&Scene::destination("web", &shelf, &[]), scene.artifacts(&["a", "b"]));
    order.earlier.arrived.insert("a".into());
    let outcome = scene.run(vec![order]).await.remove(0);
    assert_eq!(statuses(&outcome)[..2], [("a", Status::Unchanged), ("b", Status::Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn an_artifact_that_was_built_anew_since_the_report_is_delivered_only_when_asked() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    let mut order = scene.order(&Scene::destination("web", &shelf, &[]), scene.artifacts(&["a"]));
    order.earlier.digests.insert("a".into(), Digest::of("another build"));
    let outcome = scene.run(vec![order.clone()]).await.remove(0);
    assert_eq!(outcome.deliveries[0].code.as_deref(), Some("artifact-changed"));
    assert!(shelf.writes().is_empty());
    scene.replace = true;
    let outcome = scene.run(vec![order]).await.remove(0);
    assert_eq!(outcome.deliveries[0].status, Status::Delivered);
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_waits_for_its_next_attempt_holds_up_no_other() {
    let (mut scene, slow, quick) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    scene.jobs = 1;
    slow.fail("a", &[Fault::Before(Retry::After(Duration::from_secs(200)))]);
    let orders = [("slow", &slow), ("quick", &quick)]
        .map(|(name, shelf)| scene.order(&Scene::destination(name, shelf, &[]), scene.artifacts(&["a", "b"])));
    let started = tokio::time::Instant::now();
    let outcomes = scene.run(orders.into()).await;
    assert!(outcomes.iter().all(|outcome| outcome.deliveries.iter().all(|d| d.status == Status::Delivered)));
    let took = |shelf: &Shelf| shelf.last_write.lock().unwrap().unwrap() - started;
    assert!(took(&quick) < Duration::from_secs(10) && took(&slow) >= Duration::from_secs(200));
}

#[tokio::test(start_paused = true)]
async fn a_finish_whose_answers_were_lost_is_seen_as_done() {
    let (scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    shelf.fail("finish", &[Fault::After, Fault::After, Fault::After]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!(statuses(&outcome), [("a", Status::Delivered), ("finish", Status::Delivered)]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_holds_back_every_delivery_to_that_destination_and_no_other() {
    let (mut scene, limited, free) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    scene.jobs = 2;
    let wait = Duration::from_secs(30);
    limited.fail("a", &[Fault::Limited(wait)]);
    let orders = [("limited", &limited), ("free", &free)].map(|(name, shelf)| {
        scene.order(&Scene::destination(name, shelf, &[]), scene.artifacts(&["a", "b", "c", "d"]))
    });
    let started = tokio::time::Instant::now();
    let outcomes = scene.run(orders.into()).await;
    let outcome = |name: &str| outcomes.iter().find(|outcome| outcome.deliveries[0].backend == name).unwrap();
    // Whoever was held back has lost no attempt.
    let attempts: Vec<u32> = outcome("limited").deliveries.iter().map(|delivery| delivery.attempts).collect();
    assert_eq!(attempts, [2, 1, 1, 1]);
    let opens = limited.closed_until.lock().unwrap().unwrap();
    let early = |(_, at): &&(String, tokio::time::Instant)| *at < opens;
    assert!(limited.arrivals.lock().unwrap().iter().filter(early).count() <= scene.jobs);
    assert!(free.last_write.lock().unwrap().unwrap() - started < wait);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_is_too_long_is_not_waited_for() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    scene.jobs = 1;
    shelf.fail("a", &[Fault::Limited(Duration::from_secs(3600))]);
    let outcome = scene.deliver(&shelf, scene.artifacts(&["a"])).await;
    assert_eq!((outcome.deliveries[0].status, outcome.deliveries[0].attempts), (Status::Failed, 1));
    assert!(outcome.deliveries[0].hint.as_deref().unwrap().contains("try again in 1h"));
}

#[tokio::test(start_paused = true)]
async fn after_the_first_failure_a_run_that_is_to_fail_fast_starts_nothing() {
    let (mut scene, bad, good) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    (scene.jobs, scene.fail_fast) = (1, true);
    bad.fail("a", &[Fault::Before(Retry::Never)]);
    let orders = [("1-bad", &bad), ("2-good", &good)]
        .map(|(name, shelf)| scene.order(&Scene::destination(name, shelf, &[]), scene.artifacts(&["a", "b"])));
    let outcomes = scene.run(orders.clone().into()).await;
    let codes = |outcome: &Outcome| -> Vec<(Status, Option<String>)> {
        outcome.deliveries.iter().map(|delivery| (delivery.status, delivery.code.clone())).collect()
    };
    let blocked = (Status::Blocked, Some("not-started".to_owned()));
    assert_eq!(codes(&outcomes[0]), [(Status::Failed, Some("server-error".to_owned())), blocked.clone()]);
    assert_eq!(codes(&outcomes[1]), [blocked.clone(), blocked]);
    assert!(bad.writes().is_empty() && good.writes().is_empty());
    // Without it one failure leaves the rest alone.
    scene.fail_fast = false;
    bad.fail("a", &[Fault::Before(Retry::Never)]);
    scene.run(orders.into()).await;
    assert_eq!((bad.writes(), good.writes().len()), (vec!["b".to_owned()], 3));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_from_the_start_fails_fast_before_anything_is_delivered() {
    let (mut scene, shelf) = (Scene::new(), Arc::new(Shelf::default()));
    scene.fail_fast = true;
    let mut order = scene.order(&Scene::destination("web", &shelf, &[]), scene.artifacts(&["a"]));
    let (code, message) = ("artifact-missing", "no binary".to_owned());
    order.missing.push(Missing { target: None, item: "b".into(), code, message, hint: None, retryable: false });
    let outcome = scene.run(vec![order]).await.remove(0);
    assert_eq!(statuses(&outcome)[..2], [("b", Status::Failed), ("a", Status::Blocked)]);
    assert!(shelf.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_credentials_of_every_destination_are_checked_together_before_the_first_write_of_any() {
    let (scene, quick, slow) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    let takes = Duration::from_secs(5);
    (*quick.check_takes.lock().unwrap(), *slow.check_takes.lock().unwrap()) = (takes, takes);
    slow.refused.store(true, Ordering::SeqCst);
    let orders = || {
        let quick = scene.order(&Scene::destination("quick", &quick, &[]), scene.artifacts(&["a"]));
        // One that waits for another is checked beforehand too.
        vec![quick, scene.order(&Scene::destination("slow", &slow, &["quick"]), scene.artifacts(&["a"]))]
    };
    let started = tokio::time::Instant::now();
    let outcomes = scene.run(orders()).await;
    assert_eq!(status_of(&outcomes[0], "a"), Status::Delivered);
    assert_eq!(outcomes[1].deliveries[0].code.as_deref(), Some("credentials-refused"));
    let checks = [&quick, &slow].map(|shelf| shelf.checks.lock().unwrap().clone());
    assert_eq!(checks.each_ref().map(Vec::len), [1, 1]);
    let (last, first_write) = (checks.concat().into_iter().max().unwrap(), quick.arrivals.lock().unwrap()[0].1);
    assert!(last <= first_write && last - started < takes * 2, "one after the other");
    // Where nothing is to be written, nothing is asked.
    slow.refused.store(false, Ordering::SeqCst);
    scene.run(orders()).await;
    let before = quick.checks.lock().unwrap().len();
    scene.run(orders()).await;
    assert_eq!(quick.checks.lock().unwrap().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_destination_with_a_bound_of_its_own_leaves_the_other_places_to_the_others() {
    let (mut scene, narrow, wide) = (Scene::new(), Arc::new(Shelf::default()), Arc::new(Shelf::default()));
    scene.jobs = 4;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let orders = [("narrow", &narrow, NonZeroUsize::new(1)), ("wide", &wide, None)].map(|(name, shelf, jobs)| {
        let mut destination = Scene::destination(name, shelf, &[]);
        Arc::get_mut(&mut destination).unwrap().jobs = jobs;
        scene.order(&destination, scene.artifacts(&names))
    });
    scene.run(orders.into()).await;
    let most = [&narrow, &wide].map(|shelf| shelf.most_at_once.load(Ordering::SeqCst));
    assert_eq!(most[0], 1);
    assert!(most[1] >= 3, "{most:?}");
}

#[tokio::test]
async fn questions_keep_to_the_bound_of_their_destination() {
    let (scene, shelf, staging) = (Scene::new(), Arc::default(), tempfile::tempdir().unwrap());
    let mut narrow = Scene::destination("narrow", &shelf, &[]);
    Arc::get_mut(&mut narrow).unwrap().jobs = NonZeroUsize::new(1);
    let run = run::Run::of_questions([&*narrow], scene.options(staging.path()));
    let first = run.permit(&narrow).await;
    assert!(run.permit(&narrow).now_or_never().is_none());
    assert!(run.permit(&Scene::destination("wide", &shelf, &[])).now_or_never().is_some());
    drop(first);
    assert!(run.permit(&narrow).now_or_never().is_some());
}
