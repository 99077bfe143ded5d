//! What is added to `.sampo/config.toml`.

use std::path::Path;

use super::SetupError;
use super::answers::{Answers, NewBackend};
use super::toml_file::TomlFile;
use crate::config::distribute::ArchiveFormat;
use crate::config::{self, BackendTable, Config};
use crate::project::Project;

/// `text`, the configuration of `project`, with everything that `answers` ask for.
pub(super) fn with(text: &str, answers: &Answers, project: &Project) -> Result<String, SetupError> {
    let config = &project.config;
    let mut file = TomlFile::parse(Path::new(config::PATH), text)?;
    if let Some(repository) = answers.repository.as_ref().filter(|_| config.github.repository.is_none()) {
        file.set(&["github"], "repository", repository.to_string());
    }
    let known = &config.distribute.targets;
    let mut targets: Vec<String> = Vec::new();
    for target in answers.targets.iter().filter(|target| !known.contains(target)).map(ToString::to_string) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    if !targets.is_empty() {
        file.extend(&["distribute"], "targets", targets);
    }
    for target in answers.targets.iter().filter(|target| target.default_runner().is_none()) {
        if !config.distribute.runners.contains_key(target) {
            file.set(&["distribute", "runners"], target.as_str(), target.similar_runner());
        }
    }
    add_archive(&mut file, answers.archive, config);
    add_package(&mut file, answers, project);
    for backend in &answers.backends {
        add_backend(&mut file, backend, config);
    }
    Ok(file.into_text())
}

/// Windows unpacks zip only, so that its archives stay what they are unless there are none at all.
fn add_archive(file: &mut TomlFile, format: Option<ArchiveFormat>, config: &Config) {
    let Some(format) = format else { return };
    let table = ["distribute", "archive"];
    if config.distribute.archive.unix != format {
        file.set(&table, "unix", format.as_str());
    }
    if format == ArchiveFormat::None && config.distribute.archive.windows != format {
        file.set(&table, "windows", format.as_str());
    }
}

fn add_package(file: &mut TomlFile, answers: &Answers, project: &Project) {
    let Some(ready_made) = &answers.ready_made else { return };
    let packages = &project.config.distribute.packages;
    let is_the_one = |key: &&String| project.workspace.resolve(key).is_ok_and(|found| found.id == ready_made.package);
    let key = packages.keys().find(is_the_one).cloned().unwrap_or_else(|| ready_made.package.to_string());
    let table = ["distribute", "packages", &key];
    if let Some(build) = &ready_made.build {
        file.set(&table, "build", build);
    }
    file.set(&table, "artifacts", toml_edit::Array::from_iter([&ready_made.artifacts]));
}

/// Adds a backend, unless one of its type does the same.
pub(super) fn add_backend(file: &mut TomlFile, backend: &NewBackend, config: &Config) {
    let (kind, name) = backend.kind_and_name();
    let does_the_same = |table: &BackendTable| {
        let written = |key: &str| file.get(&["distribute", "backends", table.name(), key])?.as_str();
        table.kind == kind && backend.setting().is_none_or(|(key, value)| written(key) == Some(value))
    };
    if config.distribute.backends.values().any(does_the_same) {
        return;
    }
    let taken = |name: &str| file.get(&["distribute", "backends", name]).is_some();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let name = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default();
    let table = ["distribute", "backends", &name];
    file.set(&table, "type", kind);
    if let Some((key, value)) = backend.setting() {
        file.set(&table, key, value);
    }
}
