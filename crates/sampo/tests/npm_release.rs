//! `sampo release` in npm workspaces, alone and beside Cargo packages: inputs, and the files that come out.

use std::process::Output;

use sampo_testkit::Repo;

const NO_DATE: &str = "[changelog]\nshow_release_date = false\n";

fn sampo(repo: &Repo, arguments: &[&str]) -> Output {
    repo.command(env!("CARGO_BIN_EXE_sampo")).args(arguments).output().unwrap()
}

/// The exit code, standard output and standard error.
fn run(repo: &Repo, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sampo(repo, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// What a successful release printed, warnings last.
#[track_caller]
fn release(repo: &Repo) -> String {
    let (code, stdout, stderr) = run(repo, &["release"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    stdout + &stderr
}

/// The error of a run that changed no file.
#[track_caller]
fn refused(repo: &Repo, arguments: &[&str]) -> String {
    repo.commit("before");
    let (code, stdout, stderr) = run(repo, arguments);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    stderr
}

fn changeset(repo: &Repo, packages: &str) {
    repo.write(".sampo/changesets/note.md", format!("---\n{packages}\n---\n\nIt moved.\n"));
}

/// A repository with these files, committed.
fn workspace(config: &str, files: &[(&str, &str)]) -> Repo {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", format!("{NO_DATE}{config}"));
    for (path, text) in files {
        repo.write(path, text);
    }
    repo.commit("first");
    repo
}

const ROOT: (&str, &str) = ("package.json", r#"{ "private": true, "workspaces": ["packages/*", "!packages/old"] }"#);
const A: (&str, &str) = ("packages/a/package.json", "{\n  \"name\": \"@x/a\",\n  \"version\": \"1.0.0\"\n}\n");

#[test]
fn only_the_bytes_of_versions_change_in_a_manifest() {
    let b = "\u{feff}{\r\n\t\"version\" : \"0.3.0\" ,\r\n\t\"name\":\"b\",\r\n\t\"peerDependencies\": {\"@x/a\":\"workspace:^\"},\r\n\t\"devDependencies\": { \"@x/a\": \"~1.0.0\", \"other\": \"1.0.0\" }\r\n}";
    let repo = workspace("", &[ROOT, A, ("packages/b/package.json", b), ("packages/old/package.json", "{}")]);
    changeset(&repo, "npm/@x/a: minor");
    assert_eq!(release(&repo), "  @x/a: 1.0.0 -> 1.1.0\n  b: 0.3.0 -> 0.3.1\n");
    assert_eq!(repo.read("packages/a/package.json"), A.1.replace("1.0.0", "1.1.0"));
    let expected = b.replace("0.3.0", "0.3.1").replace("workspace:^", "workspace:^1.1.0").replace("~1.0.0", "~1.1.0");
    assert_eq!(repo.read("packages/b/package.json"), expected);
    assert_eq!(
        repo.read("packages/b/CHANGELOG.md"),
        "# b\n\n## 0.3.1\n\n### Patch changes\n\n- Updated dependencies: @x/a@1.1.0\n\n"
    );
    assert!(!repo.exists("packages/old/CHANGELOG.md") && !repo.exists(".sampo/changesets/note.md"));
    assert_eq!(run(&repo, &["release"]).0, 2, "nothing is left");
}

#[test]
fn every_kind_of_specifier_follows_or_stays_as_documented() {
    let table = [
        ("1.0.0", "2.0.0"),
        ("v1.0.0", "2.0.0"),
        ("", "2.0.0"),
        ("^1.0.0", "^2.0.0"),
        ("~1.0", "~2.0.0"),
        ("1.x", "2.0.0"),
        ("=1.0.0", "2.0.0"),
        (">=1", ">=1"),
        ("<2", "<2"),
        ("^1.0.0 || ^1.5.0", "^1.0.0 || ^1.5.0"),
        ("*", "*"),
        ("workspace:*", "workspace:*"),
        ("workspace:~", "workspace:~2.0.0"),
        ("workspace:1.0.0", "workspace:2.0.0"),
        ("workspace:../a", "workspace:../a"),
        ("file:../a", "file:../a"),
        ("catalog:", "catalog:"),
        ("latest", "latest"),
        ("git+https://example.com/a.git", "git+https://example.com/a.git"),
    ];
    let manifest = |index: usize, version: &str, specifier: &str| {
        format!(
            "{{ \"name\": \"b{index}\", \"version\": \"{version}\", \"dependencies\": {{ \"@x/a\": \"{specifier}\" }} }}\n"
        )
    };
    let path = |index: usize| format!("packages/b{index}/package.json");
    let repo = workspace("", &[ROOT, A]);
    for (index, (before, _)) in table.iter().enumerate() {
        repo.write(&path(index), manifest(index, "1.0.0", before));
    }
    changeset(&repo, "'@x/a': major");
    let said = release(&repo);
    for (index, (before, after)) in table.iter().enumerate() {
        assert_eq!(repo.read(&path(index)), manifest(index, "1.0.1", after), "{before}");
        let is_opaque =
            ["workspace:../a", "file:../a", "catalog:", "latest", "git+https://example.com/a.git"].contains(before);
        let warning = format!("`{}` takes `@x/a` from `{before}`, which stays as it is", path(index));
        assert_eq!(said.contains(&warning), is_opaque, "{before}: {said}");
    }
    for (index, range) in [(8, "<2"), (9, "^1.0.0 || ^1.5.0")] {
        assert!(
            said.contains(&format!("warning: `npm/b{index}` requires `@x/a` {range}, which leaves out 2.0.0")),
            "{said}"
        );
    }
}

#[test]
fn a_range_that_a_group_would_leave_behind_is_refused_before_anything_is_written() {
    let b = ("packages/b/package.json", r#"{"name":"b","version":"1.0.0","dependencies":{"@x/a":"^1.0.0"}}"#);
    let repo = workspace("[packages]\nfixed = [[\"@x/a\", \"b\"]]\n", &[ROOT, A, b]);
    changeset(&repo, "npm/b: major");
    for arguments in [&["release"][..], &["release", "--dry-run"]] {
        let error = refused(&repo, arguments);
        assert!(
            error.contains("error[range-uncovered]: `npm/b` requires `@x/a` ^1.0.0, which leaves out 2.0.0"),
            "{error}"
        );
    }
    repo.write(b.0, b.1.replace("^1.0.0", "1.0.0"));
    assert_eq!(release(&repo), "  @x/a: 1.0.0 -> 2.0.0\n  b: 1.0.0 -> 2.0.0\n");
    assert_eq!(repo.read(b.0), b.1.replace("^1.0.0", "2.0.0").replace("1.0.0", "2.0.0"));
}

#[test]
fn a_dependent_joins_only_where_its_range_or_its_manifest_calls_for_it() {
    let dependent = |name: &str, specifier: &str| {
        format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"dependencies\":{{\"@x/a\":\"{specifier}\"}}}}\n")
    };
    let repo = workspace("[packages]\nbump_dependents = \"out-of-range\"\n", &[ROOT, A]);
    let table = [("caret", "^1.0.0"), ("pin", "1.0.0"), ("any", "*"), ("ours", "workspace:*"), ("tilde", "~1.0.0")];
    for (name, specifier) in table {
        repo.write(&format!("packages/{name}/package.json"), dependent(name, specifier));
    }
    changeset(&repo, "npm/@x/a: minor");
    let expected = "  @x/a: 1.0.0 -> 1.1.0\n  ours: 1.0.0 -> 1.0.1\n  pin: 1.0.0 -> 1.0.1\n  tilde: 1.0.0 -> 1.0.1\n";
    assert!(release(&repo).starts_with(expected));
    assert_eq!(repo.read("packages/caret/package.json"), dependent("caret", "^1.0.0"));
}

#[test]
fn what_is_left_out_keeps_its_version_and_fresh_pins() {
    let root = ("package.json", r#"{"private":true,"workspaces":["packages/*"],"devDependencies":{"@x/a":"1.0.0"}}"#);
    let ignored = ("packages/i/package.json", r#"{"name":"i","version":"1.0.0","dependencies":{"@x/a":"1.0.0"}}"#);
    let repo = workspace("[packages]\nignore = [\"i\"]\n", &[root, A, ignored]);
    changeset(&repo, "npm/@x/a: patch");
    assert_eq!(release(&repo), "  @x/a: 1.0.0 -> 1.0.1\n");
    assert_eq!(repo.read(root.0), root.1.replace("1.0.0", "1.0.1"));
    assert_eq!(repo.read(ignored.0), ignored.1.replace("\"@x/a\":\"1.0.0\"", "\"@x/a\":\"1.0.1\""));
}

/// Two packages named `x`, one in each ecosystem, and one that needs it in each.
fn twins() -> Repo {
    let repo = Repo::new();
    repo.write("crates/user/src/lib.rs", "");
    repo.cargo_workspace(&[
        ("x", "1.0.0", ""),
        ("user", "0.1.0", "\n[dependencies]\nx = { path = \"../x\", version = \"1.0.0\" }\n"),
    ]);
    repo.write("package.json", r#"{"private":true,"workspaces":["packages/**"]}"#)
        .write("packages/x/package.json", r#"{"name":"x","version":"3.0.0"}"#)
        .write("packages/web/package.json", r#"{"name":"web","version":"5.0.0","dependencies":{"x":"3.0.0"}}"#)
        .write("packages/node_modules/dep/package.json", r#"{"name":"dep","version":"1.0.0"}"#)
        .write(".sampo/config.toml", NO_DATE);
    repo
}

#[test]
fn equal_names_in_two_ecosystems_move_apart() {
    let repo = twins();
    let (cargo, lock) = (repo.read("crates/user/Cargo.toml"), repo.read("Cargo.lock"));
    changeset(&repo, "npm/x: minor");
    assert_eq!(release(&repo), "  web (npm): 5.0.0 -> 5.0.1\n  x (npm): 3.0.0 -> 3.1.0\n");
    assert_eq!(
        repo.read("packages/web/package.json"),
        r#"{"name":"web","version":"5.0.1","dependencies":{"x":"3.1.0"}}"#
    );
    assert_eq!((repo.read("crates/user/Cargo.toml"), repo.read("Cargo.lock")), (cargo, lock));
    assert!(repo.read("packages/web/CHANGELOG.md").contains("- Updated dependencies: x (npm)@3.1.0\n"));

    changeset(&repo, "cargo/x: major");
    assert_eq!(release(&repo), "  user (Cargo): 0.1.0 -> 0.1.1\n  x (Cargo): 1.0.0 -> 2.0.0\n");
    assert_eq!(repo.read("packages/x/package.json"), r#"{"name":"x","version":"3.1.0"}"#);
    assert!(repo.read("crates/user/Cargo.toml").contains("version = \"2.0.0\""));
    repo.run("cargo", &["metadata", "--locked", "--offline", "--format-version", "1", "--quiet"]);
}

#[test]
fn a_plain_name_of_two_packages_is_refused_with_both_ids() {
    let repo = twins();
    changeset(&repo, "x: minor");
    let error = refused(&repo, &["release"]);
    assert!(error.contains("`x` is the name of several packages: cargo/x, npm/x"), "{error}");
    let error = refused(&repo, &["add", "-p", "x", "-b", "patch", "-m", "It moved."]);
    assert!(error.contains("error[ambiguous-package]: `x` is the name of several packages: cargo/x, npm/x"), "{error}");
}

#[test]
fn one_package_alone_is_a_workspace() {
    let repo = workspace("", &[("package.json", "{\n  \"name\": \"solo\",\n  \"version\": \"0.9.9\"\n}\n")]);
    changeset(&repo, "solo: minor");
    assert_eq!(release(&repo), "  solo: 0.9.9 -> 0.10.0\n");
    assert_eq!(repo.read("package.json"), "{\n  \"name\": \"solo\",\n  \"version\": \"0.10.0\"\n}\n");
    assert_eq!(repo.read("CHANGELOG.md"), "# solo\n\n## 0.10.0\n\n### Minor changes\n\n- It moved.\n\n");
}

#[test]
fn a_workspace_that_cannot_be_read_is_refused_with_the_file() {
    let table = [
        (
            "packages/b/package.json",
            "{\n  \"name\": }",
            "error[manifest-invalid]: `",
            "package.json` cannot be read as a manifest: 2:11: expected a value, found `}`",
        ),
        (
            "packages/b/package.json",
            "{\"name\":\"b\",\"version\":7}",
            "error[manifest-invalid]: `",
            "package.json` cannot be read as a manifest: `version` is not a string",
        ),
        (
            "packages/b/package.json",
            "{\"name\":\"@x/a\",\"version\":\"1.0.0\"}",
            "error[package-twice]: `",
            "package.json` are both named `@x/a`",
        ),
        (
            "packages/b/package.json",
            "{\"name\":\"b\",\"dependencies\":{\"@x/a\":\"1.0.0\"}}",
            "error[version-invalid]: `npm/b` has no version in `",
            "packages/b/package.json`",
        ),
        (
            "pnpm-workspace.yaml",
            "packages: [absent]\n",
            "error[workspace-member-missing]: the workspace pattern `absent` cannot be used: ",
            "there is no `absent/package.json`",
        ),
        (
            "package-lock.json",
            "{ \"packages\": ",
            "error[manifest-invalid]: `",
            "package-lock.json` cannot be read as a manifest: 1:15: expected a value",
        ),
    ];
    for (path, text, beginning, end) in table {
        let repo = workspace("", &[ROOT, A, (path, text)]);
        changeset(&repo, "npm/@x/a: patch");
        let error = refused(&repo, &["release"]);
        assert!(error.contains(beginning) && error.contains(end), "{path} {text}: {error}");
    }
}

#[test]
fn a_version_that_is_no_version_is_refused_only_where_it_would_rise() {
    let repo = workspace("", &[ROOT, A, ("packages/b/package.json", r#"{"name":"b","version":"next"}"#)]);
    changeset(&repo, "npm/b: patch");
    let error = refused(&repo, &["release"]);
    assert!(error.contains("the version `next` of `npm/b` is not a SemVer version"), "{error}");
    changeset(&repo, "npm/@x/a: patch");
    assert_eq!(release(&repo), "  @x/a: 1.0.0 -> 1.0.1\n");
}

const DISTRIBUTED: &str = "[distribute]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n[distribute.backends.shelf]\ntype = \"directory\"\npath = \"shelf/{{ version }}\"\n\
     [distribute.packages.\"npm/tool\"]\nartifacts = [\"out/tool-{{ target }}.tgz\"]\n";

#[test]
fn an_npm_package_is_built_by_its_command_and_delivered() {
    let build = "build = \"mkdir -p out && echo {{ version }} > out/tool-{{ target }}.tgz\"\n";
    let repo = workspace(
        &format!("{DISTRIBUTED}{build}"),
        &[("package.json", r#"{"name":"tool","version":"1.0.0","private":true}"#)],
    );
    repo.tag("tool-v1.0.0");
    let (code, matrix, stderr) = run(&repo, &["distribute", "matrix", "--tag", "tool-v1.0.0"]);
    assert!(code == 0 && matrix.contains("\"package\":\"npm/tool\""), "{matrix}{stderr}");
    let (code, _, stderr) = run(&repo, &["distribute", "--build", "--tag", "tool-v1.0.0"]);
    assert_eq!(code, 0, "{stderr}");
    let delivered = repo.run("find", &["shelf", "-name", "tool-x86_64-unknown-linux-gnu.tgz"]);
    assert_eq!(repo.read(&delivered), "1.0.0\n");
}

#[test]
fn an_npm_package_without_a_build_command_says_so() {
    let repo = workspace(DISTRIBUTED, &[("package.json", r#"{"name":"tool","version":"1.0.0","private":true}"#)]);
    repo.tag("tool-v1.0.0");
    let (code, stdout, stderr) = run(&repo, &["distribute", "build", "--tag", "tool-v1.0.0"]);
    assert_ne!(code, 0);
    let said = stdout + &stderr;
    assert!(said.contains("nothing says how `npm/tool` is built"), "{said}");
}
