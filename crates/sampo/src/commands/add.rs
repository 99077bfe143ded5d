//! `sampo add`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use sampo_core::SampoError;
use sampo_core::changeset::{Draft, Level};
use sampo_core::project::Project;
use sampo_core::workspace::PackageId;

pub mod prompts;

use prompts::Cancelled;

use crate::exit::INTERRUPTED;
use crate::print;

const EXAMPLES: &str = "\
Examples:
  sampo add                                                    ask for everything
  sampo add -p my-cli -b minor -m 'Added `--quiet`.'           ask for nothing
  sampo add -p my-cli my-library -b patch -t Fixed -m 'Fixed a crash.'";

/// Note a change: which packages it touches, by how much, and what readers of the changelog learn.
///
/// Whatever is not given as an option is asked for, where there is a terminal to ask on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A package that the change touches, by name or id; several are separated by blanks.
    #[arg(short, long = "package", num_args = 1.., value_name = "PACKAGE")]
    packages: Vec<String>,
    /// How much their versions rise: `patch`, `minor` or `major`.
    #[arg(short, long, value_name = "LEVEL")]
    bump: Option<Level>,
    /// The category in the changelog, one of those in the configuration.
    #[arg(short, long)]
    tag: Option<String>,
    /// What readers of the changelog learn, in Markdown.
    #[arg(short, long)]
    message: Option<String>,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    let draft = match draft(&project, arguments) {
        Err(error) if error.is::<Cancelled>() => return Ok(ExitCode::from(INTERRUPTED)),
        draft => draft?,
    };
    let root = &project.workspace.root;
    let path = draft.write(root).map_err(SampoError::from)?;
    print::line(format_args!("wrote {}", path.strip_prefix(root).unwrap_or(&path).display()))?;
    Ok(ExitCode::SUCCESS)
}

fn draft(project: &Project, arguments: Arguments) -> anyhow::Result<Draft> {
    let message = arguments.message.filter(|message| !message.trim().is_empty());
    let has_tags = !project.config.changesets.tags.is_empty();
    let missing = [
        ("--package", arguments.packages.is_empty()),
        ("--bump", arguments.bump.is_none()),
        ("--tag", arguments.tag.is_none() && has_tags),
        ("--message", message.is_none()),
    ];
    let missing: Vec<&str> = missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect();
    if !missing.is_empty() && !prompts::can_ask() {
        bail!("there is no terminal to ask on: give {} on the command line", missing.join(", "));
    }
    let packages = match arguments.packages.as_slice() {
        [] => prompts::packages(project)?,
        names => resolve(project, names)?,
    };
    let levels = match arguments.bump {
        Some(level) => packages.into_iter().map(|package| (package, level)).collect(),
        None => prompts::levels(&project.workspace, packages)?,
    };
    let tag = match arguments.tag {
        None if has_tags => Some(prompts::tag(&project.config.changesets)?),
        tag => tag,
    };
    let message = message.map_or_else(prompts::message, Ok)?;
    Ok(Draft::new(levels, tag.as_deref(), &message, &project.config.changesets).map_err(SampoError::from)?)
}

/// The packages that these names mean.
pub fn resolve(project: &Project, names: &[String]) -> Result<Vec<PackageId>, SampoError> {
    let id = |name: &String| Ok(project.workspace.resolve(name.trim())?.id.clone());
    names.iter().map(id).collect()
}
