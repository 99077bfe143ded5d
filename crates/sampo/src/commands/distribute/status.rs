//! `sampo distribute status`.

use std::process::ExitCode;

use clap::Args;
use sampo_core::distribute::status::{self, Outcome, Request};

use super::selection::{DestinationArguments, SelectionArguments};
use super::{OUTPUT, attended, nothing_to_do};
use crate::document::Format;
use crate::exit::INTERRUPTED;

const EXAMPLES: &str = "\
Examples:
  sampo distribute status    the current version of every package
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
    #[command(flatten)]
    destinations: DestinationArguments,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = crate::commands::open_project().await?;
    let DestinationArguments { backend: backends, jobs } = arguments.destinations;
    let request = Request { choice: arguments.selection.into_choice(), backends, jobs };
    let (interrupt, caller) = attended();
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
