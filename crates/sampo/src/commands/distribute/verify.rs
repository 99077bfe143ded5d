//! `sampo distribute verify`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::distribute::Caller;
use sampo_core::distribute::verify::{self, Outcome, Request, Standard, Verdict};
use sampo_core::event::Reporter;
use sampo_core::interrupt::Interrupt;

use super::format::Format;
use super::nothing_to_do;
use super::selection::SelectionArguments;
use crate::exit::{INTERRUPTED, PARTIAL};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo distribute verify                         what is tagged at HEAD
  sampo distribute verify --tag my-cli-v1.2.0 --backend github
  sampo distribute verify --all --download        every byte, not only digests
  sampo distribute verify --against report.json   compared with a delivery
  sampo distribute verify --against checksums     compared with SHA256SUMS there

What is right is told by the files on this machine if all of a release are
here, else by the checksums that its destinations publish, which must agree
with each other.

Exit codes: 0 all is there, visible and identical, 1 nothing is, or nothing
could be looked at, 2 nothing to verify, 3 some of it is not as it
should be, 130 interrupted.";

/// Re-read every destination as a user would, and compare what is there with what must be there.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Only this backend; may be repeated.
    #[arg(long, short, value_name = "NAME", num_args = 1..)]
    backend: Vec<String>,
    /// What is right: `files` on this machine, `checksums` at the destinations, or the report in a file.
    #[arg(long, value_name = "REPORT")]
    against: Option<PathBuf>,
    /// Download every file, even where the destination computes digests itself.
    #[arg(long)]
    download: bool,
    /// Write what was found as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How many requests at the same time, instead of `distribute.jobs`.
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = crate::commands::open_project().await?;
    let request = Request {
        choice: arguments.selection.into_choice(),
        backends: arguments.backend,
        standard: standard(arguments.against),
        download: arguments.download,
        report: arguments.report,
        jobs: arguments.jobs,
    };
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal::default());
    let interrupt = Interrupt::listen(Arc::clone(&reporter));
    let caller = Caller { reporter, cancellation: interrupt.token() };
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

/// A file that really has one of the two names is written `./files`.
fn standard(against: Option<PathBuf>) -> Standard {
    match against {
        None => Standard::Best,
        Some(word) if word.as_os_str() == "files" => Standard::Files,
        Some(word) if word.as_os_str() == "checksums" => Standard::Checksums,
        Some(report) => Standard::Report(report),
    }
}
