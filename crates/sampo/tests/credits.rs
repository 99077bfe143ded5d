//! Commits and thanks in changelogs, from git and from GitHub.

use std::process::Output;

use sampo_testkit::Repo;
use sampo_testkit::github::{FakeGithub, Fault, TOKEN};

/// A crate with one committed changeset for each message; the repository and the commits.
fn scene(config: &str, messages: &[&str]) -> (Repo, Vec<String>) {
    let repo = Repo::new();
    repo.write("Cargo.toml", "[package]\nname = \"one\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
    repo.write("src/lib.rs", "");
    repo.write(".sampo/config.toml", format!("[changelog]\nshow_release_date = false\n{config}"));
    repo.commit("first");
    let commits = messages.iter().zip('a'..).map(|(message, name)| {
        repo.write(&format!(".sampo/changesets/{name}.md"), format!("---\none: patch\n---\n\n{message}\n"));
        repo.commit(message)
    });
    let commits = commits.collect();
    (repo, commits)
}

fn release(repo: &Repo, github: &FakeGithub, arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.arg("release").args(arguments);
    command.env("GITHUB_API_URL", github.api_url()).env("GITHUB_SERVER_URL", "https://github.com");
    command.env("GITHUB_REPOSITORY", "acme/app");
    let output = command.envs(token.map(|token| ("GITHUB_TOKEN", token))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The entries of the newest section, without the indentation of their further lines.
fn entries(repo: &Repo) -> Vec<String> {
    let text = repo.read("CHANGELOG.md");
    let section = text.split("### Patch changes\n\n").nth(1).unwrap();
    section.trim_end().split("\n- ").map(|entry| entry.trim_start_matches("- ").replace("\n  ", "\n")).collect()
}

fn short(commit: &str) -> &str {
    &commit[..7]
}

#[test]
fn entries_link_to_their_commits_and_thank_by_login() {
    let (repo, commits) = scene("", &["Fixed A.", "Fixed B.", "Fixed C:\n\n```\nc\n```"]);
    let github = FakeGithub::start();
    github.add_commit(&commits[0], Some("aino")).add_commit(&commits[1], Some("newcomer"));
    github.add_commit(&commits[2], None).add_contributor("newcomer", 1).add_contributor("aino", 7);
    // Later edits do not change who is thanked.
    repo.write(".sampo/changesets/a.md", "---\none: patch\n---\n\nFixed all of A.\n").commit("words");
    repo.write(".sampo/changesets/z.md", "---\none: patch\n---\n\nNot committed.\n");
    release(&repo, &github, &[], Some(TOKEN));
    let link = |commit: &String| format!("[{}](https://github.com/acme/app/commit/{commit})", short(commit));
    assert_eq!(
        entries(&repo),
        [
            format!("{} Fixed all of A. — Thanks @aino!", link(&commits[0])),
            format!("{} Fixed B. — Thanks @newcomer for your first contribution 🎉!", link(&commits[1])),
            format!("{} Fixed C:\n\n```\nc\n```\n— Thanks Aino Testi!", link(&commits[2])),
            "Not committed.".to_owned(),
        ]
    );
}

#[test]
fn github_is_asked_once_for_each_commit_and_not_at_all_by_a_rehearsal() {
    let (repo, _) = scene("", &[]);
    for name in ["a", "b", "c"] {
        repo.write(&format!(".sampo/changesets/{name}.md"), format!("---\none: patch\n---\n\nFixed {name}.\n"));
    }
    let commit = repo.commit("all at once");
    let github = FakeGithub::start();
    github.add_commit(&commit, Some("aino"));
    release(&repo, &github, &["--dry-run"], Some(TOKEN));
    assert_eq!(github.requests().len(), 0);
    release(&repo, &github, &[], Some(TOKEN));
    let paths: Vec<String> = github.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 2, "the commit, then the contributors: {paths:?}");
}

#[test]
fn without_an_answer_authors_are_thanked_by_name_with_one_warning() {
    let (repo, _) = scene("", &["Fixed A.", "Fixed B."]);
    let github = FakeGithub::start();
    github.fail(Fault::on("GET", "*").status(502).always());
    let output = release(&repo, &github, &[], None);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("warning:").count(), 1, "{said}");
    assert!(said.contains("thanked by their names"), "{said}");
    assert!(entries(&repo).iter().all(|entry| entry.ends_with(" — Thanks Aino Testi!")), "{:?}", entries(&repo));
}

#[test]
fn a_failure_that_passes_is_asked_again() {
    let (repo, commits) = scene("", &["Fixed A."]);
    let github = FakeGithub::start();
    github.add_commit(&commits[0], Some("aino")).fail(Fault::on("GET", "*").status(502));
    release(&repo, &github, &[], None);
    assert!(entries(&repo)[0].ends_with("Thanks @aino!"), "{:?}", entries(&repo));
}

#[test]
fn what_is_configured_to_be_left_out_is_left_out() {
    let github = FakeGithub::start();
    let table = [
        ("show_commit_hash = false\nexclude_acknowledgments = ['@AINO']", "Fixed A."),
        ("show_commit_hash = false\nexclude_acknowledgments = ['aino testi']", "Fixed A."),
        ("show_commit_hash = false\nshow_acknowledgments = false", "Fixed A."),
        ("show_commit_hash = false", "Fixed A. — Thanks @aino!"),
    ];
    for (config, expected) in table {
        let (repo, commits) = scene(config, &["Fixed A."]);
        github.add_commit(&commits[0], Some("aino"));
        release(&repo, &github, &[], None);
        assert_eq!(entries(&repo), [expected], "{config}");
    }
}

#[test]
fn what_a_shallow_clone_cannot_know_is_left_out() {
    let (repo, _) = scene("", &["Fixed A.", "Fixed B."]);
    let clone = repo.outside("clone");
    let url = format!("file://{}", repo.root().display());
    repo.git(&["clone", "--quiet", "--depth", "1", &url, &clone.to_string_lossy()]);
    let output = repo.command(env!("CARGO_BIN_EXE_sampo")).current_dir(&clone).arg("release").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(clone.join("CHANGELOG.md")).unwrap();
    assert_eq!(text, "# one\n\n## 1.0.1\n\n### Patch changes\n\n- Fixed A.\n- Fixed B.\n\n");
}

#[test]
fn the_credit_outlives_a_pre_release() {
    let (repo, commits) = scene("show_acknowledgments = false", &["Fixed A."]);
    let sampo = |arguments: &[&str]| repo.run(env!("CARGO_BIN_EXE_sampo"), arguments);
    for arguments in [&["pre", "enter", "rc", "-p", "one"][..], &["release"], &["pre", "exit", "-p", "one"]] {
        sampo(arguments);
        repo.commit("release");
    }
    sampo(&["release"]);
    assert_eq!(entries(&repo)[0].lines().next().unwrap(), format!("{} Fixed A.", short(&commits[0])));
}
