//! `sampo distribute init`.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};
use sampo_core::SampoError;
use sampo_core::config::Repository;
use sampo_core::config::distribute::ArchiveFormat;
use sampo_core::distribute::setup::{self, Answers, Ci, NewBackend, Placement, Plan, ReadyMade, Setup, Standing};
use sampo_core::environment::Environment;
use sampo_core::release::recover;
use sampo_core::target::Target;

mod prompts;

use crate::commands::current_folder;
use crate::exit::Usage;
use crate::print;
use crate::prompt::can_ask;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo distribute init                  ask what is not known, then write it
  sampo distribute init --yes --dry-run  show what the suggestions would change
  sampo distribute init --yes --target x86_64-unknown-linux-gnu
  sampo distribute init --yes --backend directory --path 'site/{{ version }}'
  sampo distribute init --yes --ci none  without a workflow
  sampo distribute init --package npm/tool --build 'npm run compile {{ target }}'

Writes `[distribute]` into .sampo/config.toml, a workflow, and into manifests what
`cargo binstall` needs to know. What is there stays; running it twice changes
nothing.

Exit codes: 0 done, or nothing to change, 1 error, 64 wrong usage, 130 cancelled;
nothing is written then";

const PROGRAMS: &str = "What is delivered";
const PLACES: &str = "Where to";
const FILES: &str = "What is written";

/// Set a repository up: what is built for which targets, where it goes, and the workflow that does it.
///
/// Whatever is not given as an option, and is not there already, is asked for.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Ask nothing: take what the workspace suggests.
    #[arg(long, short)]
    yes: bool,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// A target to build for; may be repeated.
    #[arg(long, value_name = "TARGET", num_args = 1.., value_parser = TargetParser, help_heading = PROGRAMS)]
    target: Vec<Target>,
    /// How programs are packed, but for Windows, where it is zip or `none`.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = PROGRAMS)]
    archive: Option<Archive>,
    /// A package that builds no program by itself, such as one of npm.
    #[arg(long, value_name = "PACKAGE", help_heading = PROGRAMS)]
    package: Option<String>,
    /// The files that its build makes for a target: a glob with `{{ target }}`.
    #[arg(long, value_name = "GLOB", requires = "package", help_heading = PROGRAMS)]
    artifacts: Option<String>,
    /// The command that builds it for a target.
    #[arg(long, value_name = "COMMAND", requires = "package", help_heading = PROGRAMS)]
    build: Option<String>,
    /// A kind of destination; may be repeated.
    #[arg(long, value_enum, value_name = "TYPE", num_args = 1.., help_heading = PLACES)]
    backend: Vec<Backend>,
    /// The folder of `--backend directory`, a template.
    #[arg(long, value_name = "PATH", requires = "backend", help_heading = PLACES)]
    path: Option<String>,
    /// The command line of `--backend command`, a template.
    #[arg(long, value_name = "COMMAND", requires = "backend", help_heading = PLACES)]
    run: Option<String>,
    /// The GitHub repository, where the remote `origin` is not it.
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository, help_heading = PLACES)]
    repository: Option<Repository>,
    /// Whose pipeline is written.
    #[arg(long, value_enum, value_name = "SERVICE", help_heading = FILES)]
    ci: Option<Service>,
    /// The name of the workflow's file in .github/workflows.
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    workflow: Option<String>,
    /// Replace a workflow of another kind.
    #[arg(long, help_heading = FILES)]
    force: bool,
    /// Tell `cargo binstall` where archives are, without asking.
    #[arg(long, overrides_with = "no_binstall", help_heading = FILES)]
    binstall: bool,
    /// Leave manifests as they are.
    #[arg(long, help_heading = FILES)]
    no_binstall: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// The releases of the repository on GitHub.
    GithubRelease,
    /// A folder.
    Directory,
    /// A command of yours.
    Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Service {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// No pipeline.
    None,
}

impl From<Service> for Ci {
    fn from(service: Service) -> Self {
        match service {
            Service::Github => Self::Github,
            Service::Gitlab => Self::Gitlab,
            Service::None => Self::None,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Archive {
    /// gzip, which every system can unpack.
    #[value(name = "tar.gz")]
    TarGz,
    /// xz: smallest, slowest to make.
    #[value(name = "tar.xz")]
    TarXz,
    /// zstd: small and fast.
    #[value(name = "tar.zst")]
    TarZst,
    /// zip.
    Zip,
    /// Programs as they are, on Windows too.
    None,
}

impl From<Archive> for ArchiveFormat {
    fn from(archive: Archive) -> Self {
        match archive {
            Archive::TarGz => Self::TarGz,
            Archive::TarXz => Self::TarXz,
            Archive::TarZst => Self::TarZst,
            Archive::Zip => Self::Zip,
            Archive::None => Self::None,
        }
    }
}

/// Any target can be asked for; shells complete those that GitHub has runners for.
#[derive(Clone)]
struct TargetParser;

impl TypedValueParser for TargetParser {
    type Value = Target;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Target, clap::Error> {
        let parser = |text: &str| text.parse::<Target>();
        parser.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Target::with_runners().map(PossibleValue::new)))
    }
}

fn repository(text: &str) -> Result<Repository, String> {
    text.to_owned().try_into()
}

/// There is nobody to ask.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no terminal to ask on: `--yes` takes what the workspace suggests, and `--yes --dry-run` only shows it"
)]
struct NobodyToAsk;

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if !arguments.yes && !can_ask() {
        return Err(NobodyToAsk.into());
    }
    let folder = current_folder()?;
    recover(&folder, &Terminal::default())?;
    let setup = Setup::look(&folder, Environment::of_process(), &Terminal::default()).await?;
    let plan = setup.plan(&arguments.answers(&setup)?)?;
    if arguments.dry_run {
        return show(&plan);
    }
    plan.apply()?;
    tell(&plan)
}

impl Arguments {
    /// What the options say, then what somebody answers; without anybody, what is suggested.
    fn answers(&self, setup: &Setup) -> anyhow::Result<Answers> {
        let asks = !self.yes;
        let suggested = setup.suggestion()?;
        let ready_made = match &self.package {
            Some(name) => Some(self.ready_made(setup, name)?),
            None if asks && setup.lacks_programs()? => Some(prompts::ready_made(setup.workspace())?),
            None => None,
        };
        let targets = match self.target.as_slice() {
            [] if asks && setup.lacks_targets()? => prompts::targets(&suggested.targets)?,
            [] => suggested.targets,
            targets => targets.to_vec(),
        };
        let archive = match self.archive {
            None if asks && ready_made.is_none() && setup.is_new() => prompts::archive()?,
            archive => archive.map(ArchiveFormat::from),
        };
        let backends = match self.backend.as_slice() {
            [] if asks && setup.lacks_backends() => prompts::backends(setup.repository().is_some())?,
            [] => suggested.backends,
            kinds => self.backends(kinds)?,
        };
        let needs_repository = backends.contains(&NewBackend::GithubRelease) && setup.repository().is_none();
        let repository = match &self.repository {
            None if asks && needs_repository => Some(prompts::repository()?),
            repository => repository.clone(),
        };
        let mut answers = Answers {
            targets,
            backends,
            archive,
            ready_made,
            ci: setup.suggested_ci(repository.as_ref().or(setup.repository())),
            repository,
            placement: Placement { name: self.workflow.clone(), replace: self.force },
            binstall: !self.no_binstall,
        };
        self.add_pipeline(setup, &mut answers, asks)?;
        if asks && !self.binstall && !self.no_binstall {
            answers.binstall = prompts::binstall(&setup.plan(&Answers { ci: Ci::None, ..answers.clone() })?)?;
        }
        Ok(answers)
    }

    fn ready_made(&self, setup: &Setup, name: &str) -> Result<ReadyMade, SampoError> {
        let package = setup.workspace().resolve(name)?.id.clone();
        let artifacts = self.artifacts.clone().unwrap_or_else(|| ReadyMade::usual_artifacts(&package));
        Ok(ReadyMade { package, artifacts, build: self.build.clone() })
    }

    fn backends(&self, kinds: &[Backend]) -> anyhow::Result<Vec<NewBackend>> {
        let stray = [("--path", Backend::Directory, &self.path), ("--run", Backend::Command, &self.run)];
        if let Some((option, ..)) = stray.iter().find(|(_, kind, value)| value.is_some() && !kinds.contains(kind)) {
            return Err(Usage(format!("`{option}` belongs to a backend that is not asked for")).into());
        }
        kinds.iter().map(|kind| self.backend(*kind)).collect()
    }

    fn backend(&self, kind: Backend) -> anyhow::Result<NewBackend> {
        Ok(match kind {
            Backend::GithubRelease => NewBackend::GithubRelease,
            Backend::Directory => {
                let path = self.path.clone().unwrap_or_else(|| NewBackend::USUAL_PATH.to_owned());
                NewBackend::Directory { path }
            }
            Backend::Command => match &self.run {
                Some(run) => NewBackend::Command { run: run.clone() },
                None if self.yes => return Err(Usage("`--backend command` needs `--run COMMAND`".into()).into()),
                None => prompts::command()?,
            },
        })
    }

    fn add_pipeline(&self, setup: &Setup, answers: &mut Answers, asks: bool) -> anyhow::Result<()> {
        let is_there = |standing: &Standing| matches!(standing, Standing::Written | Standing::Distributes { .. });
        answers.ci = match self.ci {
            Some(service) => service.into(),
            None if asks && !is_there(&setup.standing(answers.ci, &answers.placement)?) => prompts::ci(answers.ci)?,
            None => answers.ci,
        };
        match setup.standing(answers.ci, &answers.placement)? {
            Standing::Occupied { path, free } if asks && !self.force => {
                prompts::occupied(&path, free, answers)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn tell(plan: &Plan) -> anyhow::Result<ExitCode> {
    plan.remarks.iter().for_each(print::remark);
    for change in &plan.changes {
        let verb = if change.before.is_some() { "changed" } else { "wrote" };
        print::line(format_args!("{verb} {}", plan.name_of(change)))?;
    }
    if plan.changes.is_empty() {
        print::line("everything is set up already; nothing was changed")?;
        return Ok(ExitCode::SUCCESS);
    }
    print::line("\nNext:")?;
    for (number, step) in (1..).zip(&plan.next_steps) {
        print::line(format_args!("{number}. {step}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(plan: &Plan) -> anyhow::Result<ExitCode> {
    plan.remarks.iter().for_each(print::remark);
    for change in &plan.changes {
        for line in setup::unified(change, &plan.name_of(change)).lines() {
            let style = style_of(line);
            print::line(format_args!("{style}{line}{style:#}"))?;
        }
    }
    if plan.changes.is_empty() {
        print::line("everything is set up already")?;
    }
    print::remark("dry run: nothing was changed");
    Ok(ExitCode::SUCCESS)
}

fn style_of(line: &str) -> Style {
    match line.chars().next() {
        Some('+') => AnsiColor::Green.on_default(),
        Some('-') => AnsiColor::Red.on_default(),
        Some('@') => AnsiColor::Cyan.on_default(),
        _ => Style::new(),
    }
}
