//! The releases on GitHub that the mode `publish` makes: what the inputs say about them, and what people are told.

use sampo_core::SampoError;
use sampo_core::announce::{self, AssetPatterns, Discussions, Problem, Report, Request};
use sampo_core::distribute::{self, Caller};
use sampo_core::event::Event;
use sampo_core::project::Project;
use sampo_core::publish::Plan;

use crate::annotations;
use crate::inputs::Inputs;
use crate::job::Job;

/// What the inputs ask for, if they ask for releases at all. Mistakes are found before anything is published.
pub fn request(job: &Job, project: &Project) -> anyhow::Result<Option<Request>> {
    let inputs = &job.inputs;
    let request = Request {
        assets: AssetPatterns::parse(inputs.get("release-assets").unwrap_or_default()).map_err(SampoError::from)?,
        discussions: discussions(inputs, project)?,
        dry_run: inputs.flag("dry-run")?,
    };
    if inputs.flag("create-github-release")? {
        return Ok(Some(request));
    }
    for (input, is_idle) in
        [("release-assets", !request.assets.is_empty()), ("open-discussion", !request.discussions.is_none())]
    {
        if is_idle {
            let message = format!("the input `{input}` has no effect without `create-github-release: true`");
            job.reporter.report(Event::Warning { message: &message, hint: None });
        }
    }
    Ok(None)
}

/// Finds what would keep the releases of `plan` from being made, if they are asked for.
pub async fn check(
    caller: &Caller,
    project: &Project,
    plan: &Plan,
    request: Option<&Request>,
) -> Result<(), SampoError> {
    match request {
        Some(request) => announce::check(project, plan, request, caller).await,
        None => Ok(()),
    }
}

/// Which releases are to be discussed, and where.
pub fn discussions(inputs: &Inputs, project: &Project) -> anyhow::Result<Discussions> {
    let (scope, category) = (inputs.get("open-discussion"), inputs.get("discussion-category"));
    Ok(Discussions::parse(scope, category, &project.workspace)?)
}

/// Makes the releases of the tags in `plan`, if they are asked for.
pub async fn announce(job: &mut Job, caller: &Caller, project: &Project, plan: &Plan, request: Option<&Request>) {
    let Some(request) = request else { return };
    match announce::announce(project, plan, request, caller).await {
        Err(error) => job.fail_with(error),
        Ok(report) => tell(job, &report),
    }
}

/// Opens the discussions about what a delivery has published.
pub async fn discuss(
    project: &Project,
    delivered: &distribute::report::Report,
    discussions: &Discussions,
    caller: &Caller,
) -> Result<(), SampoError> {
    for (tag, url) in announce::discuss(project, delivered, discussions, caller).await? {
        print_discussion(&tag, &url);
    }
    Ok(())
}

fn tell(job: &mut Job, report: &Report) {
    for entry in &report.entries {
        annotations::print(&format!("release {}: {}", entry.tag, entry.describe(report.dry_run)));
        if let Some(url) = &entry.discussion {
            print_discussion(&entry.tag, url);
        }
        for Problem { code, message, hint } in &entry.problems {
            job.fail_saying(code.as_deref(), message, hint.as_deref());
        }
    }
    if !report.entries.is_empty() {
        job.summary.add(report.to_markdown());
    }
    if !report.is_success() {
        job.mark_as_failed();
    }
}

fn print_discussion(tag: &str, url: &str) {
    annotations::print(&format!("discussion of {tag}: {url}"));
}
