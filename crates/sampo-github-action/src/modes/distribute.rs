//! The mode `distribute`: delivers what was built to every destination.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sampo_core::distribute::report::{Detail, Report, Verdict};
use sampo_core::distribute::{self, Caller, Choice, Finishing, Outcome, Request, Selection};
use sampo_core::markdown::code;

use super::announcement;
use crate::annotations;
use crate::inputs::Inputs;
use crate::job::{Ending, Job};
use crate::summary::RE_RUN;

/// The width of a workflow's log.
const WIDTH: usize = 160;
/// The report's name where the input `report` gives none.
const REPORT: &str = "sampo-distribute-report.json";

/// Delivers, and tells the following steps what became of it.
pub async fn run(job: &mut Job, caller: &Caller) -> anyhow::Result<Ending> {
    let project = job.open().await?;
    let report_path = report_path(&job.inputs);
    let request = request(&job.inputs, &report_path)?;
    let discussions = announcement::discussions(&job.inputs, &project)?;
    let report = match distribute::deliver(&project, &request, caller).await? {
        Outcome::Nothing(nothing) => {
            annotations::print(&nothing.message);
            return Ok(Ending::Through);
        }
        Outcome::Done(report) => report,
    };
    show(&report);
    let ending = tell(job, &report, report_path);
    if !discussions.is_none() {
        announcement::discuss(&project, &report, &discussions, caller).await?;
    }
    Ok(ending)
}

/// A group for each backend, then what went wrong.
fn show(report: &Report) {
    for backend in report.seen_backends() {
        annotations::group(backend, &report.part_to_text(backend, WIDTH, Detail::Brief));
    }
    annotations::print(report.conclusion(Detail::Brief).trim_end());
}

/// Leaves to the outputs and the summary what became of everything.
fn tell(job: &mut Job, report: &Report, path: PathBuf) -> Ending {
    let verdict = report.verdict();
    if report.retry_command.is_some() {
        let again = how_to_try_again(&job.inputs, report);
        job.summary.add(again);
    }
    job.summary.add(report.to_markdown(Detail::Brief));
    job.outputs.distributed = verdict == Verdict::Success && !report.dry_run;
    job.outputs.distribute_report = Some(path);
    job.outputs.failed_backends = report.failed_backends().into_iter().map(str::to_owned).collect();
    job.outputs.retry_matrix = report.retry_matrix();
    match verdict {
        Verdict::Success => Ending::Through,
        Verdict::Cancelled => Ending::Interrupted,
        Verdict::Partial | Verdict::Failure => {
            job.mark_as_failed();
            Ending::Through
        }
    }
}

/// What to press, and where the command works that the report names.
fn how_to_try_again(inputs: &Inputs, report: &Report) -> String {
    let place = match inputs.environment().get("GITHUB_RUN_ID").filter(|_| report.from.is_none()) {
        None => "in a clone".to_owned(),
        Some(run) => {
            format!(
                "in a clone, after {} has fetched what was built",
                code(&format!("gh run download {run} --dir dist"))
            )
        }
    };
    format!("To try again what did not succeed, {RE_RUN} The command below does the same {place}.")
}

/// Which releases the inputs mean, and what of them.
pub(super) fn choice(inputs: &Inputs) -> anyhow::Result<Choice> {
    let tags = inputs.list("tag");
    let selection = match (inputs.path("plan"), inputs.flag("all")?) {
        (Some(plan), _) => Selection::Plan(plan),
        (None, true) => Selection::All,
        (None, false) if tags.is_empty() => Selection::AtHead,
        (None, false) => Selection::Tags(tags),
    };
    let targets = inputs.list("target").iter().map(|target| target.parse()).collect::<Result<_, _>>();
    Ok(Choice { selection, packages: inputs.list("package"), targets: targets.context("the input `target`")? })
}

fn request(inputs: &Inputs, report: &Path) -> anyhow::Result<Request> {
    Ok(Request {
        choice: choice(inputs)?,
        backends: inputs.list("backend"),
        build: inputs.flag("build")?,
        from: inputs.get("from").map(str::to_owned),
        finishing: finishing(inputs)?,
        dry_run: inputs.flag("dry-run")?,
        replace: inputs.flag("replace")?,
        fail_fast: inputs.flag("fail-fast")?,
        retry: inputs.path("retry"),
        report: Some(report.to_owned()),
        jobs: inputs.jobs()?,
    })
}

fn finishing(inputs: &Inputs) -> anyhow::Result<Finishing> {
    Ok(match (inputs.flag("finish")?, inputs.flag("no-finish")?) {
        (true, true) => anyhow::bail!("the inputs `finish` and `no-finish` exclude each other"),
        (true, false) => Finishing::Only,
        (false, true) => Finishing::Never,
        (false, false) => Finishing::Usual,
    })
}

fn report_path(inputs: &Inputs) -> PathBuf {
    match inputs.get("report") {
        Some(path) => PathBuf::from(path),
        None => inputs.environment().get("RUNNER_TEMP").map(PathBuf::from).unwrap_or_default().join(REPORT),
    }
}
