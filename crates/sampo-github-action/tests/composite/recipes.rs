//! The workflows in `docs/examples`, played whole: each job on a fresh clone, with the real program, against a remote
//! and a GitHub.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sampo_testkit::github::TOKEN;
use sampo_testkit::{FakeGithub, Repo, executables};
use serde_json::{Value, json};

use crate::workflow::{Run, Workflow};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"];
const VERSION: &str = env!("CARGO_PKG_VERSION");
const TAG: &str = "my-cli-v1.3.0";

/// A project with a remote, its GitHub, and the machines of its workflows.
struct Project {
    repo: Repo,
    github: FakeGithub,
    origin: PathBuf,
}

impl Project {
    /// A program with a change that was noted, and a second destination, which does not work while `down` is there.
    fn new() -> Self {
        let repo = Repo::new();
        let elsewhere = repo.outside("elsewhere");
        for target in TARGETS {
            fs::write(elsewhere.join(format!("built-{target}")), executables::executable(target)).unwrap();
        }
        repo.cargo_workspace(&[("my-cli", "1.2.0", "publish = false")]);
        repo.write(
            ".sampo/config.toml",
            format!(
                "[github]\nrepository = 'acme/app'\n[distribute]\ntargets = {TARGETS:?}\n\
                 build = 'd=\"$SAMPO_ARTIFACTS_DIR/my-cli-$SAMPO_TARGET\"; mkdir -p \"$d\"; cp {0}/built-$SAMPO_TARGET \"$d/my-cli\"'\n\
                 [distribute.backends.github]\ntype = 'github-release'\n\
                 [distribute.backends.shop]\ntype = 'command'\nrun = 'test ! -e {0}/down'\n",
                elsewhere.display()
            ),
        );
        repo.write(".sampo/changesets/a.md", "---\ncargo/my-cli: minor\n---\n\nAdded a thing.\n");
        repo.commit("note");
        let origin = repo.push_to_origin();
        let github = FakeGithub::start();
        github.with_git(&origin);
        Self { repo, github, origin }
    }

    /// Merges the release pull request.
    fn merge(&self) {
        let [pull] = &self.github.pulls()[..] else { panic!("{:?}", self.github.pulls()) };
        self.repo.git(&["fetch", "--quiet", "origin"]);
        self.repo.git(&["merge", "--quiet", "--no-ff", "--message", "merge", &format!("origin/{}", pull.head)]);
        self.repo.git(&["push", "--quiet", "origin", "main"]);
        self.github.close_pull(pull.number);
    }

    fn play(&self, name: &str, store: &str, inputs: Value) -> Run {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples").join(name);
        self.play_text(&fs::read_to_string(path).unwrap(), store, inputs)
    }

    fn play_text(&self, text: &str, store: &str, inputs: Value) -> Run {
        let variables = [
            ("PATH", format!("{}:{}", self.tools().display(), std::env::var("PATH").unwrap())),
            ("RUNNER_TOOL_CACHE", self.tool_cache()),
            ("GITHUB_REPOSITORY", "acme/app".into()),
            ("GITHUB_REF_NAME", "main".into()),
            ("GITHUB_API_URL", self.github.api_url().into()),
            ("GITHUB_SERVER_URL", self.github.web_url().into()),
            ("GITHUB_TOKEN", TOKEN.into()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let store = self.repo.outside("artifacts").join(store);
        fs::create_dir_all(&store).unwrap();
        Workflow { text, repo: &self.repo, origin: &self.origin, variables, inputs, store }.play()
    }

    /// Where both programs are installed already: the Action itself, and a command line that builds at once.
    fn tool_cache(&self) -> String {
        let program = format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_sampo-github-action"));
        // Called as `sampo distribute build --package PACKAGE --target TARGET`.
        let build = format!(
            "if [ \"$1\" = --version ]; then echo 'sampo {VERSION}'; exit; fi\n\
             mkdir -p \"dist/my-cli-$6\" && cp \"{}/built-$6\" \"dist/my-cli-$6/my-cli\"",
            self.repo.outside("elsewhere").display()
        );
        for (name, script) in [("sampo-github-action", program), ("sampo", build)] {
            let path = format!("tool cache/sampo/{name}/{VERSION}/x86_64-unknown-linux-gnu");
            write_program(&self.repo.outside(&path).join(name), &script);
        }
        self.repo.outside("tool cache").display().to_string()
    }

    /// A file that breaks something while it is there.
    fn switch(&self, name: &str) -> PathBuf {
        self.repo.outside("elsewhere").join(name)
    }

    fn tools(&self) -> PathBuf {
        let tools = self.repo.outside("tools");
        write_program(&tools.join("uname"), "case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac");
        write_program(&tools.join("getconf"), "echo 'glibc 2.39'");
        write_program(&tools.join("rustup"), &format!("test ! -e '{}'", self.switch("broken").display()));
        tools
    }
}

fn write_program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// How the jobs ended, in the order of the alphabet.
#[track_caller]
fn assert_results(run: &Run, expected: &[(&str, &str)]) {
    let results: Vec<(&str, &str)> = run.results.iter().map(|(job, result)| (job.as_str(), result.as_str())).collect();
    assert_eq!(results, expected, "{}", run.log);
}

#[test]
fn release_prepares_then_publishes_builds_and_delivers_and_is_done() {
    let project = Project::new();
    let none = Value::Null;
    let skipped = [("build", "skipped"), ("distribute", "skipped"), ("release", "success"), ("retry", "skipped")];
    let run = project.play("release.yml", "first", none.clone());
    assert_results(&run, &skipped);
    assert_eq!(project.github.pulls().len(), 1);
    project.merge();
    let run = project.play("release.yml", "second", none.clone());
    let all = [("build", "success"), ("distribute", "success"), ("release", "success"), ("retry", "skipped")];
    assert_results(&run, &all);
    let release = project.github.release(TAG);
    assert!(!release.draft, "{}", run.log);
    for target in TARGETS {
        assert!(project.github.assets(TAG).contains(&format!("my-cli-1.3.0-{target}.tar.gz")));
    }
    // A later push, which releases nothing.
    project.repo.write("README.md", "Words.\n").commit("words");
    project.repo.git(&["push", "--quiet", "origin", "main"]);
    assert_results(&project.play("release.yml", "third", none), &skipped);
}

#[test]
fn a_backend_that_failed_is_tried_again_by_a_job_of_its_own_and_by_hand() {
    let project = Project::new();
    project.play("release.yml", "first", Value::Null);
    project.merge();
    let down = project.switch("down");
    fs::write(&down, "").unwrap();
    let run = project.play("release.yml", "second", Value::Null);
    let failed = [("build", "success"), ("distribute", "failure"), ("release", "success"), ("retry", "failure")];
    assert_results(&run, &failed);
    assert!(!project.github.release(TAG).draft, "{}", run.log);
    assert!(run.artifacts.contains(&"distribute-report".to_owned()));
    fs::remove_file(&down).unwrap();
    let writes = project.github.writes().len();
    // From the artifacts of that run, then from the release itself.
    for (run_id, store) in [("1234567890", "second"), ("", "none")] {
        let inputs = json!({ "tag": TAG, "backend": "shop", "run-id": run_id, "from": "github" });
        let run = project.play("retry.yml", store, inputs);
        assert_results(&run, &[("distribute", "success")]);
        assert!(run.log.contains("delivered"), "{}", run.log);
    }
    assert_eq!(project.github.writes().len(), writes, "the release was touched");
}

#[test]
fn builds_and_deliveries_work_on_shallow_checkouts_without_tags() {
    let project = Project::new();
    project.play("release.yml", "first", Value::Null);
    project.merge();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/release.yml");
    let text = fs::read_to_string(path).unwrap();
    let (release, others) = text.split_once("\n  build:").unwrap();
    let text = format!("{release}\n  build:{}", others.replace("fetch-depth: 0", "fetch-depth: 1"));
    let run = project.play_text(&text, "second", Value::Null);
    let all = [("build", "success"), ("distribute", "success"), ("release", "success"), ("retry", "skipped")];
    assert_results(&run, &all);
    assert!(!project.github.release(TAG).draft, "{}", run.log);
}

#[test]
fn gated_publishes_nothing_that_was_not_built() {
    let project = Project::new();
    let run = project.play("gated.yml", "first", Value::Null);
    let prepared = [
        ("build", "skipped"),
        ("distribute", "skipped"),
        ("plan", "success"),
        ("release", "success"),
        ("retry", "skipped"),
    ];
    assert_results(&run, &prepared);
    project.merge();
    fs::write(project.switch("broken"), "").unwrap();
    let run = project.play("gated.yml", "second", Value::Null);
    let held = [
        ("build", "failure"),
        ("distribute", "skipped"),
        ("plan", "success"),
        ("release", "skipped"),
        ("retry", "skipped"),
    ];
    assert_results(&run, &held);
    let tags = || project.repo.git(&["ls-remote", "--tags", "origin"]);
    assert_eq!(tags(), "");
    fs::remove_file(project.switch("broken")).unwrap();
    let run = project.play("gated.yml", "second", Value::Null);
    let all = [
        ("build", "success"),
        ("distribute", "success"),
        ("plan", "success"),
        ("release", "success"),
        ("retry", "skipped"),
    ];
    assert_results(&run, &all);
    assert!(tags().contains(TAG));
    assert!(!project.github.release(TAG).draft);
}

#[test]
fn fan_out_delivers_from_each_job_and_finishes_in_the_last() {
    let project = Project::new();
    project.play("fan-out.yml", "first", Value::Null);
    project.merge();
    let run = project.play("fan-out.yml", "second", Value::Null);
    let all = [("deliver", "success"), ("finish", "success"), ("release", "success"), ("retry", "skipped")];
    assert_results(&run, &all);
    assert!(!project.github.release(TAG).draft, "{}", run.log);
    assert!(project.github.assets(TAG).contains(&"SHA256SUMS".to_owned()));
}
