//! The commands: one file each, named as on the command line.

pub mod add;
pub mod completions;
pub mod distribute;
pub mod init;
pub mod man;
pub mod pre;
pub mod publish;
pub mod release;
pub mod status;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use sampo_core::SampoError;
use sampo_core::distribute::check_backends;
use sampo_core::distribute::report::Detail;
use sampo_core::environment::Environment;
use sampo_core::project::Project;
use sampo_core::release::recover;

use crate::arguments::{Arguments, Command};
use crate::terminal::Terminal;

/// Runs the command that was asked for.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let detail = if arguments.verbose > 0 { Detail::Full } else { Detail::Brief };
    match arguments.command {
        Command::Init(arguments) => init::run(arguments).await,
        Command::Add(arguments) => add::run(arguments).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Release(arguments) => release::run(arguments).await,
        Command::Pre(arguments) => pre::run(arguments).await,
        Command::Publish(arguments) => publish::run(arguments).await,
        Command::Distribute(arguments) => distribute::run(*arguments, detail).await,
        Command::Completions(arguments) => completions::run(&arguments, &mut Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
    }
}

/// The repository that the current folder belongs to, in good order again if a release was killed.
async fn open_project() -> anyhow::Result<Project> {
    let folder = current_folder()?;
    recover(&folder, &Terminal::default())?;
    let project = Project::open(&folder, Environment::of_process(), &Terminal::default()).await?;
    // A backend's mistake is better found by `sampo release` than after the tags are pushed.
    check_backends(&project.config).map_err(SampoError::from)?;
    Ok(project)
}

/// The folder in which sampo was started.
fn current_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot tell the current folder")
}
