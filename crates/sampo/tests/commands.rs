//! What scripts see of the commands: documents, exit codes, help, completions and manual pages.

use std::process::{Output, Stdio};

use sampo_testkit::Repo;
use serde_json::{Value, json};

fn sampo(repo: &Repo, arguments: &[&str]) -> Output {
    repo.command(env!("CARGO_BIN_EXE_sampo")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output of a run that ended with `code`.
#[track_caller]
fn ended(repo: &Repo, arguments: &[&str], code: i32) -> String {
    let output = sampo(repo, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// Standard output as JSON, all of it.
#[track_caller]
fn document(repo: &Repo, arguments: &[&str], code: i32) -> Value {
    serde_json::from_str(&ended(repo, arguments, code)).unwrap()
}

/// `core` is noted, `my-cli` needs it, `twin` is in a group with it, `old` is in a pre-release.
fn workspace() -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[
        ("core", "1.0.0", "publish = false"),
        ("my-cli", "0.1.0", "publish = false\n[dependencies]\ncore = { path = \"../core\" }"),
        ("old", "2.0.0-beta.1", "publish = false"),
        ("twin", "3.0.0", "publish = false"),
    ]);
    let config = "[packages]\nfixed = [['core', 'twin']]\nignore = ['old']\n[changelog]\nshow_release_date = false\n\
                  show_commit_hash = false\nshow_acknowledgments = false\n";
    repo.write(".sampo/config.toml", config);
    repo.write(".sampo/changesets/b.md", "---\ncore: minor\n---\n\nAdded `it`.\nMore.\n");
    repo.write(".sampo/changesets/a.md", "---\nold: patch\n---\n\nOld.\n");
    repo.write(".sampo/changesets/c.md", "---\ncore: patch\n---\n");
    repo.commit("first");
    repo
}

const PLAN: &str = "  core: 1.0.0 -> 1.1.0\n  my-cli: 0.1.0 -> 0.1.1\n  twin: 3.0.0 -> 3.1.0\n";

#[test]
fn status_shows_what_was_noted_what_comes_of_it_and_why_on_any_branch() {
    let repo = workspace();
    repo.git(&["switch", "--quiet", "--create", "feature"]);
    let expected = "\
Noted in .sampo/changesets:
  a.md: cargo/old patch, left out by the configuration
    Old.
  b.md: cargo/core minor
    Added `it`.
  c.md: has no message yet

To be released:
  core: 1.0.0 -> 1.1.0 (minor, 1 changeset)
  my-cli: 0.1.0 -> 0.1.1 (patch, needs what is released)
  twin: 3.0.0 -> 3.1.0 (minor, goes with its group)

Now in a pre-release:
  old 2.0.0-beta.1
";
    assert_eq!(ended(&repo, &["status"], 0), expected);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    let error = stderr(&sampo(&repo, &["release", "--dry-run"]));
    assert!(error.contains("error[branch-not-configured]"), "{error}");
}

#[test]
fn status_as_json_is_the_report_of_the_release_to_come() {
    let repo = workspace();
    let mut report = document(&repo, &["status", "--format", "json"], 0);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["released"], false);
    assert_eq!(
        report["changesets"][1],
        json!({
            "file": ".sampo/changesets/b.md",
            "state": "used",
            "packages": [{ "package": "cargo/core", "bump": "minor", "tag": null }],
            "message": "Added `it`.\nMore.",
        })
    );
    assert_eq!(report["changesets"][0]["state"], "ignored");
    assert_eq!(report["changesets"][2]["state"], "without-message");
    assert_eq!(
        report["releases"][0],
        json!({
            "package": "cargo/core",
            "name": "core",
            "old_version": "1.0.0",
            "new_version": "1.1.0",
            "bump": "minor",
            "cause": "changeset",
            "changesets": [".sampo/changesets/b.md"],
            "tag": "core-v1.1.0",
            "prerelease": false,
            "changelog": "### Minor changes\n\n- Added `it`.\n  More.",
        })
    );
    let causes: Vec<&Value> = report["releases"].as_array().unwrap().iter().map(|release| &release["cause"]).collect();
    assert_eq!(causes, ["changeset", "dependency", "group"]);
    assert_eq!(report["prereleases"][0]["version"], "2.0.0-beta.1");
    assert!(report["warnings"][0]["message"].as_str().unwrap().contains("c.md"));

    assert_eq!(document(&repo, &["release", "--dry-run", "--format", "json"], 0), report);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    let released = document(&repo, &["release", "--format", "json"], 0);
    report["released"] = true.into();
    assert_eq!(released, report);
    assert!(repo.read("crates/core/Cargo.toml").contains("1.1.0"));
}

#[test]
fn nothing_to_release_is_exit_code_2_and_an_empty_report() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a", "1.0.0", "publish = false")]);
    repo.write(".sampo/config.toml", "");
    repo.commit("first");
    for command in [&["status"][..], &["release"], &["release", "--dry-run"]] {
        let output = sampo(&repo, command);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""));
        assert!(stderr(&output).contains("nothing to release: there is no changeset"), "{}", stderr(&output));
        let report = document(&repo, &[command, &["--format", "json"]].concat(), 2);
        assert_eq!(report["releases"], json!([]));
        assert_eq!(report["released"], false);
    }
}

#[test]
fn publish_as_json_tells_what_became_of_each_package_and_of_the_run() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a", "1.0.0", "publish = false"), ("b", "1.0.0", "publish = false")]);
    repo.write(".sampo/config.toml", "");
    let commit = repo.commit("first");
    repo.git(&["tag", "a-v1.0.0"]);
    let package = |name: &str, tagging: &str| {
        let (package, tag) = (format!("cargo/{name}"), format!("{name}-v1.0.0"));
        json!({ "package": package, "version": "1.0.0", "tag": tag, "upload": "never", "tagging": tagging })
    };
    let report = |dry_run: bool, b: &str| {
        let packages = [package("a", "at-head"), package("b", b)];
        json!({ "schema_version": 1, "dry_run": dry_run, "commit": commit, "packages": packages, "error": null })
    };
    let publish = ["publish", "--format", "json", "--plan", "plan.json"];
    assert_eq!(document(&repo, &[&publish[..], &["--dry-run"]].concat(), 0), report(true, "needed"));
    assert_eq!(document(&repo, &publish, 0), report(false, "created"));
    assert_eq!(document(&repo, &publish, 2), report(false, "at-head"));
    let plan = document(&repo, &["publish", "--plan", "-"], 2);
    assert_eq!(plan, serde_json::from_str::<Value>(&repo.read("plan.json")).unwrap());
    assert_eq!(plan["releases"].as_array().unwrap().len(), 2);
}

#[test]
fn a_document_on_standard_output_stands_there_alone() {
    let repo = workspace();
    let output = sampo(&repo, &["release", "--dry-run", "--plan", "-"]);
    let plan: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(plan["releases"][0]["tag"], "core-v1.1.0");
    assert!(stderr(&output).contains(PLAN), "the lines of the plan go to standard error: {}", stderr(&output));
    let two = [
        &["release", "--dry-run", "--plan", "-", "--format", "json"][..],
        &["release", "--dry-run", "--plan", "-", "--build-matrix", "-"],
        &["publish", "--dry-run", "--plan", "-", "--format", "json"],
    ];
    for arguments in two {
        let output = sampo(&repo, arguments);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(64), ""), "{arguments:?}");
        assert!(stderr(&output).contains("takes one document, not those of `"), "{}", stderr(&output));
    }
    assert_eq!(ended(&repo, &["release", "--plan", "plan.json"], 0), PLAN);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let repo = workspace();
    for arguments in
        [&["status"][..], &["status", "--format", "json"], &["release", "--help"], &["completions", "bash"]]
    {
        let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!stderr(&output).contains("panicked") && !stderr(&output).contains("error"), "{}", stderr(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let repo = workspace();
    for arguments in [&["--help"][..], &["release", "--help"], &["--version"], &["status"], &["completions", "bash"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = repo.command(env!("CARGO_BIN_EXE_sampo")).args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let error = stderr(&output);
        assert!(error.contains("error[io]: cannot write to `standard output`: No space left"), "{error}");
    }
}

#[test]
fn without_a_terminal_add_names_the_options_that_are_missing() {
    let repo = workspace();
    let table = [
        (&["add"][..], "give --package, --bump, --message on the command line"),
        (&["add", "-p", "core", "-m", " "], "give --bump, --message on the command line"),
        (&["add", "-p", "core", "-b", "minor", "--message", ""], "give --message on the command line"),
    ];
    for (arguments, expected) in table {
        let output = sampo(&repo, arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("error[terminal-missing]"), "{}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn init_shows_what_it_would_write_and_without_a_terminal_asks_nothing() {
    let repo = Repo::new();
    let error = stderr(&sampo(&repo, &["init"]));
    assert!(error.starts_with("error[no-packages]: no package found in `"), "{error}");
    repo.cargo_workspace(&[("a", "1.0.0", "")]);
    repo.commit("first");
    repo.git(&["branch", "--move", "trunk"]);
    let shown = ended(&repo, &["init", "--dry-run"], 0);
    assert!(shown.contains("would write .sampo/config.toml:\n") && shown.contains("\ndefault_branch = \"trunk\"\n"));
    assert!(!repo.exists(".sampo"));
    repo.write(".sampo/config.toml", "[git]\n");
    let wrote = ended(&repo, &["init", "--yes"], 0);
    assert_eq!(wrote, "wrote .sampo/README.md\nwrote .sampo/changeset.md.example\n");
    assert_eq!(repo.read(".sampo/config.toml"), "[git]\n");
    assert!(ended(&repo, &["init"], 0).contains("nothing was changed"));
}

/// The names of all commands, with those above them, from the help texts themselves.
fn commands(repo: &Repo, above: &[&str]) -> Vec<Vec<String>> {
    let help = ended(repo, &[above, &["--help"]].concat(), 0);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let names = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
    let mut all = Vec::new();
    for name in names.filter(|name| *name != "help") {
        let command = [above, &[name]].concat();
        all.push(command.iter().map(ToString::to_string).collect());
        all.extend(commands(repo, &command));
    }
    all
}

#[test]
fn the_help_of_every_command_has_examples_and_explains_every_option() {
    let repo = Repo::new();
    let commands = commands(&repo, &[]);
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let help = ended(&repo, &[&words[..], &["--help"]].concat(), 0);
        assert!(help.contains("Examples:\n  sampo "), "{command:?} has no examples");
        assert!(ended(&repo, &[&["help"], &words[..]].concat(), 0).contains("Usage: "), "{command:?}");
        let lines: Vec<&str> = help.lines().collect();
        // Unlike what stands above them, they are not wrapped where the terminal ends.
        let examples = lines.iter().skip_while(|line| **line != "Examples:");
        assert_eq!(examples.filter(|line| line.chars().count() > 80).count(), 0, "{command:?}: {help}");
        for pair in lines.windows(2) {
            let is_option = pair[0].trim_start().starts_with('-') && !pair[0].contains("  - ");
            let is_explained = pair[0].trim_start().contains("  ") || pair[1].starts_with("          ");
            assert!(!is_option || is_explained, "{command:?}: {}", pair[0]);
        }
    }
}

#[test]
fn a_command_line_that_is_not_understood_is_exit_code_64_and_names_what_is_like_it() {
    let repo = Repo::new();
    let table = [
        (&["relase"][..], "release"),
        (&["release", "--dry-rum"], "--dry-run"),
        (&["add", "--bump", "huge"], "patch"),
        (&["add", "-m", "x", "--editor"], "cannot be used with"),
        (&["status", "--format", "yaml"], "json"),
        (&[], "Usage: sampo"),
    ];
    for (arguments, expected) in table {
        let output = sampo(&repo, arguments);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(64), ""), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(ended(&repo, &["--version"], 0), concat!("sampo ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn colours_go_to_terminals_and_to_whoever_insists() {
    let repo = workspace();
    let error = |variables: &[(&str, &str)]| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
        stderr(
            &command
                .args(["add", "-p", "nobody", "-b", "patch", "-m", "x"])
                .envs(variables.iter().copied())
                .output()
                .unwrap(),
        )
    };
    assert!(error(&[]).starts_with("error[unknown-package]: "), "{}", error(&[]));
    assert!(error(&[("CLICOLOR_FORCE", "1")]).contains("\x1b["));
    assert!(!error(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains("\x1b["));
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let repo = Repo::new();
    let printed = ended(&repo, &["man", "out/man1"], 0);
    let mut expected: Vec<String> =
        commands(&repo, &[]).iter().map(|words| format!("sampo-{}", words.join("-"))).collect();
    expected.insert(0, "sampo".into());
    for name in &expected {
        assert!(printed.lines().any(|line| line.ends_with(&format!("{name}.1"))), "{name}: {printed}");
        let page = repo.read(&format!("out/man1/{name}.1"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH NAME"), "{page}");
    }
    assert_eq!(printed.lines().count(), expected.len(), "{printed}");
    assert!(repo.read("out/man1/sampo-distribute-matrix.1").contains("sampo\\-distribute\\-matrix"));
    let page = repo.read("out/man1/sampo-status.1");
    let closing = [".SH EXAMPLES\n.nf\n  sampo status\n", "\n.fi\n.PP\nWorks on", "\n.SH \"EXIT STATUS\"\n0 something"];
    for expected in closing {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(page.contains(concat!("\"sampo ", env!("CARGO_PKG_VERSION"), "\"")), "{page}");
}

#[test]
fn every_shell_has_completions() {
    let repo = Repo::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(ended(&repo, &["completions", shell], 0).contains("distribute"), "{shell}");
    }
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_and_options() {
    let repo = Repo::new();
    repo.write("sampo.bash", ended(&repo, &["completions", "bash"], 0));
    let complete = |line: &str| {
        let script = format!(
            "source ./sampo.bash; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _sampo sampo \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[*]}}\""
        );
        repo.run("bash", &["-c", &script])
    };
    assert_eq!(complete("sampo dis"), "distribute");
    assert_eq!(complete("sampo release --dry"), "--dry-run");
    assert_eq!(complete("sampo distribute mat"), "matrix");
    assert_eq!(complete("sampo status --format j"), "json");
    assert_eq!(complete("sampo add --bump mi"), "minor");
}
