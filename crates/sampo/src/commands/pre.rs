//! `sampo pre`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sampo_core::SampoError;
use sampo_core::event::{Event, Reporter};
use sampo_core::prerelease::{self, Label, Plan};
use sampo_core::project::Project;
use sampo_core::transaction;
use sampo_core::workspace::PackageId;

mod prompts;

use crate::exit::NOTHING_TO_DO;
use crate::print;
use crate::prompt;
use crate::terminal::Terminal;

const ENTER_EXAMPLES: &str = "\
Examples:
  sampo pre enter alpha --package my-cli
  sampo pre enter rc --package my-cli core --dry-run";

const EXIT_EXAMPLES: &str = "\
Examples:
  sampo pre exit --package my-cli
  sampo pre exit --package my-cli core --dry-run";

const EXAMPLES: &str = "\
Examples:
  sampo pre enter alpha --package my-cli    next come 1.3.0-alpha, 1.3.0-alpha.1
  sampo pre enter beta --package my-cli     the same release, closer to its end
  sampo pre exit --package my-cli           next comes 1.3.0

Exit codes: 0 done (or would be), 1 error, 2 nothing to change, 64 wrong usage,
130 interrupted";

/// Begin pre-releases of packages, or end them.
///
/// Versions and what requires them change, and nothing is released yet: `sampo release` does that. Its changesets are
/// kept for the changelog of the stable version. Nothing is committed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Begin pre-releases, or go on under another label.
    #[command(after_help = ENTER_EXAMPLES)]
    Enter {
        /// The label, such as `alpha`, `beta` or `rc`.
        label: Option<String>,
        #[command(flatten)]
        options: Options,
    },
    /// End pre-releases: the next release is stable.
    #[command(after_help = EXIT_EXAMPLES)]
    Exit {
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// A package, by name or id; several are separated by blanks.
    #[arg(short, long = "package", num_args = 1.., value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    match planned(&project, arguments)? {
        None => Ok(nothing("no package is in a pre-release")),
        Some((plan, _)) if plan.moves.is_empty() => Ok(nothing("the packages are there already")),
        Some((plan, is_dry_run)) => carry_out(&project, &plan, is_dry_run),
    }
}

/// The plan, and whether it is only to be shown; none if there is nothing to choose from.
fn planned(project: &Project, arguments: Arguments) -> anyhow::Result<Option<(Plan, bool)>> {
    let action = match arguments.action {
        Some(action) => action,
        None => asked_action()?,
    };
    match action {
        Action::Enter { label, options } => {
            let label: Label = match label {
                Some(label) => label.parse().map_err(SampoError::from)?,
                None => asked("LABEL", prompts::label)?,
            };
            let packages = match options.packages.as_slice() {
                [] => asked("--package", || prompts::entering(project))?,
                names => super::add::resolve(project, names)?,
            };
            Ok(Some((prerelease::enter(project, &label, &packages)?, options.dry_run)))
        }
        Action::Exit { options } => {
            let members: Vec<PackageId> =
                prerelease::members(&project.workspace).into_iter().map(|package| package.id.clone()).collect();
            let packages = match options.packages.as_slice() {
                [] if members.is_empty() => return Ok(None),
                [] => asked("--package", || prompts::members(&project.workspace, members))?,
                names => super::add::resolve(project, names)?,
            };
            Ok(Some((prerelease::exit(project, &packages)?, options.dry_run)))
        }
    }
}

fn asked_action() -> anyhow::Result<Action> {
    let options = Options { packages: Vec::new(), dry_run: false };
    let enters = asked("`enter` or `exit`", prompts::enters)?;
    Ok(if enters { Action::Enter { label: None, options } } else { Action::Exit { options } })
}

fn asked<T>(missing: &'static str, ask: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    prompt::check(&[missing])?;
    ask()
}

fn nothing(why: &str) -> ExitCode {
    print::remark(format_args!("nothing to change: {why}"));
    ExitCode::from(NOTHING_TO_DO)
}

fn carry_out(project: &Project, plan: &Plan, is_dry_run: bool) -> anyhow::Result<ExitCode> {
    for warning in &plan.warnings {
        Terminal::default().report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    for each in &plan.moves {
        print::line(format_args!("  {}: {} -> {}", each.display_name, each.old_version, each.new_version))?;
    }
    if plan.restored > 0 {
        print::remark(format_args!("pending again under the new label: {} changeset(s)", plan.restored));
    }
    if is_dry_run {
        print::remark("dry run: nothing was changed");
    } else {
        transaction::apply(&project.root, plan.changes()).map_err(SampoError::from)?;
    }
    Ok(ExitCode::SUCCESS)
}
