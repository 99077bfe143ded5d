//! The Action's mode `plan`: what comes next, and what must be built for it, on any branch and without a trace.

use sampo_testkit::runner::Step;
use sampo_testkit::{Repo, Runner};
use serde_json::Value;

const PRIVATE: &str = "publish = false";

/// A repository with two programs for one target, and a library, none of them tagged.
fn repo() -> Repo {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "[distribute]\ntargets = ['x86_64-unknown-linux-gnu']\n");
    repo.cargo_workspace(&[("a-cli", "1.0.0", PRIVATE), ("b-cli", "2.0.0", PRIVATE), ("base", "0.1.0", PRIVATE)]);
    repo.commit("release");
    repo
}

fn plan(repo: &Repo) -> Step {
    let before = repo.git(&["for-each-ref"]);
    // A pull request's checkout: no branch, and the name of a merge.
    let runner = Runner::new(repo, env!("CARGO_BIN_EXE_sampo-github-action")).env("GITHUB_REF_NAME", "12/merge");
    let step = runner.without("GIT_COMMITTER_NAME").without("GIT_COMMITTER_EMAIL").step(&[("mode", "plan")]);
    assert_eq!(step.code, 0, "{}", step.log);
    assert_eq!((repo.git(&["status", "--porcelain"]), repo.git(&["for-each-ref"])), (String::new(), before));
    assert_eq!((step.output("released"), step.output("published")), ("false", "false"));
    step
}

/// The tags that are planned, and those that something must be built for.
fn planned(step: &Step) -> (Vec<String>, Vec<String>) {
    let tags = |text: &str, list: &str| -> Vec<String> {
        if text.is_empty() {
            return Vec::new();
        }
        let value: Value = serde_json::from_str(text).unwrap();
        value[list].as_array().unwrap().iter().map(|entry| entry["tag"].as_str().unwrap().to_owned()).collect()
    };
    let built = tags(step.output("build-matrix"), "include");
    assert_eq!(step.output("build-needed"), (!built.is_empty()).to_string());
    (tags(step.output("release-plan"), "releases"), built)
}

fn text(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_publish_would_tag_is_to_be_built() {
    let repo = repo();
    let step = plan(&repo);
    let all = text(&["a-cli-v1.0.0", "b-cli-v2.0.0", "base-v0.1.0"]);
    assert_eq!(planned(&step), (all, text(&["a-cli-v1.0.0", "b-cli-v2.0.0"])));
    assert!(step.log.contains("to be published: cargo/a-cli 1.0.0 (a-cli-v1.0.0)\n"), "{}", step.log);
    assert!(step.summary.starts_with("## To be published\n"), "{}", step.summary);
}

#[test]
fn one_job_may_build_everything_for_a_target() {
    let repo = repo();
    let runner = Runner::new(&repo, env!("CARGO_BIN_EXE_sampo-github-action"));
    let step = runner.step(&[("mode", "plan"), ("group-by", "target")]);
    let matrix: Value = serde_json::from_str(step.output("build-matrix")).unwrap();
    assert_eq!(matrix["include"].as_array().unwrap().len(), 1, "{matrix}");
    assert_eq!(matrix["include"][0]["packages"], "cargo/a-cli cargo/b-cli");
    let step = runner.step(&[("mode", "plan"), ("group-by", "os")]);
    assert_eq!(step.code, 1);
    assert!(step.log.contains("the input `group-by` is `os`; expected `package` or `target`"), "{}", step.log);
}

#[test]
fn what_is_tagged_here_is_built_again_and_what_is_tagged_elsewhere_is_not() {
    let repo = repo();
    repo.tag("a-cli-v1.0.0");
    repo.commit("later");
    repo.tag("b-cli-v2.0.0");
    let step = plan(&repo);
    assert_eq!(planned(&step), (text(&["b-cli-v2.0.0", "base-v0.1.0"]), text(&["b-cli-v2.0.0"])));
    assert!(step.log.contains("to be published: cargo/base 0.1.0 (base-v0.1.0)\n"), "{}", step.log);
    assert!(step.log.contains("tagged at this commit: cargo/b-cli 2.0.0 (b-cli-v2.0.0)\n"), "{}", step.log);
    assert!(step.summary.contains("## Tagged at this commit\n"), "{}", step.summary);
    repo.tag("base-v0.1.0");
    repo.commit("last");
    let step = plan(&repo);
    assert_eq!(planned(&step), (vec![], vec![]));
    assert!(step.log.contains("nothing to publish"), "{}", step.log);
}

#[test]
fn changesets_come_first_and_nothing_is_built_for_them_yet() {
    let repo = repo();
    repo.write(".sampo/changesets/a.md", "---\ncargo/a-cli: minor\n---\n\nFaster.\n");
    repo.commit("work");
    let step = plan(&repo);
    assert_eq!(planned(&step), (text(&["a-cli-v1.1.0"]), vec![]));
    assert!(step.summary.contains("## To be released\n"), "{}", step.summary);
}

#[test]
fn a_shallow_clone_learns_of_tags_from_the_remote() {
    let origin = repo();
    origin.tag("a-cli-v1.0.0");
    origin.commit("later");
    let url = format!("file://{}", origin.push_to_origin().to_string_lossy());
    let clone = Repo::new();
    clone.git(&["remote", "add", "origin", &url]);
    clone.git(&["fetch", "--quiet", "--depth=1", "--no-tags", "origin", "main"]);
    clone.git(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
    assert_eq!(planned(&plan(&clone)), (text(&["b-cli-v2.0.0", "base-v0.1.0"]), text(&["b-cli-v2.0.0"])));
}
