//! The mode `distribute`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use sampo_core::distribute::report::{Detail, Report, Verdict};
use sampo_core::distribute::{self, Caller, Choice, Finishing, Outcome, Request, Selection};
use sampo_core::event::{Event, Reporter};
use sampo_core::github_output;
use sampo_core::interrupt::{self, Interrupt};
use sampo_core::project::Project;
use sampo_core::release::recover;

use crate::annotations::{self, Log};
use crate::inputs::Inputs;

/// The width of a workflow's log.
const WIDTH: usize = 160;
/// The report's name where the input `report` gives none.
const REPORT: &str = "sampo-distribute-report.json";

/// Delivers, and tells the following steps what became of it.
pub async fn run(inputs: &Inputs) -> anyhow::Result<ExitCode> {
    let folder = inputs.working_directory()?;
    recover(&folder, &Log)?;
    let project = Project::open(&folder, inputs.environment().clone(), &Log).await?;
    distribute::check_backends(&project.config)?;
    let report_path = report_path(inputs);
    let request = request(inputs, &report_path)?;
    let reporter: Arc<dyn Reporter> = Arc::new(Log);
    let interrupt = Interrupt::listen(Arc::clone(&reporter));
    let caller = Caller { reporter, cancellation: interrupt.token() };
    let Some(outcome) = interrupt.guard(distribute::deliver(&project, &request, &caller)).await else {
        return Ok(ExitCode::from(interrupt::EXIT_CODE));
    };
    match outcome? {
        Outcome::Nothing(nothing) => {
            annotations::print(&nothing.message);
            write_outputs(inputs, &[("distributed", "false".into()), ("failed-backends", "[]".into())])?;
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Done(report) => {
            annotations::print(&report.to_text(WIDTH, Detail::Brief));
            write_summary(inputs, &report);
            write_outputs(inputs, &outputs(&report, &report_path))?;
            Ok(match report.verdict() {
                Verdict::Success => ExitCode::SUCCESS,
                Verdict::Cancelled => ExitCode::from(interrupt::EXIT_CODE),
                Verdict::Partial | Verdict::Failure => ExitCode::FAILURE,
            })
        }
    }
}

fn request(inputs: &Inputs, report: &Path) -> anyhow::Result<Request> {
    let tags = inputs.list("tag");
    let selection = match (inputs.get("plan"), inputs.flag("all")?) {
        (Some(plan), _) => Selection::Plan(PathBuf::from(plan)),
        (None, true) => Selection::All,
        (None, false) if tags.is_empty() => Selection::AtHead,
        (None, false) => Selection::Tags(tags),
    };
    let targets = inputs.list("target").iter().map(|target| target.parse()).collect::<Result<_, _>>();
    Ok(Request {
        choice: Choice { selection, packages: inputs.list("package"), targets: targets.context("the input `target`")? },
        backends: inputs.list("backend"),
        build: inputs.flag("build")?,
        from: inputs.get("from").map(str::to_owned),
        finishing: finishing(inputs)?,
        dry_run: inputs.flag("dry-run")?,
        replace: inputs.flag("replace")?,
        fail_fast: inputs.flag("fail-fast")?,
        retry: inputs.get("retry").map(PathBuf::from),
        report: Some(report.to_owned()),
        jobs: inputs.get("jobs").map(str::parse).transpose().context("the input `jobs` is not a number above 0")?,
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

fn outputs(report: &Report, path: &Path) -> Vec<(&'static str, String)> {
    let failed: Vec<&str> = report.failed_backends().into_iter().collect();
    let distributed = report.verdict() == Verdict::Success && !report.dry_run;
    vec![
        ("distributed", distributed.to_string()),
        ("distribute-report", path.to_string_lossy().into_owned()),
        ("failed-backends", serde_json::to_string(&failed).expect("a list of names is JSON")),
    ]
}

/// Shows the report on the page of the run. What was delivered does not depend on it.
fn write_summary(inputs: &Inputs, report: &Report) {
    let Some(path) = inputs.environment().get("GITHUB_STEP_SUMMARY") else { return };
    let opened = OpenOptions::new().append(true).create(true).open(path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(report.to_markdown(Detail::Brief).as_bytes())) {
        let message = format!("cannot write the summary of the job to `{path}`: {error}");
        Log.report(Event::Warning { message: &message, hint: None });
    }
}

fn write_outputs(inputs: &Inputs, outputs: &[(&str, String)]) -> anyhow::Result<()> {
    let Some(path) = inputs.environment().get("GITHUB_OUTPUT") else { return Ok(()) };
    let outputs: Vec<(&str, &str)> = outputs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(github_output::append(Path::new(path), &outputs)?)
}
