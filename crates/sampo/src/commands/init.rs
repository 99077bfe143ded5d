//! `sampo init`.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::environment::Environment;
use sampo_core::init::{self, Answers, NewFile};
use sampo_core::workspace::Workspace;

mod prompts;

use super::current_folder;
use crate::print;
use crate::prompt::can_ask;

const EXAMPLES: &str = "\
Examples:
  sampo init              ask how tags and changelogs should look, then write it
  sampo init --yes        take what git knows and the defaults
  sampo init --dry-run    show what would be written

Writes .sampo/README.md, .sampo/config.toml and .sampo/changeset.md.example.
Without a terminal nothing is asked.

Exit codes: 0 done, 1 error, such as no package in this folder, 64 wrong usage,
130 cancelled; nothing is written then";

/// Make a .sampo folder in the current directory.
///
/// Files that are there already stay as they are.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Ask nothing.
    #[arg(long, short)]
    yes: bool,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let folder = current_folder()?;
    let workspace = Workspace::discover(&folder).await.map_err(SampoError::from)?;
    let known = Answers::detect(&folder, &Environment::of_process()).await.map_err(SampoError::from)?;
    let asks = can_ask() && !arguments.yes && !init::is_configured(&folder);
    let answers = if asks { prompts::ask(&workspace, known)? } else { known };
    let files = init::plan(&folder, &answers).await?;
    if arguments.dry_run {
        return show(&folder, &files);
    }
    init::apply(&files)?;
    for file in &files {
        print::line(format_args!("wrote {}", below(&folder, file)))?;
    }
    if files.is_empty() {
        print::line("`.sampo` is complete; nothing was changed")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(folder: &Path, files: &[NewFile]) -> anyhow::Result<ExitCode> {
    for file in files {
        print::line(format_args!("would write {}:\n\n{}", below(folder, file), file.text))?;
    }
    print::remark("dry run: nothing was changed");
    Ok(ExitCode::SUCCESS)
}

fn below(folder: &Path, file: &NewFile) -> String {
    file.path.strip_prefix(folder).unwrap_or(&file.path).display().to_string()
}
