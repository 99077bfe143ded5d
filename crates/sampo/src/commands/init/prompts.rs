//! What `sampo init` asks.

use inquire::validator::Validation;
use inquire::{MultiSelect, Select, Text};
use sampo_core::config::Repository;
use sampo_core::init::{Answers, USUAL_TAG};
use sampo_core::workspace::Workspace;

use crate::prompt::answer;

/// The categories that many changelogs use.
const CATEGORIES: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

const COMMITS: &str = "the commit of a change";
const THANKS: &str = "thanks to its author";
const DATES: &str = "the date of a release";

/// Asks for everything, beginning with what is `known`.
pub fn ask(workspace: &Workspace, known: Answers) -> anyhow::Result<Answers> {
    let repository = repository(known.repository.as_ref())?;
    let default_branch = branch(&known.default_branch)?;
    let tag_format = tag_format(workspace)?;
    let categories = categories()?;
    let shown = shown()?;
    Ok(Answers {
        repository,
        default_branch,
        tag_format,
        categories,
        show_commit_hash: shown.contains(&COMMITS),
        show_acknowledgments: shown.contains(&THANKS),
        show_release_date: shown.contains(&DATES),
    })
}

fn repository(known: Option<&Repository>) -> anyhow::Result<Option<Repository>> {
    let known = known.map(ToString::to_string).unwrap_or_default();
    let check = |text: &str| {
        Ok(match read_repository(text) {
            Ok(_) => Validation::Valid,
            Err(reason) => Validation::Invalid(reason.into()),
        })
    };
    let question = Text::new("Which GitHub repository is this?")
        .with_initial_value(&known)
        .with_help_message("owner/name; leave it empty if there is none")
        .with_validator(check);
    // What the question has accepted can be read.
    Ok(read_repository(&answer(question.prompt())?).ok().flatten())
}

fn read_repository(text: &str) -> Result<Option<Repository>, String> {
    let text = text.trim();
    (!text.is_empty()).then(|| Repository::try_from(text.to_owned())).transpose()
}

fn branch(known: &str) -> anyhow::Result<String> {
    let question = Text::new("Which branch is released from?").with_default(known);
    let text = answer(question.prompt())?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()).unwrap_or_else(|| known.to_owned()))
}

fn tag_format(workspace: &Workspace) -> anyhow::Result<String> {
    // Without a name only one package can be told by its tags.
    let short = (workspace.packages.len() == 1).then_some("v{version}");
    let formats: Vec<&str> = short.into_iter().chain([USUAL_TAG, "{package_name}@{version}"]).collect();
    Ok(answer(Select::new("How are releases tagged?", formats).prompt())?.to_owned())
}

fn categories() -> anyhow::Result<Vec<String>> {
    let by_category = format!("by category: {}", CATEGORIES.join(", "));
    let by_level = "by level: major, minor and patch changes".to_owned();
    let ways = vec![by_level, by_category.clone()];
    let chosen = answer(Select::new("How are changes grouped in changelogs?", ways).prompt())?;
    Ok(if chosen == by_category { CATEGORIES.map(str::to_owned).into() } else { Vec::new() })
}

fn shown() -> anyhow::Result<Vec<&'static str>> {
    let question = MultiSelect::new("What do changelogs show?", vec![COMMITS, THANKS, DATES])
        .with_all_selected_by_default()
        .with_help_message("space to choose or leave out, enter to go on");
    answer(question.prompt())
}
