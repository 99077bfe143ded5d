//! `sampo release`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::atomic;
use sampo_core::clock;
use sampo_core::distribute::{self, BuildMatrix, Caller, Choice, Grouping, MatrixFormat, MatrixRequest, Selection};
use sampo_core::event::{Event, Reporter};
use sampo_core::interrupt::Interrupt;
use sampo_core::project::Project;
use sampo_core::release::{self, Plan};
use tokio_util::sync::CancellationToken;

use crate::exit::{INTERRUPTED, NOTHING_TO_DO};
use crate::print;
use crate::terminal::Terminal;

/// Stands for standard output in place of a file.
const STANDARD_OUTPUT: &str = "-";

const EXAMPLES: &str = "\
Examples:
  sampo release --dry-run    show which versions would come, and change nothing
  sampo release              write versions, changelogs and Cargo.lock; commit the result yourself
  sampo release --build-matrix matrix.json

With GITHUB_OUTPUT set, the outputs `build-matrix` and `build-needed` are written as well.

Exit codes: 0 released (or would be), 1 error, 2 nothing to release, 64 wrong usage,
130 interrupted: the files are written all the same, or as they were";

/// Turn noted changes into new versions and changelogs.
///
/// Either every file is written or none: what a run that was killed has left, the next command takes back. Nothing is
/// committed.
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
    let plan = release::plan(&project, clock::now(&project.environment).map_err(SampoError::from)?).await?;
    // What the next steps are told is known to be right, and where it goes to be writable, before anything is changed.
    let outputs = Outputs::prepare(&project, &plan, &arguments).await?;
    show(&plan, outputs.prints_matrix())?;
    // From here on a signal waits: the writing does not take long.
    let interruption = Interrupt::listen(Arc::new(Terminal::default())).token();
    if !plan.is_empty() && !arguments.dry_run {
        release::apply(&project.workspace, &plan)?;
    }
    outputs.write()?;
    if interruption.is_cancelled() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if plan.is_empty() {
        return Ok(ExitCode::from(NOTHING_TO_DO));
    }
    if arguments.dry_run {
        print::note("dry run: nothing was changed");
    }
    Ok(ExitCode::SUCCESS)
}

/// The plan lines go to standard output, unless that is for the matrix alone.
fn show(plan: &Plan, elsewhere: bool) -> anyhow::Result<()> {
    for warning in &plan.warnings {
        Terminal::default().report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    for release in &plan.releases {
        let line = format!("  {}: {} -> {}", release.display_name, release.old_version, release.new_version);
        if elsewhere { print::remark(line) } else { print::line(line)? }
    }
    if plan.is_empty() {
        print::remark(format_args!("nothing to release: {}", plan.why_empty()));
    }
    Ok(())
}

/// What the next steps of a pipeline learn, also of an empty plan: that there is nothing to do.
struct Outputs {
    /// Each file with its text.
    files: Vec<(PathBuf, String)>,
    /// For standard output.
    printed: Option<String>,
    matrix: Option<BuildMatrix>,
}

impl Outputs {
    async fn prepare(project: &Project, plan: &Plan, arguments: &Arguments) -> Result<Self, SampoError> {
        let mut outputs = Self { files: Vec::new(), printed: None, matrix: None };
        if let Some(file) = &arguments.plan {
            let text = plan.to_file(&project.config, None, super::has_artifacts(project)?).to_json();
            outputs.files.push((file.clone(), text));
        }
        outputs.matrix = matrix(project, plan, arguments.build_matrix.is_some()).await?;
        if let (Some(file), Some(matrix)) = (&arguments.build_matrix, &outputs.matrix) {
            match file == Path::new(STANDARD_OUTPUT) {
                true => outputs.printed = Some(matrix.text.clone()),
                false => outputs.files.push((file.clone(), matrix.text.clone())),
            }
        }
        for (file, _) in &outputs.files {
            atomic::probe(file)?;
        }
        outputs.matrix.as_ref().map_or(Ok(()), BuildMatrix::probe)?;
        Ok(outputs)
    }

    fn prints_matrix(&self) -> bool {
        self.printed.is_some()
    }

    /// Standard output comes last: whoever reads it may be gone.
    fn write(&self) -> anyhow::Result<()> {
        for (file, text) in &self.files {
            atomic::write(file, text).map_err(SampoError::from)?;
        }
        self.matrix.as_ref().map_or(Ok(()), BuildMatrix::announce)?;
        self.printed.as_ref().map_or(Ok(()), |text| Ok(print::line(text)?))
    }
}

/// The build matrix of the planned versions, if somebody asked for it or a workflow takes it: unless the repository
/// builds nothing, since there a release must not fail for want of targets.
async fn matrix(project: &Project, plan: &Plan, is_asked_for: bool) -> Result<Option<BuildMatrix>, SampoError> {
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
