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
