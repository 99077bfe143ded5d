//! The mode `plan`: tells what `auto` would do next, and what must be built for it. Changes nothing.

use std::sync::Arc;

use sampo_core::SampoError;
use sampo_core::distribute::Caller;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::markdown::code;
use sampo_core::project::Project;
use sampo_core::publish::{ForwardedArguments, Histories, Plan, Publisher};
use sampo_core::release::plan_file::{PlannedRelease, ReleasePlan};
use sampo_core::workspace::PackageId;
use sampo_core::{clock, release as engine};

use super::{matrix, release};
use crate::annotations;
use crate::job::{Ending, Job};
use crate::summary::ReleaseRow;

/// Looks at what waits: changesets first, which are released before anything is published.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let project = job.open().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let plan = engine::preview(&project, now).await?;
    release::tell(job, &project, &plan, "To be released");
    if plan.is_empty() {
        return upcoming(job, caller, &project).await;
    }
    let has_artifacts = has_artifacts(&project).map_err(SampoError::from)?;
    job.outputs.release_plan = Some(plan.to_file(&project.config, None, has_artifacts));
    Ok(Ending::Through)
}

/// The releases that a publish would tag at this commit, or that are tagged there: a delivery needs what they build.
async fn upcoming(job: &mut Job, caller: &Caller, project: &Project) -> anyhow::Result<Ending> {
    let (survey, plan) = at_head(caller, project).await?;
    if plan.releases.is_empty() {
        annotations::print("nothing to publish: every current version is tagged at another commit");
    }
    let waits =
        |release: &&PlannedRelease| survey.steps.iter().any(|step| step.package == release.package && step.has_work());
    let (waiting, done): (Vec<_>, Vec<_>) = plan.releases.iter().partition(waits);
    for (title, releases) in [("To be published", waiting), ("Tagged at this commit", done)] {
        for PlannedRelease { package, version, tag, .. } in &releases {
            annotations::print(&format!("{}: {package} {version} ({tag})", title.to_lowercase()));
        }
        job.summary.add_releases(title, releases.into_iter().map(|release| row(project, release)).collect());
    }
    job.outputs.build_matrix = matrix::of(caller, project, &plan, job.inputs.grouping()?).await?;
    job.outputs.release_plan = Some(plan);
    Ok(Ending::Through)
}

fn row(project: &Project, release: &PlannedRelease) -> ReleaseRow {
    ReleaseRow {
        package: project.workspace.display_name(&release.package),
        old_version: release.previous_version.clone(),
        version: release.version.clone(),
        state: String::new(),
        tag: code(&release.tag),
    }
}

/// What a publish would do here, and the releases that then stand at this commit.
async fn at_head(caller: &Caller, project: &Project) -> Result<(Plan, ReleasePlan), SampoError> {
    let Project { workspace, config, environment, .. } = project;
    let arguments = ForwardedArguments::default();
    let publisher = Publisher::new(workspace, config, environment, &arguments, Arc::clone(&caller.reporter));
    let plan = publisher.survey().await?;
    let histories = Histories::read(project).await?;
    let past = |package: &PackageId, version: &_| histories.of(package, version);
    let releases = plan.releases(true, has_artifacts(project)?, past);
    Ok((plan, releases))
}
