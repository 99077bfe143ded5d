//! The built program with commands of the user's own, folders, and reports for people and programs.

use std::fs;
use std::path::Path;
use std::process::Command;

use sampo_testkit::{Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const SITE: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";

/// A repository with the program `my-cli` 1.2.0, built and tagged.
fn released(backends: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
    repo.write(".sampo/config.toml", format!("[distribute]\ntargets = ['{LINUX}']\nchecksums = 'none'\n{backends}"));
    repo.commit("release");
    repo.tag("my-cli-v1.2.0");
    repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
    repo
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn distribute(repo: &Repo, arguments: &[&str]) -> Ended {
    let mut command: Command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    let output = command.arg("distribute").args(arguments).env("SAMPO_ARTIFACTS", "of another one").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Fails unless `json` is what the published schema `name` describes.
fn assert_valid(name: &str, json: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema).unwrap();
    let mut schemas = boon::Schemas::new();
    let compiled = compiler.compile("schema.json", &mut schemas).unwrap();
    let value = serde_json::from_str(json).unwrap();
    schemas.validate(&value, compiled).unwrap_or_else(|error| panic!("{name}: {error}\n{json}"));
}

#[test]
fn every_file_that_is_written_is_what_its_schema_says() {
    let repo = released(&format!(
        "{SITE}[distribute.backends.list]\ntype = 'command'\nper = 'release'\nrun = 'cp $SAMPO_ARTIFACTS list.json; exit 1'\n\
         [distribute.backends.after]\ntype = 'command'\nrun = 'true'\nneeds = ['list']\n"
    ));
    let read = |path: &str| fs::read_to_string(repo.path(path)).unwrap();
    assert_valid("distribute-report.schema.json", &distribute(&repo, &["--dry-run", "--format", "json"]).stdout);
    let ended = distribute(&repo, &["--report", "report.json"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_valid("distribute-report.schema.json", &read("report.json"));
    assert_valid("artifacts.schema.json", &read("list.json"));
    assert_valid("manifest.schema.json", &read("site/my-cli/1.2.0/manifest.json"));
    assert_valid("latest.schema.json", &read("site/my-cli/latest.json"));
}

#[test]
fn a_report_for_people_is_markdown_and_names_a_command_that_needs_no_file() {
    let repo =
        released(&format!("{SITE}[distribute.backends.chat]\ntype = 'command'\nrun = 'echo why @everyone; exit 1'\n"));
    let ended = distribute(&repo, &["--report", "out/summary.md", "--format", "markdown"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (3, fs::read_to_string(repo.path("out/summary.md")).unwrap().as_str())
    );
    assert!(ended.stdout.starts_with("## 1 delivered, 1 failed\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("\nsampo distribute --tag my-cli-v1.2.0 --backend chat\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("the command ended with status 1: why @everyone"), "{}", ended.stdout);
    let again = distribute(&repo, &["--retry", "out/summary.md"]);
    assert!(again.code == 1 && again.stderr.contains("is a report for people"), "{}", again.stderr);
    let stray = distribute(&repo, &["--report", "-"]);
    assert!(stray.code == 64 && stray.stderr.contains("--format json"), "{}", stray.stderr);
}

#[test]
fn the_command_that_tries_again_is_one_that_a_shell_runs() {
    let repo = released("[distribute.backends.fragile]\ntype = 'command'\nrun = 'test -e ready'\n");
    let ended = distribute(&repo, &["--report", "my report's.json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let line = ended.stdout.lines().last().unwrap().split_once("sampo distribute ").unwrap().1.to_owned();
    let words = shlex::split(&line).unwrap();
    assert_eq!(words, ["--retry", "my report's.json"]);
    repo.write("ready", "");
    let again = distribute(&repo, &words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(again.code, 0, "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn a_command_is_heard_under_its_name_without_what_a_terminal_would_act_on() {
    let run = r"printf '\033[31mred\033[0m\n\377\n'; env | grep -c SAMPO_ARTIFACTS; exit 75";
    let repo = released(&format!(
        "[distribute.backends.mine]\ntype = 'command'\nrun = \"\"\"{}\"\"\"\n",
        run.replace('\\', r"\\")
    ));
    let ended = distribute(&repo, &["--format", "json"]);
    for line in ["[mine] red", "[mine] \u{fffd}", "[mine] 0"] {
        assert!(ended.stderr.lines().any(|other| other == line), "{line}: {}", ended.stderr);
    }
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let delivery = &report["deliveries"][0];
    assert_eq!((&delivery["code"], &delivery["retryable"]), (&"command-failed".into(), &true.into()));
}

#[test]
fn mistakes_of_several_backends_are_told_at_once() {
    let repo = released(
        "[distribute.backends.a]\ntype = 'command'\n[distribute.backends.b]\ntype = 'directory'\npath = 'x'\nkeep = 0\n",
    );
    let ended = distribute(&repo, &["--dry-run"]);
    assert!(ended.code == 1 && ended.stderr.contains("there are 2 mistakes"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("missing field `run`") && ended.stderr.contains("whole number above 0"),
        "{}",
        ended.stderr
    );
}
