//! `sampo distribute verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sampo_core::distribute::report::Report;
use sampo_core::distribute::verify::{self, Outcome, Request, Standard, Verdict};

use super::selection::{DestinationArguments, SelectionArguments};
use super::{MANNER, OUTPUT, attended, nothing_to_do, report_file};
use crate::document::Format;
use crate::exit::{INTERRUPTED, PARTIAL};

const EXAMPLES: &str = "\
Examples:
  sampo distribute verify                        what is tagged at HEAD
  sampo distribute verify --tag my-cli-v1.2.0 --backend github
  sampo distribute verify --all --download       every byte, not only digests
  sampo distribute verify --against report.json  with the run that delivered it
  sampo distribute verify --against checksums    with the published SHA256SUMS

What is right is told by the files on this machine if all of a release are here,
else by the checksums that its destinations publish, which must agree with
each other.

Exit codes: 0 all is there, visible and identical, 1 nothing is, or nothing
could be looked at, 2 nothing to verify, 3 some of it is not as it should be,
130 interrupted.";

/// Re-read every destination as a user would, and compare what is there with what must be there.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    destinations: DestinationArguments,
    /// What is right: `files` on this machine, `checksums` at the destinations, or the report in a file.
    #[arg(long, value_name = "WHAT", help_heading = MANNER)]
    against: Option<PathBuf>,
    /// Download every file, even where the destination computes digests itself.
    #[arg(long, help_heading = MANNER)]
    download: bool,
    /// Write what was found as JSON.
    #[arg(long, value_name = "FILE", value_parser = json_file, help_heading = OUTPUT)]
    report: Option<PathBuf>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = crate::commands::open_project().await?;
    let DestinationArguments { backend: backends, jobs } = arguments.destinations;
    let request = Request {
        choice: arguments.selection.into_choice(),
        backends,
        standard: standard(arguments.against),
        download: arguments.download,
        report: arguments.report,
        jobs,
    };
    let (interrupt, caller) = attended();
    let Some(outcome) = interrupt.guard(verify::verify(&project, &request, &caller)).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let verification = match outcome? {
        Outcome::Nothing(nothing) => return Ok(nothing_to_do(&nothing)),
        Outcome::Done(verification) => verification,
    };
    arguments.format.print(|| verification.to_text(), || verification.to_json())?;
    Ok(match verification.verdict() {
        Verdict::Sound => ExitCode::SUCCESS,
        Verdict::Flawed => ExitCode::from(PARTIAL),
        Verdict::Failure => ExitCode::FAILURE,
        Verdict::Cancelled => ExitCode::from(INTERRUPTED),
    })
}

/// What was found has no form as Markdown.
fn json_file(text: &str) -> Result<PathBuf, String> {
    let path = report_file(text)?;
    if Report::is_markdown(&path) {
        return Err("what was found is written as JSON, and the name says Markdown".into());
    }
    Ok(path)
}

/// A file that really has one of the two names is written `./files`.
fn standard(against: Option<PathBuf>) -> Standard {
    match against {
        None => Standard::Best,
        Some(word) if word.as_os_str() == "files" => Standard::Files,
        Some(word) if word.as_os_str() == "checksums" => Standard::Checksums,
        Some(report) => Standard::Report(report),
    }
}
