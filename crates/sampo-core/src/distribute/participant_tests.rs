//! Which packages take part, and the texts of what can be wrong about their tables.

use std::path::{Path, PathBuf};

use super::*;
use crate::workspace::Ecosystem;

fn package(name: &str, binaries: &[&str]) -> Package {
    Package {
        id: PackageId::new(Ecosystem::Cargo, name),
        version: Some("1.0.0".into()),
        manifest: PathBuf::from("/w").join(name).join("Cargo.toml"),
        path: name.to_owned(),
        publishable: true,
        registry: None,
        binaries: binaries.iter().map(|&name| name.to_owned()).collect(),
        dependencies: Vec::new(),
        metadata: serde_json::Value::Null,
    }
}

fn workspace() -> Workspace {
    let packages = vec![package("a-cli", &["a"]), package("b-cli", &["b", "b-admin"]), package("lib", &[])];
    Workspace { root: "/w".into(), packages, cargo_target_directory: None }
}

fn config(text: &str) -> Config {
    Config::parse(Path::new("config.toml"), text.to_owned()).unwrap()
}

fn ids(text: &str) -> Vec<String> {
    let (config, workspace) = (config(text), workspace());
    participants(&config, &workspace).unwrap().iter().map(|participant| participant.id().to_string()).collect()
}

fn error(text: &str) -> String {
    let error = participants(&config(text), &workspace()).map(drop).expect_err(text);
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

#[test]
fn packages_with_an_executable_take_part_unless_disabled_or_ignored() {
    assert_eq!(ids(""), ["cargo/a-cli", "cargo/b-cli"]);
    assert_eq!(ids("[distribute.packages.a-cli]\nenabled = false"), ["cargo/b-cli"]);
    assert_eq!(ids("[packages]\nignore = ['b-*']"), ["cargo/a-cli"]);
}

#[test]
fn a_library_takes_part_once_its_table_names_something_to_deliver() {
    let with_files = "[distribute.packages.\"cargo/lib\"]\nfiles = ['book.pdf']";
    assert_eq!(ids(with_files), ["cargo/a-cli", "cargo/b-cli", "cargo/lib"]);
    assert_eq!(
        error("[distribute.packages.lib]\nenabled = true"),
        "config.toml:1:22: `cargo/lib` has nothing to deliver: it builds no executable (name its `artifacts` or \
         `files` in this table, or set `enabled = false`)"
    );
    let (config, workspace) = (config(with_files), workspace());
    let all = participants(&config, &workspace).unwrap();
    assert!(all[2].require_targets(&config).is_ok(), "files belong to no target");
}

#[test]
fn a_table_about_an_unknown_package_is_an_error_with_its_line() {
    assert_eq!(
        error("[distribute]\n[distribute.packages.\"cargo/a-clo\"]\n"),
        "config.toml:2:22: no package is named `cargo/a-clo`; did you mean `cargo/a-cli`?"
    );
}

#[test]
fn a_package_with_two_tables_is_an_error() {
    assert_eq!(
        error("[distribute.packages.a-cli]\n[distribute.packages.\"cargo/a-cli\"]\n"),
        "config.toml:2:22: `cargo/a-cli` has two tables: `a-cli` and `cargo/a-cli`"
    );
}

#[test]
fn an_executable_that_no_target_builds_is_an_error_unless_files_are_named() {
    assert_eq!(
        error("[distribute.packages.b-cli]\nbinaries = ['b-admni']"),
        "config.toml:2:1: `b-admni` is no binary target of `cargo/b-cli` (did you mean `b-admin`?)"
    );
    assert_eq!(ids("[distribute.packages.b-cli]\nbinaries = ['x']\nartifacts = ['out/{{ target }}/*']").len(), 2);
}

#[test]
fn a_target_that_stands_twice_is_an_error() {
    let text = "[distribute]\ntargets = ['aarch64-apple-darwin', 'aarch64-apple-darwin']";
    assert_eq!(error(text), "config.toml:2:36: `aarch64-apple-darwin` stands twice in `targets`");
}

#[test]
fn a_broken_glob_is_an_error_with_its_line() {
    for (key, column) in [("[distribute]\ninclude", 12), ("[distribute.packages.lib]\nfiles", 10)] {
        let error = error(&format!("{key} = ['a[b']"));
        assert!(error.starts_with(&format!("config.toml:2:{column}: `a[b` is not a glob: ")), "{error}");
    }
}

#[test]
fn no_target_is_an_error_that_shows_the_lines_to_add() {
    let (config, workspace) = (config(""), workspace());
    let error = participants(&config, &workspace).unwrap()[0].require_targets(&config).unwrap_err();
    assert_eq!(error.to_string(), "config.toml: `cargo/a-cli` has no target to be built for");
    assert!(error.hint().unwrap().contains("\n[distribute]\ntargets = [\"x86_64-unknown-linux-gnu\""));
}

#[test]
fn narrowing_keeps_what_was_asked_for_and_names_what_exists() {
    let config = config(
        "[distribute]\ntargets = ['x86_64-unknown-linux-gnu', 'aarch64-apple-darwin']\n\
         [distribute.packages.b-cli]\ntargets = ['x86_64-unknown-linux-gnu']",
    );
    let workspace = workspace();
    let narrowed = |packages: &[&str], targets: &[&str]| {
        let packages: Vec<String> = packages.iter().map(|&name| name.to_owned()).collect();
        let targets: Vec<Target> = targets.iter().map(|triple| triple.parse().unwrap()).collect();
        narrow(participants(&config, &workspace).unwrap(), &workspace, &packages, &targets)
    };
    let mac = narrowed(&[], &["aarch64-apple-darwin"]).unwrap();
    assert_eq!((mac.len(), mac[0].targets.len(), mac[0].configured_targets.len()), (1, 1, 2));
    assert_eq!(narrowed(&["b-cli"], &[]).unwrap()[0].id().name(), "b-cli");

    let error = narrowed(&["b-cli"], &["aarch64-apple-darwin"]).unwrap_err();
    assert_eq!(
        (error.code(), error.hint().unwrap()),
        ("unknown-target", "configured are: x86_64-unknown-linux-gnu".into())
    );
    let error = narrowed(&["lib"], &[]).unwrap_err();
    assert!(error.hint().unwrap().starts_with("distributed are: cargo/a-cli, cargo/b-cli;"));
    assert_eq!(narrowed(&["nope"], &[]).unwrap_err().code(), "unknown-package");
}

#[test]
fn a_setting_for_a_target_of_no_package_is_an_error_at_its_place() {
    let targets = "[distribute]\ntargets = ['x86_64-unknown-linux-gnu']\n";
    let stray = "`x86_64-unkown-linux-gnu` is not a target of any package (did you mean `x86_64-unknown-linux-gnu`? \
                 If not, add `x86_64-unkown-linux-gnu` to `targets`)";
    let table = [
        ("[distribute.runners]\nx86_64-unkown-linux-gnu = 'mine'\n", "config.toml:4:1: "),
        ("[distribute.matrix.x86_64-unkown-linux-gnu]\ncontainer = 'x'\n", "config.toml:3:20: "),
        (
            "[distribute.backends.b]\ntype = 'command'\nrun = 'x'\ntargets = ['x86_64-unkown-linux-gnu']\n",
            "config.toml:6:1: ",
        ),
    ];
    for (setting, place) in table {
        assert_eq!(error(&format!("{targets}{setting}")), format!("{place}{stray}"));
    }
    let far = error(&format!("{targets}[distribute.runners]\nriscv64gc-none-elf = 'mine'\n"));
    assert!(far.ends_with("(add it to `targets`, where these stand: x86_64-unknown-linux-gnu)"), "{far}");
}

#[test]
fn a_setting_may_be_for_a_target_of_one_package_only() {
    let runner = "[distribute.runners]\nx86_64-unknown-freebsd = 'mine'\n";
    let package = "[distribute.packages.a-cli]\ntargets = ['x86_64-unknown-freebsd']\n";
    assert_eq!(ids(&format!("{runner}{package}")), ["cargo/a-cli", "cargo/b-cli"]);
}

#[test]
fn a_glob_that_leads_out_of_the_workspace_is_an_error_at_its_place() {
    let hint = "(copy what is to be delivered into the workspace, and name it there)";
    for glob in ["/etc/passwd", "../secret", "docs/../../x", r"C:\keys\*", r"..\x", r"\\host\share\*"] {
        assert_eq!(
            error(&format!("[distribute]\ninclude = ['{glob}']\n")),
            format!("config.toml:2:12: `{glob}` may lead out of the workspace {hint}")
        );
        let files = error(&format!("[distribute.packages.lib]\nfiles = ['{glob}']\n"));
        assert_eq!(files, format!("config.toml:2:10: `{glob}` may lead out of the workspace {hint}"));
    }
    assert_eq!(ids("[distribute]\ninclude = ['README*', 'share/..hidden/**', './x']\n").len(), 2);
}
