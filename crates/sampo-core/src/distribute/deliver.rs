//! A delivery from beginning to end: select, build, resolve, pack, dispatch, carry out, report.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::backend::Pace;
use super::destination::{Taker, takers, token_variables};
use super::dispatch::dispatch;
use super::engine;
use super::model::Release;
use super::pack::{self, Packed, Packing};
use super::participant::participants;
use super::report::{Report, ReportedArtifact, RunOptions};
use super::resolve::{Failure, Search};
use super::select::{self, Nothing, Selected, Selection};
use super::{Caller, Choice, Ground, binstall, builder};
use crate::atomic;
use crate::error::{Diagnose, PathError, SampoError, chain};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::project::Project;
use crate::workspace::PackageId;

/// How the folders for what is made on the way are named.
const STAGING_PREFIX: &str = "sampo-distribute-";
/// The folder of a run that was killed is removed once it is older than this.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// What a delivery is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which releases, and what of them.
    pub choice: Choice,
    /// Only these backends, by name; all if none is named.
    pub backends: Vec<String>,
    /// Build what is missing first.
    pub build: bool,
    /// Look, change nothing.
    pub dry_run: bool,
    /// Replace what differs at a destination.
    pub replace: bool,
    /// Start nothing new once something failed.
    pub fail_fast: bool,
    /// Take only what did not succeed in this report.
    pub retry: Option<PathBuf>,
    /// Where to write the report.
    pub report: Option<PathBuf>,
    /// Deliveries at the same time, instead of the configured number.
    pub jobs: Option<NonZeroUsize>,
}

/// How a delivery ended.
#[derive(Debug)]
pub enum Outcome {
    /// There was nothing to deliver.
    Nothing(Nothing),
    /// What became of everything.
    Done(Box<Report>),
}

/// Brings every artifact of every selected release to every destination that takes it. Errors mean that nothing was
/// delivered; what goes wrong afterwards is in the report, which is written whatever happens.
pub async fn deliver(project: &Project, request: &Request, caller: &Caller) -> Result<Outcome, SampoError> {
    let earlier = request.retry.as_deref().map(Report::read).transpose()?;
    let choice = match &earlier {
        None => request.choice.clone(),
        Some(report) if report.is_through() => {
            let message = "everything in the report succeeded: there is nothing to try again".into();
            return Ok(Outcome::Nothing(Nothing { message, hint: None }));
        }
        Some(report) => Choice::of_problems(report),
    };
    let backends = earlier.as_ref().map_or_else(|| request.backends.clone(), Report::backends_to_retry);
    let ground = Ground::of(project, &choice).await?;
    let context = ground.backend_context(project, caller)?;
    let takers = takers(&project.config, &project.workspace, &context, &backends)?;
    let releases = match select::select(&choice.selection, &ground.scene(project, caller)).await? {
        Selected::Nothing(nothing) => return Ok(Outcome::Nothing(nothing)),
        Selected::Releases(releases) => releases,
    };
    require_pushed(&ground.git, &releases, caller).await?;
    let is_released = |package: &PackageId| releases.iter().any(|release| release.package == *package);
    advise_binstall(project, is_released, &*caller.reporter)?;
    let mut report = Report::new(request.dry_run, &releases, choice.targets.clone(), backends);
    if let Some(path) = &request.report {
        // Found now, an unwritable path costs nothing.
        atomic::probe(path)?;
    }
    let work = Work { project, ground: &ground, takers: &takers, earlier: earlier.as_ref(), request, caller };
    let delivered = work.deliver(releases, &mut report).await;
    report.cancelled = caller.cancellation.is_cancelled();
    if !report.cancelled {
        delivered?;
    }
    report.complete(&RunOptions { report: request.report.as_deref(), build: request.build, replace: request.replace });
    if let Some(Err(error)) = request.report.as_deref().map(|path| report.write(path)) {
        // What became of the deliveries is still worth knowing.
        let message = format!("the report is not written: {}", chain(&error));
        caller.reporter.report(Event::Warning { message: &message, hint: None });
    }
    Ok(Outcome::Done(Box::new(report)))
}

/// Refuses a tag that nobody else can see. A remote that cannot be asked is no reason to stop: whoever publishes
/// under the tag asks for it again.
async fn require_pushed(git: &Git, releases: &[Release], caller: &Caller) -> Result<(), SampoError> {
    match select::check_pushed(git, releases).await {
        Err(error) if error.code() != "tag-not-pushed" => {
            let message = format!("nobody knows whether the tags are pushed: {}", chain(&error));
            caller.reporter.report(Event::Warning { message: &message, hint: error.hint().as_deref() });
            Ok(())
        }
        outcome => outcome,
    }
}

/// Says which lines a package needs so that `cargo binstall` finds what is delivered: before it is published, since
/// the registry's copy is the one that is read.
pub fn advise_binstall(
    project: &Project,
    is_meant: impl Fn(&PackageId) -> bool,
    reporter: &dyn Reporter,
) -> Result<(), SampoError> {
    let all = participants(&project.config, &project.workspace)?;
    let meant = all.iter().filter(|participant| is_meant(participant.id()));
    for advice in meant.filter_map(|participant| binstall::advice(&project.config, participant)) {
        let message = format!("`cargo binstall` will not find the archives of `{}`: {}", advice.package, advice.reason);
        let hint = format!("add these lines to its Cargo.toml before it is published:\n\n{}\n", advice.lines);
        reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
    }
    Ok(())
}

impl Choice {
    /// The releases that have a problem in `report`, narrowed as they were in that run.
    fn of_problems(report: &Report) -> Self {
        let selection = Selection::Tags(report.tags_to_retry().into_iter().collect());
        Self { selection, packages: Vec::new(), targets: report.targets.clone() }
    }
}

/// A delivery under way.
struct Work<'a> {
    project: &'a Project,
    ground: &'a Ground<'a>,
    takers: &'a [Taker],
    earlier: Option<&'a Report>,
    request: &'a Request,
    caller: &'a Caller,
}

impl Work<'_> {
    async fn deliver(&self, releases: Vec<Release>, report: &mut Report) -> Result<(), SampoError> {
        let staging = staging_folder(self.project)?;
        let jobs = self.request.jobs.unwrap_or(self.project.config.distribute.jobs);
        let releases = releases.into_iter().map(Arc::new).collect();
        let packed = self.pack(releases, staging.path(), jobs).await?;
        for Packed { release, artifacts, .. } in &packed {
            report.artifacts.extend(artifacts.iter().map(|artifact| ReportedArtifact::of(release, artifact)));
        }
        let dispatch = dispatch(self.takers, &packed, &self.ground.participants, self.earlier, staging.path())?;
        if dispatch.orders.is_empty() && dispatch.skipped.is_empty() {
            let names = self.takers.iter().map(|taker| taker.destination.name.clone()).collect();
            return Err(DeliverError::NothingTaken { names }.into());
        }
        report.deliveries.extend(dispatch.skipped);
        let options = engine::Options {
            jobs,
            dry_run: self.request.dry_run,
            replace: self.request.replace,
            fail_fast: self.request.fail_fast,
            pace: Pace::default(),
            cancellation: self.caller.cancellation.clone(),
            reporter: Arc::clone(&self.caller.reporter),
            staging: staging.path().to_owned(),
        };
        for outcome in engine::Plan::new(dispatch.orders)?.carry_out(&options).await {
            report.deliveries.extend(outcome.deliveries);
            report.finishes.extend(outcome.finish);
        }
        Ok(())
    }

    /// Finds what was built, and makes of it what is delivered.
    async fn pack(
        &self,
        releases: Vec<Arc<Release>>,
        staging: &Path,
        jobs: NonZeroUsize,
    ) -> Result<Vec<Packed>, SampoError> {
        let Project { config, workspace, .. } = self.project;
        let search = Search::new(config, workspace);
        let broken = if self.request.build { self.build_missing(&search, &releases).await? } else { Vec::new() };
        let mut resolved = search.resolve(&self.ground.participants, releases)?;
        for failure in resolved.iter_mut().flat_map(|resolved| &mut resolved.failures) {
            // That the build failed says more than that its result is missing.
            let cause = broken.iter().find(|cause| cause.package == failure.package && cause.target == failure.target);
            *failure = cause.unwrap_or(failure).clone();
        }
        let packing = Packing {
            folder: staging.to_owned(),
            jobs,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            checksums: config.distribute.checksums,
            reporter: Arc::clone(&self.caller.reporter),
            cancellation: self.caller.cancellation.clone(),
        };
        Ok(pack::pack(resolved, &packing).await?)
    }

    /// Builds what is not there or not fit; the failures.
    async fn build_missing(&self, search: &Search<'_>, releases: &[Arc<Release>]) -> Result<Vec<Failure>, SampoError> {
        if self.ground.git.has_tracked_changes().await.unwrap_or_default() {
            let message = "files differ from the commit that is checked out: what is built now is not what was tagged";
            self.caller.reporter.report(Event::Warning { message, hint: Some("`git status` names them") });
        }
        let tokens = token_variables(&self.project.config)?;
        let builder = builder(self.project, &tokens, self.caller).await;
        let built = builder
            .build_unless(&self.ground.participants, releases, |participant, release, target| {
                search.is_built(participant, release, target)
            })
            .await;
        Ok(built.into_iter().filter_map(|built| built.failure).collect())
    }
}

/// A delivery cannot begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliverError {
    /// The filters leave nothing.
    #[error("no backend takes anything of the selected releases; asked were: {}", names.join(", "))]
    NothingTaken {
        /// The backends.
        names: Vec<String>,
    },
}

impl Diagnose for DeliverError {
    fn code(&self) -> &'static str {
        "nothing-taken"
    }

    fn hint(&self) -> Option<String> {
        Some(
            "see the keys `packages`, `targets` and `artifacts` of these backends, and `backends` of the packages"
                .into(),
        )
    }
}

/// A folder for what is made on the way, gone at the end. Beside Cargo's own output, since that disk has room for
/// artifacts, while a system's temporary folder is often kept in memory.
pub(super) fn staging_folder(project: &Project) -> Result<TempDir, PathError> {
    let parent = project.workspace.cargo_target_directory.clone().unwrap_or_else(std::env::temp_dir);
    fs::create_dir_all(&parent).map_err(PathError::new("make", &parent))?;
    remove_abandoned(&parent);
    let made = tempfile::Builder::new().prefix(STAGING_PREFIX).tempdir_in(&parent);
    made.map_err(PathError::new("write to", &parent))
}

/// What runs that were killed left behind. Failing to remove it harms nobody.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX);
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let age = modified.and_then(|time| SystemTime::now().duration_since(time).ok());
        if is_ours && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
