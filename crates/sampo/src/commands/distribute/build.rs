//! `sampo distribute build`.

use std::process::ExitCode;
use std::sync::Arc;

use anstream::println;
use clap::Args;
use sampo_core::distribute::build::Built;
use sampo_core::distribute::{self, BuildOutcome, Caller};
use sampo_core::event::Reporter;
use sampo_core::interrupt::Interrupt;

use super::nothing_to_do;
use super::selection::SelectionArguments;
use crate::exit::{HINT, INTERRUPTED, PARTIAL};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo distribute build
  sampo distribute build --package my-cli --target x86_64-unknown-linux-gnu";

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
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal::default());
    let interrupt = Interrupt::listen(Arc::clone(&reporter));
    let caller = Caller { reporter, cancellation: interrupt.token() };
    let choice = arguments.selection.into_choice();
    let Some(outcome) = interrupt.guard(distribute::build(&project, &choice, &caller)).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let built = match outcome? {
        BuildOutcome::Nothing(_) if caller.cancellation.is_cancelled() => return Ok(ExitCode::from(INTERRUPTED)),
        BuildOutcome::Nothing(nothing) => return Ok(nothing_to_do(&nothing)),
        BuildOutcome::Done(built) => built,
    };
    show(&built);
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
fn show(built: &[Built]) {
    for pair in built {
        match &pair.failure {
            None => println!("built {} for {}", pair.package, pair.target),
            Some(failure) => {
                println!("failed {} for {}: {}", pair.package, pair.target, failure.message);
                if let Some(hint) = &failure.hint {
                    println!("  {HINT}hint:{HINT:#} {hint}");
                }
            }
        }
    }
}
