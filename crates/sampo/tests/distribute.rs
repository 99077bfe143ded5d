//! `sampo distribute`: the built program, real git, real builds, real folders, and a strict fake of GitHub.

use std::fs;
use std::path::Path;
use std::process::Command;

use sampo_testkit::github::{Fault, TOKEN};
use sampo_testkit::{FakeGithub, Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

const SITE: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";
const GITHUB: &str = "[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n";

/// A repository with the program `my-cli` 1.2.0, built for three targets, tagged and pushed.
fn released(backends: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    repo.write("README.md", "# My CLI\n").write("LICENSE", "MIT\n");
    let targets = format!("targets = ['{LINUX}', '{MAC}', '{WINDOWS}']");
    repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n[distribute]\n{targets}\n{backends}"));
    repo.write(
        "crates/my-cli/CHANGELOG.md",
        "# my-cli\n\n## 1.2.0\n\n### Minor changes\n\n- Says hello.\n\n## 1.1.0\n",
    );
    repo.commit("release");
    repo.tag("my-cli-v1.2.0");
    for target in [LINUX, MAC, WINDOWS] {
        build(&repo, target);
    }
    repo
}

/// Puts an executable for `target` where CI leaves it.
fn build(repo: &Repo, target: &str) {
    let suffix = if target == WINDOWS { ".exe" } else { "" };
    repo.write(&format!("dist/my-cli-{target}/my-cli{suffix}"), executables::executable(target));
}

/// A fake GitHub that knows the repository's tag.
fn github(repo: &Repo) -> FakeGithub {
    let github = FakeGithub::start();
    github.add_tag("my-cli-v1.2.0", &repo.git(&["rev-parse", "HEAD"]));
    github
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn command(repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.args(arguments);
    command
}

fn distribute(repo: &Repo, arguments: &[&str]) -> Ended {
    run(&mut command(repo, &[&["distribute"], arguments].concat()))
}

fn distribute_to(github: &FakeGithub, repo: &Repo, token: &str, arguments: &[&str]) -> Ended {
    let mut command = command(repo, &[&["distribute"], arguments].concat());
    command
        .env("GITHUB_API_URL", github.api_url())
        .env("GITHUB_SERVER_URL", github.web_url())
        .env("GITHUB_TOKEN", token);
    run(&mut command)
}

/// `delivered site NAME`, one for each entry of the report in `file`, deliveries first.
fn entries(file: &Path) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let lists = ["deliveries", "finishes"].map(|key| report[key].as_array().unwrap().clone());
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    lists.concat().iter().map(|e| format!("{} {} {}", text(e, "status"), text(e, "backend"), text(e, "item"))).collect()
}

fn count(entries: &[String], start: &str) -> usize {
    entries.iter().filter(|entry| entry.starts_with(start)).count()
}

/// Every file below `folder` with its contents.
fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(snapshot(&path));
        } else if path.is_file() {
            files.push((path.to_string_lossy().into_owned(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn files_that_differ_from_the_commit_of_the_release_are_told_before_they_are_packed() {
    let repo = released(SITE);
    let ended = distribute(&repo, &["--dry-run"]);
    assert!(!ended.stderr.contains("differs from its commit"), "{}", ended.stderr);
    repo.write("README.md", "# My CLI, and more\n");
    repo.commit("later");
    let ended = distribute(&repo, &["--tag", "my-cli-v1.2.0", "--dry-run"]);
    let warning = "what is packed for my-cli-v1.2.0 differs from its commit: `README.md`";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    assert!(ended.stderr.contains("`git switch --detach my-cli-v1.2.0`"), "{}", ended.stderr);
}

#[test]
fn from_an_empty_workspace_to_a_program_that_a_user_runs() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.1.0", "publish = false\nlicense = 'MIT'")]);
    repo.commit("first");
    let host = host();
    assert_eq!(run(&mut command(&repo, &["init"])).code, 0);
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{host}']\n{SITE}"));
    assert_eq!(run(&mut command(&repo, &["add", "-p", "my-cli", "-b", "minor", "-m", "Says hello."])).code, 0);
    assert_eq!(run(&mut command(&repo, &["release"])).code, 0);
    repo.commit("release");
    assert_eq!(run(&mut command(&repo, &["publish"])).code, 0);
    let ended = distribute(&repo, &["--build"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);

    let archive = repo.path(&format!("site/my-cli/1.2.0/my-cli-1.2.0-{host}.tar.gz"));
    repo.run("tar", &["-xzf", &archive.to_string_lossy()]);
    assert_eq!(repo.run(&format!("./my-cli-1.2.0-{host}/my-cli"), &[]), "my-cli 1.2.0");
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn a_release_on_github_is_drafted_filled_and_published() {
    let repo = released(GITHUB);
    let github = github(&repo);
    let ended = distribute_to(&github, &repo, TOKEN, &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let release = github.release("my-cli-v1.2.0");
    assert!(!release.draft);
    assert!(release.body.as_deref().unwrap_or_default().contains("- Says hello."), "{:?}", release.body);
    let names = [
        "SHA256SUMS".to_owned(),
        format!("my-cli-1.2.0-{MAC}.tar.gz"),
        format!("my-cli-1.2.0-{MAC}.tar.gz.sha256"),
        format!("my-cli-1.2.0-{WINDOWS}.zip"),
        format!("my-cli-1.2.0-{WINDOWS}.zip.sha256"),
        format!("my-cli-1.2.0-{LINUX}.tar.gz"),
        format!("my-cli-1.2.0-{LINUX}.tar.gz.sha256"),
    ];
    assert_eq!(github.assets("my-cli-v1.2.0"), names);
}

#[test]
fn a_second_run_writes_nothing_and_a_lost_item_comes_back_alone() {
    let repo = released(&format!("{SITE}{GITHUB}"));
    let github = github(&repo);
    let report = repo.outside("reports").join("report.json");
    let arguments = ["--report", report.to_str().unwrap()];
    assert_eq!(distribute_to(&github, &repo, TOKEN, &arguments).code, 0);
    assert_eq!(count(&entries(&report), "delivered"), 7 + 7 + 2);

    let before = snapshot(&repo.path("site"));
    github.clear_requests();
    assert_eq!(distribute_to(&github, &repo, TOKEN, &arguments).code, 0);
    assert_eq!(count(&entries(&report), "unchanged"), 7 + 7 + 2);
    assert!(github.writes().is_empty());
    assert!(github.requests().len() <= 3, "{:?}", github.requests());
    assert_eq!(snapshot(&repo.path("site")), before);

    let lost = format!("my-cli-1.2.0-{MAC}.tar.gz");
    github.remove_asset("my-cli-v1.2.0", &lost);
    fs::remove_file(repo.path(&format!("site/my-cli/1.2.0/{lost}"))).unwrap();
    assert_eq!(distribute_to(&github, &repo, TOKEN, &arguments).code, 0);
    let entries = entries(&report);
    assert!(
        entries.contains(&format!("delivered github {lost}")) && entries.contains(&format!("delivered site {lost}"))
    );
    assert_eq!(count(&entries[..14], "unchanged"), 12, "{entries:?}");
    assert_eq!(snapshot(&repo.path("site")), before);
}

#[test]
fn another_machine_finishes_what_one_began_with_the_same_bytes() {
    let repo = released(GITHUB);
    let github = github(&repo);
    github.fail(Fault::on("POST", "*/assets").nth(3).status(502));
    assert_eq!(distribute_to(&github, &repo, TOKEN, &[]).code, 3);
    assert!(github.release("my-cli-v1.2.0").draft, "half a release is not shown");
    // Another folder, other times and modes of files; the artifacts come from the same builds.
    let elsewhere = repo.outside("elsewhere").join("clone");
    repo.git(&["clone", "--quiet", &repo.root().to_string_lossy(), &elsewhere.to_string_lossy()]);
    repo.run("cp", &["-r", "dist", &elsewhere.to_string_lossy()]);
    let mut command = command(&repo, &["distribute"]);
    command.current_dir(&elsewhere).env("GITHUB_API_URL", github.api_url()).env("GITHUB_TOKEN", TOKEN);
    let ended = run(&mut command);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(github.assets("my-cli-v1.2.0").len(), 7);
    assert_eq!(github.releases().len(), 1);
}

#[test]
fn a_broken_backend_leaves_the_others_alone_and_its_report_finishes_the_work() {
    let log = "[distribute.backends.log]\ntype = 'command'\nrun = 'echo {{ artifact }} >> log.txt'\n";
    let repo = released(&format!("{SITE}{GITHUB}{log}"));
    let github = github(&repo);
    let report = repo.outside("reports").join("report.json");
    let report = report.to_str().unwrap();
    let ended = distribute_to(&github, &repo, "ghp_wrong_token", &["--report", report]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("credentials-refused"), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("sampo distribute --retry {report}")), "{}", ended.stdout);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("ghp_wrong_token"));
    assert!(github.releases().is_empty());
    let before = entries(Path::new(report));
    assert_eq!((count(&before, "delivered site"), count(&before, "delivered log")), (8, 3));

    let ended = distribute_to(&github, &repo, TOKEN, &["--retry", report]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(github.assets("my-cli-v1.2.0").len(), 7);
    assert_eq!(repo.read("log.txt").lines().count(), 3, "what succeeded is not repeated");
}

#[test]
fn nothing_but_failures_is_exit_code_1() {
    let repo = released(GITHUB);
    let github = github(&repo);
    assert_eq!(distribute_to(&github, &repo, "ghp_wrong_token", &[]).code, 1);
    let ended = distribute_to(&github, &repo, "", &[]);
    assert_eq!(ended.code, 1, "no token at all");
    assert!(ended.stdout.contains("credentials-missing"), "{}", ended.stdout);
}

#[test]
fn a_dry_run_changes_nothing_anywhere() {
    let repo = released(&format!("{SITE}{GITHUB}"));
    let github = github(&repo);
    let ended = distribute_to(&github, &repo, TOKEN, &["--dry-run"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("14 would-deliver (dry run: nothing was changed)"), "{}", ended.stdout);
    assert!(github.writes().is_empty());
    assert!(!repo.exists("site"));
}

#[test]
fn the_report_as_json_is_all_that_stands_on_standard_output() {
    let repo = released(&format!("{SITE}[distribute.backends.talk]\ntype = 'command'\nrun = 'echo hello'\n"));
    let ended = distribute(&repo, &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["releases"][0]["tag"], "my-cli-v1.2.0");
    assert_eq!(report["artifacts"].as_array().unwrap().len(), 7);
    assert!(ended.stderr.contains("[talk] hello"), "{}", ended.stderr);
}

#[test]
fn a_missing_or_misbuilt_binary_fails_its_target_alone() {
    let repo = released(SITE);
    fs::remove_dir_all(repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
    repo.write(&format!("dist/my-cli-{WINDOWS}/my-cli.exe"), executables::executable(LINUX));
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("artifact-missing") && ended.stdout.contains("artifact-wrong-platform"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains(&format!("dist/my-cli-{MAC}")), "every place that was looked at: {}", ended.stdout);
    assert!(repo.exists(&format!("site/my-cli/1.2.0/my-cli-1.2.0-{LINUX}.tar.gz")));
    assert!(!repo.exists("site/my-cli/1.2.0/manifest.json"), "half a release is not shown");
    build(&repo, MAC);
    build(&repo, WINDOWS);
    assert_eq!(distribute(&repo, &[]).code, 0);
    assert!(repo.exists("site/my-cli/1.2.0/manifest.json"));
    assert_eq!(repo.read("site/my-cli/1.2.0/SHA256SUMS").lines().count(), 3);
}

#[test]
fn one_target_alone_is_delivered_but_does_not_finish_the_release() {
    let repo = released(SITE);
    let ended = distribute(&repo, &["--target", LINUX]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("a run with all targets finishes the release"), "{}", ended.stdout);
    assert!(!repo.exists("site/my-cli/1.2.0/manifest.json"));
    assert_eq!(distribute(&repo, &["--target", MAC]).code, 0);
    assert_eq!(repo.read("site/my-cli/1.2.0/SHA256SUMS").lines().count(), 2, "the other target's line is kept");
    assert_eq!(distribute(&repo, &[]).code, 0);
    assert_eq!(repo.read("site/my-cli/1.2.0/SHA256SUMS").lines().count(), 3);
    assert!(repo.exists("site/my-cli/1.2.0/manifest.json"));
}

#[test]
fn an_optional_target_holds_nothing_back() {
    let optional = format!("[distribute.packages.'cargo/my-cli']\noptional = ['{MAC}']\n");
    let log = "[distribute.backends.log]\ntype = 'command'\nrun = 'true'\n";
    let repo = released(&format!("{optional}{SITE}{log}"));
    fs::remove_dir_all(repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("skipped"), "{}", ended.stdout);
    let message = format!("`cargo/my-cli` is not built for {MAC}");
    assert!(ended.stdout.contains(&message), "{}", ended.stdout);
    let warning = format!("warning: `my-cli-{MAC}` is optional and left out: {message}");
    assert_eq!(ended.stderr.matches(&warning).count(), 1, "{}", ended.stderr);
    assert!(repo.exists("site/my-cli/1.2.0/manifest.json"));
}

#[test]
fn something_else_at_the_destination_is_a_conflict_until_replacing_is_asked_for() {
    let repo = released(SITE);
    let path = format!("site/my-cli/1.2.0/my-cli-1.2.0-{LINUX}.tar.gz");
    repo.write(&path, "something else");
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    assert_eq!(repo.read(&path), "something else");
    assert!(ended.stdout.contains("conflict"), "{}", ended.stdout);
    assert_eq!(distribute(&repo, &["--replace"]).code, 0);
    assert_ne!(fs::read(repo.path(&path)).unwrap(), b"something else");
}

#[test]
fn nothing_to_distribute_is_exit_code_2_with_the_next_release_in_line() {
    let repo = released(SITE);
    repo.commit("later");
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("--tag my-cli-v1.2.0"), "{}", ended.stderr);
    assert_eq!(distribute(&repo, &["--tag", "my-cli-v1.2.0"]).code, 0);
}

#[test]
fn bad_input_is_an_error_with_its_place_and_delivers_nothing() {
    let table = [
        ("[distribute]\ntargts = []\n", "config.toml:2:1: unknown key `targts`", "did you mean `targets`?"),
        ("[distribute]\njobs = 'four'\n", "config.toml:2:8: ", "found the string \"four\""),
        ("[distribute]\njobs = 0\n", "config.toml:2:8: ", "a whole number above 0"),
        ("[distribute.archive]\nname = '{{ nmae }}'\n", "config.toml:2:8: unknown variable `nmae`", ""),
        ("[distribute.backends.x]\ntype = 'ftp'\n", "config.toml:2:1: unknown backend type `ftp`", "`directory`"),
        ("[distribute]\ntargets = ['x86_64']\n", "config.toml:2:", "is not a target triple"),
        ("[distribute.packages.nobody]\nenabled = true\n", "config.toml:1:", "`nobody`"),
        (
            "[distribute.backends.x]\ntype = 'directory'\npath = 'x/{{ version }}'\npackages = ['nobody']\n",
            "config.toml:4:1: ",
            "`nobody`",
        ),
    ];
    for (config, place, words) in table {
        let repo = released(SITE);
        repo.write(".sampo/config.toml", config);
        let ended = distribute(&repo, &[]);
        assert_eq!(ended.code, 1, "{config}: {}", ended.stderr);
        assert!(ended.stderr.contains(place) && ended.stderr.contains(words), "{config}: {}", ended.stderr);
        assert!(!repo.exists("site"), "{config}");
    }
}

#[test]
fn two_artifacts_with_one_name_and_a_foreign_tag_stop_everything() {
    let repo = released(&format!("[distribute.archive]\nname = '{{{{ crate }}}}'\n{SITE}"));
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("my-cli.tar.gz"), "{}", ended.stderr);
    let ended = distribute(&repo, &["--tag", "my-cli-1.2.0"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("`my-cli-1.2.0`") && ended.stderr.contains("my-cli-v1.2.0"), "{}", ended.stderr);
    assert!(!repo.exists("site"));
}

#[test]
fn the_build_matrix_is_one_line_of_json_or_nothing_at_all() {
    let repo = released(SITE);
    let output = repo.outside("runner").join("output");
    let ended = run(command(&repo, &["distribute", "matrix", "--target", MAC]).env("GITHUB_OUTPUT", &output));
    let expected = format!(
        r#"{{"include":[{{"package":"cargo/my-cli","crate":"my-cli","version":"1.2.0","tag":"my-cli-v1.2.0","target":"{MAC}","os":"macos-15","artifact":"my-cli-{MAC}","binaries":"my-cli","ext":"","path":"crates/my-cli"}}]}}"#
    );
    assert_eq!((ended.code, ended.stdout), (0, format!("{expected}\n")));
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("build-matrix={expected}\nbuild-needed=true\n"));

    repo.commit("later");
    fs::remove_file(&output).unwrap();
    let ended = run(command(&repo, &["distribute", "matrix"]).env("GITHUB_OUTPUT", &output));
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "\n"));
    assert_eq!(fs::read_to_string(&output).unwrap(), "build-matrix=\nbuild-needed=false\n");
}

#[test]
fn a_release_gives_the_matrix_of_what_it_released_and_pending_the_same_beforehand() {
    let repo = released(SITE);
    run(&mut command(&repo, &["add", "-p", "my-cli", "-b", "minor", "-m", "More."]));
    let pending = run(&mut command(&repo, &["distribute", "matrix", "--pending"])).stdout;
    assert!(pending.contains("my-cli-v1.3.0"), "{pending}");
    let output = repo.outside("runner").join("output");
    let ended = run(command(&repo, &["release", "--build-matrix", "-"]).env("GITHUB_OUTPUT", &output));
    assert_eq!((ended.code, ended.stdout), (0, pending.clone()), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(&output).unwrap(), format!("build-matrix={pending}build-needed=true\n"));
}

#[test]
fn the_plan_of_a_publish_selects_the_same_releases() {
    let repo = released(SITE);
    repo.git(&["tag", "--delete", "my-cli-v1.2.0"]);
    repo.write("crates/my-cli/Cargo.toml", repo.read("crates/my-cli/Cargo.toml") + "publish = false\n");
    repo.commit("not for a registry");
    let plan = repo.outside("plans").join("plan.json");
    let ended = run(&mut command(&repo, &["publish", "--plan", plan.to_str().unwrap()]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    repo.commit("later");
    let ended = distribute(&repo, &["--plan", plan.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(repo.exists("site/my-cli/1.2.0/manifest.json"));
}

#[test]
fn a_usage_error_is_exit_code_64() {
    let repo = Repo::new();
    for arguments in
        [&["--frobnicate"][..], &["--target", "x86_64"], &["--all", "--tag", "x"], &["--retry", "r", "--all"]]
    {
        assert_eq!(distribute(&repo, arguments).code, 64, "{arguments:?}");
    }
}

#[test]
fn a_program_of_an_earlier_version_is_never_delivered_as_a_new_one() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.1.0", "publish = false\nlicense = 'MIT'")]);
    let host = host();
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{host}']\n{SITE}"));
    repo.commit("first");
    assert_eq!(run(&mut command(&repo, &["distribute", "build"])).code, 0);
    run(&mut command(&repo, &["add", "-p", "my-cli", "-b", "patch", "-m", "Later."]));
    run(&mut command(&repo, &["release"]));
    repo.commit("release");
    run(&mut command(&repo, &["publish"]));
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("artifact-stale") && !repo.exists("site"), "{}", ended.stdout);
    // Cargo's own folder still holds the old program too.
    fs::remove_dir_all(repo.path("dist")).unwrap();
    assert_eq!(distribute(&repo, &["--build"]).code, 0);
    let archive = format!("site/my-cli/1.1.1/my-cli-1.1.1-{host}.tar.gz");
    repo.run("tar", &["-xzf", &archive]);
    assert_eq!(repo.run(&format!("./my-cli-1.1.1-{host}/my-cli"), &[]), "my-cli 1.1.1");
}

#[test]
fn a_tag_that_was_not_pushed_delivers_nothing() {
    let repo = released(SITE);
    repo.git(&["tag", "--delete", "my-cli-v1.2.0"]);
    repo.push_to_origin();
    repo.tag("my-cli-v1.2.0");
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(
        ended.stderr.contains("tag-not-pushed") && ended.stderr.contains("git push origin my-cli-v1.2.0"),
        "{}",
        ended.stderr
    );
    assert!(!repo.exists("site"));
    repo.push_to_origin();
    assert_eq!(distribute(&repo, &[]).code, 0);
}

#[test]
fn a_tag_format_that_binstall_does_not_know_is_said_with_the_lines_to_add() {
    let repo = released(GITHUB);
    let ended = distribute_to(&github(&repo), &repo, TOKEN, &["--dry-run"]);
    assert!(
        ended.stderr.contains("[package.metadata.binstall]") && ended.stderr.contains("pkg-url"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_release_in_parts_is_finished_with_the_list_of_all_parts() {
    let optional = format!("[distribute.packages.'cargo/my-cli']\noptional = ['{MAC}']\n");
    let repo = released(&format!("{optional}{GITHUB}"));
    let github = github(&repo);
    assert_eq!(distribute_to(&github, &repo, TOKEN, &["--target", MAC]).code, 0);
    assert!(github.release("my-cli-v1.2.0").draft);
    fs::remove_dir_all(repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
    let ended = distribute_to(&github, &repo, TOKEN, &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(!github.release("my-cli-v1.2.0").draft);
    assert_eq!(github.assets("my-cli-v1.2.0").len(), 7);
}

#[test]
fn a_release_without_any_artifact_is_never_published() {
    let optional = format!("[distribute.packages.'cargo/my-cli']\ntargets = ['{MAC}']\noptional = ['{MAC}']\n");
    let repo = released(&format!("{optional}{GITHUB}"));
    let github = github(&repo);
    github.add_draft("my-cli-v1.2.0");
    fs::remove_dir_all(repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
    let ended = distribute_to(&github, &repo, TOKEN, &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(github.release("my-cli-v1.2.0").draft);
}

#[test]
fn packages_that_share_a_tag_are_published_together() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("aaa-cli", "1.0.0", ""), ("zzz-cli", "1.0.0", "")]);
    let config = format!(
        "[git]\ntag_format = 'v{{version}}'\n[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{LINUX}']\n{GITHUB}"
    );
    repo.write(".sampo/config.toml", config);
    let commit = repo.commit("release");
    repo.tag("v1.0.0");
    let github = FakeGithub::start();
    github.with_immutable_releases().add_tag("v1.0.0", &commit);
    let build = |name: &str| {
        repo.write(&format!("dist/{name}-{LINUX}/{name}"), executables::executable(LINUX));
    };
    build("aaa-cli");
    let ended = distribute_to(&github, &repo, TOKEN, &["--tag", "v1.0.0"]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(github.release("v1.0.0").draft, "an immutable release would be closed to the other package");
    build("zzz-cli");
    let ended = distribute_to(&github, &repo, TOKEN, &["--tag", "v1.0.0"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(github.assets("v1.0.0").len(), 5, "{:?}", github.assets("v1.0.0"));
}

#[test]
fn a_backend_for_some_targets_gets_a_list_of_what_it_has() {
    let repo = released(&format!("{SITE}targets = ['{LINUX}']\n"));
    assert_eq!(distribute(&repo, &[]).code, 0);
    let list = repo.read("site/my-cli/1.2.0/SHA256SUMS");
    assert!(list.ends_with(&format!("  my-cli-1.2.0-{LINUX}.tar.gz\n")) && list.lines().count() == 1, "{list}");
}

#[test]
fn filters_that_leave_nothing_are_an_error() {
    let repo = released(&format!("{SITE}artifacts = ['file']\n"));
    let ended = distribute(&repo, &[]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stderr.contains("nothing-taken") && ended.stderr.contains("site"), "{}", ended.stderr);
}

#[test]
fn a_retry_takes_the_target_that_failed_and_no_other() {
    let repo = released(GITHUB);
    let github = github(&repo);
    let report = repo.outside("reports").join("report.json");
    let report = report.to_str().unwrap();
    github.fail(Fault::on("POST", "*/assets").status(500));
    let ended = distribute_to(&github, &repo, TOKEN, &["--target", LINUX, "--report", report]);
    assert_ne!(ended.code, 0);
    github.heal();
    let ended = distribute_to(&github, &repo, TOKEN, &["--retry", report]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(
        github.assets("my-cli-v1.2.0").iter().all(|name| !name.contains(MAC)),
        "{:?}",
        github.assets("my-cli-v1.2.0")
    );
    assert!(github.release("my-cli-v1.2.0").draft, "the other targets are still to come");
}

#[test]
fn a_retry_delivers_a_target_that_was_missing_and_finishes_the_release() {
    for others in [format!("'{LINUX}', "), String::new()] {
        let repo = released(SITE);
        let config = repo.read(".sampo/config.toml");
        let targets = format!("targets = ['{LINUX}', '{MAC}', '{WINDOWS}']");
        repo.write(".sampo/config.toml", config.replace(&targets, &format!("targets = [{others}'{MAC}']")));
        fs::remove_dir_all(repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
        let report = repo.outside("reports").join("report.json");
        let report = report.to_str().unwrap();
        assert_ne!(distribute(&repo, &["--report", report]).code, 0);
        build(&repo, MAC);
        let ended = distribute(&repo, &["--retry", report]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(repo.exists(&format!("site/my-cli/1.2.0/my-cli-1.2.0-{MAC}.tar.gz")));
        assert!(repo.exists("site/my-cli/1.2.0/manifest.json"));
    }
}

#[test]
fn the_report_of_a_dry_run_is_nothing_to_retry() {
    let repo = released(SITE);
    let report = repo.outside("reports").join("report.json");
    let report = report.to_str().unwrap();
    assert_eq!(distribute(&repo, &["--dry-run", "--report", report]).code, 0);
    let ended = distribute(&repo, &["--retry", report]);
    assert!(ended.code == 1 && ended.stderr.contains("the report of a dry run"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn a_retry_of_a_run_that_had_not_begun_stays_with_what_was_selected() {
    let slow = "build = 'touch started; sleep 60'\n";
    let other = "[distribute.backends.other]\ntype = 'command'\nrun = 'touch other'\n";
    let repo = released(&format!("{slow}{SITE}{other}"));
    fs::remove_dir_all(repo.path("dist")).unwrap();
    let report = repo.outside("reports").join("report.json");
    let arguments =
        ["distribute", "--build", "--target", LINUX, "--backend", "site", "--report", report.to_str().unwrap()];
    let mut child = command(&repo, &arguments);
    let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !repo.exists("started") {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    repo.run("kill", &["-INT", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    build(&repo, LINUX);
    let ended = distribute(&repo, &["--retry", report.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(repo.exists(&format!("site/my-cli/1.2.0/my-cli-1.2.0-{LINUX}.tar.gz")) && !repo.exists("other"));
}

#[test]
fn a_retry_for_a_backend_that_is_gone_or_a_report_of_another_format_is_an_error() {
    let repo = released("[distribute.backends.old]\ntype = 'command'\nrun = 'false'\n");
    let report = repo.outside("reports").join("report.json");
    assert_eq!(distribute(&repo, &["--report", report.to_str().unwrap()]).code, 1);
    repo.write(".sampo/config.toml", repo.read(".sampo/config.toml").replace("backends.old", "backends.new"));
    let ended = distribute(&repo, &["--retry", report.to_str().unwrap()]);
    assert!(ended.code == 1 && ended.stderr.contains("`old`"), "{}", ended.stderr);
    let text = fs::read_to_string(&report).unwrap().replace("\"schema_version\": 1", "\"schema_version\": 99");
    fs::write(&report, text).unwrap();
    let ended = distribute(&repo, &["--retry", report.to_str().unwrap()]);
    assert!(ended.code == 1 && ended.stderr.contains("schema version 99"), "{}", ended.stderr);
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_before_anything_is_delivered() {
    let repo = released(SITE);
    let ended = distribute(&repo, &["--report", "dist"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("cannot write `dist`") && !repo.exists("site"), "{}", ended.stderr);
}

#[test]
fn nothing_is_built_for_a_release_of_another_commit() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "publish = false")]);
    let host = host();
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{host}']\n{SITE}"));
    repo.commit("release");
    repo.tag("my-cli-v1.0.0");
    repo.commit("later");
    let ended = distribute(&repo, &["--tag", "my-cli-v1.0.0", "--build"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("build-wrong-commit") && ended.stdout.contains("git checkout my-cli-v1.0.0"),
        "{}",
        ended.stdout
    );
    assert!(!repo.exists("dist") && !repo.exists("site"));
}

#[test]
fn a_build_that_leaves_the_old_program_alone_does_not_make_it_a_new_one() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "publish = false")]);
    let script = "build = 'mkdir -p dist/my-cli-{{ target }}; test -e dist/my-cli-{{ target }}/my-cli || cp program dist/my-cli-{{ target }}/my-cli'";
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}']\n{script}\n{SITE}"));
    repo.write("program", executables::executable(LINUX));
    repo.commit("first");
    assert_eq!(run(&mut command(&repo, &["distribute", "build"])).code, 0);
    repo.write("crates/my-cli/Cargo.toml", repo.read("crates/my-cli/Cargo.toml").replace("1.0.0", "2.0.0"));
    repo.write("Cargo.lock", repo.read("Cargo.lock").replace("1.0.0", "2.0.0"));
    repo.commit("second");
    repo.tag("my-cli-v2.0.0");
    let ended = distribute(&repo, &["--build"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("artifact-stale"), "{}", ended.stdout);
}

#[test]
fn a_plan_cannot_make_a_release_of_what_is_not_tagged() {
    let repo = released(SITE);
    let plan = repo.outside("plans").join("plan.json");
    let release = |version: &str, tag: &str| {
        let release = serde_json::json!({
            "package": "cargo/my-cli", "version": version, "previous_version": null, "bump": null, "tag": tag,
            "prerelease": false, "changelog": null, "has_artifacts": true,
        });
        let head = repo.git(&["rev-parse", "HEAD"]);
        let text = serde_json::json!({ "schema_version": 1, "commit": head, "releases": [release] });
        fs::create_dir_all(plan.parent().unwrap()).unwrap();
        fs::write(&plan, text.to_string()).unwrap();
        distribute(&repo, &["--plan", plan.to_str().unwrap()])
    };
    let table = [("9.9.9", "my-cli-v1.2.0", "plan-invalid"), ("1.3.0", "my-cli-v1.3.0", "tag-missing")];
    for (version, tag, code) in table {
        let ended = release(version, tag);
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(code) && !repo.exists("site"), "{}", ended.stderr);
    }
    assert_eq!(release("1.2.0", "my-cli-v1.2.0").code, 0);
}

#[test]
fn a_package_of_files_alone_is_finished_whatever_the_others_are_built_for() {
    let library = "[distribute.packages.'cargo/lib']\nfiles = ['LICENSE']\n";
    let repo = released(&format!("{library}{SITE}"));
    repo.cargo_workspace(&[("my-cli", "1.2.0", ""), ("lib", "0.1.0", "")]);
    repo.commit("a library");
    repo.tag("lib-v0.1.0");
    let ended = distribute(&repo, &["--package", "lib"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("skipped"), "{}", ended.stdout);
    assert!(repo.exists("site/lib/0.1.0/manifest.json"));
}

#[test]
fn a_job_of_a_grouped_matrix_builds_all_its_packages() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a-cli", "1.0.0", ""), ("b-cli", "2.0.0", "")]);
    let build = "build = 'mkdir -p dist/{{ crate }}-{{ target }} && cp tool dist/{{ crate }}-{{ target }}/{{ crate }}'";
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}', '{MAC}']\n{build}\n"));
    repo.write("tool", executables::executable(LINUX));
    repo.commit("release");
    repo.tag("a-cli-v1.0.0").tag("b-cli-v2.0.0");
    let ended = distribute(&repo, &["matrix", "--group-by", "target", "--format", "json"]);
    let entries: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let entry = entries.as_array().unwrap().iter().find(|entry| entry["target"] == LINUX).unwrap();
    let packages: Vec<&str> = entry["packages"].as_str().unwrap().split(' ').collect();
    assert_eq!(packages, ["cargo/a-cli", "cargo/b-cli"]);
    let ended = distribute(&repo, &[&["build", "--target", LINUX, "--package"], packages.as_slice()].concat());
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(repo.exists(&format!("dist/a-cli-{LINUX}/a-cli")) && repo.exists(&format!("dist/b-cli-{LINUX}/b-cli")));
}

#[test]
fn a_plain_list_has_no_limit_of_github_s() {
    let repo = Repo::new();
    let names: Vec<String> = (0..129).map(|number| format!("p{number:03}-cli")).collect();
    repo.cargo_workspace(&names.iter().map(|name| (name.as_str(), "1.0.0", "")).collect::<Vec<_>>());
    let config = format!("[git]\ntag_format = 'v{{version}}'\n[distribute]\ntargets = ['{LINUX}', '{MAC}']\n");
    repo.write(".sampo/config.toml", config);
    repo.commit("release");
    repo.tag("v1.0.0");
    let output = repo.outside("runner").join("output");
    let matrix =
        |format: &str| run(command(&repo, &["distribute", "matrix", "--format", format]).env("GITHUB_OUTPUT", &output));
    let ended = matrix("json");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap().as_array().unwrap().len(), 258);
    assert!(!output.exists(), "a list is nothing for a workflow of GitHub's");
    assert!(matrix("github").stderr.contains("--group-by target"));
}

#[test]
fn a_failed_build_says_what_to_do() {
    let repo = released(SITE);
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{}']\n", host()));
    fs::remove_file(repo.path("Cargo.lock")).unwrap();
    let ended = distribute(&repo, &["build"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("hint: there is no `Cargo.lock`"), "{}", ended.stdout);
}

#[cfg(unix)]
#[test]
fn an_interrupted_build_is_exit_code_130() {
    let repo = released(SITE);
    let build = "build = 'touch started; sleep 60'";
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}', '{MAC}']\n{build}\n"));
    let mut child = command(&repo, &["distribute", "build"]);
    let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !repo.exists("started") {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    repo.run("kill", &["-TERM", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_in_good_order_and_the_next_one_finishes() {
    let slow =
        "[distribute.backends.slow]\ntype = 'command'\nrun = 'touch started; sleep 60'\ncheck = 'test -e finished'\n";
    let repo = released(slow);
    let report = repo.outside("reports").join("report.json");
    let mut child = command(&repo, &["distribute", "--report", report.to_str().unwrap()]);
    let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !repo.exists("started") {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    repo.run("kill", &["-TERM", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(count(&entries(&report), "failed slow"), 3);
    repo.write("finished", "");
    assert_eq!(distribute(&repo, &["--retry", report.to_str().unwrap()]).code, 0);
}
