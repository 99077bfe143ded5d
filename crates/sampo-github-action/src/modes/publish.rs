//! The mode `publish`: brings what was released to its registries, tags it, and pushes the tags.

use std::sync::Arc;

use sampo_core::SampoError;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::distribute::{Caller, advise_binstall};
use sampo_core::git::{self, Git, GitError};
use sampo_core::project::Project;
use sampo_core::publish::push::{self, PushPlan, Pushed};
use sampo_core::publish::{Histories, Outcome, Plan, Publisher, Tagging, Upload};
use sampo_core::release::plan_file::ReleasePlan;
use sampo_core::workspace::PackageId;

use super::{announcement, matrix};
use crate::job::{Ending, Job};
use crate::tag_pages::TagPages;

mod account;

use account::Account;

/// Publishes the repository at HEAD.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let project = job.open_for_release().await?;
    publish(job, caller, &project).await
}

/// Publishes `project`, which is on a branch for releases. What succeeds is pushed and told, whatever else fails.
pub async fn publish(job: &mut Job, caller: &Caller, project: &Project) -> anyhow::Result<Ending> {
    let is_dry_run = job.inputs.flag("dry-run")?;
    let grouping = job.inputs.grouping()?;
    let announcement = announcement::request(job, project)?;
    let git = identified(project.git(), is_dry_run).await.map_err(SampoError::from)?;
    let arguments = job.inputs.forwarded(&*job.reporter);
    let Project { workspace, config, environment, .. } = project;
    let publisher = Publisher::new(workspace, config, environment, &arguments, Arc::clone(&job.reporter));
    let publisher = publisher.with_git(git.clone()).cancelled_by(caller.cancellation.clone());
    let plan = publisher.plan().await.map_err(SampoError::from)?;
    // What would fail afterwards is better known before the first upload.
    let planned = released(project, &plan, true).await?;
    let missing = push::plan(&git, &plan.commit, &plan.tags(true)).await.map_err(SampoError::from)?;
    matrix::of(caller, project, &planned, grouping).await?;
    let pages = TagPages::of(project).await?;
    announcement::check(caller, project, &plan, announcement.as_ref()).await?;
    let is_uploaded = |id: &PackageId| plan.steps.iter().any(|s| s.package == *id && s.upload == Upload::Needed);
    advise_binstall(project, is_uploaded, &*job.reporter)?;

    if is_dry_run {
        let error = publisher.rehearse(&plan).await.err();
        Account { project, plan: &plan, releases: &planned }.of_rehearsal(job, &missing);
        error.into_iter().for_each(|error| job.fail_with(error));
        missing.refused.into_iter().for_each(|error| job.fail_with(error));
        job.outputs.release_plan = Some(planned);
        announcement::announce(job, caller, project, &plan, announcement.as_ref()).await;
        return Ok(Ending::of(caller));
    }
    let Outcome { mut plan, error } = publisher.apply(plan).await;
    job.outputs.published = plan.has_results();
    error.into_iter().for_each(|error| job.fail_with(error));
    let pushed = push(job, &git, &plan, missing).await;
    Account { project, plan: &plan, releases: &planned }.of_run(job, &pushed, &pages);
    // A tag that nobody else can see is not released yet.
    plan.steps.retain(|step| pushed.has(&step.tag) || step.tagging == Tagging::Elsewhere);
    announcement::announce(job, caller, project, &plan, announcement.as_ref()).await;
    let released = released(project, &plan, false).await?;
    job.outputs.build_matrix = matrix::of(caller, project, &released, grouping).await?;
    job.outputs.release_plan = Some(released);
    Ok(Ending::of(caller))
}

/// Git with somebody in whose name tags are made; a dry run only pretends.
async fn identified(git: Git, is_dry_run: bool) -> Result<Git, GitError> {
    if is_dry_run {
        return git.assuming(git::GITHUB_ACTIONS).await;
    }
    git.adopt(&git::GITHUB_ACTIONS).await?;
    Ok(git)
}

/// Pushes every tag that stands at HEAD, those of an earlier run included that did not get so far.
async fn push(job: &mut Job, git: &Git, plan: &Plan, missing: PushPlan) -> Pushed {
    let mut pushed = push::apply(git, missing.narrowed_to(&plan.tags(false)), &*job.reporter).await;
    job.outputs.published |= !pushed.pushed.is_empty();
    pushed.failed.drain(..).for_each(|error| job.fail_with(error));
    pushed
}

/// What is tagged at HEAD, and with `planned` also what is still to be.
async fn released(project: &Project, plan: &Plan, planned: bool) -> Result<ReleasePlan, SampoError> {
    let histories = Histories::read(project).await?;
    let past = |package: &PackageId, version: &_| histories.of(package, version);
    Ok(plan.releases(planned, has_artifacts(project)?, past))
}
