//! `sampo distribute status`.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::distribute::Caller;
use sampo_core::distribute::status::{self, Outcome, Request};
use sampo_core::event::Reporter;
use sampo_core::interrupt::Interrupt;

use super::format::Format;
use super::nothing_to_do;
use super::selection::SelectionArguments;
use crate::exit::INTERRUPTED;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo distribute status           the current version of every package
  sampo distribute status --tag my-cli-v1.1.0 --backend github
  sampo distribute status --format json

Exit codes: 0 whatever it found, 1 it could not look, 2 nothing to look at,
130 interrupted.";

/// Show what stands at every destination, and what is missing. Needs no built file.
///
/// Unless releases are named, the current version of every package is looked for, tagged or not.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Only this backend; may be repeated.
    #[arg(long, short, value_name = "NAME", num_args = 1..)]
    backend: Vec<String>,
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
    let request =
        Request { choice: arguments.selection.into_choice(), backends: arguments.backend, jobs: arguments.jobs };
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal::default());
    let interrupt = Interrupt::listen(Arc::clone(&reporter));
    let caller = Caller { reporter, cancellation: interrupt.token() };
    let Some(outcome) = interrupt.guard(status::status(&project, &request, &caller)).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let found = match outcome? {
        Outcome::Nothing(nothing) => return Ok(nothing_to_do(&nothing)),
        Outcome::Found(_) if caller.cancellation.is_cancelled() => return Ok(ExitCode::from(INTERRUPTED)),
        Outcome::Found(found) => found,
    };
    arguments.format.print(|| found.to_text(), || found.to_json())?;
    Ok(ExitCode::SUCCESS)
}
