//! Releases that are killed in the middle.

#![cfg(unix)]

use std::fmt::Write;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use sampo_testkit::Repo;

/// Enough to be hit in the middle.
const CRATES: usize = 40;
/// While files are being changed.
const JOURNAL: &str = ".sampo/.release-journal";

fn sampo(repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A workspace with one changeset that releases every crate.
fn workspace() -> Repo {
    let repo = Repo::new();
    let names: Vec<String> = (0..CRATES).map(|number| format!("p{number}")).collect();
    let mut changeset = String::from("---\n");
    for name in &names {
        writeln!(changeset, "{name}: minor").unwrap();
        repo.write(&format!("crates/{name}/CHANGELOG.md"), format!("# {name}\n\n## 1.0.0\n\n- First.\n"));
    }
    let crates: Vec<(&str, &str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0", "")).collect();
    repo.cargo_workspace(&crates);
    repo.write(".sampo/config.toml", "[changelog]\nshow_release_date = false\n");
    repo.write(".sampo/changesets/all.md", changeset + "---\n\nEverything is new.\n");
    repo.commit("first");
    repo
}

/// The hash of every file in the working tree, whatever git thinks of it.
fn tree(repo: &Repo) -> String {
    repo.git(&["add", "--all", "--force"]);
    repo.git(&["write-tree"])
}

fn reset(repo: &Repo) {
    repo.git(&["reset", "--quiet", "--hard"]);
    repo.git(&["clean", "--quiet", "--force", "-d", "-x"]);
}

/// The tree that an undisturbed release leaves.
fn released(repo: &Repo) -> String {
    assert!(sampo(repo, &["release"]).output().unwrap().status.success());
    let tree = tree(repo);
    reset(repo);
    tree
}

/// Starts a release and waits until it writes; then `pause` longer.
fn release_that_writes(repo: &Repo, pause: Duration) -> Child {
    let mut child = sampo(repo, &["release"]).spawn().unwrap();
    while !repo.exists(JOURNAL) && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_micros(200));
    }
    sleep(pause);
    child
}

#[test]
fn a_release_that_is_killed_at_any_moment_is_never_made_twice() {
    let repo = workspace();
    let expected = released(&repo);
    let mut halves = 0;
    for attempt in 0..12 {
        let mut child = release_that_writes(&repo, Duration::from_micros(attempt * 1500));
        child.kill().unwrap();
        child.wait().unwrap();
        let again = sampo(&repo, &["release"]).output().unwrap();
        let said = stderr(&again);
        halves += usize::from(said.contains("interrupted half-way, and has been taken back"));
        assert!(matches!(again.status.code(), Some(0 | 2)), "attempt {attempt}: {said}");
        assert_eq!(tree(&repo), expected, "attempt {attempt}: {said}");
        reset(&repo);
    }
    assert!(halves > 0, "no attempt hit the release while it was writing");
}

#[test]
fn a_release_that_is_asked_to_end_writes_every_file_first() {
    let repo = workspace();
    let expected = released(&repo);
    for signal in ["-TERM", "-INT"] {
        let child = release_that_writes(&repo, Duration::ZERO);
        repo.run("kill", &[signal, &child.id().to_string()]);
        let output = child.wait_with_output().unwrap();
        assert!(ended_by_us(output.status), "{signal}: {}", stderr(&output));
        assert_eq!(tree(&repo), expected);
        reset(&repo);
    }
}

/// 130, or 0 if the signal came a moment too late.
fn ended_by_us(status: ExitStatus) -> bool {
    matches!(status.code(), Some(0 | 130))
}

#[test]
fn every_command_first_takes_back_what_a_killed_release_has_left() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a", "1.0.0", "publish = false\n")]);
    repo.write(".sampo/config.toml", "");
    repo.write(".sampo/changesets/one.md", "---\na: minor\n---\n\nNew.\n");
    repo.commit("first");
    let manifest = "crates/a/Cargo.toml";
    let (before, changeset) = (repo.read(manifest), repo.read(".sampo/changesets/one.md"));
    let after = before.replace("1.0.0", "1.1.0");
    let journal = serde_json::json!({ "version": 1, "changes": [
        { "path": manifest, "before": before, "after": after },
        { "path": "crates/a/CHANGELOG.md", "before": null, "after": "# a\n" },
        { "path": ".sampo/changesets/one.md", "before": changeset, "after": null },
    ]});
    let commands = [
        &["release", "--dry-run"][..],
        &["publish", "--dry-run"],
        &["add", "-p", "a", "-b", "patch", "-m", "x"],
        &["distribute", "matrix", "--all"],
    ];
    for arguments in commands {
        repo.write(JOURNAL, journal.to_string());
        repo.write(manifest, &after).write("crates/a/CHANGELOG.md", "# a\n").write("crates/a/.sampo-aB3dE6", "");
        let output = sampo(&repo, arguments).output().unwrap();
        assert!(stderr(&output).contains("warning: a run was interrupted half-way"), "{arguments:?}: {output:?}");
        assert_eq!(repo.git(&["status", "--porcelain", "--", "crates", JOURNAL]), "", "{arguments:?}");
        assert_eq!(repo.read(".sampo/changesets/one.md"), changeset);
    }

    repo.write(JOURNAL, journal.to_string()).write(manifest, format!("{after}# edited\n"));
    let output = sampo(&repo, &["release"]).output().unwrap();
    assert!(stderr(&output).contains("error[release-interrupted]"), "{output:?}");
    assert!(repo.read(manifest).ends_with("# edited\n") && repo.exists(JOURNAL));
}

#[test]
fn a_changeset_that_does_not_fit_on_the_disk_leaves_nothing_behind() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a", "1.0.0", "")]);
    repo.write(".sampo/config.toml", "");
    let line = "ulimit -f 0; exec \"$0\" add -p a -b patch -m x";
    let output = repo.command("sh").args(["-c", line, env!("CARGO_BIN_EXE_sampo")]).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(sampo(&repo, &["release"]).output().unwrap().status.code(), Some(2));
    assert_eq!(std::fs::read_dir(repo.path(".sampo/changesets")).unwrap().count(), 0);
}
