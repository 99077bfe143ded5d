//! What a destination holds as a source, releases that several jobs deliver, and targets that come later: the built
//! program, real git, real folders, and a strict fake of GitHub.

use std::fs;
use std::path::Path;

use sampo_testkit::github::{Fault, Host, TOKEN};
use sampo_testkit::{FakeGithub, Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";
const TAG: &str = "my-cli-v1.2.0";

const SITE: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";
const GITHUB: &str = "[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n";

/// The program `my-cli` 1.2.0 for two targets, tagged, built nowhere.
fn tagged(settings: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    let targets = format!("targets = ['{LINUX}', '{MAC}']");
    repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n[distribute]\n{targets}\n{settings}"));
    repo.commit("release");
    repo.tag(TAG);
    repo
}

/// Puts an executable for each target where CI leaves it.
fn build(repo: &Repo, targets: &[&str]) {
    for target in targets {
        repo.write(&format!("dist/my-cli-{target}/my-cli"), executables::executable(target));
    }
}

/// As on another machine: nothing is built there.
fn forget_builds(repo: &Repo) {
    fs::remove_dir_all(repo.path("dist")).unwrap();
}

fn github(repo: &Repo) -> FakeGithub {
    let github = FakeGithub::start();
    github.add_tag(TAG, &repo.git(&["rev-parse", "HEAD"]));
    github
}

struct Ended {
    code: i32,
    text: String,
    report: serde_json::Value,
}

impl Ended {
    /// `delivered site NAME`, one for each entry, deliveries first.
    fn entries(&self) -> Vec<String> {
        let lists = ["deliveries", "finishes"].map(|key| self.report[key].as_array().unwrap().clone());
        let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
        let line = |e: &serde_json::Value| format!("{} {} {}", text(e, "status"), text(e, "backend"), text(e, "item"));
        lists.concat().iter().map(line).collect()
    }

    fn count(&self, start: &str) -> usize {
        self.entries().iter().filter(|entry| entry.starts_with(start)).count()
    }

    /// `code item` of everything that has a code and is no success.
    fn problems(&self) -> Vec<String> {
        let lists = ["deliveries", "finishes"].map(|key| self.report[key].as_array().unwrap().clone());
        let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let is_problem =
            |e: &&serde_json::Value| matches!(text(e, "status").as_str(), "failed" | "conflict" | "blocked");
        lists.concat().iter().filter(is_problem).map(|e| format!("{} {}", text(e, "code"), text(e, "item"))).collect()
    }
}

fn run(repo: &Repo, github: Option<&FakeGithub>, arguments: &[&str]) -> Ended {
    let file = repo.outside("reports").join("report.json");
    let _ = fs::remove_file(&file);
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.arg("distribute").args(arguments).arg("--report").arg(&file);
    if let Some(github) = github {
        command.env("GITHUB_API_URL", github.api_url()).env("GITHUB_SERVER_URL", github.web_url());
        command.env("GITHUB_TOKEN", TOKEN);
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    let report = fs::read_to_string(&file).map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default();
    Ended { code: output.status.code().unwrap(), text, report }
}

fn archive(target: &str) -> String {
    format!("my-cli-1.2.0-{target}.tar.gz")
}

fn site(repo: &Repo, name: &str) -> std::path::PathBuf {
    repo.path("site/my-cli/1.2.0").join(name)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// A release on GitHub, and a checkout in which nothing is built.
fn on_github(settings: &str) -> (Repo, FakeGithub) {
    let repo = tagged(&format!("{settings}{GITHUB}{SITE}"));
    let github = github(&repo);
    build(&repo, &[LINUX, MAC]);
    let ended = run(&repo, Some(&github), &["--backend", "github"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    forget_builds(&repo);
    github.clear_requests();
    (repo, github)
}

#[test]
fn a_backend_that_was_added_later_gets_the_very_same_bytes_without_a_build() {
    let (repo, github) = on_github("");
    let ended = run(&repo, Some(&github), &["--from", "github", "--dry-run"]);
    assert_eq!((ended.code, ended.count("would-deliver site")), (0, 6), "{}", ended.text);
    let downloads = |github: &FakeGithub| github.requests().iter().filter(|r| r.host == Host::Storage).count();
    assert_eq!(downloads(&github), 1, "only the list is read");
    github.clear_requests();

    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!((ended.code, ended.count("delivered site")), (0, 6), "{}", ended.text);
    assert_eq!(ended.count("delivered github") + ended.count("unchanged github"), 0, "nothing goes to the source");
    assert!(github.writes().is_empty());
    let release = github.release(TAG);
    for asset in &release.assets {
        assert_eq!(fs::read(site(&repo, &asset.name)).unwrap(), github.content(asset.id), "{}", asset.name);
    }
    assert_eq!(ended.report["from"], "github");
    assert_eq!(downloads(&github), 3, "two archives and the list: checksum files are made here");

    github.clear_requests();
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!((ended.code, ended.count("unchanged site")), (0, 6), "{}", ended.text);
    assert_eq!(downloads(&github), 1, "what is there is not fetched");
}

#[test]
fn a_folder_is_a_source_too_also_for_one_target_and_for_a_retry() {
    let repo = tagged(&format!("{SITE}{GITHUB}"));
    let github = github(&repo);
    build(&repo, &[LINUX, MAC]);
    assert_eq!(run(&repo, None, &["--backend", "site"]).code, 0);
    forget_builds(&repo);

    let ended = run(&repo, Some(&github), &["--from", "site", "--tag", TAG, "--target", MAC, "--package", "my-cli"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert_eq!(github.assets(TAG), ["SHA256SUMS".to_owned(), archive(MAC), format!("{}.sha256", archive(MAC))]);
    assert!(github.release(TAG).draft);

    github.fail(Fault::on("POST", "*/assets").status(500));
    let ended = run(&repo, Some(&github), &["--from", "site"]);
    assert_eq!(ended.code, 3, "{}", ended.text);
    let report = repo.outside("reports").join("kept.json");
    fs::copy(repo.outside("reports").join("report.json"), &report).unwrap();
    let ended = run(&repo, Some(&github), &["--retry", report.to_str().unwrap()]);
    assert_eq!((ended.code, &ended.report["from"]), (0, &"site".into()), "{}", ended.text);
    assert!(!github.release(TAG).draft);
    assert_eq!(github.assets(TAG).len(), 5);
}

#[test]
fn a_command_gets_files_that_it_can_read() {
    let run_it = "run = 'cp \"$SAMPO_ARTIFACT\" \"out/$SAMPO_ARTIFACT_NAME\"'";
    let check = "check = 'cmp -s \"$SAMPO_ARTIFACT\" \"out/$SAMPO_ARTIFACT_NAME\"'";
    let whole = "[distribute.backends.whole]\ntype = 'command'\nper = 'release'\nrun = 'cp \"$SAMPO_ARTIFACTS\" out/all.json; cat $(grep -o \"/[^\\\"]*gz\" \"$SAMPO_ARTIFACTS\") > out/all'\n";
    let repo = tagged(&format!("{SITE}[distribute.backends.copy]\ntype = 'command'\n{run_it}\n{check}\n{whole}"));
    build(&repo, &[LINUX, MAC]);
    assert_eq!(run(&repo, None, &["--backend", "site"]).code, 0);
    forget_builds(&repo);
    repo.write("out/.keep", "");
    let ended = run(&repo, None, &["--from", "site"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let [mac, linux] = [MAC, LINUX].map(|target| fs::read(site(&repo, &archive(target))).unwrap());
    assert_eq!(fs::read(repo.path("out").join(archive(LINUX))).unwrap(), linux);
    assert_eq!(fs::read(repo.path("out/all")).unwrap(), [mac, linux].concat());
    let ended = run(&repo, None, &["--from", "site", "--backend", "copy"]);
    assert_eq!(ended.count("unchanged copy"), 2, "{}", ended.text);
}

#[test]
fn a_source_without_the_release_or_with_a_part_of_it_delivers_nothing() {
    let repo = tagged(&format!("{GITHUB}{SITE}"));
    let github = github(&repo);
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!((ended.code, ended.problems()[0].as_str()), (1, "source-missing my-cli-v1.2.0"), "{}", ended.text);
    build(&repo, &[LINUX]);
    assert_eq!(run(&repo, Some(&github), &["--backend", "github", "--target", LINUX]).code, 0);
    forget_builds(&repo);
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!((ended.code, ended.problems()[0].as_str()), (1, "source-unfinished my-cli-v1.2.0"), "{}", ended.text);
    assert!(!repo.path("site").exists());
    for (arguments, code) in [
        (&["--from", "gitub"] as &[&str], "unknown-backend"),
        (&["--from", "github", "--backend", "github"], "nothing-taken"),
    ] {
        let ended = run(&repo, Some(&github), arguments);
        assert!(ended.code == 1 && ended.text.contains(code), "{}", ended.text);
    }
}

#[test]
fn a_command_is_no_source_and_the_error_says_what_is() {
    let repo = tagged(&format!("{SITE}[distribute.backends.log]\ntype = 'command'\nrun = 'true'\n"));
    let ended = run(&repo, None, &["--from", "log"]);
    assert_eq!((ended.code, ended.problems()[0].as_str()), (1, "not-supported my-cli-v1.2.0"), "{}", ended.text);
    assert!(ended.text.contains("a `github-release` or a `directory`"), "{}", ended.text);
}

#[test]
fn a_source_that_lost_or_damaged_something_fails_that_alone() {
    let (repo, github) = on_github("");
    github.remove_asset(TAG, &archive(MAC));
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!(ended.code, 3, "{}", ended.text);
    assert!(ended.problems().contains(&format!("artifact-missing {}", archive(MAC))), "{}", ended.text);
    assert_eq!(ended.count(&format!("delivered site {}", archive(LINUX))), 2, "with its checksum");
    assert!(!site(&repo, "manifest.json").exists());
    // Something else of the same name contradicts the list that stands there.
    github.add_asset(github.release(TAG).id, &archive(MAC), b"something else");
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert!(ended.problems().contains(&format!("artifact-corrupt {}", archive(MAC))), "{}", ended.text);
    github.remove_asset(TAG, &archive(MAC));
    github.add_starter(github.release(TAG).id, &archive(MAC));
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert!(ended.problems().contains(&format!("artifact-incomplete {}", archive(MAC))), "{}", ended.text);
}

#[test]
fn a_source_that_fails_for_a_passing_reason_is_worth_another_run() {
    let (repo, github) = on_github("retries = 0\n");
    github.fail(Fault::on("GET", "*/releases/*").status(502).always());
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    let failed = ended.report["deliveries"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{}", ended.text);
    assert_eq!((failed[0]["code"].as_str(), failed[0]["retryable"].as_bool()), (Some("server-error"), Some(true)));
    github.heal();
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn bytes_that_are_not_what_the_manifest_promised_are_not_passed_on() {
    let repo = tagged(&format!(
        "checksums = 'none'\n{SITE}[distribute.backends.mirror]\ntype = 'directory'\npath = 'mirror/{{{{ version }}}}'\n"
    ));
    build(&repo, &[LINUX, MAC]);
    assert_eq!(run(&repo, None, &["--backend", "site"]).code, 0);
    let path = site(&repo, &archive(MAC));
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let ended = run(&repo, None, &["--from", "site"]);
    assert_eq!((ended.code, ended.problems()[0].clone()), (3, format!("artifact-corrupt {}", archive(MAC))));
    assert_eq!(names(&repo.path("mirror/1.2.0")), [archive(LINUX)], "{}", ended.text);
}

#[test]
fn an_old_server_without_digests_is_downloaded_to_be_compared() {
    let (repo, github) = on_github("checksums = 'none'\n");
    github.without_digests();
    let ended = run(&repo, Some(&github), &["--from", "github"]);
    assert_eq!((ended.code, ended.count("delivered site")), (0, 3), "{}", ended.text);
    assert_eq!(github.requests().iter().filter(|r| r.host == Host::Storage).count(), 2, "each once");
}

#[test]
fn jobs_deliver_one_target_each_and_the_last_one_finishes_without_any_file() {
    let repo = tagged(&format!("{GITHUB}{SITE}"));
    let github = github(&repo);
    for target in [LINUX, MAC] {
        build(&repo, &[target]);
        let ended = run(&repo, Some(&github), &["--target", target, "--no-finish"]);
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert_eq!((ended.count("delivered"), ended.count("skipped")), (4, 2), "{:?}", ended.entries());
        forget_builds(&repo);
    }
    assert!(github.release(TAG).draft && !github.assets(TAG).contains(&"SHA256SUMS".to_owned()));
    assert!(!site(&repo, "SHA256SUMS").exists() && !site(&repo, "manifest.json").exists());

    let ended = run(&repo, Some(&github), &["--finish", "--dry-run"]);
    assert_eq!((ended.code, ended.count("would-deliver")), (0, 4), "{:?}", ended.entries());
    let ended = run(&repo, Some(&github), &["--finish"]);
    assert_eq!((ended.code, ended.count("delivered")), (0, 4), "{}", ended.text);
    assert!(!github.release(TAG).draft);
    let list = fs::read_to_string(site(&repo, "SHA256SUMS")).unwrap();
    assert_eq!(list.lines().count(), 2, "{list}");
    let release = github.release(TAG);
    let asset = release.assets.iter().find(|asset| asset.name == "SHA256SUMS").unwrap();
    assert_eq!(github.content(asset.id), list.as_bytes());
    let ended = run(&repo, Some(&github), &["--finish"]);
    assert_eq!((ended.code, ended.count("unchanged")), (0, 12), "{:?}", ended.entries());
}

#[test]
fn a_release_that_lacks_a_target_is_not_finished_and_says_what_is_missing() {
    let repo = tagged(&format!("{GITHUB}{SITE}"));
    let github = github(&repo);
    build(&repo, &[LINUX]);
    assert_eq!(run(&repo, Some(&github), &["--target", LINUX, "--no-finish"]).code, 0);
    forget_builds(&repo);
    let ended = run(&repo, Some(&github), &["--finish"]);
    assert_eq!(ended.code, 3, "{}", ended.text);
    let missing = format!("artifact-missing {}", archive(MAC));
    assert_eq!(ended.problems().iter().filter(|problem| **problem == missing).count(), 2, "{:?}", ended.problems());
    assert!(ended.text.contains(&format!("--target {MAC}")), "{}", ended.text);
    assert!(github.release(TAG).draft && !site(&repo, "manifest.json").exists());
}

#[test]
fn files_of_no_target_come_from_the_checkout_of_the_last_job() {
    let files = "[distribute.packages.'my-cli']\nfiles = ['install.sh', 'man/*.1']\n";
    let repo = tagged(&format!("{SITE}{files}"));
    build(&repo, &[LINUX, MAC]);
    assert_eq!(run(&repo, None, &["--target", LINUX, MAC, "--no-finish"]).code, 0);
    forget_builds(&repo);
    repo.write("install.sh", "#!/bin/sh\n");
    let ended = run(&repo, None, &["--finish"]);
    assert_eq!((ended.code, ended.problems()[0].as_str()), (3, "artifact-missing *.1"), "{}", ended.text);
    repo.write("man/my-cli.1", ".TH my-cli\n");
    let ended = run(&repo, None, &["--finish"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(names(&repo.path("site/my-cli/1.2.0")).contains(&"my-cli.1".to_owned()));
    // From then on the checkout is not needed either.
    fs::remove_file(repo.path("install.sh")).unwrap();
    let ended = run(&repo, None, &["--finish"]);
    assert_eq!((ended.code, ended.count("delivered")), (0, 0), "{}", ended.text);
}

#[test]
fn what_runs_once_for_a_release_is_served_from_the_backend_that_is_finished() {
    let tap = "[distribute.backends.tap]\ntype = 'command'\nper = 'release'\nneeds = ['github']\nrun = 'cp \"$SAMPO_ARTIFACTS\" tap.json'\n";
    let each = "[distribute.backends.each]\ntype = 'command'\nrun = 'true'\n";
    let repo = tagged(&format!("{GITHUB}{tap}{each}"));
    let github = github(&repo);
    for target in [LINUX, MAC] {
        build(&repo, &[target]);
        let ended = run(&repo, Some(&github), &["--target", target, "--no-finish"]);
        assert_eq!((ended.code, ended.count("skipped tap")), (0, 1), "{}", ended.text);
        forget_builds(&repo);
    }
    let ended = run(&repo, Some(&github), &["--finish"]);
    assert_eq!((ended.code, ended.problems().as_slice()), (3, &["artifact-missing my-cli-v1.2.0".to_owned()] as &[_]));
    assert_eq!(ended.count("skipped each"), 1, "{}", ended.text);
    assert!(ended.text.contains("--finish --from"), "{}", ended.text);
    assert!(!github.release(TAG).draft);
    let ended = run(&repo, Some(&github), &["--finish", "--from", "github", "--backend", "github", "tap"]);
    assert_eq!((ended.code, ended.count("delivered tap")), (0, 1), "{}", ended.text);
    assert_eq!(repo.read("tap.json").matches("sha256").count(), 2, "{}", repo.read("tap.json"));
}

#[test]
fn finish_from_a_draft_brings_all_the_others_up_in_one_run() {
    let repo = tagged(&format!("{GITHUB}{SITE}"));
    let github = github(&repo);
    build(&repo, &[LINUX, MAC]);
    assert_eq!(run(&repo, Some(&github), &["--no-finish", "--backend", "github"]).code, 0);
    forget_builds(&repo);
    let ended = run(&repo, Some(&github), &["--finish", "--from", "github"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(!github.release(TAG).draft && site(&repo, "manifest.json").exists());
    assert_eq!(names(&repo.path("site/my-cli/1.2.0")).len(), 6);
}

#[test]
fn ready_made_artifacts_are_told_by_their_patterns_and_the_target_in_their_names() {
    let globs = "[distribute.packages.'my-cli']\nartifacts = ['out/*-{{ target }}.deb', 'out/*.msi']\n";
    let repo = tagged(&format!("{SITE}{globs}"));
    repo.write(&format!("out/my-{LINUX}.deb"), "deb");
    assert_eq!(run(&repo, None, &["--target", LINUX, "--no-finish"]).code, 0);
    let ended = run(&repo, None, &["--finish"]);
    assert_eq!(ended.code, 3, "{}", ended.text);
    assert_eq!(ended.problems()[0], format!("artifact-missing *-{MAC}.deb or *.msi"));
    repo.write(&format!("out/my-{MAC}.deb"), "deb");
    assert_eq!(run(&repo, None, &["--target", MAC, "--no-finish"]).code, 0);
    let ended = run(&repo, None, &["--finish"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
}

#[test]
fn an_optional_target_comes_later_into_the_finished_release() {
    let optional = format!("[distribute.packages.'my-cli']\noptional = ['{MAC}']\n");
    let repo = tagged(&format!("{optional}{GITHUB}{SITE}"));
    let github = github(&repo);
    build(&repo, &[LINUX]);
    assert_eq!(run(&repo, Some(&github), &["--target", LINUX, "--no-finish"]).code, 0);
    forget_builds(&repo);
    let ended = run(&repo, Some(&github), &["--finish"]);
    assert_eq!((ended.code, ended.text.contains("is optional and left out")), (0, true), "{}", ended.text);
    assert!(!github.release(TAG).draft && site(&repo, "manifest.json").exists());

    build(&repo, &[MAC]);
    let ended = run(&repo, Some(&github), &["--target", MAC]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let list = fs::read_to_string(site(&repo, "SHA256SUMS")).unwrap();
    assert!(list.contains(&archive(LINUX)) && list.contains(&archive(MAC)), "{list}");
    assert!(github.assets(TAG).contains(&archive(MAC)));
    let manifest = fs::read_to_string(site(&repo, "manifest.json")).unwrap();
    assert!(manifest.contains(&format!("\"{}\"", archive(MAC))), "{manifest}");
    assert_eq!(run(&repo, Some(&github), &["--finish"]).code, 0);
}

#[test]
fn an_immutable_release_takes_nothing_later() {
    let optional = format!("[distribute.packages.'my-cli']\noptional = ['{MAC}']\n");
    let repo = tagged(&format!("{optional}{GITHUB}"));
    let github = github(&repo);
    github.with_immutable_releases();
    build(&repo, &[LINUX]);
    assert_eq!(run(&repo, Some(&github), &["--target", LINUX]).code, 0);
    build(&repo, &[MAC]);
    github.clear_requests();
    let ended = run(&repo, Some(&github), &["--target", MAC]);
    assert!(ended.count("conflict") >= 1 && ended.text.contains("immutable"), "{} {}", ended.code, ended.text);
    assert_ne!(ended.code, 0);
    assert_eq!(github.assets(TAG).len(), 3);
    assert!(github.writes().is_empty());
}

#[test]
fn packages_that_share_a_tag_take_from_a_source_what_is_theirs() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("aaa-cli", "1.0.0", ""), ("zzz-cli", "1.0.0", "")]);
    let config = format!(
        "[git]\ntag_format = 'v{{version}}'\n[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{LINUX}']\n{GITHUB}{SITE}"
    );
    // What the first one lists has changed when the second one comes.
    let config = config.replace("retries = 0\n", "");
    repo.write(".sampo/config.toml", config);
    let commit = repo.commit("release");
    repo.tag("v1.0.0");
    let github = FakeGithub::start();
    github.add_tag("v1.0.0", &commit);
    for name in ["aaa-cli", "zzz-cli"] {
        repo.write(&format!("dist/{name}-{LINUX}/{name}"), executables::executable(LINUX));
    }
    let ended = run(&repo, Some(&github), &["--tag", "v1.0.0", "--backend", "github"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    github.add_asset(github.release("v1.0.0").id, "notes.pdf", b"pdf");
    forget_builds(&repo);
    let ended = run(&repo, Some(&github), &["--tag", "v1.0.0", "--from", "github"]);
    assert_eq!(ended.code, 0, "{}", ended.text);
    let archive = |name: &str| format!("{name}-1.0.0-{LINUX}.tar.gz");
    let list = "SHA256SUMS".to_owned();
    let of = |name: &str| [archive(name), format!("{}.sha256", archive(name)), "manifest.json".into()];
    let [a, b, c] = of("aaa-cli");
    assert_eq!(
        names(&repo.path("site/aaa-cli/1.0.0")),
        [list.clone(), a, b, c, "notes.pdf".into(), "notes.pdf.sha256".into()]
    );
    let [a, b, manifest] = of("zzz-cli");
    assert_eq!(names(&repo.path("site/zzz-cli/1.0.0")), [list, manifest, a, b]);
}
