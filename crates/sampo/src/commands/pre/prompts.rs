//! What `sampo pre` asks when the command line does not say it.

use inquire::validator::Validation;
use inquire::{Select, Text};
use sampo_core::error::Diagnose;
use sampo_core::prerelease::Label;
use sampo_core::project::Project;
use sampo_core::workspace::{PackageId, Workspace};

use crate::commands::add::prompts::{choose_several, packages};
use crate::prompt::answer;

/// Whether pre-releases begin; otherwise they end.
pub fn enters() -> anyhow::Result<bool> {
    let enter = "enter: begin pre-releases";
    let chosen = answer(Select::new("What shall happen?", vec![enter, "exit: end them"]).prompt())?;
    Ok(chosen == enter)
}

/// A label that can be used.
pub fn label() -> anyhow::Result<Label> {
    let check = |text: &str| {
        Ok(match text.parse::<Label>() {
            Ok(_) => Validation::Valid,
            Err(error) => Validation::Invalid(error.hint().unwrap_or_else(|| error.to_string()).into()),
        })
    };
    let question = Text::new("Which label?").with_help_message("alpha, beta, rc, ...").with_validator(check);
    Ok(answer(question.prompt())?.parse()?)
}

/// At least one of the packages that can be released.
pub fn entering(project: &Project) -> anyhow::Result<Vec<PackageId>> {
    packages("Which packages begin a pre-release?", project)
}

/// At least one of the packages in a pre-release.
pub fn members(workspace: &Workspace, members: Vec<PackageId>) -> anyhow::Result<Vec<PackageId>> {
    choose_several("Which packages leave their pre-release?", workspace, &members, 1)
}
