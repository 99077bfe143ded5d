//! `distribute`: brings what was built for every release to every destination, and knows whether it got there.

use std::path::Path;
use std::sync::Arc;

use semver::Version;
use tokio_util::sync::CancellationToken;

pub mod backend;
pub mod checksum;
pub mod destination;
pub mod engine;
pub mod matrix;
pub mod model;
pub mod naming;
pub mod participant;
pub mod platform;
pub mod report;
pub mod retry;
pub mod select;

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
use matrix::Matrix;
use participant::{Participant, narrow, participants};
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

/// What must be built, as text. With `GITHUB_OUTPUT` set, `build-matrix` and `build-needed` are appended there.
pub async fn matrix(project: &Project, request: &MatrixRequest, run: &Run) -> Result<String, SampoError> {
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
    if let Some(path) = project.environment.get("GITHUB_OUTPUT") {
        let outputs = matrix.outputs()?;
        let outputs: Vec<(&str, &str)> = outputs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        github_output::append(Path::new(path), &outputs)?;
    }
    matrix.render(request.format)
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
