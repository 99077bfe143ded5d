//! What can be written on the command line. Each command's own arguments stand beside its code.

use clap::{Parser, Subcommand};

use crate::commands::{add, completions, distribute, init, man, pre, publish, release, status};

/// What every command takes stands behind the options of its own, before `--help`.
const GLOBAL: usize = 900;

/// Release every package of a repository, and deliver its binaries to every destination.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Arguments {
    /// Say on standard error which requests are made, without secrets; twice (`-vv`), also what they carry.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, display_order = GLOBAL)]
    pub verbose: u8,
    /// Show only what may need attention, and the result.
    #[arg(long, short, global = true, conflicts_with = "verbose", display_order = GLOBAL)]
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
