//! `sampo init`.

use std::process::ExitCode;

use clap::Args;
use sampo_core::init;

use super::current_folder;
use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo init    make .sampo/ with its settings and an example of a changeset";

/// Make a .sampo folder in the current directory.
///
/// Files that are there already stay as they are.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {}

/// Runs it.
pub async fn run(Arguments {}: Arguments) -> anyhow::Result<ExitCode> {
    let folder = current_folder()?;
    let made = init::init(&folder).await?;
    for path in &made {
        print::line(format_args!("wrote {}", path.strip_prefix(&folder).unwrap_or(path).display()))?;
    }
    if made.is_empty() {
        print::line("`.sampo` is complete; nothing was changed")?;
    }
    Ok(ExitCode::SUCCESS)
}
