//! Names alone tell what files are.

use std::path::Path;

use super::*;
use crate::distribute::participant::participants;
use crate::workspace::{Ecosystem, Package, PackageId, Workspace};

const LINUX: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-msvc";

fn with_catalogue(keys: &str, check: impl FnOnce(&Catalogue)) {
    let text = format!("[distribute]\ntargets = ['{LINUX}', '{WINDOWS}']\n{keys}");
    let config = Config::parse(Path::new("config.toml"), text).unwrap();
    let package = Package {
        id: PackageId::new(Ecosystem::Cargo, "my-cli"),
        version: Some("1.2.0".into()),
        manifest: "/w/my-cli/Cargo.toml".into(),
        path: "my-cli".into(),
        publishable: true,
        registry: None,
        binaries: vec!["my-cli".into()],
        dependencies: Vec::new(),
        metadata: serde_json::Value::Null,
    };
    let workspace = Workspace { root: "/w".into(), packages: vec![package], cargo_target_directory: None };
    let participants = participants(&config, &workspace).unwrap();
    check(&Catalogue::of(&config, &participants[0], &Release::example()).unwrap());
}

/// `KIND TARGET` of a file; nothing if it is unknown.
fn told(catalogue: &Catalogue, name: &str) -> String {
    let target = |identity: &Identity| identity.target.as_ref().map_or("-".to_owned(), ToString::to_string);
    catalogue.identify(name).map(|told| format!("{} {}", told.kind.as_str(), target(&told))).unwrap_or_default()
}

fn lacks(catalogue: &Catalogue, names: &[&str]) -> Vec<String> {
    let targets = [LINUX, WINDOWS].map(|target| target.parse().unwrap());
    catalogue.lacks(&targets, names).map(|expected| expected.name.label()).collect()
}

#[test]
fn a_name_tells_kind_and_target() {
    with_catalogue("[distribute.packages.my-cli]\nfiles = ['docs/*.pdf']", |catalogue| {
        let table = [
            (format!("my-cli-1.2.0-{LINUX}.tar.gz"), format!("archive {LINUX}")),
            (format!("my-cli-1.2.0-{LINUX}.tar.gz.sha256"), format!("checksum {LINUX}")),
            (format!("my-cli-1.2.0-{WINDOWS}.zip"), format!("archive {WINDOWS}")),
            (format!("my-cli-{WINDOWS}.tar.xz"), format!("archive {WINDOWS}")),
            ("SHA256SUMS".into(), "checksum -".into()),
            ("book.pdf".into(), "file -".into()),
            (format!("my-cli-1.1.0-{LINUX}.tar.gz"), String::new()),
            ("notes.txt".into(), String::new()),
        ];
        for (name, expected) in table {
            assert_eq!(told(catalogue, &name), expected, "{name}");
        }
    });
}

#[test]
fn raw_programs_are_binaries() {
    with_catalogue("archive.unix = 'none'", |catalogue| {
        assert_eq!(told(catalogue, &format!("my-cli-1.2.0-{LINUX}")), format!("binary {LINUX}"));
        assert_eq!(told(catalogue, &format!("my-cli-{LINUX}.tar.gz")), format!("archive {LINUX}"));
    });
}

#[test]
fn a_pattern_of_several_targets_leaves_it_to_the_name() {
    with_catalogue("[distribute.packages.my-cli]\nartifacts = ['out/*']", |catalogue| {
        assert_eq!(told(catalogue, &format!("tool-{WINDOWS}.exe")), format!("binary {WINDOWS}"));
        assert_eq!(told(catalogue, &format!("tool_{LINUX}.deb")), format!("archive {LINUX}"));
        assert_eq!(told(catalogue, "tool.deb"), "archive -");
        assert_eq!(lacks(catalogue, &[&format!("tool_{LINUX}.deb")]), ["*"]);
        assert!(lacks(catalogue, &["tool.deb"]).is_empty(), "it may be for any of them");
    });
}

#[test]
fn what_is_missing_is_named_and_checksums_are_not() {
    with_catalogue("[distribute.packages.my-cli]\nfiles = ['docs/*.pdf']", |catalogue| {
        let (linux, windows) = (format!("my-cli-1.2.0-{LINUX}.tar.gz"), format!("my-cli-{WINDOWS}.zip"));
        assert_eq!(lacks(catalogue, &[&windows]), [linux.as_str(), "*.pdf"]);
        assert!(lacks(catalogue, &[&windows, &linux, "a.pdf"]).is_empty());
    });
}
