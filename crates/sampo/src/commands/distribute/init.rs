//! `sampo distribute init`.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use sampo_core::distribute::setup::{self, Plan, Setup};
use sampo_core::environment::Environment;
use sampo_core::release::recover;

mod answers;
mod arguments;
mod prompts;

pub use arguments::Arguments;

use crate::commands::current_folder;
use crate::print;
use crate::prompt::can_ask;
use crate::terminal::Terminal;

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
