//! `sampo status`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::changeset::FOLDER;
use sampo_core::clock;
use sampo_core::event::{Event, Reporter};
use sampo_core::release::report::{ChangesetState, ReleaseReport, ReportedChangeset, ReportedRelease};
use sampo_core::release::{self, Cause};

use crate::document::Format;
use crate::exit::NOTHING_TO_DO;
use crate::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo status
  sampo status --format json | jq '.releases[] | {name, new_version}'

Works on any branch and writes nothing. The JSON is described by
schemas/release-report.schema.json.

Exit codes: 0 something waits for a release, 1 error, 2 nothing does,
64 wrong usage";

/// Show the changes that were noted, and the releases that they would make.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let project = super::open_project().await?;
    let plan = release::preview(&project, clock::now(&project.environment).map_err(SampoError::from)?).await?;
    let report = ReleaseReport::new(&project, &plan, false);
    for warning in &plan.warnings {
        Terminal::default().report(Event::Warning { message: &warning.message, hint: warning.hint.as_deref() });
    }
    match arguments.format {
        Format::Json => print::line(report.to_json())?,
        Format::Text => print::result(text(&report))?,
    }
    if plan.is_empty() {
        print::remark(format_args!("nothing to release: {}", plan.why_empty()));
        return Ok(ExitCode::from(NOTHING_TO_DO));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &ReleaseReport) -> String {
    let mut text = String::new();
    section(&mut text, &format!("Noted in {FOLDER}"), &report.changesets, changeset);
    section(&mut text, "To be released", &report.releases, planned);
    section(&mut text, "Now in a pre-release", &report.prereleases, |package| {
        format!("  {} {}\n", package.name, package.version)
    });
    text
}

/// A heading with the lines of each item below it, unless there is none.
fn section<T>(text: &mut String, heading: &str, items: &[T], lines: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "{heading}:");
    text.extend(items.iter().map(lines));
}

/// Its name, what it says of which packages, and the first line of its message.
fn changeset(changeset: &ReportedChangeset) -> String {
    let name = changeset.file.rsplit('/').next().unwrap_or_default();
    let packages = changeset.packages.iter().map(|entry| {
        let tag = entry.tag.as_ref().map(|tag| format!(" ({tag})")).unwrap_or_default();
        format!("{} {}{tag}", entry.package, entry.bump)
    });
    let packages: Vec<String> = packages.collect();
    let about = match changeset.state {
        ChangesetState::Used => packages.join(", "),
        ChangesetState::Kept => format!("{}, waits for the end of a pre-release", packages.join(", ")),
        ChangesetState::Ignored => format!("{}, left out by the configuration", packages.join(", ")),
        ChangesetState::WithoutMessage => "has no message yet".into(),
    };
    let first = changeset.message.as_deref().and_then(|message| message.lines().next());
    let first = first.map(|line| format!("    {line}\n")).unwrap_or_default();
    format!("  {name}: {about}\n{first}")
}

fn planned(release: &ReportedRelease) -> String {
    let why = match (release.cause, release.changesets.len()) {
        (Cause::Changeset, 1) => "1 changeset".into(),
        (Cause::Changeset, count) => format!("{count} changesets"),
        (Cause::Dependency, _) => "needs what is released".into(),
        (Cause::Group, _) => "goes with its group".into(),
    };
    format!("  {}: {} -> {} ({}, {why})\n", release.name, release.old_version, release.new_version, release.bump)
}
