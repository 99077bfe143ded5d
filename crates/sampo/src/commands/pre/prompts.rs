//! What `sampo pre` asks when the command line does not say it.

use dialoguer::{Input, MultiSelect, Select};
use sampo_core::error::Diagnose;
use sampo_core::prerelease::Label;
use sampo_core::workspace::{PackageId, Workspace};

use crate::commands::add::prompts::{Cancelled, theme};

/// Whether pre-releases begin; otherwise they end.
pub fn enters() -> anyhow::Result<bool> {
    let items = ["enter: begin pre-releases", "exit: end them"];
    let chosen = Select::with_theme(&theme()).with_prompt("What shall happen?").items(items).default(0).interact_opt();
    Ok(chosen?.ok_or(Cancelled)? == 0)
}

/// A label that can be used.
pub fn label() -> anyhow::Result<Label> {
    let theme = theme();
    let explained = |text: &String| match text.parse::<Label>() {
        Ok(_) => Ok(()),
        Err(error) => Err(error.hint().unwrap_or_default()),
    };
    let question =
        Input::<String>::with_theme(&theme).with_prompt("Which label? (alpha, beta, rc)").validate_with(explained);
    Ok(question.interact_text()?.parse()?)
}

/// At least one of the packages in a pre-release.
pub fn members(workspace: &Workspace, members: Vec<PackageId>) -> anyhow::Result<Vec<PackageId>> {
    let names: Vec<String> = members.iter().map(|package| workspace.display_name(package)).collect();
    loop {
        let question = "Which packages leave their pre-release? (space to choose)";
        let chosen = MultiSelect::with_theme(&theme()).with_prompt(question).items(&names).interact_opt()?;
        let chosen = chosen.ok_or(Cancelled)?;
        if !chosen.is_empty() {
            return Ok(chosen.into_iter().map(|index| members[index].clone()).collect());
        }
    }
}
