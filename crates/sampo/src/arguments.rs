//! What can be written on the command line. Each command's own arguments stand beside its code.

use clap::{Parser, Subcommand};

use crate::commands::{add, completions, distribute, init, man, pre, publish, release, status};

/// Wider than this, lines are hard to read.
const WIDTH: usize = 100;
/// The heading of what every command takes.
const EVERYWHERE: &str = "With every command";

/// Release every package of a repository, and deliver its binaries to every destination.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = WIDTH)]
pub struct Arguments {
    /// Say on standard error which requests are made, without secrets; twice (`-vv`), also what they carry.
    #[arg(long, short, global = true, help_heading = EVERYWHERE, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Show only what may need attention, and the result.
    #[arg(long, short, global = true, help_heading = EVERYWHERE, conflicts_with = "verbose")]
    pub quiet: bool,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::Arguments),
    Add(add::Arguments),
    Status(status::Arguments),
    Release(release::Arguments),
    Pre(pre::Arguments),
    Publish(publish::Arguments),
    Distribute(Box<distribute::Arguments>),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Of `command` and all below it: an example beside its explanation must stay on one line.
    fn too_wide(command: &clap::Command) -> Vec<String> {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = text.lines().filter(|line| line.starts_with("  "));
        let own = examples.filter(|line| line.chars().count() > WIDTH).map(str::to_owned).collect::<Vec<_>>();
        own.into_iter().chain(command.get_subcommands().flat_map(too_wide)).collect()
    }

    #[test]
    fn no_line_of_the_examples_is_broken() {
        assert_eq!(too_wide(&Arguments::command()), [""; 0]);
    }
}
