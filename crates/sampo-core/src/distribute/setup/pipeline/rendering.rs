//! The texts of pipelines. Of the workspace, only its branches, its folder of built files and what kinds of packages it
//! has go into them: no name of a package ever does.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{Config, ConfigError, NonBlank};
use crate::distribute::participant::participants;
use crate::workspace::{Ecosystem, Workspace};

/// The Action at the version that belongs to this one.
const ACTION: &str =
    concat!("bruits/sampo/crates/sampo-github-action@sampo-github-action-v", env!("CARGO_PKG_VERSION"));

/// How the packages of a workspace are installed, by the lock file that their manager keeps.
const INSTALLS: &[(&str, &str)] = &[
    ("pnpm-lock.yaml", "corepack enable && pnpm install"),
    ("yarn.lock", "corepack enable && yarn install"),
    ("bun.lock", "npm install --global bun && bun install"),
    ("package-lock.json", "npm ci"),
];
/// The same without any lock file.
const USUAL_INSTALL: &str = "npm install";

/// The workflow for GitHub of a workspace in the folder `prefix` of its repository.
pub(super) fn github(config: &Config, workspace: &Workspace, prefix: &str) -> Result<String, ConfigError> {
    let built: BTreeSet<Ecosystem> =
        participants(config, workspace)?.iter().map(|participant| participant.id().ecosystem()).collect();
    let published = published(config, workspace);
    let branches = std::iter::once(&config.git.default_branch).chain(&config.git.release_branches);
    let branches: Vec<String> = branches.map(NonBlank::as_str).map(|branch| scalar(&pattern(branch))).collect();
    let install = INSTALLS.iter().find(|(file, _)| workspace.root.join(file).exists());
    let values = [
        ("{branches}", format!("[{}]", branches.join(", "))),
        ("{action}", ACTION.to_owned()),
        ("{folder}", scalar(&literal(prefix.trim_end_matches('/')))),
        ("{install}", install.map_or(USUAL_INSTALL, |(_, command)| command).to_owned()),
    ];
    let text = without_parts(include_str!("../github.yml"), |part| match part {
        "below" => !prefix.is_empty(),
        "publishes" => !published.is_empty(),
        "publishes cargo" => published.contains(&Ecosystem::Cargo),
        "publishes npm" => published.contains(&Ecosystem::Npm),
        "builds cargo" => built.contains(&Ecosystem::Cargo),
        _ => built.contains(&Ecosystem::Npm),
    });
    let text = values.iter().fold(text, |text, (name, value)| text.replace(name, value));
    let folder = Path::new(prefix).join(&config.distribute.artifacts_dir).to_string_lossy().replace('\\', "/");
    Ok(if folder == "dist" { text } else { in_folder(&text, &folder) })
}

/// The ecosystems with a package that goes to a registry.
pub(in super::super) fn published(config: &Config, workspace: &Workspace) -> BTreeSet<Ecosystem> {
    let visible = workspace.packages.iter().filter(|package| package.publishable && !config.packages.ignores(package));
    visible.map(|package| package.id.ecosystem()).collect()
}

/// The pipeline for GitLab, and what joins the one that it generates.
pub(super) fn gitlab() -> Vec<String> {
    [include_str!("../gitlab.yml"), include_str!("../gitlab-distribute.yml")].map(str::to_owned).into()
}

/// Lines that end in `#: PART` stand only where that part is there.
fn without_parts(text: &str, is_there: impl Fn(&str) -> bool) -> String {
    let line = |line: &str| match line.rsplit_once(" #: ") {
        Some((line, part)) => is_there(part).then(|| format!("{}\n", line.trim_end())),
        None => Some(format!("{line}\n")),
    };
    text.lines().filter_map(line).collect()
}

/// The same with another folder of built files, which stands in values of `path` only.
fn in_folder(text: &str, folder: &str) -> String {
    let line = |line: &str| match line.split_once("path: dist") {
        Some((indent, rest)) => {
            format!("{indent}path: {}\n", scalar(&format!("{}{rest}", literal(folder))))
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// `text` where GitHub would look for expressions in it.
fn literal(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}

/// A branch's name as a filter that fits only this branch.
fn pattern(branch: &str) -> String {
    branch.chars().flat_map(|c| if "*?+[]!\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

/// `text` in YAML, in quotes where it could be taken for something else.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::workspace::fixtures::{config, package, workspace};
    use crate::workspace::{Package, PackageId};

    fn of(ecosystem: Ecosystem, name: &str) -> Package {
        Package { id: PackageId::new(ecosystem, name), binaries: vec!["it".into()], ..package(name, &[]) }
    }

    fn rendered(text: &str, packages: impl IntoIterator<Item = Package>) -> String {
        rendered_in("", text, packages)
    }

    fn rendered_in(prefix: &str, text: &str, packages: impl IntoIterator<Item = Package>) -> String {
        github(&config(text), &workspace(packages), prefix).unwrap()
    }

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Run with `UPDATE_EXAMPLES=1` to write them anew. Of the Action's version they may be behind, since a release
    /// changes no example.
    #[test]
    fn the_examples_of_the_documentation_are_what_is_written() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
        let [gitlab, child] = gitlab().try_into().unwrap();
        let expected = [
            ("release.yml", rendered("", [of(Ecosystem::Cargo, "a")])),
            ("gitlab/.gitlab-ci.yml", gitlab),
            ("gitlab/distribute.yml", child),
        ];
        for (name, text) in expected {
            let path = folder.join(name);
            if std::env::var_os("UPDATE_EXAMPLES").is_some() {
                crate::atomic::write(&path, &text).unwrap();
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                without_version(&written) == without_version(&text),
                "`docs/examples/{name}` is out of date: run `UPDATE_EXAMPLES=1 cargo test -p sampo-core rendering`"
            );
        }
    }

    fn without_version(text: &str) -> String {
        let (action, _) = ACTION.rsplit_once("-v").unwrap();
        let line = |line: &str| match line.split_once(action) {
            Some((before, _)) => format!("{before}{action}\n"),
            None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn each_kind_of_package_brings_its_own_lines_and_nothing_is_left_to_fill_in() {
        let cargo = rendered("", [of(Ecosystem::Cargo, "a")]);
        let npm = rendered("", [of(Ecosystem::Npm, "a")]);
        let both = rendered("", [of(Ecosystem::Cargo, "a"), of(Ecosystem::Npm, "a")]);
        for text in [&cargo, &npm, &both, &rendered("", [])] {
            let workflow = read(text);
            assert_eq!(workflow["on"]["push"]["branches"], json!(["main"]));
            assert_eq!(workflow["permissions"], json!({ "contents": "read" }));
            assert!(!text.contains("#:") && !text.replace("${{", "").contains('{'), "{text}");
        }
        assert!(cargo.contains("CARGO_REGISTRY_TOKEN") && !cargo.contains("npm") && !cargo.contains("NPM"), "{cargo}");
        assert!(npm.contains("NPM_TOKEN") && !npm.contains("rustup") && !npm.contains("CARGO"), "{npm}");
        assert!(["NPM_TOKEN", "CARGO_REGISTRY_TOKEN", "npm install", "rustup"].iter().all(|part| both.contains(part)));
    }

    #[test]
    fn what_is_neither_published_nor_delivered_brings_nothing() {
        let private = Package { publishable: false, binaries: Vec::new(), ..of(Ecosystem::Npm, "site") };
        let cargo = || of(Ecosystem::Cargo, "a");
        assert_eq!(rendered("", [cargo(), private]), rendered("", [cargo()]));
        let unpublished = rendered("", [Package { publishable: false, ..cargo() }]);
        assert!(!unpublished.contains("CARGO_REGISTRY_TOKEN") && unpublished.contains("rustup"), "{unpublished}");
        let step = &read(&unpublished)["jobs"]["release"]["steps"][1];
        assert!(
            step["with"].is_object() && step.get("env").is_none(),
            "GitHub refuses an `env` without anything: {step}"
        );
    }

    #[test]
    fn no_name_of_a_package_enters_a_workflow() {
        let plain = rendered("", [of(Ecosystem::Cargo, "a"), of(Ecosystem::Npm, "b")]);
        for name in ["x\n    env: {}", "${{ secrets.TOKEN }}", "::set-output name=x::y", "'\"#: cargo"] {
            assert_eq!(rendered("", [of(Ecosystem::Cargo, name), of(Ecosystem::Npm, name)]), plain, "{name}");
        }
    }

    #[test]
    fn a_folder_below_the_top_is_nothing_but_a_folder_whatever_its_name_is() {
        let cargo = || [of(Ecosystem::Cargo, "a")];
        assert!(!rendered("", cargo()).contains("working-directory"));
        let workflow = read(&rendered_in("a/on: \"x\" ${{ y }}/", "", cargo()));
        let folder = "a/on: \"x\" ${{ '${{' }} y }}";
        let jobs = &workflow["jobs"];
        let input = |job: &str, step: usize| &jobs[job]["steps"][step]["with"]["working-directory"];
        for found in [input("release", 1), input("distribute", 2), input("retry", 2)] {
            assert_eq!(found, folder);
        }
        assert_eq!(jobs["build"]["defaults"]["run"]["working-directory"], folder);
        assert_eq!(jobs["distribute"]["steps"][1]["with"]["path"], format!("{folder}/dist"));
    }

    #[test]
    fn branches_are_filters_that_fit_nothing_else() {
        let names = ["trunk", "1.x", "on", "a+b", "x\"]\nenv: {y", "feature/*", "\u{e4}"];
        let list = toml::Value::from(names[1..].to_vec());
        let workflow = rendered(&format!("[git]\ndefault_branch = 'trunk'\nrelease_branches = {list}\n"), []);
        let expected = json!(["trunk", "1.x", "on", "a\\+b", "x\"\\]\nenv: {y", "feature/\\*", "\u{e4}"]);
        assert_eq!(read(&workflow)["on"]["push"]["branches"], expected);
    }

    #[test]
    fn another_folder_of_built_files_stands_wherever_files_are_taken_and_put() {
        let usual = read(&rendered("", []));
        let paths = |workflow: &Value| -> Vec<String> {
            let jobs = workflow["jobs"].as_object().unwrap().values();
            let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
            steps.filter_map(|step| step["with"]["path"].as_str()).map(str::to_owned).collect()
        };
        let found = paths(&usual);
        assert!(found.iter().filter(|path| path.starts_with("dist")).count() >= 2, "{found:?}");
        let workflow = read(&rendered("[distribute]\nartifacts_dir = 'out: \"${{ x }}\"'\n", []));
        let folder = "out: \"${{ '${{' }} x }}\"";
        let moved = |path: &String| match path.strip_prefix("dist") {
            Some(rest) => format!("{folder}{rest}"),
            None => path.clone(),
        };
        assert_eq!(paths(&workflow), found.iter().map(moved).collect::<Vec<_>>());
    }
}
