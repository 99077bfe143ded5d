//! `sampo distribute doctor`: the built program looks at whole repositories, a real remote and a strict fake of GitHub.

use std::fs;
use std::path::PathBuf;

use sampo_testkit::github::{Access, TOKEN};
use sampo_testkit::{FakeGithub, Repo};
use serde_json::Value;

const CONFIG: &str = "\
[github]
repository = 'acme/app'

[distribute]
targets = ['x86_64-unknown-linux-gnu', 'aarch64-apple-darwin']

[distribute.backends.github]
type = 'github-release'

[distribute.backends.site]
type = 'directory'
path = 'site/{{ crate }}/{{ version }}'
";

const WORKFLOW: &str = "\
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  release:
    runs-on: ubuntu-24.04
    permissions:
      contents: write
    outputs:
      build-matrix: ${{ steps.matrix.outputs.build-matrix }}
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
      - run: sampo publish || [ $? -eq 2 ]
      - run: git push origin --tags
      - id: matrix
        run: sampo distribute matrix
  build:
    needs: release
    if: ${{ needs.release.outputs.build-matrix != '' }}
    runs-on: ${{ matrix.os }}
    strategy:
      fail-fast: false
      matrix: ${{ fromJson(needs.release.outputs.build-matrix) }}
    steps:
      - uses: actions/checkout@v5
      - run: sampo distribute build
  distribute:
    needs: [release, build]
    if: ${{ !cancelled() && needs.release.outputs.build-matrix != '' }}
    runs-on: ubuntu-24.04
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@v5
        with:
          fetch-depth: 0
      - uses: actions/download-artifact@v8
        with:
          path: dist
      - run: sampo distribute
        env:
          GITHUB_TOKEN: ${{ github.token }}
";

/// A repository in perfect order: released, pushed, with a workflow, and a GitHub that knows it.
struct Ward {
    repo: Repo,
    github: FakeGithub,
    origin: PathBuf,
    token: &'static str,
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ward {
    fn new() -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "publish = false")]);
        repo.write(".sampo/config.toml", CONFIG).write(".github/workflows/release.yml", WORKFLOW);
        repo.commit("release");
        repo.tag("my-cli-v1.2.0");
        let origin = repo.push_to_origin();
        Self { repo, github: FakeGithub::start(), origin, token: TOKEN }
    }

    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.repo.command(env!("CARGO_BIN_EXE_sampo"));
        command.args(["distribute", "doctor"]).args(arguments);
        command.env("GITHUB_API_URL", self.github.api_url()).env("GITHUB_SERVER_URL", self.github.web_url());
        command.env("GITHUB_TOKEN", self.token).envs(variables.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        let ended = Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!ended.stdout.contains(self.token) || self.token.is_empty(), "{}", ended.stdout);
        assert!(!ended.stderr.contains(self.token) || self.token.is_empty(), "{}", ended.stderr);
        assert_eq!(self.github.writes(), []);
        ended
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(&[], arguments)
    }

    /// Everything that is not in order, as `LEVEL CHECK`, but for what this machine can build.
    fn problems_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Vec<String> {
        let ended = self.run_with(variables, &[&["--format", "json"], arguments].concat());
        let found: Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let all = found["findings"].as_array().unwrap();
        let problems = all.iter().filter(|finding| finding["level"] != "ok" && finding["check"] != "installed-targets");
        let problems: Vec<String> =
            problems.map(|finding| format!("{} {}", text(finding, "level"), text(finding, "check"))).collect();
        let is_wrong = problems.iter().any(|problem| problem.starts_with("error"));
        assert_eq!(ended.code, i32::from(is_wrong), "{}", ended.stdout);
        problems
    }

    fn problems(&self) -> Vec<String> {
        self.problems_with(&[], &[])
    }

    /// What is wrong once `old` stands there as `new`; afterwards the file is as before.
    fn with(&self, file: &str, old: &str, new: &str) -> Vec<String> {
        let before = self.repo.read(file);
        assert!(before.contains(old), "{old}");
        self.repo.write(file, before.replacen(old, new, 1));
        let problems = self.problems();
        self.repo.write(file, before);
        problems
    }
}

#[test]
fn a_repository_in_perfect_order_gives_nothing_but_ok() {
    let ward = Ward::new();
    assert_eq!(ward.problems(), [""; 0]);
    let ended = ward.run(&["--strict"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    for heading in ["Configuration\n", "\nTargets\n", "\nGit\n", "\nBackends\n", "\nGitHub\n", "\nWorkflows\n"] {
        assert!(ended.stdout.contains(heading), "{heading:?} {}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\u{1b}'), "no colours in a file");
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn each_mistake_in_the_configuration_gives_exactly_its_finding() {
    let ward = Ward::new();
    let config = |old: &str, new: &str| ward.with(".sampo/config.toml", old, new);
    let runner = "[distribute.runners]\naarch64-apple-darwin = 'macos-13'\n\n[distribute.backends.github]";
    assert_eq!(config("[distribute.backends.github]", runner), ["error runners"]);
    let name = "[distribute.archive]\nname = '{{ crate }} {{ target }}'\n\n[distribute.backends.github]";
    assert_eq!(config("[distribute.backends.github]", name), ["error artifact-names"]);
    let site = "type = 'directory'\npath = 'site/{{ crate }}/{{ version }}'";
    assert_eq!(config(site, "type = 'command'\nrun = ['./deliver.sh']"), ["error place"]);
    assert_eq!(
        config("type = 'github-release'", "type = 'github-release'\ntoken_env = 'TAP'"),
        ["note credentials", "warning workflow-credentials"]
    );
    assert_eq!(config("targets = [", "target = ["), ["error configuration"]);
    ward.repo.write("site", "in the way");
    assert_eq!(ward.problems(), ["error place"]);
}

#[test]
fn each_mistake_in_git_gives_exactly_its_finding() {
    let ward = Ward::new();
    let nobody = [("GIT_COMMITTER_NAME", ""), ("GIT_COMMITTER_EMAIL", "")];
    ward.repo.git(&["config", "user.useConfigOnly", "true"]);
    assert_eq!(ward.problems_with(&nobody, &[]), ["warning identity"]);
    ward.repo.git(&["push", "--quiet", "origin", ":refs/tags/my-cli-v1.2.0"]);
    assert_eq!(ward.problems(), ["error tags"]);
    ward.repo.git(&["tag", "-d", "my-cli-v1.2.0"]);
    assert_eq!(ward.problems(), ["note tags"]);
    fs::remove_dir_all(&ward.origin).unwrap();
    assert_eq!(ward.problems(), ["warning remote", "note tags"]);
    ward.repo.git(&["remote", "set-url", "origin", "https://me:hunter2hunter2@127.0.0.1:1/acme/app.git"]);
    let ended = ward.run(&[]);
    assert!(ended.stdout.contains("the remote `origin` cannot be asked"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("hunter2"), "{}", ended.stdout);
}

#[test]
fn a_shallow_checkout_is_told_with_what_it_lacks() {
    let mut ward = Ward::new();
    let shallow = ward.repo.outside("shallow");
    let url = format!("file://{}", ward.origin.display());
    ward.repo.commit("next");
    ward.repo.git(&["push", "--quiet", "origin", "main"]);
    ward.repo.git(&["clone", "--quiet", "--depth=1", "--no-tags", &url, &shallow.to_string_lossy()]);
    let arguments = ["-C", &shallow.to_string_lossy(), "rev-parse", "--is-shallow-repository"];
    assert_eq!(ward.repo.git(&arguments), "true");
    // The same git directory in the place of the whole one.
    fs::remove_dir_all(ward.repo.path(".git")).unwrap();
    fs::rename(shallow.join(".git"), ward.repo.path(".git")).unwrap();
    assert_eq!(ward.problems(), ["warning checkout-depth", "warning tags"]);
    ward.token = "";
    let in_ci = ward.problems_with(&[("CI", "true")], &["--backend", "site"]);
    assert_eq!(in_ci, ["warning checkout-depth", "warning tags", "note github"]);
}

#[test]
fn each_mistake_on_github_gives_exactly_its_finding() {
    let mut ward = Ward::new();
    ward.github.add_token("reader-token", Access::Read);
    ward.github.set_up(|settings| settings.default_branch = "trunk".into());
    assert_eq!(ward.problems(), ["warning default-branch"]);
    assert_eq!(ward.run(&["--strict"]).code, 1, "a warning is too much");
    ward.github.set_up(|settings| (settings.default_branch, settings.archived) = ("main".into(), true));
    assert_eq!(ward.problems(), ["error archived"]);
    ward.github.set_up(|settings| settings.archived = false);
    ward.token = "reader-token";
    assert_eq!(ward.problems(), ["error access"]);
    ward.token = "no-token-of-anybody";
    assert_eq!(ward.problems(), ["error access", "note github"]);
    ward.token = "";
    assert_eq!(ward.problems(), ["note credentials", "note github"]);
    assert_eq!(ward.problems_with(&[("CI", "true")], &[]), ["error credentials", "note github"]);
    ward.token = TOKEN;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let unreachable = format!("http://{closed}");
    assert_eq!(ward.problems_with(&[("GITHUB_API_URL", &unreachable)], &[]), ["warning github"], "told once");
}

#[test]
fn each_mistake_in_a_workflow_gives_exactly_its_finding() {
    let ward = Ward::new();
    let workflow = |old: &str, new: &str| ward.with(".github/workflows/release.yml", old, new);
    assert_eq!(workflow("      contents: write\n", "      contents: read\n"), ["error workflow-permissions"]);
    assert_eq!(workflow("path: dist", "path: out"), ["error workflow-artifacts"]);
    assert_eq!(workflow("      fail-fast: false\n", ""), ["warning workflow-fail-fast"]);
    assert_eq!(workflow("on:", "on: ["), ["warning workflow-files", "note workflow-files"]);
    ward.repo.write(".github/workflows/huge.yml", vec![b'a'; 10 * 1024 * 1024]);
    assert_eq!(ward.problems(), ["warning workflow-files"]);
}

#[test]
fn offline_nobody_is_asked() {
    let ward = Ward::new();
    fs::remove_dir_all(&ward.origin).unwrap();
    assert_eq!(ward.problems_with(&[], &["--offline"]), ["note remote", "note access", "note github"]);
    assert_eq!(ward.github.requests(), []);
}

#[test]
fn nothing_is_written_not_even_what_a_killed_release_left() {
    let ward = Ward::new();
    let before = ward.repo.git(&["status", "--porcelain", "--ignored"]);
    ward.run(&[]);
    assert_eq!(ward.repo.git(&["status", "--porcelain", "--ignored"]), before);
    assert!(!ward.repo.exists("site"));
}

#[test]
fn what_is_asked_for_must_exist() {
    let ward = Ward::new();
    let ended = ward.run(&["--backend", "githup"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("error[unknown-backend]") && ended.stderr.contains("did you mean `github`?"));
    let ended = ward.run(&["--package", "nobody"]);
    assert!(ended.stderr.contains("error[unknown-package]"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn what_this_machine_cannot_build_is_a_note() {
    use std::os::unix::fs::PermissionsExt;
    let ward = Ward::new();
    let bin = ward.repo.outside("bin");
    fs::write(bin.join("rustup"), "#!/bin/sh\n[ \"$RUSTUP_AUTO_INSTALL\" = 0 ] && echo x86_64-unknown-linux-gnu\n")
        .unwrap();
    fs::set_permissions(bin.join("rustup"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ended = ward.run_with(&[("PATH", &path)], &[]);
    assert_eq!(ended.code, 0);
    assert!(ended.stdout.contains("  rustup target add aarch64-apple-darwin\n"), "{}", ended.stdout);
}
