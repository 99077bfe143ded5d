//! The texts of pipelines. Of the workspace, only its branches, its folder of built files and what kinds of packages it
//! has go into them: no name of a package ever does.

use crate::config::{Config, NonBlank};
use crate::workspace::{Ecosystem, Workspace};

/// The Action at the version that belongs to this one.
const ACTION: &str =
    concat!("bruits/sampo/crates/sampo-github-action@sampo-github-action-v", env!("CARGO_PKG_VERSION"));

/// The workflow for GitHub.
pub(super) fn github(config: &Config, workspace: &Workspace) -> String {
    let has = |ecosystem| workspace.packages.iter().any(|package| package.id.ecosystem() == ecosystem);
    let branches = std::iter::once(&config.git.default_branch).chain(&config.git.release_branches);
    let branches: Vec<String> = branches.map(NonBlank::as_str).map(|branch| scalar(&pattern(branch))).collect();
    let values = [("{branches}", format!("[{}]", branches.join(", "))), ("{action}", ACTION.to_owned())];
    let text = include_str!("../github.yml");
    let text = without_parts(text, |part| match part {
        "cargo" => has(Ecosystem::Cargo),
        _ => has(Ecosystem::Npm),
    });
    let text = values.iter().fold(text, |text, (name, value)| text.replace(name, value));
    match config.distribute.artifacts_dir.as_str() {
        "dist" => text,
        folder => in_folder(&text, folder),
    }
}

/// The pipeline for GitLab, and what joins the one that it generates.
pub(super) fn gitlab() -> Vec<String> {
    [include_str!("../gitlab.yml"), include_str!("../gitlab-distribute.yml")].map(str::to_owned).into()
}

/// Lines that end in `#: cargo` or `#: npm` stand only where there are such packages.
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
            let folder = folder.replace("${{", "${{ '${{' }}");
            format!("{indent}path: {}\n", scalar(&format!("{folder}{rest}")))
        }
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
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
