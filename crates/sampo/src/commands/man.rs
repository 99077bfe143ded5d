//! `sampo man`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use sampo_core::SampoError;
use sampo_core::atomic;
use sampo_core::error::PathError;

use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo man ~/.local/share/man/man1
  sampo man target/man && man target/man/sampo-release.1

Writes a page for sampo and one for each of its commands, and prints their names.";

/// Write the manual pages into a folder.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The folder, made if it is missing.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes the pages of `command`.
pub fn run(arguments: &Arguments, command: Command) -> anyhow::Result<ExitCode> {
    // The command `help` only repeats what the pages say.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    write(&command, &arguments.folder)?;
    Ok(ExitCode::SUCCESS)
}

fn write(command: &Command, folder: &Path) -> Result<(), SampoError> {
    // `sampo-distribute-build`, as it is named with those above it.
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(PathError::new("render", &path))?;
    atomic::write(&path, page)?;
    print::line(format_args!("wrote {}", path.display()))?;
    command.get_subcommands().try_for_each(|command| write(command, folder))
}
