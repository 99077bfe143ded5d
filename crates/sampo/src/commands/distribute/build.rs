//! `sampo distribute build`.

use std::process::ExitCode;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::distribute::build::Built;
use sampo_core::distribute::{self, BuildOutcome};

use super::selection::SelectionArguments;
use super::{attended, nothing_to_do};
use crate::exit::{HINT, INTERRUPTED, PARTIAL};
use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo distribute build
  sampo distribute build --package my-cli --target x86_64-unknown-linux-gnu

Exit codes: 0 everything is built, 1 nothing is, 2 nothing to build, 3 some
builds failed, 130 interrupted.";

/// Build each selected package for each of its targets, and put the results into the artifacts folder.
///
/// Runs the configured `build` command; without one, Cargo packages are built with Cargo.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = crate::commands::open_project().await?;
    let (interrupt, caller) = attended();
    let choice = arguments.selection.into_choice();
    let Some(outcome) = interrupt.guard(distribute::build(&project, &choice, &caller)).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let built = match outcome? {
        BuildOutcome::Nothing(_) if caller.cancellation.is_cancelled() => return Ok(ExitCode::from(INTERRUPTED)),
        BuildOutcome::Nothing(nothing) => return Ok(nothing_to_do(&nothing)),
        BuildOutcome::Done(built) => built,
    };
    show(&built)?;
    if caller.cancellation.is_cancelled() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let failed = built.iter().filter(|pair| pair.failure.is_some()).count();
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        all if all == built.len() => ExitCode::FAILURE,
        _ => ExitCode::from(PARTIAL),
    })
}

/// One line for each pair, and below a failed one what to do about it.
fn show(built: &[Built]) -> Result<(), SampoError> {
    for Built { package, target, failure } in built {
        let Some(failure) = failure else {
            print::line(format_args!("built {package} for {target}"))?;
            continue;
        };
        print::line(format_args!("failed {package} for {target}: {}", failure.message))?;
        if let Some(hint) = &failure.hint {
            print::line(format_args!("  {HINT}hint:{HINT:#} {hint}"))?;
        }
    }
    Ok(())
}
