//! Faults, kills and races: whatever happens to a run, the next one makes what is missing and nothing twice.
//!
//! `SAMPO_FAULTS=all cargo test -p sampo-core --lib announce::fault_tests` has every fault in all scenes.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sampo_testkit::FakeGithub;
use sampo_testkit::github::Fault;
use tokio_util::sync::CancellationToken;

use super::tests::{PACE, Scene, discussing, environment, github, with_assets};
use super::*;
use crate::environment::Environment;
use crate::event::Silent;
use crate::publish::Tagging;

const TAG: &str = "my-cli-v1.2.0";
/// So many cases at the same time: most of them wait.
const AT_ONCE: usize = 24;
const RETRIES: &str = "[distribute]\nretries = 0\n";

/// What is to be announced, and what becomes of it.
struct Stage {
    scene: Scene,
    project: Project,
    request: Request,
    /// What there is before the first run.
    prepare: fn(&FakeGithub),
    /// What the run after the first one finds its tag to be.
    later: Tagging,
    /// Whether the release stays a draft.
    is_draft: bool,
}

impl Stage {
    /// A release with an asset and a discussion, immutable once it is published.
    async fn published() -> Self {
        Self::of(RETRIES, true, |github| github.with_immutable_releases().clear_requests()).await
    }

    /// The same, of which half was done.
    async fn begun() -> Self {
        let prepare = |github: &FakeGithub| {
            let draft = github.with_immutable_releases().add_draft(TAG);
            github.add_starter(draft, "a.zip");
        };
        Self::of(RETRIES, true, prepare).await
    }

    /// A release that awaits its artifacts, and holds an asset already.
    async fn awaiting() -> Self {
        let config = format!("{RETRIES}targets = ['x86_64-unknown-linux-gnu']\n");
        Self { is_draft: true, ..Self::of(&config, true, |_| {}).await }
    }

    /// A release without anything, which the run of a later commit has to complete.
    async fn left_behind() -> Self {
        Self { later: Tagging::Elsewhere, ..Self::of(RETRIES, false, |_| {}).await }
    }

    async fn of(config: &str, has_more: bool, prepare: fn(&FakeGithub)) -> Self {
        let scene = Scene::with_config(config);
        scene.repo.write("a.zip", "a");
        let project = Project::open(scene.repo.root(), Environment::default(), &Silent).await.unwrap();
        let mut request = Request::default();
        if has_more {
            request = Request { assets: with_assets("*.zip").assets, ..discussing(&scene, "true", None).await };
        }
        Self { scene, project, request, prepare, later: Tagging::AtHead, is_draft: false }
    }

    fn github(&self) -> FakeGithub {
        let github = github(&self.scene.commit);
        github.with_discussions(&["announcements"]);
        (self.prepare)(&github);
        github
    }

    async fn run(&self, github: &FakeGithub, tagging: Tagging) -> Report {
        let project = Project { environment: environment(github), ..self.project.clone() };
        let caller = Caller { reporter: Arc::new(Silent), cancellation: CancellationToken::new() };
        let plan = self.scene.plan(&[(TAG, tagging)]);
        announce_at(&project, &plan, &self.request, &caller, PACE).await.unwrap()
    }

    /// How many requests an undisturbed run sends.
    async fn requests(&self) -> usize {
        let github = self.github();
        self.run(&github, Tagging::AtHead).await;
        github.requests().len()
    }

    /// Why a run with these faults and the one after it do not end as they must, if so.
    async fn check(&self, faults: &[Fault]) -> Result<(), String> {
        let github = self.github();
        for fault in faults {
            github.fail(fault.clone());
        }
        let first = self.run(&github, Tagging::AtHead).await;
        github.heal();
        self.check_report(&github, &first)?;
        let there = github.assets(TAG);
        github.clear_requests();
        let second = self.run(&github, self.later).await;
        let writes = writes(&github);
        let fail = |what: &str| Err(format!("{what}\n{first:?}\n{second:?}\n{writes:?}"));
        match () {
            () if !second.is_success() => fail("the second run failed"),
            () if first.is_success() && !writes.is_empty() => fail("more was to be done"),
            () if !there.is_empty() && writes.iter().any(|write| write.contains("a.zip")) => fail("sent twice"),
            () => self.check_end(&github),
        }
    }

    /// A report never tells more than is true, and says why whatever failed did.
    fn check_report(&self, github: &FakeGithub, report: &Report) -> Result<(), String> {
        let [entry] = report.entries.as_slice() else { return Err(format!("not one entry: {report:?}")) };
        let is_public = github.releases().iter().any(|release| release.tag == TAG && !release.draft);
        let is_told = entry.problems.iter().all(|problem| problem.code.is_some());
        match entry.state {
            State::Failed if !entry.problems.is_empty() && is_told => Ok(()),
            State::Published if is_public => Ok(()),
            State::Drafted | State::Unchanged if is_public != self.is_draft => Ok(()),
            _ => Err(format!("told wrongly: {report:?}\n{:?}", github.releases())),
        }
    }

    fn check_end(&self, github: &FakeGithub) -> Result<(), String> {
        let assets: &[&str] = if self.request.assets.is_empty() { &[] } else { &["a.zip"] };
        let discussions = usize::from(!self.request.discussions.is_none() && !self.is_draft);
        let releases = github.releases();
        let fail = |what: &str| Err(format!("{what}: {releases:?}\n{:?}", github.discussions()));
        match () {
            () if releases.len() != 1 => fail("not one release"),
            () if releases[0].draft != self.is_draft => fail("a draft or not"),
            () if releases[0].assets.len() != assets.len() || github.assets(TAG) != assets => fail("wrong assets"),
            () if github.discussions().len() != discussions => fail("not one discussion"),
            () if !github.invented_tags().is_empty() => fail("a tag was invented"),
            () => Ok(()),
        }
    }
}

/// What was written but for questions that are asked like orders.
fn writes(github: &FakeGithub) -> Vec<String> {
    let writes = github.writes().into_iter().filter(|write| !write.path.ends_with("/graphql"));
    writes.map(|write| write.to_string()).collect()
}

/// Checks all cases and panics with those that went wrong.
async fn check_all(stage: &Stage, cases: Vec<(String, Vec<Fault>)>) {
    let count = cases.len();
    let checks = cases.into_iter().map(async |(name, faults)| (stage.check(&faults).await, name));
    let wrong: Vec<String> = futures::stream::iter(checks)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |(checked, name)| checked.err().map(|why| format!("{name}: {why}")))
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// One request in each way.
fn faults(nth: usize) -> Vec<(String, Vec<Fault>)> {
    let fault = || Fault::on("*", "*").nth(nth);
    let mut faults = vec![
        fault().status(403),
        fault().status(404),
        fault().status(502),
        fault().status(502).after_effect(),
        fault().truncated(),
        fault().dropped().half_way(),
    ];
    if std::env::var_os("SAMPO_FAULTS").is_some() {
        faults.extend([401, 408, 409, 422, 429, 500, 503].map(|status| fault().status(status)));
        faults.extend([401, 403, 404, 422, 500].map(|status| fault().status(status).after_effect()));
        faults.extend([fault().dropped(), fault().dropped().after_effect()]);
        faults.extend(["{\"id\":", "7", "{}", "[]"].map(|text| fault().answered_with(text)));
        faults.push(fault().rate_limited(Duration::from_secs(600)));
        faults.extend([Some(30), None].map(|wait| fault().secondary_rate_limited(wait)));
    }
    faults.into_iter().map(|fault| (format!("{fault:?}"), vec![fault])).collect()
}

/// The run is killed when this request was sent, before or after it had its effect: nothing comes after it.
fn kills(nth: usize) -> Vec<(String, Vec<Fault>)> {
    let request = || Fault::on("*", "*").nth(nth);
    let after = [request().dropped().after_effect(), request().dropped().always()];
    vec![
        (format!("killed before {nth}"), vec![request().dropped().always()]),
        (format!("killed after {nth}"), after.to_vec()),
    ]
}

#[tokio::test]
async fn after_any_single_fault_the_report_is_right_and_the_next_run_converges() {
    let mut stages = vec![Stage::published().await];
    if std::env::var_os("SAMPO_FAULTS").is_some() {
        stages.extend([Stage::begun().await, Stage::awaiting().await, Stage::left_behind().await]);
    }
    for stage in stages {
        check_all(&stage, (1..=stage.requests().await).flat_map(faults).collect()).await;
    }
}

#[tokio::test]
async fn a_run_that_was_killed_between_any_two_requests_is_completed_by_the_next() {
    let stages = [Stage::published().await, Stage::begun().await, Stage::awaiting().await, Stage::left_behind().await];
    for stage in stages {
        check_all(&stage, (1..=stage.requests().await).flat_map(kills).collect()).await;
    }
}

#[tokio::test]
async fn runs_that_race_make_one_release_with_everything_once() {
    for (lag, stage) in [(0, Stage::published().await), (1, Stage::published().await), (0, Stage::awaiting().await)] {
        let stage = Stage { request: with_assets("*.zip"), ..stage };
        let github = stage.github();
        github.with_lag(lag);
        let race = || stage.run(&github, Tagging::AtHead);
        let (first, second, third) = tokio::join!(race(), race(), race());
        for report in [&first, &second, &third] {
            stage.check_report(&github, report).unwrap();
        }
        github.with_lag(0);
        let last = stage.run(&github, Tagging::AtHead).await;
        assert!(last.is_success(), "{last:?}");
        github.clear_requests();
        stage.run(&github, Tagging::AtHead).await;
        assert_eq!(writes(&github), [""; 0]);
        stage.check_end(&github).unwrap();
    }
}
