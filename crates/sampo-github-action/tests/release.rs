//! The Action's mode `release`: versions and changelogs in the checkout, and what the next steps are told of them.

use sampo_testkit::runner::Step;
use sampo_testkit::{Repo, Runner};
use serde_json::Value;

const TARGETS: &str = "[distribute]\ntargets = ['x86_64-unknown-linux-gnu']\n";

/// A repository with the library `base` and the program `my-cli`, and a changeset for both.
fn repo(config: &str) -> Repo {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", config);
    repo.cargo_workspace(&[("base", "0.1.0", ""), ("my-cli", "1.2.0", "")]);
    repo.write(".sampo/changesets/a.md", "---\ncargo/my-cli: minor\ncargo/base: patch\n---\n\nFaster.\n");
    repo.commit("work");
    repo
}

fn release(repo: &Repo, inputs: &[(&str, &str)]) -> Step {
    let runner = Runner::new(repo, env!("CARGO_BIN_EXE_sampo-github-action"));
    runner.step(&[&[("command", "release")], inputs].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn versions_are_written_and_the_next_steps_told() {
    let repo = repo(TARGETS);
    let step = release(&repo, &[]);
    assert_eq!((step.code, step.output("released")), (0, "true"), "{}", step.log);
    assert!(repo.read("crates/my-cli/Cargo.toml").contains("version = \"1.3.0\""));
    assert!(!repo.exists(".sampo/changesets/a.md"));
    assert_eq!(repo.git(&["log", "--format=%s"]), "work", "nothing is committed");
    let plan = json(step.output("release-plan"));
    assert_eq!((&plan["releases"][1]["tag"], &plan["commit"]), (&"my-cli-v1.3.0".into(), &Value::Null));
    assert_eq!(json(step.output("build-matrix"))["include"][0]["version"], "1.3.0");
    assert!(step.summary.starts_with("## Released\n"), "{}", step.summary);
    assert!(step.summary.contains("| `my-cli` | `1.2.0` → `1.3.0` | `my-cli-v1.3.0` |"), "{}", step.summary);

    let again = release(&repo, &[]);
    assert_eq!((again.code, again.output("released"), again.output("build-needed")), (0, "false", "false"));
    assert!(again.log.contains("nothing to release: there is no changeset"), "{}", again.log);
    assert_eq!((again.output("release-plan"), again.summary.as_str()), ("", ""));
}

#[test]
fn a_dry_run_tells_the_plan_and_writes_nothing() {
    let repo = repo(TARGETS);
    for value in ["true", "1"] {
        let step = release(&repo, &[("dry-run", value)]);
        assert_eq!((step.code, step.output("released"), step.output("build-needed")), (0, "false", "false"));
        assert!(step.log.contains("my-cli: 1.2.0 -> 1.3.0\n"), "{}", step.log);
        assert_eq!(json(step.output("release-plan"))["releases"].as_array().unwrap().len(), 2);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
    let step = release(&repo, &[("dry-run", "maybe")]);
    assert_eq!(step.code, 1);
    assert_eq!(step.told("error"), ["the input `dry-run` is `maybe`; expected `true` or `false`"]);
}

#[test]
fn a_matrix_that_cannot_be_made_is_told_before_anything_is_written() {
    let repo = repo("[distribute]\ntargets = ['sparc64-unknown-netbsd']\n");
    let step = release(&repo, &[]);
    assert_eq!(step.code, 1, "{}", step.log);
    assert!(step.told("error")[0].contains("no runner is known to build `sparc64-unknown-netbsd`"), "{}", step.log);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(step.output("released"), "false");
}

#[test]
fn a_repository_that_distributes_nothing_needs_no_targets() {
    let step = release(&repo(""), &[]);
    assert_eq!((step.code, step.output("released"), step.output("build-matrix")), (0, "true", ""), "{}", step.log);
}

#[test]
fn only_branches_for_releases_release() {
    let repo = repo("");
    let runner = Runner::new(&repo, env!("CARGO_BIN_EXE_sampo-github-action"));
    let step = runner.env("GITHUB_REF_NAME", "topic").step(&[("command", "release")]);
    assert!(step.told("error")[0].starts_with("branch-not-configured: "), "{}", step.log);
    assert_eq!((step.code, repo.git(&["status", "--porcelain"]).as_str()), (1, ""));
}
