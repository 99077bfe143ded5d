//! What others have written reaches outputs, log and summary as text, and changes nothing but its own place.

use std::collections::BTreeSet;

use sampo_testkit::runner::Step;
use sampo_testkit::{Repo, Runner};
use serde_json::Value;

/// Everything at once: commands in both notations, expressions, quotes, Markdown, HTML.
const NAME: &str = "::set-output name=released::evil ##[add-mask]y ${{ github.token }}\"'`| # <img>";
/// What a name must not hold on top of that: lines that set outputs.
const LINES: &str = "x\nbuild-needed=evil\r##[add-mask]y\n::add-path::/evil";
const MESSAGE: &str =
    "Fixed.\n\nreleased=evil\nEOF\nsampo-\n::add-path::/evil\n##[group]x\n${{ secrets.X }} `|` <script>";

/// A repository with a package called `name` that needs another one, which `private` keeps from registries.
fn repo(name: &str) -> Repo {
    let repo = Repo::new();
    let needs = serde_json::json!({ "good": "^1.0.0" });
    let manifest = serde_json::json!({ "name": name, "version": "1.0.0", "private": true, "dependencies": needs });
    repo.write("package.json", r#"{ "private": true, "workspaces": ["packages/*"] }"#);
    repo.write("packages/x/package.json", manifest.to_string());
    repo.write("packages/good/package.json", r#"{ "name": "good", "version": "1.0.0", "private": true }"#);
    repo.write(".sampo/config.toml", "");
    repo.commit("work");
    repo
}

fn run(repo: &Repo, mode: &str) -> Step {
    let step = Runner::new(repo, env!("CARGO_BIN_EXE_sampo-github-action")).step(&[("command", mode)]);
    let names: BTreeSet<&str> = step.outputs.keys().map(String::as_str).collect();
    let expected = "build-matrix build-needed distribute-report distributed failed-backends published release-plan released retry-matrix";
    assert_eq!(names.into_iter().collect::<Vec<_>>().join(" "), expected, "{}", step.log);
    let ours = ["error", "warning"];
    let strange = step.commands().into_iter().find(|command| !ours.contains(&command.name.as_str()));
    assert_eq!(strange, None, "{}", step.log);
    step
}

#[test]
fn a_hostile_name_and_message_are_released_under_their_own_name() {
    let repo = repo(NAME);
    repo.write(".sampo/changesets/a.md", format!("---\nnpm/good: major\n---\n\n{MESSAGE}\n"));
    let step = run(&repo, "release");
    assert_eq!((step.code, step.output("released"), step.output("build-needed")), (0, "true", "false"), "{}", step.log);
    let plan: Value = serde_json::from_str(step.output("release-plan")).unwrap();
    assert_eq!(plan["releases"][0]["package"], format!("npm/{NAME}"));
    assert!(plan["releases"][1]["changelog"].as_str().unwrap().contains("::add-path::/evil"));
    let headings: Vec<&str> = step.summary.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings, ["## Released"], "{}", step.summary);
    assert_eq!(step.summary.lines().filter(|line| line.starts_with('|')).count(), 4, "{}", step.summary);
}

#[test]
fn a_name_of_several_lines_is_one_error_in_every_mode() {
    let repo = repo(LINES);
    for mode in ["auto", "plan", "release", "publish", "distribute", "verify"] {
        let step = run(&repo, mode);
        assert_eq!((step.code, step.output("released"), step.output("build-needed")), (1, "false", "false"), "{mode}");
        let [error] = step.told("error").try_into().unwrap();
        assert!(error.contains("holds a control character"), "{mode}: {error}");
        assert!(step.summary.starts_with("## Failed\n\n🔴 **`control-character`**\n"), "{mode}: {}", step.summary);
    }
}

#[test]
fn a_name_that_cannot_be_a_tag_is_one_error() {
    let step = run(&repo(NAME), "publish");
    assert_eq!((step.code, step.output("published"), step.output("released")), (1, "false", "false"), "{}", step.log);
    let [error] = step.told("error").try_into().unwrap();
    assert!(error.starts_with("tag-invalid: ") && error.contains(NAME), "{error}");
    assert!(step.summary.starts_with("## Failed\n\n🔴 **`tag-invalid`**\n"), "{}", step.summary);
}

#[test]
fn a_hostile_branch_and_mode_are_only_named() {
    let repo = repo(NAME);
    let branch = "x%0A::add-path::/evil";
    let runner = Runner::new(&repo, env!("CARGO_BIN_EXE_sampo-github-action")).env("GITHUB_REF_NAME", branch);
    let step = runner.step(&[("command", "publish")]);
    assert!(step.told("error")[0].contains(&format!("`{branch}` is not a release branch")), "{}", step.log);
    let step = runner.step(&[("command", "x\n::add-path::/evil")]);
    assert!(step.told("error")[0].contains("there is no mode `x\n::add-path::/evil`"), "{}", step.log);
    assert_eq!((step.code, step.commands().len()), (1, 1));
}
