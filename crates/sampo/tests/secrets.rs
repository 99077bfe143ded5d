//! No secret that Sampo comes across is ever shown, or handed to a child that did not ask for it: not at `-vv`, not in a
//! report, not in an error.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sampo_testkit::github::{Access, Answer, Fault};
use sampo_testkit::{FakeGithub, Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const TAG: &str = "my-cli-v1.2.0";

/// A secret for each place that one can come from, so that a leak tells where it is.
const AMBIENT: &str = "ghp_SECRETambient0123456789";
const SECOND: &str = "ghp_SECRETsecond0123456789";
const CONFIGURED: &str = "ghp_SECRETconfigured0123456789";
const PASSED: &str = "SECRETpassed0123456789";
const REMOTE: &str = "SECRETremote0123456789";
const PROXY: &str = "SECRETproxy0123456789";
const ADDRESS: &str = "SECRETaddress0123456789";
const PRINTED: &str = "SECRETprinted0123456789";

const BACKENDS: &str = "
[distribute.backends.github]
type = 'github-release'
retries = 0
[distribute.backends.other]
type = 'github-release'
repository = 'acme/app'
token_env = 'OTHER_TOKEN'
retries = 0
[distribute.backends.asks]
type = 'command'
pass_env = ['PASSED_TOKEN']
run = 'env > ../asks.env; env; echo https://me:SECRETprinted0123456789@host/ $PASSED_TOKEN >&2; exit 1'
[distribute.backends.plain]
type = 'command'
run = 'env > ../plain.env; env'
";

struct Scene {
    backends: String,
    repo: Repo,
    github: FakeGithub,
}

impl Scene {
    /// A release that is built by a command that shows its environment, with git and cargo that note theirs.
    fn new(backends: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
        repo.write("bin/program", executables::executable(LINUX));
        let build = "env > ../build.env; env; mkdir -p dist/my-cli-$SAMPO_TARGET; cp bin/program dist/my-cli-$SAMPO_TARGET/my-cli";
        let config = format!(
            "[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{LINUX}']\nbuild = '{build}'\n{backends}"
        );
        repo.write(".sampo/config.toml", config);
        let commit = repo.commit("release");
        repo.tag(TAG);
        repo.git(&["remote", "add", "origin", &format!("http://me:{REMOTE}@127.0.0.1:9/acme/app.git")]);
        for tool in ["git", "cargo"] {
            note_environment(&repo, tool);
        }
        let github = FakeGithub::start();
        github.add_tag(TAG, &commit);
        for token in [AMBIENT, SECOND, CONFIGURED] {
            github.add_token(token, Access::Write);
        }
        Self { backends: backends.to_owned(), repo, github }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.repo.command(program);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap();
        let path = format!("{}:{}", self.repo.outside("tools").display(), path.to_str().unwrap());
        command
            .args(arguments)
            .env("PATH", path)
            .env("GITHUB_API_URL", self.github.api_url())
            .env("GITHUB_SERVER_URL", self.github.web_url())
            .env("GITHUB_TOKEN", AMBIENT)
            .env("GH_TOKEN", SECOND)
            .env("RUST_LOG", "trace");
        // Nobody can tell that a variable holds a secret which no backend names.
        let named = [("OTHER_TOKEN", CONFIGURED), ("PASSED_TOKEN", PASSED)];
        command.envs(named.into_iter().filter(|(name, _)| self.backends.contains(name)));
        command
    }

    /// Everything that the program showed, its report included.
    fn shown(&self, arguments: &[&str]) -> String {
        let report = self.repo.outside("report").join("report.json");
        let arguments = [&["distribute", "--build", "-vv", "--report", report.to_str().unwrap()], arguments].concat();
        let shown = run(&mut self.command(env!("CARGO_BIN_EXE_sampo"), &arguments));
        shown + &fs::read_to_string(report).unwrap_or_default()
    }

    /// The variables that a child was given.
    fn environment_of(&self, child: &str) -> String {
        let file = self.repo.root().parent().unwrap().join(format!("{child}.env"));
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{child} did not run: {error}"))
    }
}

/// Puts a `tool` in front of the real one that notes what it is given.
fn note_environment(repo: &Repo, tool: &str) {
    let real = repo.run("sh", &["-c", &format!("command -v {tool}")]);
    let note = repo.root().parent().unwrap().join(format!("{tool}.env"));
    let script = format!("#!/bin/sh\nenv >> '{}'\nexec '{}' \"$@\"\n", note.display(), real.trim());
    let path = repo.outside("tools").join(tool);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[track_caller]
fn assert_no_secret(text: &str) {
    let leaks: Vec<&str> = text.lines().filter(|line| line.contains("SECRET")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn a_run_at_its_most_talkative_shows_no_secret() {
    let scene = Scene::new(BACKENDS);
    for format in ["text", "json"] {
        let shown = scene.shown(&["--format", format]);
        assert!(shown.contains("GitHub answered") && shown.contains("GitHub said"), "{shown}");
        assert!(shown.contains("authorization") && shown.contains("PASSED_TOKEN=***"), "{shown}");
        assert!(shown.contains("https://***@host/"), "{shown}");
        assert_no_secret(&shown);
        assert!(!shown.contains(PRINTED));
    }
}

#[test]
fn what_only_looks_shows_no_secret_either() {
    let scene = Scene::new(&format!(
        "{BACKENDS}[distribute.backends.checks]\ntype = 'command'\nrun = 'exit 1'\n\
         check = 'env > ../check.env; env; echo https://me:{PRINTED}@host/ >&2; exit 1'\n"
    ));
    scene.shown(&[]);
    let refused = Answer::json(403, &serde_json::json!({ "message": format!("Token {AMBIENT} is bad") }));
    for faults in [vec![], vec![Fault::on("GET", "*/releases*").answer(refused).always()]] {
        for fault in faults {
            scene.github.fail(fault);
        }
        for (look, format) in [("verify", "text"), ("verify", "json"), ("status", "text"), ("status", "json")] {
            let arguments = ["distribute", look, "-vv", "--tag", TAG, "--format", format];
            let shown = run(&mut scene.command(env!("CARGO_BIN_EXE_sampo"), &arguments));
            assert!(shown.contains("GitHub answered") && shown.contains("authorization"), "{shown}");
            assert_no_secret(&shown);
        }
    }
    let environment = scene.environment_of("check");
    for secret in [AMBIENT, SECOND, CONFIGURED] {
        assert!(!environment.contains(secret), "`check` got {secret}");
    }
}

#[test]
fn a_server_that_repeats_the_token_does_not_get_it_shown() {
    let answers: [fn(&str) -> Answer; 4] = [
        |token| Answer::json(403, &serde_json::json!({ "message": format!("Token {token} is bad") })),
        |token| {
            Answer::json(422, &serde_json::json!({ "message": "no", "errors": [{ "code": token, "field": token }] }))
        },
        |token| Answer::json(200, &serde_json::json!({ "id": token })),
        |token| {
            Answer::json(403, &serde_json::json!({ "message": "no" }))
                .header("x-accepted-github-permissions", token)
                .header("x-github-request-id", token)
                .header("location", format!("http://127.0.0.1/{token}"))
        },
    ];
    let scene = Scene::new("[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n");
    for answer in answers {
        for path in ["/repos/acme/app", "*/releases*", "*/assets*"] {
            scene.github.heal().fail(Fault::on("*", path).answer(answer(AMBIENT)).always());
            let shown = scene.shown(&[]);
            assert!(shown.contains("failed"), "{shown}");
            assert_no_secret(&shown);
        }
    }
}

#[test]
fn addresses_are_shown_without_what_they_carry() {
    let scene = Scene::new(&format!(
        "[distribute.backends.github]\ntype = 'github-release'\napi_url = 'https://me:{ADDRESS}@git.acme.com/api/v3'\n"
    ));
    let shown = scene.shown(&[]);
    assert!(shown.contains("error"), "{shown}");
    assert_no_secret(&shown);

    let scene = Scene::new("[distribute.backends.github]\ntype = 'github-release'\nretries = 0\n");
    let proxy = format!("http://me:{PROXY}@127.0.0.1:9");
    let mut command = scene.command(env!("CARGO_BIN_EXE_sampo"), &["distribute", "--build", "-vv"]);
    let shown = run(command.env("HTTP_PROXY", &proxy).env("HTTPS_PROXY", &proxy).env("ALL_PROXY", &proxy));
    assert!(shown.contains("failed"), "{shown}");
    assert_no_secret(&shown);

    // The tag is looked for on a remote that does not answer.
    let mut command = scene.command(env!("CARGO_BIN_EXE_sampo"), &["distribute", "-vv", "--tag", "my-cli-v9.9.9"]);
    let shown = run(&mut command);
    assert!(shown.contains("error"), "{shown}");
    assert_no_secret(&shown);
}

#[test]
fn children_get_only_the_secrets_that_they_ask_for() {
    let scene = Scene::new(BACKENDS);
    scene.shown(&[]);
    for child in ["build", "plain", "git", "cargo"] {
        let environment = scene.environment_of(child);
        for secret in [AMBIENT, SECOND, CONFIGURED] {
            assert!(!environment.contains(secret), "{child} got {secret}");
        }
    }
    let asked = scene.environment_of("asks");
    assert!(asked.contains(&format!("PASSED_TOKEN={PASSED}")), "{asked}");
    assert!(!asked.contains(AMBIENT) && !asked.contains(SECOND) && !asked.contains(CONFIGURED), "{asked}");
}

#[test]
fn a_plain_run_writes_no_escape_codes_into_a_pipe() {
    let scene = Scene::new("[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n");
    let large = vec![0; 2 << 20];
    scene.repo.write("bin/program", [executables::executable(LINUX), large].concat());
    let shown = scene.shown(&[]);
    assert!(shown.contains("building cargo/my-cli 1.2.0") && shown.contains("packing my-cli-1.2.0"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_quiet_run_shows_its_result_alone() {
    let scene = Scene::new("[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n");
    let arguments = ["--quiet", "distribute", "--build"];
    let output = scene.command(env!("CARGO_BIN_EXE_sampo"), &arguments).output().unwrap();
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(remarks.starts_with("warning:"), "{remarks}");
    for step in ["building", "packing", "delivered", "[build"] {
        assert!(!remarks.contains(step), "{remarks}");
    }
    assert!(String::from_utf8(output.stdout).unwrap().contains("delivered"));
}

/// The file must exist, or a test would check nothing.
#[test]
fn the_tools_that_note_their_environment_are_the_ones_that_run() {
    let scene = Scene::new(BACKENDS);
    assert!(!Path::new(&scene.repo.root().join("git.env")).exists());
    scene.shown(&["--dry-run"]);
    assert!(scene.environment_of("git").contains("GIT_TERMINAL_PROMPT=0"));
    assert!(scene.environment_of("cargo").contains("CARGO_HOME="));
}
