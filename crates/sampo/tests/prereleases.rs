//! A pre-release all the way: entered, released, tagged and delivered, and then the stable version.

use sampo_testkit::github::TOKEN;
use sampo_testkit::{FakeGithub, Repo, executables};

const LINUX: &str = "x86_64-unknown-linux-gnu";

const CONFIG: &str = "\
[github]
repository = 'acme/app'
[changelog]
show_release_date = false
show_commit_hash = false
show_acknowledgments = false
[distribute]
targets = ['x86_64-unknown-linux-gnu']
[distribute.backends.github]
type = 'github-release'
retries = 0
";

fn sampo(repo: &Repo, github: &FakeGithub, arguments: &[&str]) {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command.args(arguments).env("GITHUB_API_URL", github.api_url()).env("GITHUB_SERVER_URL", github.web_url());
    let output = command.env("GITHUB_TOKEN", TOKEN).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}{said}", String::from_utf8_lossy(&output.stdout));
}

/// Releases what is noted, tags it, and delivers it.
fn deliver(repo: &Repo, github: &FakeGithub, tag: &str) {
    sampo(repo, github, &["release"]);
    let commit = repo.commit("release");
    sampo(repo, github, &["publish"]);
    assert!(repo.git(&["tag"]).lines().any(|known| known == tag), "{tag} is made");
    repo.push_to_origin();
    github.add_tag(tag, &commit);
    sampo(repo, github, &["distribute"]);
}

#[test]
fn a_pre_release_is_marked_as_one_and_never_the_latest() {
    let (repo, github) = (Repo::new(), FakeGithub::start());
    repo.cargo_workspace(&[("my-cli", "1.2.0", "publish = false")]);
    repo.write(".sampo/config.toml", CONFIG);
    repo.write(&format!("dist/my-cli-{LINUX}/my-cli"), executables::executable(LINUX));
    repo.write(".sampo/changesets/a.md", "---\nmy-cli: minor\n---\n\nAdded A.\n").commit("first");

    sampo(&repo, &github, &["pre", "enter", "rc", "-p", "my-cli"]);
    deliver(&repo, &github, "my-cli-v1.3.0-rc");
    repo.write(".sampo/changesets/b.md", "---\nmy-cli: patch\n---\n\nFixed B.\n").commit("second");
    deliver(&repo, &github, "my-cli-v1.3.0-rc.1");
    for tag in ["my-cli-v1.3.0-rc", "my-cli-v1.3.0-rc.1"] {
        assert!(github.release(tag).prerelease, "{tag}");
    }
    assert_eq!(github.release("my-cli-v1.3.0-rc.1").body.unwrap(), "### Patch changes\n\n- Fixed B.");
    assert_eq!(github.latest(), None);

    sampo(&repo, &github, &["pre", "exit", "-p", "my-cli"]);
    deliver(&repo, &github, "my-cli-v1.3.0");
    assert!(!github.release("my-cli-v1.3.0").prerelease);
    assert_eq!(github.latest().as_deref(), Some("my-cli-v1.3.0"));
    let everything = "### Minor changes\n\n- Added A.\n\n### Patch changes\n\n- Fixed B.";
    assert_eq!(github.release("my-cli-v1.3.0").body.unwrap(), everything);
}

#[test]
fn cargo_accepts_what_entering_writes_and_a_rehearsal_writes_nothing() {
    let (repo, github) = (Repo::new(), FakeGithub::start());
    let pin = "\n[dependencies]\ncore = { path = \"../core\", version = \"1.0.0\" }\n";
    repo.cargo_workspace(&[("core", "1.0.0", ""), ("app", "1.0.0", pin)]);
    repo.write(".sampo/config.toml", CONFIG).commit("first");
    let metadata = ["metadata", "--locked", "--offline", "--format-version", "1", "--quiet"];
    sampo(&repo, &github, &["pre", "enter", "rc", "-p", "core", "--dry-run"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    for arguments in [["pre", "enter", "rc", "-p", "core"], ["pre", "enter", "beta", "-p", "core"]] {
        sampo(&repo, &github, &arguments);
        repo.run("cargo", &metadata);
    }
    sampo(&repo, &github, &["pre", "exit", "-p", "core"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "the way out leads back");
}
