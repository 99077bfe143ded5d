//! `sampo init`.

use std::process::ExitCode;

use clap::Args;

/// Make a .sampo folder in the current directory.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs it.
pub async fn run(_arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`sampo init` is not there yet")
}
