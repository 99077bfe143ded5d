//! The Action's mode `verify`: what stands at a destination, and what fails the run.

use std::fs;

use sampo_testkit::runner::Step;
use sampo_testkit::{Repo, Runner, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// A release that was delivered to a folder.
fn delivered() -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    let site = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n";
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}']\n{site}"));
    repo.commit("release");
    repo.tag("my-cli-v1.2.0");
    repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
    let step = run(&repo, &[("command", "distribute")]);
    assert_eq!((step.code, step.output("distributed")), (0, "true"), "{}", step.log);
    fs::remove_dir_all(repo.path("dist")).unwrap();
    repo
}

fn run(repo: &Repo, inputs: &[(&str, &str)]) -> Step {
    Runner::new(repo, env!("CARGO_BIN_EXE_sampo-github-action")).step(inputs)
}

#[test]
fn what_is_as_it_should_be_succeeds_and_is_told() {
    let repo = delivered();
    let step = run(&repo, &[("command", "verify"), ("against", "checksums")]);
    assert_eq!((step.code, step.output("failed-backends")), (0, "[]"), "{}", step.log);
    assert!(step.summary.starts_with("## 3 identical\n"), "{}", step.summary);
    assert!(step.summary.contains("| 🟢 visible | `site` | 3 of 3 identical |  |"), "{}", step.summary);
}

#[test]
fn what_differs_fails_the_run_and_is_named() {
    let repo = delivered();
    let archive = format!("site/1.2.0/my-cli-1.2.0-{LINUX}.tar.gz");
    assert!(repo.exists(&archive));
    repo.write(&archive, "something else");
    let step = run(&repo, &[("command", "verify"), ("all", "true")]);
    assert_eq!((step.code, step.output("failed-backends")), (1, "[\"site\"]"), "{}", step.log);
    assert!(step.summary.contains("| 🔴 unfinished | `site` | 2 of 3 identical |"), "{}", step.summary);
    assert!(
        step.summary.contains(&format!("🔴 **`different`** `my-cli-1.2.0-{LINUX}.tar.gz` at `site`")),
        "{}",
        step.summary
    );
    let [unfinished, different] = step.told("error").try_into().unwrap();
    assert!(unfinished.starts_with("site: cargo/my-cli 1.2.0: unfinished"), "{unfinished}");
    let expected = format!("my-cli-1.2.0-{LINUX}.tar.gz at site: cargo/my-cli 1.2.0: different: it has SHA-256 ");
    assert!(different.starts_with(&expected), "{different}");
}

#[test]
fn nothing_to_verify_is_no_failure_and_a_wrong_input_is() {
    let repo = delivered();
    repo.commit("later");
    let step = run(&repo, &[("command", "verify")]);
    assert_eq!(step.code, 0, "{}", step.log);
    let step = run(&repo, &[("command", "verify"), ("all", "true"), ("jobs", "0")]);
    assert_eq!((step.code, step.told("error").len()), (1, 1), "{}", step.log);
}
