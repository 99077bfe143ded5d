//! The pull requests of the mode `auto`: prepared one after the other, and told of.

use sampo_core::distribute::Caller;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::project::Project;
use sampo_core::pull_request::{self, Kind, Outcome, Prepared, Settings, Step, Wording};

use super::release;
use crate::annotations;
use crate::inputs::Inputs;
use crate::job::{Ending, Job};

/// Prepares those that are `due`, until one fails, and tells of those that are open and have nothing left to release.
pub async fn prepare(job: &mut Job, caller: &Caller, project: &Project, due: &[Kind]) -> anyhow::Result<Ending> {
    let settings = settings(&job.inputs)?;
    let mut standing = Vec::new();
    for kind in due {
        match pull_request::prepare(project, *kind, &settings, &*caller.reporter, &caller.cancellation).await {
            Ok(Outcome::Prepared(prepared)) => {
                tell(job, project, *kind, &prepared, settings.dry_run)?;
                standing.push(prepared.wanted.branch);
            }
            Ok(Outcome::Nothing(why)) => annotations::print(&format!("nothing to release: {why}")),
            Err(_) if caller.cancellation.is_cancelled() => return Ok(Ending::Interrupted),
            Err(error) => {
                job.fail_with(error);
                return Ok(Ending::Through);
            }
        }
    }
    pull_request::warn_of_outdated(project, &settings, &standing, &*job.reporter).await;
    Ok(Ending::Through)
}

fn settings(inputs: &Inputs) -> anyhow::Result<Settings> {
    let text = |name| inputs.get(name).map(str::to_owned);
    Ok(Settings {
        base: text("base-branch"),
        release: Wording { branch: text("pr-branch"), title: text("pr-title") },
        stable: Wording { branch: text("stabilize-pr-branch"), title: text("stabilize-pr-title") },
        dry_run: inputs.flag("dry-run")?,
    })
}

fn tell(job: &mut Job, project: &Project, kind: Kind, prepared: &Prepared, is_dry_run: bool) -> anyhow::Result<()> {
    annotations::print(&description(prepared, is_dry_run));
    if let Some(markdown) = prepared.to_markdown().filter(|_| !is_dry_run) {
        job.summary.add(&markdown);
    }
    let title = match kind {
        Kind::Release => "To be released",
        Kind::Stable => "To be released as stable",
    };
    job.summary.add_releases(title, release::rows(project, &prepared.plan));
    job.outputs.released |= !is_dry_run;
    if kind == Kind::Release {
        let has_artifacts = has_artifacts(project).map_err(sampo_core::SampoError::from)?;
        job.outputs.release_plan = Some(prepared.plan.to_file(&project.config, None, has_artifacts));
    }
    Ok(())
}

/// What became of a pull request; of a dry run all that it would contain.
fn description(prepared: &Prepared, is_dry_run: bool) -> String {
    let Prepared { plan, wanted, branch, entry, page } = prepared;
    let done = |step: &Step, make: &str, update: &str| match (step, is_dry_run) {
        (Step::Nothing, _) => "is up to date".to_owned(),
        (Step::Make, false) => format!("was {make}"),
        (Step::Update, false) => format!("was {update}"),
        (Step::Make, true) => format!("would be {make}"),
        (Step::Update, true) => format!("would be {update}"),
    };
    let number = page.as_ref().map(|(number, _)| format!(" #{number}")).unwrap_or_default();
    let address = page.as_ref().map(|(_, page)| format!(": {page}")).unwrap_or_default();
    let mut lines = vec![
        format!("the branch `{}` {}", wanted.branch, done(branch, "pushed", "overwritten")),
        format!("the pull request{number} into `{}` {}{address}", wanted.base, done(entry, "opened", "updated")),
    ];
    if !is_dry_run {
        let releases = plan.releases.iter();
        lines.extend(releases.map(|r| format!("  {}: {} -> {}", r.display_name, r.old_version, r.new_version)));
        return lines.join("\n");
    }
    lines.push("files:".into());
    lines.extend(wanted.files.iter().map(|file| format!("  {}", file.display())));
    lines.push(format!("title:\n  {}\ndescription:", wanted.title));
    lines.extend(wanted.body.lines().map(|line| format!("  {line}")));
    lines.push("dry run: nothing was changed".into());
    lines.join("\n")
}
