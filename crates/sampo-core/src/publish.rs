//! Bringing every released package to its registry, in dependency order, and tagging it.
//!
//! [`Publisher::plan`] asks the registries and git what is there and writes nothing; [`Publisher::apply`] does what the
//! plan says is needed, package by package. Each is tagged as soon as its registry has it, so that a run that fails
//! half-way is finished by the next one.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::environment::Environment;
use crate::error::{Diagnose, chain};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::release::branch;
use crate::workspace::registry::Uploaded;
use crate::workspace::{Package, Workspace};

mod error;
mod history;
mod order;
mod plan;
pub mod push;
mod registry;
pub mod report;
mod select;
mod tagging;
mod tags;

pub use error::PublishError;
pub use history::{Histories, History};
pub use plan::{Plan, Step, Tagging, Upload};
pub use registry::ForwardedArguments;

use registry::Registries;
use select::Participants;

/// Publishes the packages of one workspace.
pub struct Publisher<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    environment: &'a Environment,
    git: Git,
    registries: Registries,
    reporter: Arc<dyn Reporter>,
    cancellation: CancellationToken,
}

/// How far [`Publisher::apply`] came.
#[derive(Debug)]
pub struct Outcome {
    /// The plan with what was done; what is still needed in it was not done.
    pub plan: Plan,
    /// Why it ended early.
    pub error: Option<PublishError>,
}

impl<'a> Publisher<'a> {
    /// A publisher that adds `arguments` to every publish command.
    pub fn new(
        workspace: &'a Workspace,
        config: &'a Config,
        environment: &'a Environment,
        arguments: &ForwardedArguments,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        let registries = Registries::new(workspace, config, environment, arguments, &reporter);
        Self {
            workspace,
            config,
            environment,
            git: Git::new(&workspace.root),
            registries,
            reporter,
            cancellation: CancellationToken::new(),
        }
    }

    /// The same, which makes its tags with `git`.
    #[must_use]
    pub fn with_git(self, git: Git) -> Self {
        Self { git, ..self }
    }

    /// The same, which begins no further package once `cancellation` has fired.
    #[must_use]
    pub fn cancelled_by(self, cancellation: CancellationToken) -> Self {
        Self { cancellation, ..self }
    }

    /// What is to be done for every package that takes part: those to upload in their order, then those that are only
    /// tagged. Refuses whatever would make a run fail later: no repository, no release branch, conflicting tags,
    /// versions that are not committed, nobody in whose name to tag, dependencies that no registry will have, cycles.
    pub async fn plan(&self) -> Result<Plan, PublishError> {
        branch::check(&self.git, &self.config.git, self.environment).await?;
        let plan = self.survey().await?;
        self.refuse_uncommitted_versions(&plan.steps).await?;
        if plan.steps.iter().any(|step| step.tagging == Tagging::Needed) {
            self.git.check_identity().await?;
        }
        Ok(plan)
    }

    /// The same for those who only want to know: on whatever branch, committed or not, and in whoever's name.
    pub async fn survey(&self) -> Result<Plan, PublishError> {
        let commit = self.git.head().await?;
        let participants = select::participants(self.workspace, self.config)?;
        let mut steps = self.steps(&participants);
        tags::check(steps.iter().map(|step| (&step.package, step.tag.as_str())))?;
        self.registries.check(&participants.publishable, self.config)?;
        for step in steps.iter_mut().filter(|step| step.upload == Upload::Needed) {
            step.upload = self.upload_needed(self.package(step)).await;
        }
        self.settle_tags(&mut steps, &commit).await?;
        for step in &mut steps {
            // What waits for approval is not in the registry yet; its tag says that it was sent.
            let is_tagged = matches!(step.tagging, Tagging::AtHead | Tagging::Elsewhere);
            if step.upload == Upload::Needed
                && is_tagged
                && self.registries.of(self.package(step)).stages(self.package(step))
            {
                step.upload = Upload::Staged;
            }
        }
        Ok(Plan { commit, steps })
    }

    /// Lets the registries' tools check what the plan would upload, together, without an upload.
    pub async fn rehearse(&self, plan: &Plan) -> Result<(), PublishError> {
        for (ecosystem, registry) in self.registries.by_ecosystem() {
            let waiting = plan.steps.iter().filter(|step| step.package.ecosystem() == ecosystem && step.needs_upload());
            let packages: Vec<&Package> = waiting.map(|step| self.package(step)).collect();
            if !packages.is_empty() {
                self.step("checking what is to be published");
                let refused =
                    |source| PublishError::Rehearsal { advice: registry.advice(&source), source: source.into() };
                registry.rehearse(&packages).await.map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Does what `plan` says is needed. Ends at the first upload that fails; what was done before stays done. A tag that
    /// fails holds up nothing else.
    pub async fn apply(&self, mut plan: Plan) -> Outcome {
        let error = self.try_apply(&mut plan).await.err();
        Outcome { plan, error }
    }

    async fn try_apply(&self, plan: &mut Plan) -> Result<(), PublishError> {
        // A single upload makes the same checks itself.
        let uploads = plan.steps.iter().filter(|step| step.upload == Upload::Needed).count();
        if uploads > 1 || plan.steps.iter().any(|step| step.upload == Upload::Rehearsed) {
            self.rehearse(plan).await?;
        }
        let mut untagged = Vec::new();
        for step in &mut plan.steps {
            if self.cancellation.is_cancelled() {
                return Err(PublishError::Cancelled);
            }
            if step.upload == Upload::Needed {
                self.upload(step).await?;
            }
            if step.tagging == Tagging::Needed && !self.tag(step).await {
                untagged.push(step.tag.clone());
            }
        }
        if untagged.is_empty() { Ok(()) } else { Err(PublishError::Tags { tags: untagged }) }
    }

    /// Whether the tag of `step` could be made.
    async fn tag(&self, step: &mut Step) -> bool {
        match self.git.create_tag(&step.tag, &step.tag_message()).await {
            Ok(()) => step.tagging = Tagging::Created,
            Err(error) => self.warn(&chain(&error), error.hint().as_deref()),
        }
        step.tagging == Tagging::Created
    }

    async fn upload(&self, step: &mut Step) -> Result<(), PublishError> {
        let package = self.package(step);
        self.step(&format!("publishing {} {}", step.package.name(), step.version));
        let registry = self.registries.of(package);
        match registry.upload(package).await {
            Ok(Uploaded::Now) => step.upload = Upload::Done,
            Ok(Uploaded::Staged) => step.upload = Upload::Staged,
            Ok(Uploaded::Before) => {
                step.upload = Upload::AlreadyThere;
                if step.tagging == Tagging::Needed {
                    step.tagging = self.tagging_of_missing(step).await?;
                    self.warn_of_withheld(std::slice::from_ref(step));
                }
            }
            // An upload may arrive although its answer gets lost.
            Err(error) if registry.has(package).await.unwrap_or(false) => {
                let message = format!("`{}` is in its registry although its upload seemed to fail", step.package);
                self.warn(&message, Some(&chain(&error)));
                step.upload = Upload::Done;
            }
            Err(source) => {
                let (package, version, advice) = (step.package.clone(), step.version.clone(), registry.advice(&source));
                return Err(PublishError::Upload { package, version, advice, source: source.into() });
            }
        }
        Ok(())
    }

    fn package(&self, step: &Step) -> &'a Package {
        self.workspace.package(&step.package).expect("a plan is made of packages of the workspace")
    }

    fn steps(&self, participants: &Participants<'_>) -> Vec<Step> {
        let publishable = participants.publishable.iter().map(|package| (package, Upload::Needed));
        let tagged = participants.tagged.iter().map(|package| (package, Upload::Never));
        publishable.chain(tagged).filter_map(|(package, upload)| self.step_for(package, upload)).collect()
    }

    fn step_for(&self, package: &Package, upload: Upload) -> Option<Step> {
        let Some(version) = package.version.clone() else {
            self.warn(&format!("`{}` has no version, so it is left out", package.id), None);
            return None;
        };
        let tag = self.config.git.tag(&package.id, &version);
        Some(Step { package: package.id.clone(), version, tag, upload, tagging: Tagging::Needed })
    }

    async fn upload_needed(&self, package: &Package) -> Upload {
        let registry = self.registries.of(package);
        match registry.has(package).await {
            Ok(true) => Upload::AlreadyThere,
            answer => {
                if let Err(error) = answer {
                    let message = format!("cannot find out whether `{}` is published: {}", package.id, chain(&error));
                    self.warn(&message, Some("it is treated as not published"));
                }
                if registry.only_rehearses() { Upload::Rehearsed } else { Upload::Needed }
            }
        }
    }

    fn step(&self, message: &str) {
        self.reporter.report(Event::Step { message });
    }

    fn warn(&self, message: &str, hint: Option<&str>) {
        self.reporter.report(Event::Warning { message, hint });
    }
}
