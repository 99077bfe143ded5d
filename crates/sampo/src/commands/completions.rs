//! `sampo completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  sampo completions bash > ~/.local/share/bash-completion/completions/sampo
  sampo completions zsh > ~/.zfunc/_sampo
  sampo completions fish > ~/.config/fish/completions/sampo.fish";

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Runs it.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mut command = crate::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "sampo", &mut std::io::stdout());
    ExitCode::SUCCESS
}
