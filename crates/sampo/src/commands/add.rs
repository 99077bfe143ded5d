//! `sampo add`.

use std::process::ExitCode;

use clap::Args;

/// Note a change: which packages it touches, by how much, and what readers of the changelog learn.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs it.
pub async fn run(_arguments: Arguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`sampo add` is not there yet")
}
