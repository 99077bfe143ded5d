//! `sampo add`.

use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sampo_core::SampoError;
use sampo_core::changeset::{Draft, Level};
use sampo_core::error::PathError;
use sampo_core::project::Project;
use sampo_core::workspace::PackageId;

mod editor;
pub mod prompts;

use crate::print;
use crate::prompt;

const EXAMPLES: &str = "\
Examples:
  sampo add                                            ask for everything
  sampo add -p my-cli -b minor -m 'Added `--quiet`.'   ask for nothing
  sampo add -p my-cli my-library -b patch -t Fixed -m 'Fixed a crash.'
  sampo add -p my-cli -b major --editor                write the message there

Writes one file with a random name into .sampo/changesets; commit it with the
change. To give packages different levels, answer the questions, or edit the
file.

Exit codes: 0 written, 1 error, 64 wrong usage, 130 cancelled; nothing
is written then";

/// Note a change: which packages it touches, by how much, and what readers of the changelog learn.
///
/// Whatever is not given as an option is asked for, where there is a terminal to ask on.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A package that the change touches, by name or id; several are separated by blanks.
    #[arg(short, long = "package", num_args = 1.., value_name = "PACKAGE")]
    packages: Vec<String>,
    /// How much their versions rise.
    #[arg(short, long, value_name = "LEVEL", value_parser = level_parser(), ignore_case = true)]
    bump: Option<Level>,
    /// The category in the changelog, one of those in the configuration.
    #[arg(short, long)]
    tag: Option<String>,
    /// What readers of the changelog learn, in Markdown.
    #[arg(short, long)]
    message: Option<String>,
    /// Write the message in the editor of `VISUAL` or `EDITOR`.
    #[arg(short, long, conflicts_with = "message")]
    editor: bool,
}

/// Reads a level; knows all of them, for the help and for shells that complete them.
fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::as_str)).try_map(|text| text.parse::<Level>())
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    let missing = arguments.missing(&project);
    prompt::check(&missing)?;
    let draft = draft(&project, arguments)?;
    let root = &project.workspace.root;
    let path = draft.write(root).map_err(SampoError::from)?;
    print::line(format_args!("wrote {}", path.strip_prefix(root).unwrap_or(&path).display()))?;
    if !missing.is_empty() {
        let text = std::fs::read_to_string(&path).map_err(PathError::new("read", &path)).map_err(SampoError::from)?;
        print::remark(text.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// The options that the command line lacks.
    fn missing(&self, project: &Project) -> Vec<&'static str> {
        let has_tags = !project.config.changesets.tags.is_empty();
        let options = [
            ("--package", self.packages.is_empty()),
            ("--bump", self.bump.is_none()),
            ("--tag", self.tag.is_none() && has_tags),
            ("--message", self.message().is_none() && !self.editor),
        ];
        options.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect()
    }

    /// A blank message is none.
    fn message(&self) -> Option<&str> {
        self.message.as_deref().filter(|message| !message.trim().is_empty())
    }
}

fn draft(project: &Project, arguments: Arguments) -> anyhow::Result<Draft> {
    let Project { config, workspace, environment, .. } = project;
    let packages = match arguments.packages.as_slice() {
        [] => prompts::packages("Which packages does the change touch?", project)?,
        names => resolve(project, names)?,
    };
    let levels = match arguments.bump {
        Some(level) => packages.into_iter().map(|package| (package, level)).collect(),
        None => prompts::levels(workspace, packages)?,
    };
    let tag = match &arguments.tag {
        None if !config.changesets.tags.is_empty() => Some(prompts::tag(&config.changesets)?),
        tag => tag.clone(),
    };
    let message = match arguments.message() {
        Some(message) => message.to_owned(),
        None if arguments.editor => editor::message(&editor::configured(environment)?, &levels)?,
        None => prompts::message(environment, &levels)?,
    };
    Ok(Draft::new(levels, tag.as_deref(), &message, &config.changesets).map_err(SampoError::from)?)
}

/// The packages that these names mean.
pub fn resolve(project: &Project, names: &[String]) -> Result<Vec<PackageId>, SampoError> {
    let id = |name: &String| Ok(project.workspace.resolve(name.trim())?.id.clone());
    names.iter().map(id).collect()
}
