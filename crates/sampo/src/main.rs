//! The command line of Sampo: arguments become requests of core, events of core become lines on the screen.

mod arguments;
mod commands;
mod exit;
mod print;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    if arguments.quiet {
        print::be_quiet();
    }
    terminal::show_requests(arguments.verbose);
    match commands::run(arguments).await {
        Ok(code) => code,
        Err(error) => exit::error(&error),
    }
}
