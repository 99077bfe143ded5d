//! `sampo distribute verify` and `sampo distribute status`: the built program, real folders, and a strict fake of GitHub.

use std::fs;
use std::process::Command;

use sampo_testkit::github::{Fault, TOKEN};
use sampo_testkit::{FakeGithub, Repo, executables};
use serde_json::Value;

const LINUX: &str = "x86_64-unknown-linux-gnu";
const MAC: &str = "aarch64-apple-darwin";
const TAG: &str = "my-cli-v1.2.0";

const SITE: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";
const GITHUB: &str = "[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n";

/// A repository with the program `my-cli` 1.2.0, built for two targets, tagged, and a GitHub that knows the tag.
struct Scene {
    repo: Repo,
    github: FakeGithub,
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Scene {
    fn new(backends: &str) -> Self {
        Self::at("1.2.0", backends)
    }

    fn at(version: &str, backends: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", version, "")]);
        let targets = format!("targets = ['{LINUX}', '{MAC}']");
        let config = format!("[github]\nrepository = 'acme/app'\n[distribute]\n{targets}\n{backends}");
        repo.write(".sampo/config.toml", config).commit("release");
        let tag = format!("my-cli-v{version}");
        repo.tag(&tag);
        let github = FakeGithub::start();
        github.add_tag(&tag, &repo.git(&["rev-parse", "HEAD"]));
        let scene = Self { repo, github };
        for target in [LINUX, MAC] {
            scene.build(target);
        }
        scene
    }

    /// A scene in which everything is delivered.
    fn delivered(backends: &str) -> Self {
        let scene = Self::new(backends);
        let ended = scene.run(&[]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        scene
    }

    fn build(&self, target: &str) {
        self.repo.write(&format!("dist/my-cli-{target}/my-cli"), executables::executable(target));
    }

    /// As if this were another machine than the one that built.
    fn forget_files(&self) {
        fs::remove_dir_all(self.repo.path("dist")).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_as(TOKEN, arguments)
    }

    fn run_as(&self, token: &str, arguments: &[&str]) -> Ended {
        let mut command: Command = self.repo.command(env!("CARGO_BIN_EXE_sampo"));
        command
            .arg("distribute")
            .args(arguments)
            .env("GITHUB_API_URL", self.github.api_url())
            .env("GITHUB_SERVER_URL", self.github.web_url())
            .env("GITHUB_TOKEN", token);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Verifies; ends with this code, and prints each of `words`.
    #[track_caller]
    fn verify(&self, arguments: &[&str], code: i32, words: &[&str]) -> Ended {
        self.check(&[&["verify"], arguments].concat(), code, words)
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, words: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        // How wide a column is depends on what else stands in it.
        let narrow = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        for word in words {
            let found = narrow(&ended.stdout).contains(&narrow(word));
            assert!(found, "`{word}` is not in:\n{}\n{}", ended.stdout, ended.stderr);
        }
        ended
    }

    /// The only release in the JSON that this prints.
    fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--format", "json"]].concat());
        let json: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {}", ended.stderr));
        json["releases"][0].clone()
    }

    /// A file in the folder of the release.
    fn on_site(&self, name: &str) -> String {
        format!("site/my-cli/1.2.0/{name}")
    }
}

fn archive(target: &str) -> String {
    format!("my-cli-1.2.0-{target}.tar.gz")
}

#[test]
fn a_release_that_is_there_and_identical_is_sound_and_nothing_is_written() {
    let scene = Scene::delivered(&format!("{SITE}{GITHUB}"));
    scene.github.clear_requests();
    let ended = scene.verify(
        &[],
        0,
        &[
            "compared with the files on this machine",
            "github visible 5 of 5 identical",
            "site visible 5 of 5 identical",
            "10 identical",
        ],
    );
    assert!(ended.stdout.lines().count() == 4, "nothing else is said: {}", ended.stdout);
    assert!(scene.github.writes().is_empty());

    scene.forget_files();
    scene.verify(&[], 0, &["compared with the checksums at its destinations", "10 identical"]);
    scene.verify(&["--against", "checksums"], 0, &["10 identical"]);
    let ended = scene.run(&["verify", "--against", "files"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("error[files-missing]"), "{}", ended.stderr);
}

#[test]
fn a_tampered_file_is_found_whatever_it_is_compared_with() {
    let scene = Scene::new(&format!("{SITE}{GITHUB}"));
    let report = scene.repo.outside("reports").join("report.json");
    let report = report.to_str().unwrap();
    assert_eq!(scene.run(&["--report", report]).code, 0);
    let path = scene.repo.path(&scene.on_site(&archive(LINUX)));
    let mut bytes = fs::read(&path).unwrap();
    // The same size, so that only the bytes tell.
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let different = format!("different {}", archive(LINUX));
    for against in ["files", "checksums", report] {
        let words = ["github visible 5 of 5 identical", "site visible 4 of 5 identical", &different];
        scene.verify(&["--against", against], 3, &words);
    }
    let release = scene.json(&["verify", "--against", report, "--backend", "site"]);
    assert_eq!(release["truth"], "report");
    let checks = release["destinations"][0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["status"] == "different").unwrap();
    assert_eq!((&check["target"], &check["against"]), (&LINUX.into(), &"report".into()));
    assert_ne!(check["sha256"], check["expected_sha256"]);
}

#[test]
fn what_is_missing_half_way_or_not_visible_is_named() {
    let scene = Scene::delivered(&format!("{SITE}{GITHUB}"));
    scene.github.remove_asset(TAG, &archive(MAC));
    let missing = format!("missing {}", archive(MAC));
    let list = format!("it lists `{}`, which is not there", archive(MAC));
    scene.verify(&[], 3, &["github visible 3 of 5 identical", &missing, &list]);

    let id = scene.github.release(TAG).id;
    scene.github.add_starter(id, &archive(MAC));
    scene.verify(&[], 3, &[&format!("incomplete {}", archive(MAC))]);

    fs::remove_file(scene.repo.path(&scene.on_site("manifest.json"))).unwrap();
    scene.verify(&["--backend", "site"], 3, &["site unfinished 5 of 5 identical", "1 not visible yet"]);
}

#[test]
fn a_draft_that_was_left_is_not_visible() {
    let scene = Scene::new(GITHUB);
    scene.github.fail(Fault::on("PATCH", "*/releases/*").always().status(500));
    assert_eq!(scene.run(&[]).code, 3);
    scene.github.heal();
    scene.verify(&[], 3, &["github unfinished 5 of 5 identical", "1 not visible yet"]);
    scene.check(&["status"], 0, &["unfinished 5/5"]);
}

#[test]
fn checksum_files_must_fit_what_stands_beside_them() {
    let scene = Scene::delivered(SITE);
    let list = scene.on_site("SHA256SUMS");
    let whole = scene.repo.read(&list);
    let (first, second) = whole.trim_end().split_once('\n').unwrap();
    let zeros = "0".repeat(64);
    let forged = format!("{zeros}{}\n{second}\n", &first[64..]);
    let table = [
        (whole[..whole.len() - 20].to_owned(), "inconsistent SHA256SUMS it lists `my-cli-1.2.0-x86_64-".to_owned()),
        (whole[..100].to_owned(), "inconsistent SHA256SUMS it lists ".to_owned()),
        (whole[..150].to_owned(), "inconsistent SHA256SUMS line 2 is not a checksum".to_owned()),
        (format!("{first}\n"), format!("it does not list `{}`", archive(LINUX))),
        (format!("{whole}{zeros}  gone.zip\n"), "it lists `gone.zip`, which is not there".to_owned()),
        (forged, format!("it gives `{}` another digest, 000000000000…", archive(MAC))),
    ];
    for (text, words) in table {
        scene.repo.write(&list, &text);
        scene.verify(&[], 3, &[&words]);
    }
    scene.repo.write(&list, &whole);
    let sidecar = archive(MAC) + ".sha256";
    scene.repo.write(&scene.on_site(&sidecar), format!("{zeros}  {}\n", archive(MAC)));
    scene.verify(&[], 3, &[&format!("inconsistent {sidecar} it gives `{}` another digest", archive(MAC))]);
    scene.verify(&["--against", "checksums"], 3, &["1 inconsistent"]);
}

#[test]
fn destinations_must_agree_where_nothing_else_says_what_is_right() {
    let scene = Scene::delivered(&format!("checksums = 'none'\n{SITE}{GITHUB}"));
    scene.forget_files();
    scene.verify(&[], 0, &["4 identical"]);
    scene.verify(&["--backend", "github"], 1, &["nothing says what it should be", "2 unverified"]);
    let other = Scene::delivered(&format!(
        "checksums = 'none'\n{SITE}{GITHUB}[distribute.backends.too]\ntype = 'directory'\npath = 'too/{{{{ version }}}}'\n"
    ));
    other.forget_files();
    for name in [archive(LINUX), archive(MAC)] {
        other.repo.write(&format!("too/1.2.0/{name}"), "other");
    }
    other.verify(&[], 1, &["different", "nothing settles what it should be: `site` says "]);
}

#[test]
fn everything_is_downloaded_where_there_is_no_digest_or_it_is_asked_for() {
    let scene = Scene::new(GITHUB);
    scene.github.without_digests();
    assert_eq!(scene.run(&[]).code, 0);
    scene.forget_files();
    let downloads = |scene: &Scene| {
        let requests = scene.github.requests();
        requests.iter().filter(|request| request.path.contains("/releases/download/")).count()
    };
    scene.github.clear_requests();
    scene.verify(&["--jobs", "1"], 0, &["5 of 5 identical"]);
    assert_eq!(downloads(&scene), 5);

    let scene = Scene::delivered(GITHUB);
    scene.github.clear_requests();
    scene.verify(&[], 0, &["5 of 5 identical"]);
    assert_eq!(downloads(&scene), 1, "of the list alone nobody knows the digest beforehand");
    scene.github.clear_requests();
    scene.verify(&["--download"], 0, &["5 of 5 identical"]);
    assert_eq!(downloads(&scene), 5);
    scene.github.fail(Fault::on("GET", &format!("*/releases/download/*/{}", archive(MAC))).always().status(500));
    scene.verify(&["--download"], 3, &[&format!("unreachable {}", archive(MAC)), "server-error"]);
}

#[test]
fn a_destination_that_cannot_be_asked_leaves_the_others_to_be_checked() {
    let scene = Scene::delivered(&format!("{SITE}{GITHUB}"));
    let ended = scene.run_as("ghp_wrong_token", &["verify"]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("credentials-refused") && ended.stdout.contains("5 of 5"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("ghp_wrong_token"));
    let ended = scene.run_as("ghp_wrong_token", &["status"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("unreachable") && ended.stdout.contains("complete"), "{}", ended.stdout);
    assert_eq!(scene.run_as("ghp_wrong_token", &["verify", "--backend", "github"]).code, 1);
}

#[cfg(unix)]
#[test]
fn a_command_is_asked_with_its_check_and_is_unknown_without() {
    let log = "[distribute.backends.log]\ntype = 'command'\nrun = 'touch done-$SAMPO_ARTIFACT_NAME'\n";
    let scene = Scene::delivered(&format!("{SITE}{log}"));
    scene.verify(&[], 0, &["log unknown\n", "can tell with a `check`\n", "5 identical, 2 unknown\n"]);
    scene.verify(&["--backend", "log"], 1, &["2 unknown: nothing could be checked"]);
    let config = scene.repo.read(".sampo/config.toml");
    scene.repo.write(".sampo/config.toml", format!("{config}check = 'test -e done-$SAMPO_ARTIFACT_NAME'\n"));
    scene.verify(&["--backend", "log"], 0, &["2 of 2 identical"]);
    fs::remove_file(scene.repo.path(&format!("done-{}", archive(MAC)))).unwrap();
    scene.verify(&["--backend", "log"], 3, &[&format!("missing {}", archive(MAC))]);
    scene.forget_files();
    scene.verify(&[], 0, &["not-supported: this destination cannot tell what it holds"]);
}

#[test]
fn what_is_optional_left_out_or_extra_is_told_and_no_failure() {
    let optional = format!("[distribute.packages.'cargo/my-cli']\noptional = ['{MAC}']\n");
    let scene = Scene::new(&format!("{optional}{SITE}"));
    fs::remove_dir_all(scene.repo.path(&format!("dist/my-cli-{MAC}"))).unwrap();
    assert_eq!(scene.run(&[]).code, 0);
    scene.repo.write(&scene.on_site("notes.txt"), "by hand");
    let left_out = format!("left-out {}", archive(MAC));
    scene.verify(&[], 0, &["3 of 3 identical", &left_out, "extra notes.txt"]);
    scene.check(&["status"], 0, &["complete 3/3", "site, cargo/my-cli 1.2.0: not expected: notes.txt"]);

    let stable = format!("{SITE}prereleases = false\n");
    let scene = Scene::at("2.0.0-rc.1", &format!("{stable}{GITHUB}"));
    assert_eq!(scene.run(&[]).code, 0);
    scene.verify(&[], 0, &["site left-out", "pre-releases do not go there", "5 of 5 identical"]);
}

#[test]
fn targets_and_filters_narrow_what_must_be_there() {
    let scene = Scene::delivered(&format!("{SITE}targets = ['{LINUX}']\nartifacts = ['archive']\n{GITHUB}"));
    scene.verify(&[], 0, &["site visible 1 of 1 identical", "github visible 5 of 5 identical"]);
    scene.github.remove_asset(TAG, &archive(MAC));
    let target = ["--target", LINUX, "--backend", "github", "--against", "checksums"];
    scene.verify(&target, 3, &[&format!("it lists `{}`, which is not there", archive(MAC))]);
    let ended = scene.verify(&target, 3, &["2 of 3 identical"]);
    assert!(!ended.stdout.contains("missing"), "{}", ended.stdout);
}

#[test]
fn ready_made_artifacts_are_known_by_their_globs() {
    let globs = "[distribute.packages.'cargo/my-cli']\nartifacts = ['out/{{ target }}/*.deb']\nfiles = ['man.gz']\n";
    let scene = Scene::new(&format!("{globs}{SITE}"));
    for target in [LINUX, MAC] {
        scene.repo.write(&format!("out/{target}/my-cli-{target}.deb"), target);
    }
    scene.repo.write("man.gz", "pages");
    assert_eq!(scene.run(&[]).code, 0);
    scene.verify(&[], 0, &["7 of 7 identical"]);
    fs::remove_dir_all(scene.repo.path("out")).unwrap();
    scene.verify(&[], 0, &["compared with the checksums"]);
    fs::remove_file(scene.repo.path(&scene.on_site(&format!("my-cli-{MAC}.deb")))).unwrap();
    scene.verify(&[], 3, &[&format!("it lists `my-cli-{MAC}.deb`, which is not there")]);
    fs::remove_file(scene.repo.path(&scene.on_site(&format!("my-cli-{LINUX}.deb")))).unwrap();
    scene.verify(&[], 3, &["missing", "*.deb"]);
}

#[test]
fn nothing_selected_nothing_there_and_a_foreign_report_have_their_exit_codes() {
    let scene = Scene::new(SITE);
    scene.verify(&[], 1, &["site absent 0 of 5 identical", "5 missing"]);
    let report = scene.repo.outside("reports").join("report.json");
    let report = report.to_str().unwrap();
    assert_eq!(scene.run(&["--report", report]).code, 0);
    let text = fs::read_to_string(report).unwrap().replace("1.2.0", "1.1.0");
    fs::write(report, text).unwrap();
    let ended = scene.run(&["verify", "--against", report]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("error[report-unrelated]"), "{}", ended.stderr);
    scene.repo.commit("later");
    assert_eq!(scene.run(&["verify"]).code, 2);
    let written = scene.repo.outside("reports").join("verification.json");
    scene.verify(&["--tag", TAG, "--report", written.to_str().unwrap()], 0, &["5 of 5 identical"]);
    let ended = scene.run(&["verify", "--tag", TAG, "--report", "found.md"]);
    assert!(ended.code == 64 && ended.stderr.contains("written as JSON"), "{}", ended.stderr);
    let written: Value = serde_json::from_str(&fs::read_to_string(written).unwrap()).unwrap();
    assert_eq!(written["releases"][0]["tag"], TAG);
}

#[test]
fn the_status_tells_what_stands_where_without_any_built_file() {
    let scene = Scene::new(&format!("{SITE}{GITHUB}"));
    scene.check(&["status"], 0, &["my-cli-v1.2.0 github absent 0/5", "site absent 0/5"]);
    assert_eq!(scene.run(&["--backend", "site"]).code, 0);
    scene.forget_files();
    fs::remove_file(scene.repo.path(&scene.on_site(&archive(MAC)))).unwrap();
    let missing = format!("site, cargo/my-cli 1.2.0: missing: {}", archive(MAC));
    scene.check(&["status"], 0, &["site incomplete 4/5", &missing]);
    let release = scene.json(&["status"]);
    assert_eq!(release["tagged"], true);
    let [github, site] = release["destinations"].as_array().unwrap().as_slice() else { panic!("{release}") };
    assert_eq!((&github["state"], &site["state"]), (&"absent".into(), &"incomplete".into()));
    assert_eq!(site["missing"], serde_json::json!([archive(MAC)]));

    scene.repo.git(&["tag", "--delete", TAG]);
    scene.check(&["status"], 0, &["cargo/my-cli 1.2.0 not tagged"]);
    scene.check(&["status", "--backend", "site"], 0, &["incomplete"]);
    assert_eq!(scene.run(&["status", "--backend", "sight"]).code, 1);
}
