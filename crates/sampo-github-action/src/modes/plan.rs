//! The mode `plan`: tells what `auto` would do next, and what must be built for it. Changes nothing.

use std::sync::Arc;

use sampo_core::SampoError;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::project::Project;
use sampo_core::publish::{ForwardedArguments, Histories, Publisher};
use sampo_core::release::plan_file::ReleasePlan;
use sampo_core::{clock, release};

use super::matrix;
use crate::annotations;
use crate::job::{Ending, Job};

/// Looks at what waits: changesets, else releases that are not tagged yet, or are tagged here and may lack something.
pub async fn run(job: &mut Job) -> anyhow::Result<Ending> {
    let project = job.open().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let pending = release::preview(&project, now).await?;
    let has_artifacts = has_artifacts(&project).map_err(SampoError::from)?;
    if !pending.is_empty() {
        job.outputs.release_plan = Some(pending.to_file(&project.config, None, has_artifacts));
        annotations::print(&format!("to be released: {} packages", pending.releases.len()));
        return Ok(Ending::Through);
    }
    let plan = upcoming(job, &project, has_artifacts).await?;
    if plan.releases.is_empty() {
        annotations::print("nothing waits to be released or published");
        return Ok(Ending::Through);
    }
    for release in &plan.releases {
        annotations::print(&format!("to be published: {} {} ({})", release.package, release.version, release.tag));
    }
    job.outputs.build_matrix = matrix::of(job, &project, &plan).await?;
    job.outputs.release_plan = Some(plan);
    Ok(Ending::Through)
}

/// The releases that a publish would tag at this commit, or that are tagged there.
async fn upcoming(
    job: &Job,
    project: &Project,
    has_artifacts: impl Fn(&sampo_core::workspace::PackageId) -> bool,
) -> Result<ReleasePlan, SampoError> {
    let Project { workspace, config, environment, .. } = project;
    let arguments = ForwardedArguments::default();
    let publisher = Publisher::new(workspace, config, environment, &arguments, Arc::clone(&job.reporter));
    let plan = publisher.survey().await?;
    let histories = Histories::read(project).await?;
    Ok(plan.releases(true, has_artifacts, |package, version| histories.of(package, version)))
}
