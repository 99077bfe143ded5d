//! `sampo distribute matrix`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use sampo_core::SampoError;
use sampo_core::clock;
use sampo_core::distribute::{self, Caller, Grouping, MatrixFormat, MatrixRequest};
use sampo_core::release;
use tokio_util::sync::CancellationToken;

use super::selection::SelectionArguments;
use crate::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo distribute matrix            what the releases at HEAD need
  sampo distribute matrix --pending  what would be released, before anything is
  sampo distribute matrix --format gitlab > pipeline.yml

In the format for GitHub and with GITHUB_OUTPUT set, the outputs `build-matrix`
and `build-needed` are written as well. Nothing to build is an empty line, and
an empty `build-matrix`.";

/// Print what must be built, for a CI system to build in parallel.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    /// What `sampo release` would release now, instead of releases that were made.
    #[arg(long, conflicts_with_all = ["tag", "plan", "all"])]
    pending: bool,
    /// For which CI system.
    #[arg(long, value_enum, default_value_t = Format::Github)]
    format: Format,
    /// One entry for each target, with all its packages, instead of one for each package and target.
    #[arg(long, value_enum, value_name = "WHAT")]
    group_by: Option<GroupBy>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One line of JSON for `fromJson` in a workflow.
    Github,
    /// The entries as a JSON list.
    Json,
    /// A child pipeline in YAML.
    Gitlab,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GroupBy {
    Target,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = crate::commands::open_project().await?;
    let caller = Caller { reporter: Arc::new(Terminal::default()), cancellation: CancellationToken::new() };
    let pending = match arguments.pending {
        true => {
            Some(release::plan(&project, clock::now(&project.environment).map_err(SampoError::from)?).await?.versions())
        }
        false => None,
    };
    let request = MatrixRequest {
        pending,
        choice: arguments.selection.into_choice(),
        format: match arguments.format {
            Format::Github => MatrixFormat::Github,
            Format::Json => MatrixFormat::Json,
            Format::Gitlab => MatrixFormat::Gitlab,
        },
        grouping: if arguments.group_by.is_some() { Grouping::Target } else { Grouping::Package },
    };
    let matrix = distribute::matrix(&project, &request, &caller).await?;
    matrix.announce()?;
    print::line(matrix.text)?;
    Ok(ExitCode::SUCCESS)
}
