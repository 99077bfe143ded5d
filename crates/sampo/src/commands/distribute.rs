//! `sampo distribute`.

use std::process::ExitCode;

use clap::Args;

/// Bring what was built for every release to every destination.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs it.
pub async fn run(_arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`sampo distribute` is not there yet")
}
