//! `sampo distribute`.

mod build;
mod doctor;
mod init;
mod matrix;
mod selection;
mod status;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use sampo_core::SampoError;
use sampo_core::distribute::report::{Detail, Report, Verdict};
use sampo_core::distribute::{self, Caller, Finishing, Outcome, Request};
use sampo_core::event::Reporter;
use sampo_core::interrupt::Interrupt;

use crate::exit::{HINT, INTERRUPTED, NOTHING_TO_DO, PARTIAL};
use crate::print;
use crate::terminal::Terminal;
use selection::{DestinationArguments, SelectionArguments};

/// The width of a report that goes to a file or a pipe.
const WIDTH_WITHOUT_TERMINAL: usize = 160;

const EXAMPLES: &str = "\
Examples:
  sampo distribute                               what is tagged at HEAD
  sampo distribute --build --dry-run             build, show what is missing
  sampo distribute --tag my-cli-v1.2.0 --backend github
  sampo distribute --from github --backend site  what the release on GitHub has
  sampo distribute --target aarch64-apple-darwin --no-finish
                                                 one job of several ...
  sampo distribute --finish                      ... and the last one
  sampo distribute --report report.json          keep the report ...
  sampo distribute --retry report.json           ... and take what failed

Exit codes: 0 everything is there, 1 nothing could be delivered, 2 nothing to
distribute, 3 some deliveries did not succeed, 130 interrupted.";

/// The headings that the options stand under.
const ORIGIN: &str = "Where the files come from";
const PARTS: &str = "A release in parts";
const MANNER: &str = "How";
const OUTPUT: &str = "Output";

/// Bring what was built for every release to every destination.
///
/// Looks at what each destination holds, delivers what is missing, and confirms that it arrived. Running it again is
/// always safe: what is there and identical stays as it is.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// A part of the work, on its own.
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    delivery: DeliveryArguments,
}

#[derive(Debug, Subcommand)]
enum Step {
    Init(init::Arguments),
    Matrix(matrix::Arguments),
    Build(build::Arguments),
    Verify(verify::Arguments),
    Status(status::Arguments),
    Doctor(doctor::Arguments),
}

#[derive(Debug, Args)]
struct DeliveryArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    destinations: DestinationArguments,
    /// Build what is missing first.
    #[arg(long, help_heading = ORIGIN)]
    build: bool,
    /// Take the artifacts that this backend holds, instead of files on this machine.
    #[arg(long, value_name = "BACKEND", help_heading = ORIGIN, conflicts_with = "build")]
    from: Option<String>,
    /// Deliver, and leave every release open for other runs to add to; with `--target`, nothing but what belongs to it.
    #[arg(long, help_heading = PARTS, conflicts_with_all = ["finish", "retry"])]
    no_finish: bool,
    /// Finish what other runs have delivered, without any built file: what a release lacks is an error.
    #[arg(long, help_heading = PARTS, conflicts_with_all = ["build", "target", "retry"])]
    finish: bool,
    /// Look at every destination and say what would be delivered, without changing anything.
    #[arg(long, help_heading = MANNER)]
    dry_run: bool,
    /// Replace what differs at a destination.
    #[arg(long, help_heading = MANNER)]
    replace: bool,
    /// Start nothing new once something failed; the rest is reported as blocked.
    #[arg(long, help_heading = MANNER)]
    fail_fast: bool,
    /// Take only what did not succeed in this report.
    #[arg(long, value_name = "REPORT", help_heading = MANNER, conflicts_with_all = ["tag", "plan", "all", "package", "target", "backend"])]
    retry: Option<PathBuf>,
    /// Write the report: as Markdown if the name ends in `.md`, otherwise as JSON.
    #[arg(long, value_name = "FILE", value_parser = report_file, help_heading = OUTPUT)]
    report: Option<PathBuf>,
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
}

impl DeliveryArguments {
    fn finishing(&self) -> Finishing {
        match (self.finish, self.no_finish) {
            (true, _) => Finishing::Only,
            (_, true) => Finishing::Never,
            _ => Finishing::Usual,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    Text,
    /// The report as JSON.
    Json,
    /// The report as Markdown.
    Markdown,
}

/// Other commands take `-` for standard output.
fn report_file(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("`--format json` prints the report on standard output".into()),
        path => Ok(path.into()),
    }
}

/// Runs it.
pub async fn run(arguments: Arguments, detail: Detail) -> anyhow::Result<ExitCode> {
    match arguments.step {
        Some(Step::Init(arguments)) => init::run(arguments).await,
        Some(Step::Matrix(arguments)) => matrix::run(arguments).await,
        Some(Step::Build(arguments)) => build::run(arguments).await,
        Some(Step::Verify(arguments)) => verify::run(arguments).await,
        Some(Step::Status(arguments)) => status::run(arguments).await,
        Some(Step::Doctor(arguments)) => doctor::run(arguments).await,
        None => deliver(arguments.delivery, detail).await,
    }
}

async fn deliver(arguments: DeliveryArguments, detail: Detail) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    let finishing = arguments.finishing();
    let DestinationArguments { backend: backends, jobs } = arguments.destinations;
    let request = Request {
        choice: arguments.selection.into_choice(),
        backends,
        build: arguments.build,
        finishing,
        from: arguments.from,
        dry_run: arguments.dry_run,
        replace: arguments.replace,
        fail_fast: arguments.fail_fast,
        retry: arguments.retry,
        report: arguments.report,
        jobs,
    };
    let (interrupt, caller) = attended();
    let Some(outcome) = interrupt.guard(distribute::deliver(&project, &request, &caller)).await else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    match outcome? {
        Outcome::Nothing(nothing) => Ok(nothing_to_do(&nothing)),
        Outcome::Done(report) => {
            show(&report, arguments.format, detail)?;
            Ok(exit_code(&report))
        }
    }
}

/// Somebody who sees what happens, and may interrupt it.
fn attended() -> (Interrupt, Caller) {
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal::default());
    let interrupt = Interrupt::listen(Arc::clone(&reporter));
    let caller = Caller { reporter, cancellation: interrupt.token() };
    (interrupt, caller)
}

/// Says why there is nothing to do, and what there could be.
fn nothing_to_do(nothing: &distribute::Nothing) -> ExitCode {
    print::remark(&nothing.message);
    if let Some(hint) = &nothing.hint {
        print::remark(format_args!("{HINT}hint:{HINT:#} {hint}"));
    }
    ExitCode::from(NOTHING_TO_DO)
}

fn show(report: &Report, format: Format, detail: Detail) -> Result<(), SampoError> {
    match format {
        Format::Json => print::line(report.to_json()),
        Format::Text => print::result(report.to_text(width(WIDTH_WITHOUT_TERMINAL), detail)),
        Format::Markdown => print::result(report.to_markdown(detail)),
    }
}

/// That of the terminal, or `otherwise` for a file or a pipe.
fn width(otherwise: usize) -> usize {
    match std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten() {
        Some((width, _)) => width.0.into(),
        None => otherwise,
    }
}

fn exit_code(report: &Report) -> ExitCode {
    match report.verdict() {
        Verdict::Success => ExitCode::SUCCESS,
        Verdict::Partial => ExitCode::from(PARTIAL),
        Verdict::Failure => ExitCode::FAILURE,
        Verdict::Cancelled => ExitCode::from(INTERRUPTED),
    }
}
