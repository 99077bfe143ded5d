//! `sampo release`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::clock;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::distribute::{self, BuildMatrix, Caller, Choice, Grouping, MatrixFormat, MatrixRequest, Selection};
use sampo_core::event::{Event, Reporter};
use sampo_core::interrupt::Interrupt;
use sampo_core::project::Project;
use sampo_core::release::report::ReleaseReport;
use sampo_core::release::{self, Plan};
use tokio_util::sync::CancellationToken;

use crate::document::{Format, Place, Prepared, prints_one};
use crate::exit::{INTERRUPTED, NOTHING_TO_DO};
use crate::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo release --dry-run    show which versions would come, and change nothing
  sampo release              write versions, changelogs and lock files
  sampo release --build-matrix matrix.json
  sampo release --dry-run --format json | jq '.releases[].tag'

The JSON is described by schemas/release-report.schema.json, that of --plan by
schemas/release-plan.schema.json. With GITHUB_OUTPUT set, the outputs
`build-matrix` and `build-needed` are written as well.

Exit codes: 0 released (or would be), 1 error, 2 nothing to release,
64 wrong usage, 130 interrupted: the files are all written, or all as
they were";

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
    /// Write the releases to FILE, for `sampo distribute --plan`; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    plan: Option<Place>,
    /// Write what must be built for these releases to FILE; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    build_matrix: Option<Place>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let places = [("--plan -", arguments.plan.as_ref()), ("--build-matrix -", arguments.build_matrix.as_ref())];
    let prints_document = prints_one(Some(arguments.format), &places)?;
    let project = super::open_project().await?;
    let now = clock::now(&project.environment).map_err(SampoError::from)?;
    // Nobody sees the entries of a mere rehearsal, so that they need not be looked up.
    let shows_entries = !arguments.dry_run || arguments.plan.is_some();
    let plan = match shows_entries {
        true => release::plan_in_full(&project, now).await?,
        false => release::plan(&project, now).await?,
    };
    // What the next steps are told is known to be right, and on the disk, before anything is changed.
    let outputs = Outputs::prepare(&project, &plan, &arguments).await?;
    show(&plan, prints_document)?;
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

/// The plan lines go to standard output, unless that is for a document alone.
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
    documents: Vec<Prepared>,
    matrix: Option<BuildMatrix>,
}

impl Outputs {
    async fn prepare(project: &Project, plan: &Plan, arguments: &Arguments) -> Result<Self, SampoError> {
        let mut documents = Vec::new();
        if let Some(place) = &arguments.plan {
            let text = plan.to_file(&project.config, None, has_artifacts(project)?).to_json();
            documents.push((place.clone(), text));
        }
        let matrix = matrix(project, plan, arguments.build_matrix.is_some()).await?;
        if let (Some(place), Some(matrix)) = (&arguments.build_matrix, &matrix) {
            documents.push((place.clone(), matrix.text.clone()));
        }
        if arguments.format == Format::Json {
            let is_released = !plan.is_empty() && !arguments.dry_run;
            let text = ReleaseReport::new(project, plan, is_released).to_json();
            documents.push((Place::StandardOutput, text));
        }
        matrix.as_ref().map_or(Ok(()), BuildMatrix::probe)?;
        // Standard output comes last: whoever reads it may be gone.
        documents.sort_by_key(|(place, _)| *place == Place::StandardOutput);
        let documents = documents.iter().map(|(place, text)| place.prepare(text)).collect::<Result<_, _>>()?;
        Ok(Self { documents, matrix })
    }

    fn write(self) -> Result<(), SampoError> {
        self.matrix.as_ref().map_or(Ok(()), BuildMatrix::announce)?;
        self.documents.into_iter().try_for_each(Prepared::write)
    }
}

/// The build matrix of the planned versions, if somebody asked for it or a workflow takes it: unless the repository
/// builds nothing, since there a release must not fail for want of targets.
async fn matrix(project: &Project, plan: &Plan, is_asked_for: bool) -> Result<Option<BuildMatrix>, SampoError> {
    let in_workflow = project.environment.get("GITHUB_OUTPUT").is_some();
    let is_useful = in_workflow && project.config.distribute.builds_something();
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
