//! Sampo as a GitHub Action: inputs become requests of core, events become log lines and annotations, results outputs.

mod annotations;
mod inputs;
mod job;
mod modes;
mod outputs;
mod summary;
mod tag_pages;

use std::process::ExitCode;

use clap::Parser;
use sampo_core::environment::Environment;

use inputs::Inputs;
use job::Job;

/// Sampo as a GitHub Action.
///
/// Every input is read from the environment, as GitHub hands it over: `INPUT_` and the input's name in upper case.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What to do: auto, plan, release, publish, distribute or verify; by default what the input `command` says.
    #[arg(long)]
    mode: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let mut job = Job::new(Inputs::new(Environment::of_process()));
    let ended = modes::run(arguments.mode.as_deref(), &mut job).await;
    job.end(ended)
}
