//! The command line of Sampo: arguments become requests of core, events of core become lines on the screen.

mod arguments;
mod commands;
mod document;
mod exit;
mod print;
mod prompt;
mod terminal;
mod update_hint;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use update_hint::UpdateHint;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    if arguments.quiet {
        print::be_quiet();
    }
    terminal::show_requests(arguments.verbose);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return exit::error(&anyhow::Error::new(error).context("cannot start")),
    };
    let hint = UpdateHint::begin(&runtime);
    let code = match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => exit::error(&error),
    };
    hint.show();
    // The question for a newer version may still wait for its answer: nobody waits for that.
    runtime.shutdown_background();
    code
}
