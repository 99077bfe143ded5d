//! `sampo publish`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use sampo_core::SampoError;
use sampo_core::distribute::advise_binstall;
use sampo_core::distribute::participant::has_artifacts;
use sampo_core::event::Reporter;
use sampo_core::project::Project;
use sampo_core::publish::report::PublishReport;
use sampo_core::publish::{ForwardedArguments, Histories, Outcome, Plan, Publisher, Upload};
use sampo_core::workspace::{Ecosystem, PackageId, Workspace};

use super::open_project;
use crate::document::{Format, Place, prints_one};
use crate::exit::NOTHING_TO_DO;
use crate::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  sampo publish --dry-run
  sampo publish --plan release.json
  sampo publish --format json | jq '.packages[] | {package, tagging}'
  sampo publish --cargo-args --no-verify --registry internal
  sampo publish --npm-args --provenance

Tags are made locally: push them with `git push --follow-tags`.
After a failure, run it again: what was published is skipped.
The JSON is described by schemas/publish-report.schema.json, that of --plan by
schemas/release-plan.schema.json.

Exit codes: 0 something was published or tagged (or would be), 1 error,
2 nothing to do, 64 wrong usage";

/// Publish every released package to its registry, and tag it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Show what would be published and tagged, and let the package managers check it; change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Write the releases of this commit to FILE, for `sampo distribute --plan`; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    plan: Option<Place>,

    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Add these to every `cargo publish`; takes all that follows, up to `--`.
    #[arg(long, value_name = "ARGS", num_args = 1.., value_delimiter = ' ', allow_hyphen_values = true)]
    cargo_args: Vec<String>,

    /// Add these to every publish command of npm, pnpm, Yarn or Bun; takes all that follows, up to `--`.
    #[arg(long, value_name = "ARGS", num_args = 1.., value_delimiter = ' ', allow_hyphen_values = true)]
    npm_args: Vec<String>,

    /// Add these to the publish command of every ecosystem.
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Runs it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let prints_document = prints_one(Some(arguments.format), &[("--plan -", arguments.plan.as_ref())])?;
    let project = open_project().await?;
    let Project { config, workspace, environment, .. } = &project;
    let has_artifacts = has_artifacts(&project).map_err(SampoError::from)?;
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal::default());
    let publisher = Publisher::new(workspace, config, environment, &arguments.forwarded(), Arc::clone(&reporter));
    let plan = publisher.plan().await.map_err(SampoError::from)?;
    let is_uploaded = |id: &PackageId| plan.steps.iter().any(|s| s.package == *id && s.upload == Upload::Needed);
    arguments.plan.as_ref().map_or(Ok(()), Place::probe)?;
    advise_binstall(&project, is_uploaded, &*reporter)?;

    let Outcome { plan, error } = match arguments.dry_run {
        true => Outcome { plan, error: None },
        false => publisher.apply(plan).await,
    };
    // What the next steps need is written before anything that only people read.
    let written = write(&plan, &project, &arguments, has_artifacts).await;
    let shown = match arguments.format {
        Format::Text => show(&plan, workspace, arguments.dry_run, prints_document),
        Format::Json => Ok(()),
    };
    let error = match error {
        None if arguments.dry_run => publisher.rehearse(&plan).await.err(),
        error => error,
    };
    let reported = match arguments.format {
        Format::Text => Ok(()),
        Format::Json => print::line(PublishReport::new(&plan, arguments.dry_run, error.as_ref()).to_json()),
    };
    error.map_or(Ok(()), |error| Err(SampoError::from(error)))?;
    written.and(shown).and(reported)?;

    let is_worth_it = if arguments.dry_run { plan.has_work() } else { plan.has_results() };
    if is_worth_it {
        return Ok(ExitCode::SUCCESS);
    }
    print::remark("nothing to publish and nothing to tag");
    Ok(ExitCode::from(NOTHING_TO_DO))
}

impl Arguments {
    fn forwarded(&self) -> ForwardedArguments {
        let mut forwarded = ForwardedArguments { all: Vec::new(), of_ecosystem: BTreeMap::new() };
        let lists = [(Ecosystem::Cargo, &self.cargo_args), (Ecosystem::Npm, &self.npm_args)];
        for (ecosystem, words) in lists {
            // A list takes everything behind it, `--` and what is meant for all included.
            let mut parts = words.splitn(2, |word| word == "--");
            let mut given = || parts.next().unwrap_or_default().iter().filter(|word| !word.is_empty()).cloned();
            forwarded.of_ecosystem.insert(ecosystem, given().collect());
            forwarded.all.extend(given());
        }
        forwarded.all.extend_from_slice(&self.args);
        forwarded
    }
}

/// Writes the releases where they are asked for.
async fn write(
    plan: &Plan,
    project: &Project,
    arguments: &Arguments,
    has_artifacts: impl Fn(&PackageId) -> bool,
) -> Result<(), SampoError> {
    let Some(place) = &arguments.plan else { return Ok(()) };
    let histories = Histories::read(project).await?;
    let past = |id: &PackageId, version: &_| histories.of(id, version);
    place.write(&plan.releases(arguments.dry_run, has_artifacts, past).to_json())
}

/// One line for each package: on standard output, unless that is for a document alone.
fn show(plan: &Plan, workspace: &Workspace, is_dry_run: bool, elsewhere: bool) -> Result<(), SampoError> {
    plan.steps.iter().try_for_each(|step| {
        let name = workspace.display_name(&step.package);
        let line = format!("{name} {}: {}", step.version, step.describe(is_dry_run));
        if elsewhere {
            print::remark(line);
            return Ok(());
        }
        print::line(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn forwarded(line: &[&str]) -> (Vec<String>, Vec<String>) {
        let words = ["publish"].iter().chain(line);
        let forwarded = CommandLine::try_parse_from(words).unwrap().arguments.forwarded();
        (forwarded.all, forwarded.of_ecosystem[&Ecosystem::Cargo].clone())
    }

    #[test]
    fn arguments_for_cargo_may_be_several_quoted_together_or_given_with_an_equals_sign() {
        let expected = (vec![], vec!["--no-verify".to_owned(), "--allow-dirty".to_owned()]);
        assert_eq!(forwarded(&["--dry-run", "--cargo-args", "--no-verify", "--allow-dirty"]), expected);
        assert_eq!(forwarded(&["--cargo-args", "--no-verify  --allow-dirty"]), expected);
        assert_eq!(forwarded(&["--cargo-args=--no-verify --allow-dirty", "--dry-run"]).1[0], "--no-verify");
        assert_eq!(forwarded(&["--cargo-args=--no-verify", "--cargo-args=--allow-dirty"]), expected);
    }

    #[test]
    fn what_follows_two_dashes_is_for_every_ecosystem() {
        let text = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(forwarded(&["--", "--allow-dirty"]), (text(&["--allow-dirty"]), text(&[])));
        let both = (text(&["--allow-dirty", "-v"]), text(&["--no-verify"]));
        assert_eq!(forwarded(&["--cargo-args", "--no-verify", "--", "--allow-dirty", "-v"]), both);
    }
}
