//! `sampo release`.

use std::process::ExitCode;

use clap::Args;

/// Turn noted changes into new versions and changelogs.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs it.
pub async fn run(_arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`sampo release` is not there yet")
}
