//! `distribute`: brings what was built for every release to every destination, and knows whether it got there.

use std::path::PathBuf;
use std::sync::Arc;

use semver::Version;
use tokio_util::sync::CancellationToken;

pub mod backend;
pub mod binstall;
pub mod build;
mod build_stamp;
mod catalogue;
pub mod checksum;
mod checksum_list;
mod columns;
mod deliver;
pub mod destination;
mod dispatch;
pub mod doctor;
pub mod engine;
mod expected;
pub mod finding;
pub mod matrix;
pub mod model;
pub mod naming;
pub mod pack;
pub mod participant;
mod place;
pub mod platform;
pub(crate) mod publishing;
pub mod report;
pub mod resolve;
pub mod retry;
pub mod select;
pub mod setup;
mod site;
pub mod status;
pub mod verify;

pub use deliver::{Finishing, Outcome, Request, advise_binstall, deliver};
pub use destination::check_backends;
pub use matrix::{Grouping, MatrixFormat};
pub use select::{Nothing, Selection};

use crate::config::Repository;
use crate::error::SampoError;
use crate::event::Reporter;
use crate::git::Git;
use crate::github_output;
use crate::project::Project;
use crate::target::Target;
use crate::workspace::{Package, PackageId};
use backend::{BackendContext, Pace};
use build::{Builder, Built};
use matrix::Matrix;
use participant::{Participant, narrow, participants};
use select::{Scene, Selected};

/// What work shares with whoever asked for it.
#[derive(Clone)]
pub struct Caller {
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

    /// In GitHub's format and with `GITHUB_OUTPUT` set, appends `build-matrix` and `build-needed` there.
    pub fn announce(&self) -> Result<(), SampoError> {
        let Some((path, outputs)) = &self.outputs else { return Ok(()) };
        let outputs = outputs.each_ref().map(|(name, value)| (*name, value.as_str()));
        Ok(github_output::append(path, &outputs)?)
    }
}

/// What must be built. Writes nothing.
pub async fn matrix(project: &Project, request: &MatrixRequest, caller: &Caller) -> Result<BuildMatrix, SampoError> {
    let ground = Ground::of(project, &request.choice).await?;
    let scene = ground.scene(project, caller);
    let releases = match &request.pending {
        Some(versions) => select::planned(&scene, versions)?,
        None => match select::select(&request.choice.selection, &scene).await? {
            Selected::Releases(releases) => releases,
            Selected::Nothing(_) => Vec::new(),
        },
    };
    let matrix = Matrix::new(&project.config, &ground.participants, &releases, request.grouping)?;
    let output = project.environment.get("GITHUB_OUTPUT").filter(|_| request.format == MatrixFormat::Github);
    let outputs = match output {
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
pub async fn build(project: &Project, choice: &Choice, caller: &Caller) -> Result<BuildOutcome, SampoError> {
    let ground = Ground::of(project, choice).await?;
    let scene = ground.scene(project, caller);
    let releases = match &choice.selection {
        Selection::AtHead => select::untagged(&scene)?,
        selection => match select::select(selection, &scene).await? {
            Selected::Releases(releases) => releases,
            Selected::Nothing(nothing) => return Ok(BuildOutcome::Nothing(nothing)),
        },
    };
    let tokens = destination::token_variables(&project.config)?;
    let builder = builder(project, &tokens, caller).await;
    let built = builder.build_all(&ground.participants, &releases).await;
    if built.is_empty() {
        let message = "no package has anything to build".into();
        return Ok(BuildOutcome::Nothing(Nothing { message, hint: None }));
    }
    Ok(BuildOutcome::Done(built))
}

async fn builder<'a>(project: &'a Project, token_variables: &'a [String], caller: &Caller) -> Builder<'a> {
    Builder {
        config: &project.config,
        workspace: &project.workspace,
        environment: &project.environment,
        token_variables,
        head: project.git().head().await.ok(),
        reporter: Arc::clone(&caller.reporter),
        cancellation: caller.cancellation.clone(),
    }
}

/// What every step stands on: who takes part, and where the releases come from.
pub(crate) struct Ground<'a> {
    /// Those that take part, sorted by id.
    pub participants: Vec<Participant<'a>>,
    git: Git,
    /// The repository on GitHub, where it is known.
    pub repository: Option<Repository>,
}

impl<'a> Ground<'a> {
    /// That of everything.
    pub async fn whole(project: &'a Project) -> Result<Self, SampoError> {
        let choice = Choice { selection: Selection::AtHead, packages: Vec::new(), targets: Vec::new() };
        Self::of(project, &choice).await
    }

    async fn of(project: &'a Project, choice: &Choice) -> Result<Self, SampoError> {
        let all = participants(&project.config, &project.workspace)?;
        let participants = narrow(all, &project.workspace, &choice.packages, &choice.targets)?;
        let git = project.git();
        let repository = crate::repository::repository(&project.config, &project.environment, &git).await?;
        Ok(Self { participants, git, repository })
    }

    /// What backends share.
    pub fn backend_context(&self, project: &Project, caller: &Caller) -> Result<BackendContext, SampoError> {
        Ok(BackendContext {
            root: project.root.clone(),
            repository: self.repository.clone(),
            environment: Arc::new(project.environment.clone()),
            reporter: Arc::clone(&caller.reporter),
            token_variables: destination::token_variables(&project.config)?.into(),
            limits: Arc::default(),
            pace: Pace::default(),
        })
    }

    fn scene(&'a self, project: &'a Project, caller: &'a Caller) -> Scene<'a> {
        Scene {
            config: &project.config,
            workspace: &project.workspace,
            participants: &self.participants,
            git: &self.git,
            repository: self.repository.clone(),
            notes: &notes,
            reporter: &*caller.reporter,
        }
    }
}

/// The section of the changelog beside the manifest, if there is one.
pub(crate) fn notes(package: &Package, version: &Version) -> Option<String> {
    let changelog = package.manifest.with_file_name("CHANGELOG.md");
    let text = std::fs::read_to_string(changelog).ok()?;
    crate::release::changelog::section(&text, version)
}
