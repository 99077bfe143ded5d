//! `sampo distribute doctor`.

use std::process::ExitCode;

use clap::Args;
use sampo_core::distribute::doctor::{self, Request};
use sampo_core::distribute::finding::Level;
use sampo_core::environment::Environment;

use super::{MANNER, OUTPUT, attended, width};
use crate::document::Format;
use crate::exit::INTERRUPTED;

const EXAMPLES: &str = "\
Examples:
  sampo distribute doctor            everything, before the first release
  sampo distribute doctor --offline  without asking git's remote and GitHub
  GITHUB_TOKEN=\"$(gh auth token)\" sampo distribute doctor
                                     the token's rights and settings, too
  sampo distribute doctor --strict   in CI: warnings fail, too

Nothing is written anywhere. Exit codes: 0 nothing is wrong, 1 something is,
130 interrupted.";

/// The width of lines that go to a file or a pipe.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// Tell what would go wrong before it does, each with what to do about it.
///
/// Looks at the configuration, the targets, this clone and its remote, the backends, the repository on GitHub and the
/// workflows. Nothing is written anywhere.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only this package, by name or id; may be repeated.
    #[arg(long, short, value_name = "PACKAGE", num_args = 1.., help_heading = "What is looked at")]
    package: Vec<String>,
    /// Only this backend; may be repeated.
    #[arg(long, short, value_name = "NAME", num_args = 1.., help_heading = "What is looked at")]
    backend: Vec<String>,
    /// Ask nobody over the network.
    #[arg(long, help_heading = MANNER)]
    offline: bool,
    /// Fail on warnings, too.
    #[arg(long, help_heading = MANNER)]
    strict: bool,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
}

/// Runs it. A killed release is not put in order here, as other commands do first: that would write.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let folder = crate::commands::current_folder()?;
    let request = Request { packages: arguments.package, backends: arguments.backend, offline: arguments.offline };
    let (_interrupt, caller) = attended();
    let diagnosing = doctor::diagnose(&folder, Environment::of_process(), &request, &caller);
    let Some(diagnosis) = caller.cancellation.run_until_cancelled(diagnosing).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let diagnosis = diagnosis?;
    arguments.format.print(|| diagnosis.to_text(width(WIDTH_WITHOUT_TERMINAL)), || diagnosis.to_json())?;
    let bearable = if arguments.strict { Level::Note } else { Level::Warning };
    Ok(if diagnosis.worst() > bearable { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
