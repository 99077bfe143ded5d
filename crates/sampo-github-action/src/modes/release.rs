//! The mode `release`: writes versions, changelogs and lock files into the checkout. Commits nothing.

use sampo_core::SampoError;
use sampo_core::distribute::Caller;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::event::Event;
use sampo_core::markdown::code;
use sampo_core::project::Project;
use sampo_core::{clock, release};

use super::matrix;
use crate::annotations;
use crate::job::{Ending, Job};
use crate::summary::ReleaseRow;

/// Releases in place.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let is_dry_run = job.inputs.flag("dry-run")?;
    let project = job.open_for_release().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    let plan = release::plan_in_full(&project, now).await?;
    tell(job, &project, &plan, if is_dry_run { "Would be released" } else { "Released" });
    let file = plan.to_file(&project.config, None, has_artifacts(&project).map_err(SampoError::from)?);
    // What the next steps are told is known to be right before anything is changed.
    let matrix = matrix::of(caller, &project, &file, job.inputs.grouping()?).await?;
    job.outputs.release_plan = Some(file);
    if is_dry_run {
        annotations::print("dry run: nothing was changed");
    } else if caller.cancellation.is_cancelled() {
        return Ok(Ending::Interrupted);
    } else if !plan.is_empty() {
        release::apply(&project.workspace, &plan)?;
        job.outputs.released = true;
        job.outputs.build_matrix = matrix;
    }
    Ok(Ending::Through)
}

/// Tells what a release changes: warnings, a line for each package, and a table for the summary.
pub(super) fn tell(job: &mut Job, project: &Project, plan: &release::Plan, title: &str) {
    for warning in &plan.warnings {
        job.reporter.report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    if plan.is_empty() {
        annotations::print(&format!("nothing to release: {}", plan.why_empty()));
    }
    for release::Release { display_name, old_version, new_version, .. } in &plan.releases {
        annotations::print(&format!("{display_name}: {old_version} -> {new_version}"));
    }
    job.summary.add_releases(title, rows(project, plan));
}

/// The table of what a release changes.
pub(super) fn rows(project: &Project, plan: &release::Plan) -> Vec<ReleaseRow> {
    let row = |release: &release::Release| {
        let version = release.new_version.to_string();
        ReleaseRow {
            package: release.display_name.clone(),
            old_version: Some(release.old_version.clone()),
            tag: code(&project.config.git.tag(&release.package, &version)),
            version,
            state: String::new(),
        }
    };
    plan.releases.iter().map(row).collect()
}
