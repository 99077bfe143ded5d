//! What can be written on the command line. Each command's own arguments stand beside its code.

use clap::{Parser, Subcommand};

use crate::commands::{add, completions, distribute, init, man, pre, publish, release, status};

/// The heading of what every command takes.
const EVERYWHERE: &str = "With every command";

/// Release every package of a repository, and deliver its binaries to every destination.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
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
