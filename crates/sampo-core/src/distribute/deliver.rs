//! A delivery from beginning to end: select, build, resolve, pack, dispatch, carry out, report.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backend::{BackendContext, Pace};
use super::destination::{Taker, takers, token_variables};
use super::dispatch::{Terms, dispatch};
use super::engine;
use super::engine::run::Run;
pub use super::model::Finishing;
use super::model::Release;
use super::pack::{self, Packed, Packing};
use super::participant::participants;
use super::report::{Report, RunOptions};
use super::resolve::{Failure, Search};
use super::select::{self, Nothing, Selected, Selection};
use super::{Caller, Choice, Ground, binstall, builder};
use crate::atomic;
use crate::config::distribute::Checksums;
use crate::environment::Environment;
use crate::error::{Diagnose, SampoError, chain};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::project::Project;
use crate::workspace::PackageId;

mod drift;
mod held;
mod staging;
mod supply;

use drift::warn_of_drift;
use held::Holdings;
pub(super) use staging::staging_folder;
use supply::{Lot, Supplier, Supply};

/// What a delivery is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which releases, and what of them.
    pub choice: Choice,
    /// Only these backends, by name; all if none is named.
    pub backends: Vec<String>,
    /// Build what is missing first.
    pub build: bool,
    /// Take the artifacts that this backend holds, instead of files on this machine.
    pub from: Option<String>,
    /// What to do about the finish of the releases.
    pub finishing: Finishing,
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
    let mode = Mode::new(request, earlier.as_ref());
    let backends = earlier.as_ref().map_or_else(|| request.backends.clone(), Report::backends_to_retry);
    let ground = Ground::of(project, &choice).await?;
    let context = ground.backend_context(project, caller)?;
    let (takers, source) = ends(project, &context, &backends, &mode)?;
    let releases = match select::select(&choice.selection, &ground.scene(project, caller)).await? {
        Selected::Nothing(nothing) => return Ok(Outcome::Nothing(nothing)),
        Selected::Releases(releases) => releases,
    };
    require_pushed(&ground.git, &releases, caller).await?;
    let is_released = |package: &PackageId| releases.iter().any(|release| release.package == *package);
    advise_binstall(project, is_released, &*caller.reporter)?;
    let mut report = Report::new(request.dry_run, &releases, choice.targets.clone(), backends);
    (report.from, report.finishing) = (mode.from.map(str::to_owned), mode.finishing);
    if let Some(path) = &request.report {
        // Found now, an unwritable path costs nothing.
        atomic::probe(path)?;
    }
    let terms = Terms { report: earlier.as_ref(), finishing: mode.finishing, narrowed: !choice.targets.is_empty() };
    let work = Work { project, ground: &ground, takers, source, terms, request, caller };
    let delivered = work.deliver(releases, &mut report).await;
    report.cancelled = caller.cancellation.is_cancelled();
    if !report.cancelled {
        delivered?;
    }
    let lasting = request.report.as_deref().filter(|path| !is_swept(path, &project.environment));
    report.complete(&RunOptions { report: lasting, build: request.build, replace: request.replace });
    if let Some(Err(error)) = request.report.as_deref().map(|path| report.write(path)) {
        // What became of the deliveries is still worth knowing.
        let message = format!("the report is not written: {}", chain(&error));
        caller.reporter.report(Event::Warning { message: &message, hint: None });
    }
    Ok(Outcome::Done(Box::new(report)))
}

/// Whether the runner of a workflow empties the folder of `path` with its job, so that nobody can read it again.
fn is_swept(path: &Path, environment: &Environment) -> bool {
    environment.get("RUNNER_TEMP").is_some_and(|folder| path.starts_with(folder))
}

/// Where the artifacts come from, and what is to be finished: as the request says, else as in the run that is retried.
struct Mode<'a> {
    from: Option<&'a str>,
    finishing: Finishing,
}

impl<'a> Mode<'a> {
    fn new(request: &'a Request, earlier: Option<&'a Report>) -> Self {
        let from = request.from.as_deref().or_else(|| earlier?.from.as_deref());
        Self { from, finishing: earlier.map_or(request.finishing, |report| report.finishing) }
    }
}

/// The destinations of a run, and the one that its artifacts are taken from. Nothing is delivered to that one; it may
/// be finished.
fn ends(
    project: &Project,
    context: &BackendContext,
    backends: &[String],
    mode: &Mode<'_>,
) -> Result<(Vec<Taker>, Option<Taker>), SampoError> {
    let named = |names: &[String]| takers(&project.config, &project.workspace, context, names);
    let mut takers = named(backends)?;
    let Some(from) = mode.from else { return Ok((takers, None)) };
    let source = named(&[from.to_owned()])?.pop();
    if mode.finishing != Finishing::Only {
        takers.retain(|taker| taker.destination.name != from);
    }
    match takers.is_empty() {
        true => Err(DeliverError::SourceAlone { from: from.to_owned() }.into()),
        false => Ok((takers, source)),
    }
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
    takers: Vec<Taker>,
    source: Option<Taker>,
    terms: Terms<'a>,
    request: &'a Request,
    caller: &'a Caller,
}

impl Work<'_> {
    async fn deliver(&self, releases: Vec<Release>, report: &mut Report) -> Result<(), SampoError> {
        let staging = staging_folder(self.project)?;
        let jobs = self.request.jobs.unwrap_or(self.project.config.distribute.jobs);
        let mut options = engine::Options {
            jobs,
            dry_run: self.request.dry_run,
            replace: self.request.replace,
            fail_fast: self.request.fail_fast,
            pace: Pace::default(),
            cancellation: self.caller.cancellation.clone(),
            reporter: Arc::clone(&self.caller.reporter),
            staging: staging.path().to_owned(),
            stock: Arc::default(),
        };
        let releases = releases.into_iter().map(Arc::new).collect();
        let Supply { lots, stock, skipped } = self.supply(releases, &options).await?;
        options.stock = Arc::new(stock);
        report.deliveries.extend(skipped);
        let mut orders = Vec::new();
        for Lot { takers, packed } in &lots {
            report.add_artifacts(packed);
            let dispatch = dispatch(takers, packed, &self.ground.participants, self.terms, staging.path())?;
            orders.extend(dispatch.orders);
            report.deliveries.extend(dispatch.skipped);
        }
        if orders.is_empty() && report.deliveries.is_empty() {
            let names = self.takers.iter().map(|taker| taker.destination.name.clone()).collect();
            return Err(DeliverError::NothingTaken { names }.into());
        }
        for outcome in engine::Plan::new(orders)?.carry_out(&options).await {
            report.deliveries.extend(outcome.deliveries);
            report.finishes.extend(outcome.finish);
        }
        Ok(())
    }

    /// The artifacts of this run, from wherever they come.
    async fn supply(&self, releases: Vec<Arc<Release>>, options: &engine::Options) -> Result<Supply, SampoError> {
        let finishes = self.terms.finishing == Finishing::Only;
        if self.source.is_none() && !finishes {
            let packed = self.pack(releases, options).await?;
            let lot = Lot { takers: self.takers.clone(), packed };
            return Ok(Supply { lots: vec![lot], ..Supply::default() });
        }
        let Project { config, workspace, .. } = self.project;
        let asked = self.takers.iter().chain(&self.source).map(|taker| &*taker.destination);
        let supplier = Supplier {
            config,
            search: &Search::new(config, workspace),
            participants: &self.ground.participants,
            holdings: Holdings {
                config,
                all: &participants(config, workspace)?,
                run: Run::of_questions(asked, options.clone()),
            },
            packing: &self.packing(options, Checksums::None),
        };
        let is_source = |taker: &&Taker| {
            self.source.as_ref().is_some_and(|source| source.destination.name == taker.destination.name)
        };
        let (sources, others): (Vec<&Taker>, Vec<&Taker>) = self.takers.iter().partition(is_source);
        let mut supply = Supply::default();
        if let Some(source) = &self.source {
            let others = others.iter().copied().cloned().collect();
            supplier.take_from_source(source, !sources.is_empty(), others, &releases, &mut supply).await?;
        }
        let own = if self.source.is_some() { sources } else { others };
        for taker in own {
            supplier.take_from_itself(taker, &releases, &mut supply).await?;
        }
        Ok(supply)
    }

    fn packing(&self, options: &engine::Options, checksums: Checksums) -> Packing {
        Packing::of(self.caller, &options.staging, options.jobs, checksums)
    }

    /// Finds what was built, and makes of it what is delivered.
    async fn pack(&self, releases: Vec<Arc<Release>>, options: &engine::Options) -> Result<Vec<Packed>, SampoError> {
        let Project { config, workspace, .. } = self.project;
        let search = Search::new(config, workspace);
        let broken = if self.request.build { self.build_missing(&search, &releases).await? } else { Vec::new() };
        let mut resolved = search.resolve(&self.ground.participants, releases)?;
        for failure in resolved.iter_mut().flat_map(|resolved| &mut resolved.failures) {
            // That the build failed says more than that its result is missing.
            let cause = broken.iter().find(|cause| cause.package == failure.package && cause.target == failure.target);
            *failure = cause.unwrap_or(failure).clone();
        }
        warn_of_drift(&self.ground.git, &resolved, &*self.caller.reporter).await;
        Ok(pack::pack(resolved, &self.packing(options, config.distribute.checksums)).await?)
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
    /// There is nowhere to deliver to.
    #[error("`{from}` is where the artifacts are taken from, and there is no other backend to deliver to")]
    SourceAlone {
        /// The backend.
        from: String,
    },
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
        let hint = match self {
            Self::SourceAlone { .. } => "name another backend with `--backend`, or add one to the configuration",
            Self::NothingTaken { .. } => {
                "see the keys `packages`, `targets` and `artifacts` of these backends, and `backends` of the packages"
            }
        };
        Some(hint.into())
    }
}
