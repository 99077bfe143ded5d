//! `sampo init`, `add` and `release` in real repositories.

use std::process::Output;

use sampo_testkit::Repo;

/// No dates, commits and names, so that whole files can be compared.
const NO_DATE: &str =
    "[changelog]\nshow_release_date = false\nshow_commit_hash = false\nshow_acknowledgments = false\n";

fn sampo(repo: &Repo, arguments: &[&str]) -> Output {
    repo.command(env!("CARGO_BIN_EXE_sampo")).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", stdout(output), stderr(output));
    stdout(output)
}

/// The error of a run that ended with `code` and changed no file.
#[track_caller]
fn refused(repo: &Repo, arguments: &[&str], code: i32) -> String {
    repo.commit("before");
    let output = sampo(repo, arguments);
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    stderr(&output)
}

/// A workspace in which `util` needs `core`, and `my-cli` needs both.
fn workspace(config: &str) -> Repo {
    let repo = Repo::new();
    repo.write("crates/core/src/lib.rs", "");
    repo.cargo_workspace(&[
        ("core", "1.2.0", ""),
        ("util", "0.4.0", "\n[dependencies]\ncore = { path = \"../core\", version = \"1.2.0\" } # a pin\n"),
        (
            "my-cli",
            "0.3.7",
            "publish = false\n\n[dependencies]\nbase = { package = \"core\", path = \"../core\" }\n\n[target.'cfg(unix)'.dependencies]\n\
             util = { path = \"../util\", version = \"^0.4\" }\n",
        ),
    ]);
    repo.write(".sampo/config.toml", format!("{NO_DATE}{config}"));
    repo
}

fn changeset(repo: &Repo, name: &str, packages: &str, message: &str) {
    repo.write(&format!(".sampo/changesets/{name}.md"), format!("---\n{packages}\n---\n\n{message}\n"));
}

/// Cargo accepts manifests and lock file as they are.
fn assert_locked(repo: &Repo) {
    repo.run("cargo", &["metadata", "--locked", "--offline", "--format-version", "1", "--quiet"]);
}

#[test]
fn a_change_becomes_a_release_of_everything_that_it_reaches() {
    let repo = workspace("");
    repo.commit("first");
    let message = "Added `Reader`.\n\nIt reads.";
    let wrote = succeeded(&sampo(&repo, &["add", "-p", "core", "-b", "minor", "-m", message]));
    let file = wrote.trim().strip_prefix("wrote ").unwrap();
    assert_eq!(repo.read(file), "---\ncargo/core: minor\n---\n\nAdded `Reader`.\n\nIt reads.\n");
    let commit = repo.commit("feat: a reader");

    let lines = "  core: 1.2.0 -> 1.3.0\n  my-cli: 0.3.7 -> 0.3.8\n  util: 0.4.0 -> 0.4.1\n";
    assert_eq!(succeeded(&sampo(&repo, &["release", "--dry-run"])), lines);
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "a dry run changes nothing");
    assert_eq!(succeeded(&sampo(&repo, &["release"])), lines);

    assert_eq!(
        repo.git(&["status", "--porcelain", "--untracked-files=all"]).lines().collect::<Vec<_>>(),
        [
            &*format!("D {file}").replacen("D ", " D ", 1),
            " M Cargo.lock",
            " M crates/core/Cargo.toml",
            " M crates/my-cli/Cargo.toml",
            " M crates/util/Cargo.toml",
            "?? crates/core/CHANGELOG.md",
            "?? crates/my-cli/CHANGELOG.md",
            "?? crates/util/CHANGELOG.md",
        ]
    );
    assert_eq!(
        repo.read("crates/util/Cargo.toml"),
        "[package]\nname = \"util\"\nversion = \"0.4.1\"\nedition = \"2024\"\n\n[dependencies]\ncore = { path = \"../core\", \
         version = \"1.3.0\" } # a pin\n\n"
    );
    let before = repo.git(&["show", &format!("{commit}:crates/my-cli/Cargo.toml")]);
    assert_eq!(repo.read("crates/my-cli/Cargo.toml").trim_end(), before.replace("0.3.7", "0.3.8"));
    assert_eq!(
        repo.read("crates/core/CHANGELOG.md"),
        "# core\n\n## 1.3.0\n\n### Minor changes\n\n- Added `Reader`.\n  \n  It reads.\n\n"
    );
    assert_eq!(
        repo.read("crates/my-cli/CHANGELOG.md"),
        "# my-cli\n\n## 0.3.8\n\n### Patch changes\n\n- Updated dependencies: core@1.3.0, util@0.4.1\n\n"
    );
    assert_locked(&repo);

    let again = sampo(&repo, &["release"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("nothing to release: there is no changeset"), "{}", stderr(&again));
}

#[test]
fn the_plan_file_tells_the_next_step_what_is_released() {
    let repo = workspace("[distribute]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n");
    let file = repo.outside("plans").join("plan.json");
    let release = |arguments: &[&str]| {
        let output = sampo(&repo, &[&["release", "--plan", &file.to_string_lossy()], arguments].concat());
        (output.status.code(), std::fs::read_to_string(&file).unwrap())
    };
    let (code, empty) = release(&[]);
    assert_eq!(code, Some(2));
    assert_eq!(empty, "{\n  \"schema_version\": 1,\n  \"commit\": null,\n  \"releases\": []\n}\n");

    changeset(&repo, "a", "core: minor", "Added it.");
    let (_, rehearsed) = release(&["--dry-run"]);
    let (code, plan) = release(&[]);
    assert_eq!((code, &plan), (Some(0), &rehearsed), "a dry run writes the plan that a real run applies");
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let lines: Vec<String> = plan["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| {
            format!(
                "{} {} {} {}",
                release["tag"], release["previous_version"], release["bump"], release["has_artifacts"]
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "\"core-v1.3.0\" \"1.2.0\" \"minor\" false",
            "\"my-cli-v0.3.8\" \"0.3.7\" \"patch\" true",
            "\"util-v0.4.1\" \"0.4.0\" \"patch\" false",
        ]
    );
    assert_eq!(plan["releases"][0]["changelog"], "### Minor changes\n\n- Added it.");
}

#[test]
fn an_older_changelog_and_windows_line_endings_are_kept() {
    let repo = workspace("");
    let manifest = repo.read("crates/core/Cargo.toml").replace('\n', "\r\n");
    repo.write("crates/core/Cargo.toml", &manifest);
    repo.write(
        "crates/core/CHANGELOG.md",
        "# Core\r\n\r\nAll about it.\r\n\r\n## [1.2.0] - 2024-01-01\r\n\r\n* old\r\n",
    );
    changeset(&repo, "b", "core: patch", "Fixed B.");
    changeset(&repo, "a", "core: patch", "Fixed A.");
    succeeded(&sampo(&repo, &["release"]));
    assert_eq!(repo.read("crates/core/Cargo.toml"), manifest.replace("1.2.0", "1.2.1"));
    assert_eq!(
        repo.read("crates/core/CHANGELOG.md"),
        "# Core\r\n\r\nAll about it.\r\n\r\n## 1.2.1\r\n\r\n### Patch changes\r\n\r\n- Fixed A.\r\n- Fixed B.\r\n\r\n## [1.2.0] \
         - 2024-01-01\r\n\r\n* old\r\n"
    );
    assert_locked(&repo);
}

#[test]
fn crates_that_inherit_version_and_dependencies_move_together() {
    let repo = Repo::new();
    let root = "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n\n[workspace.package]\nversion = \"0.5.0\" # all of \
                them\n\n[workspace.dependencies]\ncore = { path = \"crates/core\", version = \"0.5\" }\n";
    let member = |name: &str, lines: &str| {
        format!("[package]\nname = \"{name}\"\nversion.workspace = true\nedition = \"2024\"\n{lines}")
    };
    repo.write("Cargo.toml", root)
        .write("crates/core/Cargo.toml", member("core", ""))
        .write("crates/core/src/lib.rs", "")
        .write("crates/app/Cargo.toml", member("app", "[dependencies]\ncore.workspace = true\n"))
        .write("crates/app/src/lib.rs", "")
        .write(
            "crates/xtask/Cargo.toml",
            "[package]\nname = \"xtask\"\nedition = \"2024\"\n[dependencies]\ncore.workspace = true\n",
        )
        .write("crates/xtask/src/main.rs", "fn main() {}\n")
        .write(".sampo/config.toml", NO_DATE);
    repo.run("cargo", &["generate-lockfile", "--offline", "--quiet"]);
    changeset(&repo, "a", "app: minor", "Added it.");
    assert_eq!(succeeded(&sampo(&repo, &["release"])), "  app: 0.5.0 -> 0.6.0\n  core: 0.5.0 -> 0.6.0\n");
    assert_eq!(repo.read("Cargo.toml"), root.replace("0.5", "0.6"));
    assert_eq!(
        repo.read("crates/core/CHANGELOG.md"),
        "# core\n\n## 0.6.0\n\n### Minor changes\n\n- Bumped due to fixed dependency group policy\n\n"
    );
    assert!(!repo.exists("crates/xtask/CHANGELOG.md"), "a crate without a version is never released");
    assert_locked(&repo);
}

#[test]
fn a_root_package_is_released_with_the_workspace_around_it() {
    let repo = Repo::new();
    let root = "[package]\nname = \"app\"\nversion.workspace = true\nedition = \"2024\"\n\n[workspace]\nmembers = \
                [\"lib\"]\n\n[workspace.package]\nversion = '0.5.0'\n\n[workspace.dependencies]\nlib = { path = \"lib\", \
                version = \"=2.0.0\" }\n\n[dependencies]\nlib = { workspace = true, default-features = true }\n";
    repo.write("Cargo.toml", root)
        .write("src/main.rs", "fn main() {}\n")
        .write("lib/Cargo.toml", "[package]\nname = \"lib\"\nversion = \"2.0.0\"\nedition = \"2024\"\n")
        .write("lib/src/lib.rs", "")
        .write(".sampo/config.toml", NO_DATE);
    repo.run("cargo", &["generate-lockfile", "--offline", "--quiet"]);
    changeset(&repo, "a", "lib: major", "Changed it.");
    assert_eq!(succeeded(&sampo(&repo, &["release"])), "  app: 0.5.0 -> 0.5.1\n  lib: 2.0.0 -> 3.0.0\n");
    assert_eq!(repo.read("Cargo.toml"), root.replace("'0.5.0'", "'0.5.1'").replace("=2.0.0", "=3.0.0"));
    assert!(repo.read("CHANGELOG.md").ends_with("### Patch changes\n\n- Updated dependencies: lib@3.0.0\n\n"));
    assert_locked(&repo);
}

#[test]
fn the_pin_of_an_ignored_crate_follows() {
    let repo = workspace("[packages]\nignore = [\"util\", \"my-*\"]\n");
    changeset(&repo, "a", "core: minor\nutil: major", "Changed it.");
    assert_eq!(succeeded(&sampo(&repo, &["release"])), "  core: 1.2.0 -> 1.3.0\n");
    let util = repo.read("crates/util/Cargo.toml");
    assert!(util.contains("version = \"0.4.0\"") && util.contains("version = \"1.3.0\""), "{util}");
    assert_locked(&repo);
}

#[test]
fn a_single_crate_without_a_workspace_is_released() {
    let repo = Repo::new();
    repo.write("Cargo.toml", "[package]\nname = \"solo\"\nversion = \"1.0.0\"\nedition = \"2024\"\n")
        .write("src/lib.rs", "")
        .write(".sampo/config.toml", NO_DATE);
    repo.run("cargo", &["generate-lockfile", "--offline", "--quiet"]);
    changeset(&repo, "a", "solo: major", "Everything is new.");
    assert_eq!(succeeded(&sampo(&repo, &["release"])), "  solo: 1.0.0 -> 2.0.0\n");
    assert!(repo.read("CHANGELOG.md").starts_with("# solo\n\n## 2.0.0\n"));
    assert_locked(&repo);
}

#[test]
fn a_range_that_leaves_out_the_new_version_is_refused_before_anything_is_written() {
    let repo = workspace("");
    changeset(&repo, "a", "util: minor", "New.");
    let error = refused(&repo, &["release"], 1);
    assert!(error.contains("`cargo/my-cli` requires `util` ^0.4, which leaves out 0.5.0"), "{error}");
    assert!(error.contains("hint: "), "{error}");
}

#[test]
fn a_dependency_that_is_shared_or_patched_by_name_is_one_on_our_package() {
    for requirement in ["1.2.0", "1.2", "1"] {
        let repo = Repo::new();
        let root = format!(
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n\n[workspace.dependencies]\na = \
             \"{requirement}\"\n\n[patch.crates-io]\na = {{ path = \"crates/a\" }}\n"
        );
        repo.write("crates/a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.2.0\"\nedition = \"2024\"\n")
            .write("crates/a/src/lib.rs", "")
            .write("crates/b/Cargo.toml", "[package]\nname = \"b\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\na.workspace = true\n")
            .write("crates/b/src/lib.rs", "")
            .write("Cargo.toml", &root)
            .write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n")
            .write(".sampo/config.toml", NO_DATE);
        changeset(&repo, "a", "a: major", "Changed it.");
        assert_locked(&repo);
        assert_eq!(succeeded(&sampo(&repo, &["release"])), "  a: 1.2.0 -> 2.0.0\n  b: 0.1.0 -> 0.1.1\n");
        let follows = ["2.0.0", "2.0", "2"][requirement.split('.').count().abs_diff(3)];
        assert_eq!(repo.read("Cargo.toml"), root.replace(&format!("\"{requirement}\""), &format!("\"{follows}\"")));
        assert_locked(&repo);

        // In a package's own manifest a shorthand is a range, which the patch would fall out of.
        repo.write("Cargo.toml", root.replace("[workspace.dependencies]", "[workspace.metadata]"));
        repo.git(&["add", "--all"]);
        let manifest = repo.read("crates/b/Cargo.toml").replace("a.workspace = true", "a = \"2\"");
        repo.write("crates/b/Cargo.toml", manifest);
        changeset(&repo, "a", "a: major", "Changed it.");
        let error = refused(&repo, &["release"], 1);
        assert!(error.contains("`cargo/b` requires `a` 2, which leaves out 3.0.0"), "{error}");
    }
}

#[test]
fn a_lock_file_that_lacks_a_package_is_refused_before_anything_is_written() {
    let repo = workspace("");
    let lock = repo.read("Cargo.lock");
    let (before, after) = lock.split_once("[[package]]\nname = \"util\"").unwrap();
    let rest = after.split_once("[[package]]").map_or(String::new(), |(_, rest)| format!("[[package]]{rest}"));
    repo.write("Cargo.lock", format!("{before}{rest}"));
    changeset(&repo, "a", "core: minor", "New.");
    let error = refused(&repo, &["release"], 1);
    assert!(error.contains("error[lockfile-outdated]: `Cargo.lock` does not know `cargo/util`"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_told_to_the_next_step_is_refused_before_anything_is_written() {
    let repo = workspace("[distribute]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n");
    changeset(&repo, "a", "core: minor", "New.");
    for option in ["--plan", "--build-matrix"] {
        for file in ["/proc/nope/x.json", "."] {
            let error = refused(&repo, &["release", option, file], 1);
            assert!(error.contains("error[io]: cannot write `") && !error.contains("hint:"), "{error}");
        }
    }
    let output = repo.outside("output").join("file");
    let release = || repo.command(env!("CARGO_BIN_EXE_sampo")).args(["release"]).env("GITHUB_OUTPUT", &output).output();
    // Standard output is a file on a full disk.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let printed = repo.command(env!("CARGO_BIN_EXE_sampo")).args(["release"]).stdout(full).output().unwrap();
    assert_eq!(printed.status.code(), Some(1), "{}", stderr(&printed));
    assert!(stderr(&printed).contains("cannot write to `standard output`"), "{}", stderr(&printed));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // Two changelogs are one file: applying fails, and the next step learns nothing.
    repo.write("one.md", "");
    let links = ["core", "util"].map(|name| repo.path(&format!("crates/{name}/CHANGELOG.md")));
    for link in &links {
        std::os::unix::fs::symlink("../../one.md", link).unwrap();
    }
    assert_eq!(release().unwrap().status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(&output).unwrap_or_default(), "");
    links.iter().for_each(|link| std::fs::remove_file(link).unwrap());
    assert_eq!(release().unwrap().status.code(), Some(0));
    assert!(std::fs::read_to_string(&output).unwrap().contains("build-needed=true"));
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_is_written() {
    let repo = workspace("");
    changeset(&repo, "good", "core: minor", "Good.");
    changeset(&repo, "typo", "\ncoer: minor", "Bad.");
    let error = refused(&repo, &["release"], 1);
    assert!(error.contains(".sampo/changesets/typo.md:3: no package is named `coer`; did you mean `core`?"), "{error}");

    let repo = workspace("");
    changeset(&repo, "good", "core: minor", "Good.");
    repo.write("crates/my-cli/CHANGELOG.md/file", "a folder stands where the changelog belongs");
    let error = refused(&repo, &["release"], 1);
    assert!(error.contains("CHANGELOG.md"), "{error}");

    let repo = workspace("[packges]\n");
    for command in [&["release"][..], &["add", "-p", "core", "-b", "patch", "-m", "x"]] {
        let error = refused(&repo, command, 1);
        assert!(error.contains("config.toml:5:2: unknown key `packges`"), "{error}");
    }
}

#[test]
fn a_changeset_without_a_message_is_left_with_a_warning() {
    let repo = workspace("");
    changeset(&repo, "empty", "core: minor", "");
    let error = refused(&repo, &["release"], 2);
    assert!(error.contains("warning: `.sampo/changesets/empty.md` has no message"), "{error}");
    assert!(error.contains("nothing to release: the 1 pending changeset(s) have no message"), "{error}");
}

#[test]
fn changesets_for_ignored_packages_only_are_nothing_to_release() {
    let repo = workspace("[packages]\nignore_unpublished = true\n");
    changeset(&repo, "a", "my-cli: minor", "New.");
    let error = refused(&repo, &["release"], 2);
    assert!(error.contains("nothing to release"), "{error}");
}

#[test]
fn releases_are_made_from_release_branches_only() {
    let repo = workspace("[git]\nrelease_branches = [\"3.x\"]\n");
    changeset(&repo, "a", "core: patch", "Fixed.");
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    for arguments in [&["release"][..], &["release", "--dry-run"]] {
        let error = refused(&repo, arguments, 1);
        assert!(error.contains("`topic` is not a release branch; configured: main, 3.x"), "{error}");
    }
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    succeeded(&command.args(["release", "--dry-run"]).env("GITHUB_REF_NAME", "3.x").output().unwrap());
}

#[test]
fn the_branch_is_that_of_the_root_wherever_the_command_runs() {
    let repo = workspace("");
    changeset(&repo, "a", "core: patch", "Fixed.");
    let inner = repo.path("vendor/inner");
    repo.git(&["init", "--quiet", "--initial-branch=elsewhere", "vendor/inner"]);
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    let lines = succeeded(&command.args(["release", "--dry-run"]).current_dir(inner).output().unwrap());
    assert!(lines.contains("  core: 1.2.0 -> 1.2.1\n"), "{lines}");
}

#[test]
fn init_makes_what_is_missing_and_a_release_then_has_nothing_to_do() {
    let repo = workspace("");
    repo.write(".sampo/README.md", "ours");
    let said = succeeded(&sampo(&repo, &["init"]));
    assert_eq!(said, "wrote .sampo/changeset.md.example\n");
    assert_eq!(repo.read(".sampo/README.md"), "ours");
    assert!(!repo.exists(".sampo/changesets"));
    assert_eq!(sampo(&repo, &["release"]).status.code(), Some(2));

    let fresh = workspace("");
    std::fs::remove_dir_all(fresh.path(".sampo")).unwrap();
    let said = succeeded(&sampo(&fresh, &["init"]));
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(sampo(&fresh, &["release"]).status.code(), Some(2));
}

#[test]
fn a_root_inside_another_cargo_workspace_is_refused() {
    let repo = workspace("");
    repo.write("crates/core/.sampo/changesets/a.md", "---\ncore: patch\n---\nx\n");
    let output = repo
        .command(env!("CARGO_BIN_EXE_sampo"))
        .current_dir(repo.path("crates/core"))
        .args(["release"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("belongs to the Cargo workspace in"), "{}", stderr(&output));
}

#[test]
fn init_needs_a_package() {
    let repo = Repo::new();
    assert!(refused(&repo, &["init"], 1).contains("no package found"));
    repo.write("Cargo.toml", "[workspace]\n");
    assert!(refused(&repo, &["init"], 1).contains("Cargo.toml` names no package"));
    assert!(refused(&repo, &["release"], 1).contains("no `.sampo` folder"));
}

#[test]
fn add_names_what_is_missing_where_nobody_can_be_asked() {
    let repo = workspace("[changesets]\ntags = [\"Fixed\"]\n");
    let error = refused(&repo, &["add", "-m", " "], 1);
    assert!(error.contains("give --package, --bump, --tag, --message on the command line"), "{error}");
}

#[test]
fn add_refuses_what_release_could_not_read() {
    let repo = workspace("[changesets]\ntags = [\"Fixed\"]\n");
    let add = |package: &'static str, tag: &'static str| ["add", "-p", package, "-b", "patch", "-t", tag, "-m", "x"];
    assert!(refused(&repo, &add("coer", "Fixed"), 1).contains("no package is named `coer`"));
    assert!(refused(&repo, &add("core", "New"), 1).contains("`New` is not a tag here; known are Fixed"));
    assert!(refused(&repo, &["add", "-b", "huge"], 64).contains("possible values: patch, minor, major"));
}

#[test]
fn add_merges_packages_that_are_named_twice() {
    let repo = workspace("[changesets]\ntags = [\"Fixed\"]\n");
    let arguments =
        ["add", "-p", "util", "core", "-p", "cargo/util", "--bump", "PATCH", "-t", "fixed", "-m", "Fixed it."];
    let wrote = succeeded(&sampo(&repo, &arguments));
    let file = wrote.trim().strip_prefix("wrote ").unwrap();
    assert_eq!(repo.read(file), "---\ncargo/util: patch (Fixed)\ncargo/core: patch (Fixed)\n---\n\nFixed it.\n");
    assert_eq!(sampo(&repo, &["release", "--dry-run"]).status.code(), Some(0));
}
