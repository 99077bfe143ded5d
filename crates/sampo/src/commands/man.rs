//! `sampo man`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use sampo_core::SampoError;
use sampo_core::atomic;
use sampo_core::error::PathError;

use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo man ~/.local/share/man/man1
  sampo man target/man && man target/man/sampo-release.1

Writes a page for sampo and one for each of its commands, and prints their
names.";

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
    let page = page(command).map_err(PathError::new("render", &path))?;
    atomic::write(&path, page)?;
    print::line(format_args!("wrote {}", path.display()))?;
    command.get_subcommands().try_for_each(|command| write(command, folder))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let closing = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // The version stands in the footer, and what closes the help gets sections of its own.
    let command = command.clone().version(None).after_help(None);
    let mut page = Vec::new();
    Man::new(command).source(concat!("sampo ", env!("CARGO_PKG_VERSION"))).manual("Sampo").render(&mut page)?;
    sections(&closing).to_writer(&mut page)?;
    Ok(page)
}

/// The examples as they stand, line by line, and the paragraphs behind them.
fn sections(closing: &str) -> Roff {
    let mut roff = Roff::new();
    for paragraph in closing.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        if let Some(examples) = paragraph.strip_prefix("Examples:\n") {
            roff.control("SH", ["EXAMPLES"]).control("nf", []).text([roman(examples)]).control("fi", []);
        } else if let Some(codes) = paragraph.strip_prefix("Exit codes: ") {
            roff.control("SH", ["EXIT STATUS"]).text([roman(codes)]);
        } else {
            roff.control("PP", []).text([roman(paragraph)]);
        }
    }
    roff
}
