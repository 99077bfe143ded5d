//! The mode `release`: writes versions, changelogs and lock files into the checkout. Commits nothing.

use sampo_core::SampoError;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::event::Event;
use sampo_core::{clock, release};

use crate::annotations;
use crate::job::{Ending, Job};

/// Releases in place.
pub async fn run(job: &mut Job) -> anyhow::Result<Ending> {
    let is_dry_run = job.inputs.flag("dry-run")?;
    let project = job.open_for_release().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let plan = release::plan_in_full(&project, now).await?;
    for warning in &plan.warnings {
        job.reporter.report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    if plan.is_empty() {
        annotations::print(&format!("nothing to release: {}", plan.why_empty()));
        return Ok(Ending::Through);
    }
    for release in &plan.releases {
        annotations::print(&format!("{}: {} -> {}", release.display_name, release.old_version, release.new_version));
    }
    let has_artifacts = has_artifacts(&project).map_err(SampoError::from)?;
    job.outputs.release_plan = Some(plan.to_file(&project.config, None, has_artifacts));
    if is_dry_run {
        annotations::print("dry run: nothing was changed");
        return Ok(Ending::Through);
    }
    release::apply(&project.workspace, &plan)?;
    job.outputs.released = true;
    Ok(Ending::Through)
}
