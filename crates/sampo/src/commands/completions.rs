//! `sampo completions`.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo completions bash > ~/.local/share/bash-completion/completions/sampo
  sampo completions zsh > ~/.zfunc/_sampo
  sampo completions fish > ~/.config/fish/completions/sampo.fish
  sampo completions powershell >> $PROFILE

Begin a new shell afterwards.";

/// Print the script that lets a shell complete commands and options.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the completions of `command`.
pub fn run(arguments: &Arguments, command: &mut Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "sampo", &mut script);
    print::result(String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
