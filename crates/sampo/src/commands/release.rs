//! `sampo release`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anstream::{eprintln, println};
use clap::Args;
use sampo_core::SampoError;
use sampo_core::atomic;
use sampo_core::distribute::{self, Caller, Choice, Grouping, MatrixFormat, MatrixRequest, Selection};
use sampo_core::event::{Event, Reporter};
use sampo_core::project::Project;
use sampo_core::release::{self, Plan, branch};
use tokio_util::sync::CancellationToken;

use crate::exit::NOTHING_TO_DO;
use crate::terminal::Terminal;

/// Stands for standard output in place of a file.
const STANDARD_OUTPUT: &str = "-";

const EXAMPLES: &str = "\
Examples:
  sampo release --dry-run    show which versions would come, and change nothing
  sampo release              write versions, changelogs and Cargo.lock; commit the result yourself
  sampo release --build-matrix matrix.json

With GITHUB_OUTPUT set, the outputs `build-matrix` and `build-needed` are written as well.

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
    /// Write the releases to FILE, for `sampo distribute --plan`.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Write what must be built for these releases to FILE, `-` for standard output.
    #[arg(long, value_name = "FILE")]
    build_matrix: Option<PathBuf>,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    let plan = plan(&project).await?;
    let printed = arguments.build_matrix.as_deref() == Some(Path::new(STANDARD_OUTPUT));
    show(&plan, printed);
    // What the next steps are told is known to be right before anything is changed.
    let matrix = matrix(&project, &plan, arguments.build_matrix.is_some()).await?;
    if !plan.is_empty() && !arguments.dry_run {
        release::apply(&plan)?;
    }
    write_files(&project, &plan, &arguments, matrix)?;
    if plan.is_empty() {
        return Ok(ExitCode::from(NOTHING_TO_DO));
    }
    if arguments.dry_run {
        eprintln!("dry run: nothing was changed");
    }
    Ok(ExitCode::SUCCESS)
}

/// What would be released now.
pub async fn plan(project: &Project) -> Result<Plan, SampoError> {
    branch::check(&project.git(), &project.config.git, &project.environment).await?;
    release::plan(&project.workspace, &project.config, chrono::Utc::now())
}

/// The plan lines go to standard output, unless that is for the matrix alone.
fn show(plan: &Plan, elsewhere: bool) {
    for warning in &plan.warnings {
        Terminal::default().report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    for release in &plan.releases {
        let line = format!("  {}: {} -> {}", release.display_name, release.old_version, release.new_version);
        if elsewhere { eprintln!("{line}") } else { println!("{line}") }
    }
    match plan.left.len() {
        _ if !plan.is_empty() => {}
        0 => eprintln!("nothing to release: there is no changeset in `.sampo/changesets`"),
        count => eprintln!("nothing to release: the {count} pending changeset(s) only name packages that are left out"),
    }
}

/// Also for an empty plan: the next steps learn that there is nothing to do.
fn write_files(project: &Project, plan: &Plan, arguments: &Arguments, matrix: Option<String>) -> anyhow::Result<()> {
    if let Some(file) = &arguments.plan {
        plan.to_file(&project.config, None, super::has_artifacts(project)?).write(file).map_err(SampoError::from)?;
    }
    match (&arguments.build_matrix, matrix) {
        (Some(file), Some(matrix)) if file == Path::new(STANDARD_OUTPUT) => println!("{matrix}"),
        (Some(file), Some(matrix)) => atomic::write(file, matrix).map_err(SampoError::from)?,
        _ => {}
    }
    Ok(())
}

/// The build matrix of the planned versions, if somebody asked for it. With GITHUB_OUTPUT set core writes the outputs
/// too, unless the repository builds nothing: there a release must not fail for want of targets.
async fn matrix(project: &Project, plan: &Plan, is_asked_for: bool) -> Result<Option<String>, SampoError> {
    let distribute = &project.config.distribute;
    let builds_something = !distribute.targets.is_empty() || !distribute.packages.is_empty();
    let in_workflow = project.environment.get("GITHUB_OUTPUT").is_some();
    let is_useful = in_workflow && builds_something;
    if !is_asked_for && !is_useful {
        return Ok(None);
    }
    let request = MatrixRequest {
        choice: Choice { selection: Selection::AtHead, packages: Vec::new(), targets: Vec::new() },
        pending: Some(plan.versions()),
        format: MatrixFormat::Github,
        grouping: Grouping::Package,
    };
    let caller = Caller { reporter: Arc::new(Terminal::default()), cancellation: CancellationToken::new() };
    distribute::matrix(project, &request, &caller).await.map(Some)
}
