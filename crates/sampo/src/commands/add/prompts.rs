//! What `sampo add` asks when the command line does not say it.

use std::io::{self, IsTerminal};

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, MultiSelect, Select};
use sampo_core::changeset::Level;
use sampo_core::config::{ChangesetsConfig, NonBlank};
use sampo_core::event::{Event, Reporter};
use sampo_core::project::Project;
use sampo_core::workspace::{PackageId, Workspace};

use crate::terminal::Terminal;

/// The user left a question without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Whether somebody sits there to answer.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// At least one of the packages that can be released.
pub fn packages(project: &Project) -> anyhow::Result<Vec<PackageId>> {
    let offered: Vec<PackageId> = project
        .workspace
        .packages
        .iter()
        .filter(|package| package.version.is_some() && !project.config.packages.ignores(package))
        .map(|package| package.id.clone())
        .collect();
    anyhow::ensure!(!offered.is_empty(), "every package is left out by `[packages]` in the configuration");
    if let [only] = offered.as_slice() {
        return Ok(vec![only.clone()]);
    }
    loop {
        let chosen =
            choose_several("Which packages does the change touch? (space to choose)", &project.workspace, &offered)?;
        if !chosen.is_empty() {
            return Ok(chosen);
        }
    }
}

/// The level of each package.
pub fn levels(workspace: &Workspace, packages: Vec<PackageId>) -> anyhow::Result<Vec<(PackageId, Level)>> {
    if let [only] = packages.as_slice() {
        let question = format!("How much does {} rise?", workspace.display_name(only));
        let chosen = Select::with_theme(&theme()).with_prompt(question).items(Level::ALL).default(0).interact_opt();
        let level = Level::ALL[chosen?.ok_or(Cancelled)?];
        return Ok(vec![(only.clone(), level)]);
    }
    let mut rest = packages;
    let mut levels = Vec::new();
    for level in Level::ALL {
        if rest.is_empty() {
            break;
        }
        let chosen = choose_several(&format!("Which of them rise by a {level}?"), workspace, &rest)?;
        rest.retain(|package| !chosen.contains(package));
        levels.extend(chosen.into_iter().map(|package| (package, level)));
    }
    if !rest.is_empty() {
        let names: Vec<String> = rest.iter().map(|package| workspace.display_name(package)).collect();
        let message = format!("no level was chosen for {}: patch", names.join(", "));
        Terminal::default().report(Event::Warning { message: &message, hint: None });
    }
    levels.extend(rest.into_iter().map(|package| (package, Level::Patch)));
    Ok(levels)
}

/// One of the configured categories.
pub fn tag(config: &ChangesetsConfig) -> anyhow::Result<String> {
    let tags: Vec<&str> = config.tags.iter().map(NonBlank::as_str).collect();
    let chosen = Select::with_theme(&theme()).with_prompt("Which category?").items(&tags).default(0).interact_opt()?;
    Ok(tags[chosen.ok_or(Cancelled)?].to_owned())
}

/// A message that is not blank.
pub fn message() -> anyhow::Result<String> {
    let theme = theme();
    let question = Input::<String>::with_theme(&theme)
        .with_prompt("What do readers of the changelog learn?")
        .validate_with(|text: &String| if text.trim().is_empty() { Err("the message is blank") } else { Ok(()) });
    Ok(question.interact_text()?)
}

fn choose_several(question: &str, workspace: &Workspace, offered: &[PackageId]) -> anyhow::Result<Vec<PackageId>> {
    let names = offered.iter().map(|package| workspace.display_name(package));
    let chosen = MultiSelect::with_theme(&theme()).with_prompt(question).items(names).interact_opt()?;
    Ok(chosen.ok_or(Cancelled)?.into_iter().map(|index| offered[index].clone()).collect())
}

/// How questions look.
pub fn theme() -> ColorfulTheme {
    ColorfulTheme::default()
}
