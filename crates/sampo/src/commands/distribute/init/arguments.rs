//! The options of `sampo distribute init`, one for each answer.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};
use sampo_core::config::Repository;
use sampo_core::config::distribute::ArchiveFormat;
use sampo_core::distribute::setup::Ci;
use sampo_core::target::Target;

const EXAMPLES: &str = "\
Examples:
  sampo distribute init                  ask what is not known, then write it
  sampo distribute init --yes --dry-run  show what the suggestions would change
  sampo distribute init --yes --target x86_64-unknown-linux-gnu
  sampo distribute init --yes --backend directory --path 'site/{{ version }}'
  sampo distribute init --yes --ci none  without a workflow
  sampo distribute init --package npm/tool --build 'make {{ target }}'

Writes `[distribute]` into .sampo/config.toml, a workflow, and into manifests
what `cargo binstall` needs to know. What is there stays; running it twice
changes nothing.

Exit codes: 0 done, or nothing to change, 1 error, 64 wrong usage,
130 cancelled; nothing is written then";

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
    pub yes: bool,
    /// Show what would change, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// A target to build for; may be repeated.
    #[arg(long, value_name = "TARGET", num_args = 1.., value_parser = TargetParser, hide_possible_values = true, help_heading = PROGRAMS)]
    pub target: Vec<Target>,
    /// How programs are packed, but for Windows, where it is zip or `none`.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = PROGRAMS)]
    pub archive: Option<Archive>,
    /// A package that builds no program by itself, such as one of npm.
    #[arg(long, value_name = "PACKAGE", help_heading = PROGRAMS)]
    pub package: Option<String>,
    /// The files that its build makes for a target: a glob with `{{ target }}`.
    #[arg(long, value_name = "GLOB", requires = "package", help_heading = PROGRAMS)]
    pub artifacts: Option<String>,
    /// The command that builds it for a target.
    #[arg(long, value_name = "COMMAND", requires = "package", help_heading = PROGRAMS)]
    pub build: Option<String>,
    /// A kind of destination; may be repeated.
    #[arg(long, value_enum, value_name = "TYPE", num_args = 1.., help_heading = PLACES)]
    pub backend: Vec<Backend>,
    /// The folder of `--backend directory`, a template.
    #[arg(long, value_name = "PATH", requires = "backend", help_heading = PLACES)]
    pub path: Option<String>,
    /// The command line of `--backend command`, a template.
    #[arg(long, value_name = "COMMAND", requires = "backend", help_heading = PLACES)]
    pub run: Option<String>,
    /// The GitHub repository, where the remote `origin` is not it.
    #[arg(long, value_name = "OWNER/NAME", value_parser = repository, help_heading = PLACES)]
    pub repository: Option<Repository>,
    /// Whose pipeline is written.
    #[arg(long, value_enum, value_name = "SERVICE", help_heading = FILES)]
    pub ci: Option<Service>,
    /// The name of the workflow's file in .github/workflows.
    #[arg(long, value_name = "NAME", help_heading = FILES)]
    pub workflow: Option<String>,
    /// Replace a workflow of another kind.
    #[arg(long, help_heading = FILES)]
    pub force: bool,
    /// Tell `cargo binstall` where archives are, without asking.
    #[arg(long, overrides_with = "no_binstall", help_heading = FILES)]
    pub binstall: bool,
    /// Leave manifests as they are.
    #[arg(long, help_heading = FILES)]
    pub no_binstall: bool,
}

/// A type of backend that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The releases of the repository on GitHub.
    GithubRelease,
    /// A folder.
    Directory,
    /// A command of yours.
    Command,
}

/// A service that runs pipelines.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Service {
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

/// A way to pack programs.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Archive {
    /// gzip, which every system can unpack.
    #[value(name = "tar.gz")]
    TarGz,
    /// xz: smallest, slowest to make.
    #[value(name = "tar.xz")]
    TarXz,
    /// zstd: small and fast.
    #[value(name = "tar.zst")]
    TarZst,
    /// zip, which Windows unpacks too.
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
