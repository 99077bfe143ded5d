//! What `sampo add` asks when the command line does not say it.

use inquire::list_option::ListOption;
use inquire::validator::Validation;
use inquire::{MultiSelect, Select, Text};
use sampo_core::changeset::Level;
use sampo_core::config::{ChangesetsConfig, NonBlank};
use sampo_core::environment::Environment;
use sampo_core::event::{Event, Reporter};
use sampo_core::project::Project;
use sampo_core::workspace::{PackageId, Workspace};

use super::editor;
use crate::prompt::answer;
use crate::terminal::Terminal;

const HOW_TO_CHOOSE: &str = "type to search, space to choose, enter to go on";

/// At least one of the packages that can be released, in answer to `question`.
pub fn packages(question: &str, project: &Project) -> anyhow::Result<Vec<PackageId>> {
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
    choose_several(question, &project.workspace, &offered, 1)
}

/// The level of each package.
pub fn levels(workspace: &Workspace, packages: Vec<PackageId>) -> anyhow::Result<Vec<(PackageId, Level)>> {
    if let [only] = packages.as_slice() {
        let question = format!("How much does {} rise?", workspace.display_name(only));
        let level = answer(Select::new(&question, Level::ALL.to_vec()).prompt())?;
        return Ok(vec![(only.clone(), level)]);
    }
    let mut rest = packages;
    let mut levels = Vec::new();
    for level in Level::ALL {
        if rest.is_empty() {
            break;
        }
        let chosen = choose_several(&format!("Which of them rise by a {level}?"), workspace, &rest, 0)?;
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
    Ok(answer(Select::new("Which category?", tags).prompt())?.to_owned())
}

/// A message that is not blank: one line, or whatever is written in the editor.
pub fn message(environment: &Environment, levels: &[(PackageId, Level)]) -> anyhow::Result<String> {
    let editor = editor::configured(environment).ok();
    let help = match &editor {
        Some(_) => "one line of Markdown; enter alone opens your editor",
        None => "one line of Markdown",
    };
    let needs_text = editor.is_none();
    let check = move |text: &str| {
        let is_fine = !needs_text || !text.trim().is_empty();
        Ok(if is_fine { Validation::Valid } else { Validation::Invalid("the message is blank".into()) })
    };
    let question = Text::new("What do readers of the changelog learn?").with_help_message(help).with_validator(check);
    let text = answer(question.prompt())?;
    match editor {
        Some(editor) if text.trim().is_empty() => editor::message(&editor, levels),
        _ => Ok(text),
    }
}

/// At least `least` of the packages.
pub fn choose_several(
    question: &str,
    workspace: &Workspace,
    offered: &[PackageId],
    least: usize,
) -> anyhow::Result<Vec<PackageId>> {
    let names: Vec<String> = offered.iter().map(|package| workspace.display_name(package)).collect();
    let check = move |chosen: &[ListOption<&String>]| {
        let is_fine = chosen.len() >= least;
        Ok(if is_fine { Validation::Valid } else { Validation::Invalid("choose at least one, with space".into()) })
    };
    let asked = MultiSelect::new(question, names)
        .with_help_message(HOW_TO_CHOOSE)
        .with_keep_filter(false)
        .with_validator(check)
        .raw_prompt();
    Ok(answer(asked)?.into_iter().map(|option| offered[option.index].clone()).collect())
}
