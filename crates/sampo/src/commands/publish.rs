//! `sampo publish`.

use std::process::ExitCode;

use clap::Args;

/// Publish every released package to its registry, and tag it.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs it.
pub async fn run(_arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`sampo publish` is not there yet")
}
