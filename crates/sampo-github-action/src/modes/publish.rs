//! The mode `publish`: brings what was released to its registries, tags it, and pushes the tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use sampo_core::SampoError;
use sampo_core::distribute::advise_binstall;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::git::{self, Git};
use sampo_core::project::Project;
use sampo_core::publish::push::{self, Pushed};
use sampo_core::publish::{ForwardedArguments, Histories, Outcome, Plan, Publisher, Upload};
use sampo_core::release::plan_file::ReleasePlan;
use sampo_core::workspace::{Ecosystem, PackageId};

use super::matrix;
use crate::annotations;
use crate::inputs::Inputs;
use crate::job::{Ending, Job};

/// Publishes the repository at HEAD.
pub async fn run(job: &mut Job) -> anyhow::Result<Ending> {
    let project = job.open_for_release().await?;
    publish(job, &project).await
}

/// Publishes `project`, which is on a branch for releases. What succeeds is pushed and told, whatever else fails.
pub async fn publish(job: &mut Job, project: &Project) -> anyhow::Result<Ending> {
    let is_dry_run = job.inputs.flag("dry-run")?;
    let git = identified(project.git(), is_dry_run).await.map_err(SampoError::from)?;
    let outcome = upload(job, project, &git, is_dry_run).await?;
    let plan = outcome.plan;
    for step in &plan.steps {
        let name = project.workspace.display_name(&step.package);
        annotations::print(&format!("{name} {}: {}", step.version, step.describe(is_dry_run)));
    }
    if let Some(error) = outcome.error {
        job.fail_with(error);
    }
    job.outputs.published = plan.has_results();
    let released = if is_dry_run {
        would_push(job, &git, &plan).await;
        releases(project, &plan, |_| true, true).await?
    } else {
        let pushed = push(job, &git, &plan).await;
        releases(project, &plan, |tag| pushed.has(tag), false).await?
    };
    // Here the entries on GitHub are made.
    if !is_dry_run {
        job.outputs.build_matrix = matrix::of(job, project, &released).await?;
    }
    job.outputs.release_plan = Some(released).filter(|plan| !plan.releases.is_empty());
    Ok(Ending::Through)
}

/// Git with somebody in whose name tags are made; a dry run only pretends.
async fn identified(git: Git, is_dry_run: bool) -> Result<Git, git::GitError> {
    if is_dry_run {
        return git.assuming(git::GITHUB_ACTIONS).await;
    }
    git.adopt(&git::GITHUB_ACTIONS).await?;
    Ok(git)
}

/// Uploads and tags; a dry run lets the registries' tools check what would be uploaded.
async fn upload(job: &Job, project: &Project, git: &Git, is_dry_run: bool) -> anyhow::Result<Outcome> {
    let Project { workspace, config, environment, .. } = project;
    let arguments = forwarded(&job.inputs);
    let publisher = Publisher::new(workspace, config, environment, &arguments, Arc::clone(&job.reporter));
    let publisher = publisher.with_git(git.clone());
    let plan = publisher.plan().await.map_err(SampoError::from)?;
    let is_uploaded = |id: &PackageId| plan.steps.iter().any(|s| s.package == *id && s.upload == Upload::Needed);
    advise_binstall(project, is_uploaded, &*job.reporter)?;
    if is_dry_run {
        let error = publisher.rehearse(&plan).await.err();
        return Ok(Outcome { plan, error });
    }
    Ok(publisher.apply(plan).await)
}

fn forwarded(inputs: &Inputs) -> ForwardedArguments {
    let of = |ecosystem, name: &str| (ecosystem, inputs.words(name));
    let of_ecosystem = [of(Ecosystem::Cargo, "cargo-args"), of(Ecosystem::Npm, "npm-args")];
    ForwardedArguments { all: inputs.words("args"), of_ecosystem: BTreeMap::from(of_ecosystem) }
}

/// Pushes every tag that stands at HEAD, those of an earlier run included that did not get so far.
async fn push(job: &mut Job, git: &Git, plan: &Plan) -> Pushed {
    let pushed = match push::plan(git, &plan.commit, &plan.tags(false)).await {
        Ok(needed) => push::apply(git, needed, &*job.reporter).await,
        Err(error) => Pushed { pushed: Vec::new(), there: Vec::new(), failed: vec![error] },
    };
    job.outputs.published |= !pushed.pushed.is_empty();
    let Pushed { failed, pushed, there } = pushed;
    failed.into_iter().for_each(|error| job.fail_with(error));
    Pushed { failed: Vec::new(), pushed, there }
}

async fn would_push(job: &mut Job, git: &Git, plan: &Plan) {
    match push::plan(git, &plan.commit, &plan.tags(true)).await {
        Ok(needed) => {
            for tag in &needed.needed {
                annotations::print(&format!("would push the tag {tag}"));
            }
            for error in needed.refused {
                job.fail_with(error);
            }
        }
        Err(error) => job.fail_with(error),
    }
}

/// The releases at HEAD whose tags are `at_remote`.
async fn releases(
    project: &Project,
    plan: &Plan,
    at_remote: impl Fn(&str) -> bool,
    is_dry_run: bool,
) -> Result<ReleasePlan, SampoError> {
    let histories = Histories::read(project).await?;
    let past = |package: &PackageId, version: &_| histories.of(package, version);
    let mut released = plan.releases(is_dry_run, has_artifacts(project)?, past);
    released.releases.retain(|release| at_remote(&release.tag));
    Ok(released)
}
