//! Bringing every released package to its registry, in dependency order, and tagging it.
//!
//! [`Publisher::plan`] asks the registries and git what is there and writes nothing; [`Publisher::apply`] does what the
//! plan says is needed, package by package. Each is tagged as soon as its registry has it, so that a run that fails
//! half-way is finished by the next one.

use std::sync::Arc;

use crate::config::Config;
use crate::environment::Environment;
use crate::error::chain;
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::workspace::{Package, Workspace};

mod branch;
mod cargo;
mod error;
mod order;
mod plan;
mod registry;
mod select;
mod tags;

pub use branch::BranchError;
pub use error::PublishError;
pub use plan::{Plan, Step, Tagging, Upload};
pub use registry::ForwardedArguments;

use registry::{Registries, Uploaded};
use select::Participants;
use tags::ExistingTags;

/// Publishes the packages of one workspace.
pub struct Publisher<'a> {
    workspace: &'a Workspace,
    config: &'a Config,
    environment: &'a Environment,
    git: Git,
    registries: Registries,
    reporter: Arc<dyn Reporter>,
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
        let registries = Registries::new(workspace, environment, arguments, &reporter);
        Self { workspace, config, environment, git: Git::new(&workspace.root), registries, reporter }
    }

    /// What is to be done for every package that takes part: those to upload in their order, then those that are only
    /// tagged. Refuses whatever would make a run fail later: no repository, no release branch, conflicting tags,
    /// dependencies that no registry will have, cycles.
    pub async fn plan(&self) -> Result<Plan, PublishError> {
        let commit = self.git.head().await?;
        branch::check(&self.git, &self.config.git, self.environment).await?;
        let participants = select::participants(self.workspace, self.config)?;
        let mut steps = self.steps(&participants);
        tags::check(steps.iter().map(|step| (&step.package, step.tag.as_str())))?;
        for step in steps.iter_mut().filter(|step| step.upload == Upload::Needed) {
            step.upload = self.upload_needed(self.package(step)).await;
        }
        self.settle_tags(&mut steps, &commit).await?;
        Ok(Plan { commit, steps })
    }

    /// Lets the registries' tools check what the plan would upload, together, without an upload.
    pub async fn rehearse(&self, plan: &Plan) -> Result<(), PublishError> {
        for (ecosystem, registry) in self.registries.by_ecosystem() {
            let waiting = plan.steps.iter().filter(|step| step.package.ecosystem() == ecosystem && step.needs_upload());
            let packages: Vec<&Package> = waiting.map(|step| self.package(step)).collect();
            if !packages.is_empty() {
                self.step("checking what is to be published");
                registry.rehearse(&packages).await.map_err(|source| PublishError::Rehearsal { source })?;
            }
        }
        Ok(())
    }

    /// Does what `plan` says is needed. Ends at the first failure; what was done before stays done.
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
        for step in &mut plan.steps {
            if step.upload == Upload::Needed {
                self.upload(step).await?;
            }
            if step.tagging == Tagging::Needed {
                self.git.create_tag(&step.tag, &step.tag_message()).await?;
                step.tagging = Tagging::Created;
            }
        }
        Ok(())
    }

    async fn upload(&self, step: &mut Step) -> Result<(), PublishError> {
        let package = self.package(step);
        self.step(&format!("publishing {} {}", step.package.name(), step.version));
        let registry = self.registries.of(package);
        match registry.upload(package).await {
            Ok(Uploaded::Now) => step.upload = Upload::Done,
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
                let (package, version) = (step.package.clone(), step.version.clone());
                return Err(PublishError::Upload { package, version, source });
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
            self.warn(&format!("`{}` has no version, so it is not tagged", package.id), None);
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

    /// Finds out which tags exist, and which of the missing ones belong to HEAD.
    async fn settle_tags(&self, steps: &mut [Step], head: &str) -> Result<(), PublishError> {
        let mut existing = ExistingTags::read(&self.git).await?;
        let is_missing = |step: &Step| existing.commit(&step.tag).is_none();
        if steps.iter().any(is_missing) {
            // A published version without a tag is odd enough to look further, and a cut-off clone may lack any tag.
            let is_odd = steps.iter().any(|step| step.upload == Upload::AlreadyThere && is_missing(step));
            if is_odd || self.git.is_shallow().await? {
                existing.add_remote(&self.git, self.reporter.as_ref()).await?;
            }
        }
        for step in steps.iter_mut() {
            step.tagging = match existing.commit(&step.tag) {
                Some(commit) if commit == head => Tagging::AtHead,
                Some(_) => Tagging::Elsewhere,
                None => self.tagging_of_missing(step).await?,
            };
        }
        self.warn_of_tags(steps);
        Ok(())
    }

    async fn tagging_of_missing(&self, step: &Step) -> Result<Tagging, PublishError> {
        Ok(match step.upload {
            Upload::Rehearsed => Tagging::Withheld,
            Upload::AlreadyThere if !self.is_release_commit(step).await? => Tagging::Withheld,
            _ => Tagging::Needed,
        })
    }

    /// Whether HEAD is the commit that gave the package its version: its (first) parent has another version, or HEAD
    /// is the first commit of all. In a clone without that parent this cannot be known, and the answer is no.
    async fn is_release_commit(&self, step: &Step) -> Result<bool, PublishError> {
        let parent = "HEAD^1";
        if self.git.commit_of(parent).await?.is_none() {
            return Ok(!self.git.is_shallow().await?);
        }
        let package = self.package(step);
        let before = self.registries.of(package).version_at(&self.git, parent, package).await?;
        Ok(before.as_ref() != Some(&step.version))
    }

    fn warn_of_tags(&self, steps: &[Step]) {
        self.warn_of_withheld(steps);
        let is_misplaced = |step: &&Step| step.tagging == Tagging::Elsewhere && step.upload == Upload::Needed;
        let misplaced: Vec<&Step> = steps.iter().filter(is_misplaced).collect();
        if !misplaced.is_empty() {
            let message = format!("not published yet, but tagged at another commit: {}", tag_names(&misplaced));
            self.warn(&message, Some("check that HEAD is the commit to publish"));
        }
        if steps.iter().any(|step| step.upload == Upload::Rehearsed) {
            self.warn("a dry run was forwarded: packages are neither uploaded nor tagged", None);
        }
    }

    fn warn_of_withheld(&self, steps: &[Step]) {
        let is_withheld = |step: &&Step| step.tagging == Tagging::Withheld && step.upload == Upload::AlreadyThere;
        let withheld: Vec<&Step> = steps.iter().filter(is_withheld).collect();
        let Some(first) = withheld.first() else { return };
        let message = format!(
            "already published, and not from this commit as far as its history tells, so not tagged here: {}",
            tag_names(&withheld)
        );
        let hint = format!(
            "tag the commits that were published, such as `git tag -a {} -m \"{}\" COMMIT`; in a shallow clone, fetch more history",
            first.tag,
            first.tag_message()
        );
        self.warn(&message, Some(&hint));
    }

    fn step(&self, message: &str) {
        self.reporter.report(Event::Step { message });
    }

    fn warn(&self, message: &str, hint: Option<&str>) {
        self.reporter.report(Event::Warning { message, hint });
    }
}

fn tag_names(steps: &[&Step]) -> String {
    steps.iter().map(|step| format!("`{}`", step.tag)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "publish/fixtures.rs"]
pub(crate) mod fixtures;

#[cfg(test)]
#[path = "publish/publish_tests.rs"]
mod tests;
