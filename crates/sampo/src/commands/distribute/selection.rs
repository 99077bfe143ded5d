//! The arguments that say what is meant, releases and destinations: shared by the steps of a distribution.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use sampo_core::distribute::{Choice, Selection};
use sampo_core::target::Target;

/// Which releases; by default those whose current version is tagged at HEAD.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which releases")]
pub struct SelectionArguments {
    /// The release with this tag; may be repeated.
    #[arg(long, value_name = "TAG", num_args = 1.., conflicts_with_all = ["plan", "all"])]
    tag: Vec<String>,
    /// The releases of the plan that `sampo release` or `sampo publish` wrote.
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    plan: Option<PathBuf>,
    /// The current version of every package, wherever its tag stands.
    #[arg(long)]
    all: bool,
    /// Only this package, by name or id; may be repeated.
    #[arg(long, short, value_name = "PACKAGE", num_args = 1..)]
    package: Vec<String>,
    /// Only this target; may be repeated.
    #[arg(long, value_name = "TARGET", num_args = 1..)]
    target: Vec<Target>,
}

/// Which destinations, and how many of their requests at the same time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which destinations")]
pub struct DestinationArguments {
    /// Only this backend; may be repeated.
    #[arg(long, short, value_name = "NAME", num_args = 1..)]
    pub backend: Vec<String>,
    /// How many deliveries or questions at the same time, instead of `distribute.jobs`.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

impl SelectionArguments {
    /// The same as a choice of core.
    pub fn into_choice(self) -> Choice {
        let selection = match (self.plan, self.all) {
            (Some(plan), _) => Selection::Plan(plan),
            (None, true) => Selection::All,
            (None, false) if self.tag.is_empty() => Selection::AtHead,
            (None, false) => Selection::Tags(self.tag),
        };
        Choice { selection, packages: self.package, targets: self.target }
    }
}
