//! What `sampo distribute init` asks when neither the command line nor the workspace says it.

use std::path::Path;

use inquire::list_option::ListOption;
use inquire::validator::Validation;
use inquire::{Confirm, MultiSelect, Select, Text};
use sampo_core::config::Repository;
use sampo_core::config::distribute::ArchiveFormat;
use sampo_core::distribute::setup::{Answers, Ci, NewBackend, Placement, Plan, ReadyMade, Setup, SetupError};
use sampo_core::target::Target;

use crate::prompt::answer;

const HOW_TO_CHOOSE: &str = "type to search, space to choose or leave out, enter to go on";

/// The targets that programs are built for.
pub fn targets(suggested: &[Target]) -> anyhow::Result<Vec<Target>> {
    let triples: Vec<&str> = Target::with_runners().collect();
    let is_suggested = |triple: &&str| suggested.iter().any(|target| target.as_str() == *triple);
    let chosen: Vec<usize> = (0..triples.len()).filter(|index| is_suggested(&triples[*index])).collect();
    let question = MultiSelect::new("Which systems do your users have?", triples)
        .with_default(&chosen)
        .with_page_size(15)
        .with_keep_filter(false)
        .with_validator(at_least_one)
        .with_help_message(HOW_TO_CHOOSE);
    answer(question.prompt())?.into_iter().map(|triple| Ok(triple.parse::<Target>()?)).collect()
}

fn at_least_one(chosen: &[ListOption<&&str>]) -> Result<Validation, inquire::CustomUserError> {
    let none = || Validation::Invalid("choose at least one, with space".into());
    Ok(if chosen.is_empty() { none() } else { Validation::Valid })
}

/// How programs are packed; none for the usual way.
pub fn archive() -> anyhow::Result<Option<ArchiveFormat>> {
    let ways = [
        (None, "tar.gz, and zip for Windows"),
        (Some(ArchiveFormat::TarXz), "tar.xz, and zip for Windows: smallest, slowest to make"),
        (Some(ArchiveFormat::TarZst), "tar.zst, and zip for Windows: small and fast"),
        (Some(ArchiveFormat::Zip), "zip, everywhere"),
        (Some(ArchiveFormat::None), "not at all: each program as it is"),
    ];
    let shown = ways.iter().map(|(_, text)| *text).collect();
    let chosen = answer(Select::new("How are programs packed?", shown).raw_prompt())?;
    Ok(ways[chosen.index].0)
}

/// Where they go. The folder and the command line are asked for right away.
pub fn backends(has_repository: bool) -> anyhow::Result<Vec<NewBackend>> {
    let kinds = vec!["the releases on GitHub", "a folder", "a command of yours"];
    let question = MultiSelect::new("Where do programs go?", kinds)
        .with_default(if has_repository { &[0] } else { &[] })
        .with_validator(at_least_one)
        .with_help_message(HOW_TO_CHOOSE);
    let chosen = answer(question.raw_prompt())?;
    let backend = |option: ListOption<&str>| match option.index {
        0 => Ok(NewBackend::GithubRelease),
        1 => directory(),
        _ => command(),
    };
    chosen.into_iter().map(backend).collect()
}

fn directory() -> anyhow::Result<NewBackend> {
    let backend = |path: &str| NewBackend::Directory { path: path.trim().to_owned() };
    let question = Text::new("Which folder?")
        .with_initial_value(NewBackend::USUAL_PATH)
        .with_help_message("a template with {{ version }} or {{ tag }} in it")
        .with_validator(move |path: &str| Ok(judge(&backend(path))));
    Ok(backend(&answer(question.prompt())?))
}

/// A backend that runs what is typed.
pub fn command() -> anyhow::Result<NewBackend> {
    let backend = |run: &str| NewBackend::Command { run: run.trim().to_owned() };
    let question = Text::new("Which command delivers one file?")
        .with_help_message("such as: aws s3 cp {{ path }} s3://downloads/{{ crate }}/{{ version }}/{{ artifact }}")
        .with_validator(move |run: &str| Ok(judge(&backend(run))));
    Ok(backend(&answer(question.prompt())?))
}

fn judge(backend: &NewBackend) -> Validation {
    match backend.check() {
        Ok(()) => Validation::Valid,
        Err(SetupError::Backend { reason, .. }) => Validation::Invalid(reason.into()),
        Err(error) => Validation::Invalid(error.to_string().into()),
    }
}

/// The repository whose releases are meant.
pub fn repository() -> anyhow::Result<Repository> {
    let read = |text: &str| Repository::try_from(text.trim().to_owned());
    let question = Text::new("Which GitHub repository is this?").with_help_message("owner/name").with_validator(
        move |text: &str| {
            Ok(match read(text) {
                Ok(_) => Validation::Valid,
                Err(reason) => Validation::Invalid(reason.into()),
            })
        },
    );
    read(&answer(question.prompt())?).map_err(anyhow::Error::msg)
}

/// A package whose programs something else than Cargo builds.
pub fn ready_made(setup: &Setup) -> anyhow::Result<ReadyMade> {
    let workspace = setup.workspace();
    let names: Vec<String> = workspace.packages.iter().map(|package| workspace.display_name(&package.id)).collect();
    let question = Select::new("No package builds a program with Cargo. Which one is delivered?", names);
    let package = workspace.packages[answer(question.raw_prompt())?.index].id.clone();
    let usual = setup.usual_artifacts(&package);
    let artifacts = Text::new("Which files does its build make for a target?")
        .with_initial_value(&usual)
        .with_help_message("a glob; {{ target }} stands for the target");
    let artifacts = answer(artifacts.prompt())?.trim().to_owned();
    let build = Text::new("Which command makes them?").with_help_message(
        "such as: npm run compile -- {{ target }}; leave it empty if they are there before Sampo runs",
    );
    let build = Some(answer(build.prompt())?.trim().to_owned()).filter(|build| !build.is_empty());
    Ok(ReadyMade { package, artifacts, build })
}

/// Whose pipeline is written, beginning with what is suggested.
pub fn ci(suggested: Ci) -> anyhow::Result<Ci> {
    let services =
        [(Ci::Github, "GitHub Actions"), (Ci::Gitlab, "GitLab CI"), (Ci::None, "none: I write the workflow myself")];
    let first = services.iter().position(|(service, _)| *service == suggested).unwrap_or_default();
    let shown = services.iter().map(|(_, text)| *text).collect();
    let question = Select::new("Which workflow is written?", shown).with_starting_cursor(first);
    Ok(services[answer(question.raw_prompt())?.index].0)
}

/// What becomes of the file at `path` that is in the way.
pub fn occupied(path: &Path, free: Option<String>, answers: &mut Answers) -> anyhow::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let path = path.display();
    let beside = free.as_ref().map(|name| format!("leave it, and write {name}"));
    let (replace, leave) = ("replace it", "leave it, and write none");
    let ways: Vec<&str> = beside.as_deref().into_iter().chain([leave, replace]).collect();
    let question = format!("`{path}` is there already. What becomes of it?");
    match answer(Select::new(&question, ways).prompt())? {
        way if way == leave => answers.ci = Ci::None,
        way if way == replace => answers.placement = Placement { name, replace: true },
        _ => answers.placement.name = free,
    }
    Ok(())
}

/// Whether the manifests that `plan` changes are changed.
pub fn binstall(plan: &Plan) -> anyhow::Result<bool> {
    let manifests: Vec<String> = plan
        .changes
        .iter()
        .filter(|change| change.path.ends_with("Cargo.toml"))
        .map(|change| plan.name_of(change))
        .collect();
    if manifests.is_empty() {
        return Ok(false);
    }
    let question = format!("Tell `cargo binstall` where the archives are, in {}?", manifests.join(", "));
    answer(Confirm::new(&question).with_default(true).prompt())
}
