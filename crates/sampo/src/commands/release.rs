//! `sampo release`.

use std::process::ExitCode;

use anstream::{eprintln, println};
use clap::Args;
use sampo_core::SampoError;
use sampo_core::environment::Environment;
use sampo_core::event::{Event, Reporter};
use sampo_core::git::Git;
use sampo_core::release::{self, Plan, branch};

use crate::exit::NOTHING_TO_DO;
use crate::project::Project;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo release --dry-run    show which versions would come, and change nothing
  sampo release              write versions, changelogs and Cargo.lock; commit the result yourself

Exit codes: 0 released (or would be), 1 error, 2 nothing to release, 64 wrong usage";

/// Turn noted changes into new versions and changelogs.
///
/// Either every file is written or none. Nothing is committed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Show what would be released, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Project { config, workspace } = Project::open().await?;
    let git = Git::new(&workspace.root);
    branch::check(&git, &config.git, &Environment::of_process()).await.map_err(SampoError::from)?;
    let plan = release::plan(&workspace, &config, chrono::Utc::now())?;
    show(&plan);
    if plan.is_empty() {
        return Ok(ExitCode::from(NOTHING_TO_DO));
    }
    if arguments.dry_run {
        eprintln!("dry run: nothing was changed");
    } else {
        release::apply(&plan)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(plan: &Plan) {
    for warning in &plan.warnings {
        Terminal.report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    for release in &plan.releases {
        println!("  {}: {} -> {}", release.display_name, release.old_version, release.new_version);
    }
    match plan.left.len() {
        _ if !plan.is_empty() => {}
        0 => eprintln!("nothing to release: there is no changeset in `.sampo/changesets`"),
        count => eprintln!("nothing to release: the {count} pending changeset(s) only name packages that are left out"),
    }
}
