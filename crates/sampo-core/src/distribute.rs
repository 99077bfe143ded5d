//! `distribute`: brings what was built for every release to every destination, and knows whether it got there.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub mod backend;
pub mod binstall;
pub mod build;
mod build_stamp;
pub mod checksum;
pub mod destination;
pub mod dispatch;
pub mod engine;
pub mod matrix;
pub mod model;
pub mod naming;
pub mod pack;
pub mod participant;
pub mod platform;
pub mod report;
pub mod resolve;
pub mod retry;
pub mod select;

pub use destination::check_backends;
pub use matrix::{Grouping, MatrixFormat};
pub use select::{Nothing, Selection};

use crate::atomic;
use crate::config::Repository;
use crate::error::{PathError, SampoError, chain};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::github_output;
use crate::project::Project;
use crate::target::Target;
use crate::workspace::{Package, PackageId};
use backend::{BackendContext, Pace};
use build::{Builder, Built};
use destination::Taker;
use dispatch::dispatch;
use matrix::Matrix;
use model::Release;
use pack::{Packed, Packing};
use participant::{Participant, narrow, participants};
use report::{Report, ReportedArtifact};
use resolve::{Failure, Search};
use select::{Scene, Selected};

/// What a run shares with its caller.
#[derive(Clone)]
pub struct Run {
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// Ends the run early, in good order.
    pub cancellation: CancellationToken,
}

/// Which releases, and what of them.
#[derive(Debug, Clone)]
pub struct Choice {
    /// How releases are chosen.
    pub selection: Selection,
    /// Only these packages, by name or id; all if none is named.
    pub packages: Vec<String>,
    /// Only these targets; all if none is named.
    pub targets: Vec<Target>,
}

/// What the build matrix is asked for.
#[derive(Debug, Clone)]
pub struct MatrixRequest {
    /// Which releases, and what of them.
    pub choice: Choice,
    /// The versions that would be released, instead of releases that were made.
    pub pending: Option<Vec<(PackageId, Version)>>,
    /// How it is written.
    pub format: MatrixFormat,
    /// What one entry stands for.
    pub grouping: Grouping,
}

/// What must be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildMatrix {
    /// In the format asked for.
    pub text: String,
    outputs: Option<(PathBuf, [(&'static str, String); 2])>,
}

impl BuildMatrix {
    /// Fails if [`announce`](Self::announce) could not write.
    pub fn probe(&self) -> Result<(), SampoError> {
        self.outputs.as_ref().map_or(Ok(()), |(path, _)| Ok(github_output::probe(path)?))
    }

    /// With `GITHUB_OUTPUT` set, appends `build-matrix` and `build-needed` there.
    pub fn announce(&self) -> Result<(), SampoError> {
        let Some((path, outputs)) = &self.outputs else { return Ok(()) };
        let outputs = outputs.each_ref().map(|(name, value)| (*name, value.as_str()));
        Ok(github_output::append(path, &outputs)?)
    }
}

/// What must be built. Writes nothing.
pub async fn matrix(project: &Project, request: &MatrixRequest, run: &Run) -> Result<BuildMatrix, SampoError> {
    let ground = Ground::of(project, &request.choice).await?;
    let scene = ground.scene(project, run);
    let releases = match &request.pending {
        Some(versions) => select::planned(&scene, versions)?,
        None => match select::select(&request.choice.selection, &scene).await? {
            Selected::Releases(releases) => releases,
            Selected::Nothing(_) => Vec::new(),
        },
    };
    let matrix = Matrix::new(&project.config, &ground.participants, &releases, request.grouping)?;
    let outputs = match project.environment.get("GITHUB_OUTPUT") {
        Some(path) => Some((PathBuf::from(path), matrix.outputs()?)),
        None => None,
    };
    Ok(BuildMatrix { text: matrix.render(request.format)?, outputs })
}

/// How a build ended.
#[derive(Debug)]
pub enum BuildOutcome {
    /// There was nothing to build.
    Nothing(Nothing),
    /// One entry for each package and target.
    Done(Vec<Built>),
}

/// Builds every chosen package for each of its targets. A build needs no tag: unless releases are named, the current
/// version of every package is built.
pub async fn build(project: &Project, choice: &Choice, run: &Run) -> Result<BuildOutcome, SampoError> {
    let ground = Ground::of(project, choice).await?;
    let scene = ground.scene(project, run);
    let releases = match &choice.selection {
        Selection::AtHead => select::untagged(&scene)?,
        selection => match select::select(selection, &scene).await? {
            Selected::Releases(releases) => releases,
            Selected::Nothing(nothing) => return Ok(BuildOutcome::Nothing(nothing)),
        },
    };
    let tokens = destination::token_variables(&project.config)?;
    let built = builder(project, &tokens, run).build_all(&ground.participants, &releases).await;
    if built.is_empty() {
        let message = "no package has anything to build".into();
        return Ok(BuildOutcome::Nothing(Nothing { message, hint: None }));
    }
    Ok(BuildOutcome::Done(built))
}

fn builder<'a>(project: &'a Project, token_variables: &'a [String], run: &Run) -> Builder<'a> {
    Builder {
        config: &project.config,
        workspace: &project.workspace,
        environment: &project.environment,
        token_variables,
        reporter: Arc::clone(&run.reporter),
        cancellation: run.cancellation.clone(),
    }
}

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
pub async fn run(project: &Project, request: &Request, run: &Run) -> Result<Outcome, SampoError> {
    let earlier = request.retry.as_deref().map(Report::read).transpose()?;
    let choice = match &earlier {
        None => request.choice.clone(),
        Some(report) if report.problems().next().is_none() => {
            let message = "everything in the report succeeded: there is nothing to try again".into();
            return Ok(Outcome::Nothing(Nothing { message, hint: None }));
        }
        Some(report) => Choice::of_problems(report),
    };
    let ground = Ground::of(project, &choice).await?;
    let context = ground.backend_context(project, run)?;
    let takers = destination::takers(&project.config, &project.workspace, &context, &request.backends)?;
    let releases = match select::select(&choice.selection, &ground.scene(project, run)).await? {
        Selected::Nothing(nothing) => return Ok(Outcome::Nothing(nothing)),
        Selected::Releases(releases) => releases,
    };
    require_pushed(&ground.git, &releases, run).await?;
    let is_released = |package: &PackageId| releases.iter().any(|release| release.package == *package);
    advise_binstall(project, is_released, &*run.reporter)?;
    let mut report = Report::new(request.dry_run, &releases);
    if let Some(path) = &request.report {
        // Found now, an unwritable path costs nothing.
        atomic::probe(path)?;
    }
    let work = Work { project, ground: &ground, takers: &takers, earlier: earlier.as_ref(), request, run };
    let delivered = work.deliver(releases, &mut report).await;
    report.cancelled = run.cancellation.is_cancelled();
    if !report.cancelled {
        delivered?;
    }
    report.complete(request.report.as_deref());
    if let Some(path) = &request.report {
        report.write(path)?;
    }
    Ok(Outcome::Done(Box::new(report)))
}

/// Refuses a tag that nobody else can see. A remote that cannot be asked is no reason to stop: whoever publishes
/// under the tag asks for it again.
async fn require_pushed(git: &Git, releases: &[Release], run: &Run) -> Result<(), SampoError> {
    match select::check_pushed(git, releases).await {
        Err(error) if error.code() != "tag-not-pushed" => {
            let message = format!("nobody knows whether the tags are pushed: {}", chain(&error));
            run.reporter.report(Event::Warning { message: &message, hint: error.hint().as_deref() });
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
    /// The releases that have a problem in `report`, with all their packages and targets.
    fn of_problems(report: &Report) -> Self {
        let tags: BTreeSet<String> = report.problems().map(|delivery| delivery.tag.clone()).collect();
        let selection = Selection::Tags(tags.into_iter().collect());
        Self { selection, packages: Vec::new(), targets: Vec::new() }
    }
}

/// A delivery under way.
struct Work<'a> {
    project: &'a Project,
    ground: &'a Ground<'a>,
    takers: &'a [Taker],
    earlier: Option<&'a Report>,
    request: &'a Request,
    run: &'a Run,
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
        let dispatch = dispatch(self.takers, &packed, &self.ground.participants, self.earlier);
        report.deliveries.extend(dispatch.skipped);
        let options = engine::Options {
            jobs,
            dry_run: self.request.dry_run,
            replace: self.request.replace,
            pace: Pace::default(),
            cancellation: self.run.cancellation.clone(),
            reporter: Arc::clone(&self.run.reporter),
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
            checksums: config.distribute.checksums,
            reporter: Arc::clone(&self.run.reporter),
            cancellation: self.run.cancellation.clone(),
        };
        Ok(pack::pack(resolved, &packing).await?)
    }
}

impl Work<'_> {
    /// Builds what is not there or not fit; the failures.
    async fn build_missing(&self, search: &Search<'_>, releases: &[Arc<Release>]) -> Result<Vec<Failure>, SampoError> {
        let tokens = destination::token_variables(&self.project.config)?;
        let builder = builder(self.project, &tokens, self.run);
        let mut failures = Vec::new();
        for release in releases {
            let participants = self.ground.participants.iter();
            for participant in participants.filter(|participant| *participant.id() == release.package) {
                for target in &participant.targets {
                    if self.run.cancellation.is_cancelled() || search.is_built(participant, release, target) {
                        continue;
                    }
                    failures.extend(builder.build_one(participant, release, target).await.failure);
                }
            }
        }
        Ok(failures)
    }
}

/// A folder for what is made on the way, gone at the end. Beside Cargo's own output, since that disk has room for
/// artifacts, while a system's temporary folder is often kept in memory.
fn staging_folder(project: &Project) -> Result<TempDir, PathError> {
    let parent = project.workspace.cargo_target_directory.clone().unwrap_or_else(std::env::temp_dir);
    let made = fs::create_dir_all(&parent)
        .and_then(|()| tempfile::Builder::new().prefix("sampo-distribute-").tempdir_in(&parent));
    made.map_err(PathError::new("write to", &parent))
}

/// What every step stands on: who takes part, and where the releases come from.
struct Ground<'a> {
    participants: Vec<Participant<'a>>,
    git: Git,
    repository: Option<Repository>,
}

impl<'a> Ground<'a> {
    async fn of(project: &'a Project, choice: &Choice) -> Result<Self, SampoError> {
        let all = participants(&project.config, &project.workspace)?;
        let participants = narrow(all, &project.workspace, &choice.packages, &choice.targets)?;
        let git = project.git();
        let repository = crate::repository::repository(&project.config, &project.environment, &git).await?;
        Ok(Self { participants, git, repository })
    }

    fn backend_context(&self, project: &Project, run: &Run) -> Result<BackendContext, SampoError> {
        Ok(BackendContext {
            root: project.root.clone(),
            repository: self.repository.clone(),
            environment: Arc::new(project.environment.clone()),
            reporter: Arc::clone(&run.reporter),
            token_variables: destination::token_variables(&project.config)?.into(),
            cancellation: run.cancellation.clone(),
            pace: Pace::default(),
        })
    }

    fn scene(&'a self, project: &'a Project, run: &'a Run) -> Scene<'a> {
        Scene {
            config: &project.config,
            workspace: &project.workspace,
            participants: &self.participants,
            git: &self.git,
            repository: self.repository.clone(),
            notes: &notes,
            reporter: &*run.reporter,
        }
    }
}

/// The section of the changelog beside the manifest, if there is one.
fn notes(package: &Package, version: &Version) -> Option<String> {
    let changelog = package.manifest.with_file_name("CHANGELOG.md");
    let text = std::fs::read_to_string(changelog).ok()?;
    crate::release::changelog::section(&text, version)
}
