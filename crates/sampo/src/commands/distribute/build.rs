//! `sampo distribute build`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::distribute::{self, BuildOutcome, Run};

use super::nothing_to_do;
use super::selection::SelectionArguments;
use crate::exit::PARTIAL;
use crate::interrupt;
use crate::print;
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
    let run = Run { reporter: Arc::new(Terminal::default()), cancellation: interrupt::token() };
    let built = match distribute::build(&project, &arguments.selection.into_choice(), &run).await? {
        BuildOutcome::Nothing(nothing) => return Ok(nothing_to_do(&nothing)),
        BuildOutcome::Done(built) => built,
    };
    let failed = built.iter().filter(|pair| pair.failure.is_some()).count();
    for pair in &built {
        let (package, target) = (&pair.package, &pair.target);
        match &pair.failure {
            None => print::line(format_args!("built {package} for {target}"))?,
            Some(failure) => print::line(format_args!("failed {package} for {target}: {}", failure.message))?,
        }
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        all if all == built.len() => ExitCode::FAILURE,
        _ => ExitCode::from(PARTIAL),
    })
}
