//! `distribute init`: what a workspace lacks for its programs to be delivered, planned as a whole and written at once.
//!
//! What stands in the configuration stays: targets, backends and metadata are added, and nothing is taken away.

use std::path::{Path, PathBuf};

use crate::SampoError;
use crate::atomic;
use crate::config::{self, Config, Repository};
use crate::environment::Environment;
use crate::error::PathError;
use crate::event::Reporter;
use crate::github::Addresses;
use crate::init::{self, NewFile};
use crate::project::Project;
use crate::repository::{host_of_remote, repository};
use crate::transaction::{self, Change, TransactionError};
use crate::workspace::{PackageId, Workspace, find_root};

mod answers;
mod configuration;
mod diff;
mod error;
mod manifests;
mod next_steps;
mod pipeline;
mod toml_file;

pub use answers::{Answers, NewBackend, ReadyMade, USUAL_TARGETS};
pub use diff::unified;
pub use error::SetupError;
pub use pipeline::{Ci, Placement, Standing};

use super::check_backends;
use super::naming::file_name_part;
use super::participant::participants;
use super::place::Place;

/// A workspace, and what is there already.
#[derive(Debug)]
pub struct Setup {
    project: Project,
    /// The text of the configuration: as it stands, or as the first one will be.
    configuration: String,
    /// What else `.sampo` lacks, where there is no configuration yet.
    first_files: Vec<NewFile>,
    repository: Option<Repository>,
    /// The host of the remote `origin`.
    host: Option<String>,
    place: Place,
}

/// What is written, and what is left for people to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    place: Place,
    /// The files that change.
    pub changes: Vec<Change>,
    /// What stays as it is although it was asked for, and why.
    pub remarks: Vec<String>,
    /// What is to be done afterwards, in this order.
    pub next_steps: Vec<String>,
}

impl Setup {
    /// Looks at the workspace that `folder` belongs to, or at the one in `folder` if there is no `.sampo` yet. Writes
    /// nothing.
    pub async fn look(folder: &Path, environment: Environment, reporter: &dyn Reporter) -> Result<Self, SampoError> {
        let folder = std::path::absolute(folder).map_err(PathError::new("find", folder))?;
        let root = find_root(&folder).unwrap_or(folder);
        if init::is_configured(&root) {
            let project = Project::open(&root, environment, reporter).await?;
            let text = transaction::read(&project.root.join(config::PATH))?.unwrap_or_default();
            return Self::of(project, text, Vec::new()).await;
        }
        let known = init::Answers::detect(&root, &environment).await?;
        let (mut configuration, first_files): (Vec<NewFile>, Vec<NewFile>) =
            init::plan(&root, &known).await?.into_iter().partition(|file| file.path.ends_with(config::PATH));
        let text = configuration.pop().map(|file| file.text).unwrap_or_default();
        let config = Config::parse(Path::new(config::PATH), text.clone())?;
        let workspace = Workspace::discover(&root).await?;
        Self::of(Project { root, config, workspace, environment }, text, first_files).await
    }

    async fn of(project: Project, configuration: String, first_files: Vec<NewFile>) -> Result<Self, SampoError> {
        check_backends(&project.config)?;
        let git = project.git();
        let repository = repository(&project.config, &project.environment, &git).await?;
        let place = Place::of(&project.root, &git).await;
        let host = host_of_remote(&git).await?;
        Ok(Self { project, configuration, first_files, repository, host, place })
    }

    /// The packages.
    pub fn workspace(&self) -> &Workspace {
        &self.project.workspace
    }

    /// The repository on GitHub, where somebody says which it is.
    pub fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
    }

    /// Whether no package builds a program, and no table names anything else to deliver.
    pub fn lacks_programs(&self) -> Result<bool, SampoError> {
        Ok(participants(&self.project.config, &self.project.workspace)?.is_empty())
    }

    /// Whether something is built and nothing says for which targets.
    pub fn lacks_targets(&self) -> Result<bool, SampoError> {
        let participants = participants(&self.project.config, &self.project.workspace)?;
        let lacks = participants.iter().any(|participant| participant.configured_targets.is_empty());
        Ok(lacks || (participants.is_empty() && self.project.config.distribute.targets.is_empty()))
    }

    /// Whether nothing of `[distribute]` is configured yet.
    pub fn is_new(&self) -> bool {
        self.lacks_backends() && self.project.config.distribute.targets.is_empty()
    }

    /// Whether no backend is configured.
    pub fn lacks_backends(&self) -> bool {
        self.project.config.distribute.backends.is_empty()
    }

    /// The glob that is suggested for the artifacts of `package`: where its build puts them, in files whose names say for
    /// which target they are.
    pub fn usual_artifacts(&self, package: &PackageId) -> String {
        let folder = &self.project.config.distribute.artifacts_dir;
        format!("{folder}/{}-{{{{ target }}}}/*{{{{ target }}}}*", file_name_part(package.name()))
    }

    /// What the workspace itself suggests: the answers to questions that nobody is asked.
    pub fn suggestion(&self) -> Result<Answers, SampoError> {
        Ok(Answers {
            targets: if self.lacks_targets()? { answers::usual_targets() } else { Vec::new() },
            backends: if self.lacks_backends() { vec![NewBackend::GithubRelease] } else { Vec::new() },
            ci: self.suggested_ci(self.repository.as_ref()),
            ..Answers::default()
        })
    }

    /// Where the pipeline of `ci` would be written, and what is there.
    pub fn standing(&self, ci: Ci, placement: &Placement) -> Result<Standing, SampoError> {
        Ok(pipeline::standing(&self.place.top, &self.pipeline(ci, &self.project.config)?, placement)?)
    }

    /// Everything that `answers` lack to be true. Writes nothing; a plan of a plan that was applied is empty.
    pub fn plan(&self, answers: &Answers) -> Result<Plan, SampoError> {
        let Project { root, workspace, .. } = &self.project;
        answers.check()?;
        let text = configuration::with(&self.configuration, answers, &self.project)?;
        let config = Config::parse(Path::new(config::PATH), text.clone())?;
        check_backends(&config)?;
        let participants = participants(&config, workspace)?;
        if participants.is_empty() {
            return Err(
                SetupError::NoPrograms { packages: workspace.packages.iter().map(|p| p.id.clone()).collect() }.into()
            );
        }
        participants.iter().try_for_each(|participant| participant.require_targets(&config))?;
        let repository = answers.repository.as_ref().or(self.repository.as_ref());
        self.require_repository(&config, repository)?;

        let github = Addresses::resolve(None, &self.project.environment)?;
        let mut plan =
            Plan { place: self.place.clone(), changes: Vec::new(), remarks: Vec::new(), next_steps: Vec::new() };
        for file in &self.first_files {
            plan.add(file.path.clone(), file.text.clone())?;
        }
        plan.add(root.join(config::PATH), text)?;
        if answers.binstall {
            let repository = repository.map(|repository| format!("{}/{repository}", github.web()));
            plan.changes.extend(manifests::changes(&config, &participants, repository.as_deref())?);
        }
        let pipeline = self.pipeline(answers.ci, &config)?;
        pipeline::plan(&pipeline, &answers.placement, &mut plan)?;
        plan.next_steps = next_steps::of(&plan, &config, workspace, answers.ci, &github);
        Ok(plan)
    }

    /// Without a repository nothing can be delivered to its releases.
    fn require_repository(&self, config: &Config, repository: Option<&Repository>) -> Result<(), SampoError> {
        let own = |table: &config::BackendTable| table.own::<super::backend::github_release::GithubReleaseConfig>();
        let mut tables = config.distribute.backends.values().filter(|table| table.kind == "github-release");
        let lacks = tables.any(|table| own(table).is_ok_and(|own| own.repository.is_none()));
        match lacks && repository.is_none() {
            true => Err(SetupError::NoRepository { host: self.host.clone() }.into()),
            false => Ok(()),
        }
    }
}

impl Plan {
    /// Makes every change of the workspace or none, then the workflow if its folder is elsewhere: the next run writes
    /// what a killed one did not.
    pub fn apply(&self) -> Result<(), SampoError> {
        let (own, elsewhere): (Vec<Change>, Vec<Change>) =
            self.changes.iter().cloned().partition(|change| change.path.starts_with(&self.place.root));
        transaction::apply(&self.place.root, &own)?;
        for Change { path, before, after } in &elsewhere {
            if transaction::read(path)? != *before {
                return Err(TransactionError::Stale(path.clone()).into());
            }
            atomic::write(path, after.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    /// The path of a change in the repository, with forward slashes.
    pub fn name_of(&self, change: &Change) -> String {
        self.place.name_of(&change.path)
    }

    /// Notes that the file at `path` is to say `text`, unless it does.
    fn add(&mut self, path: PathBuf, text: String) -> Result<(), PathError> {
        let before = transaction::read(&path)?;
        if before.as_ref() != Some(&text) {
            self.changes.push(Change { path, before, after: Some(text) });
        }
        Ok(())
    }
}
