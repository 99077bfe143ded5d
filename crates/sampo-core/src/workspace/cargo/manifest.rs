//! One `Cargo.toml`, as far as a release reads and changes it.

use std::path::{Path, PathBuf};

use toml_edit::TableLike;

use super::document::{self, Literal, table};
use crate::workspace::{DependencyKind, WorkspaceError};

/// A manifest: its text, and the places in it that a release may change.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// None if the file has no `[package]`.
    pub(super) name: Option<String>,
    /// None if the file has no `[package]` or the package no version.
    pub(super) version: Option<PackageVersion>,
    pub(super) dependencies: Vec<Dependency>,
    /// `[workspace.package].version`.
    pub(super) workspace_version: Option<Literal>,
    /// `[workspace.dependencies]`.
    pub(super) workspace_dependencies: Vec<Dependency>,
    /// The packages below `[patch]` that are taken from a path.
    pub(super) patched: Vec<String>,
}

/// Where a package's version comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PackageVersion {
    Own(Literal),
    Inherited,
}

/// An entry of a dependency table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The name in the table.
    pub(super) key: String,
    /// The name of the package depended on, which `package = "…"` tells apart from the key.
    pub(super) package: String,
    pub(super) kind: DependencyKind,
    pub(super) requirement: Option<Literal>,
    pub(super) origin: Origin,
    /// The folder of the package depended on, as written.
    pub(super) path: Option<String>,
}

/// Where an entry says that the package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Registry,
    Path,
    Git,
    /// `workspace = true`.
    Workspace,
}

impl Manifest {
    pub(super) fn parse(path: &Path, text: String) -> Result<Self, WorkspaceError> {
        let document = document::parse(path, &text)?;
        let root: &dyn TableLike = document.as_table();
        let workspace = table(root, "workspace");
        Ok(Self {
            path: path.to_owned(),
            name: table(root, "package").and_then(|package| Some(package.get("name")?.as_str()?.to_owned())),
            version: table(root, "package").and_then(package_version),
            dependencies: package_dependencies(root),
            workspace_version: workspace
                .and_then(|workspace| table(workspace, "package"))
                .and_then(|package| Literal::of(package.get("version")?)),
            workspace_dependencies: workspace
                .and_then(|workspace| table(workspace, "dependencies"))
                .map(|entries| read_entries(entries, DependencyKind::Runtime).collect())
                .unwrap_or_default(),
            patched: patched(root),
            text,
        })
    }
}

fn package_version(package: &dyn TableLike) -> Option<PackageVersion> {
    let version = package.get("version")?;
    let is_inherited = || version.as_table_like()?.get("workspace")?.as_bool().filter(|is_inherited| *is_inherited);
    Literal::of(version).map(PackageVersion::Own).or_else(|| is_inherited().map(|_| PackageVersion::Inherited))
}

/// The packages of every `[patch.REGISTRY]` whose code stands at a path.
fn patched(root: &dyn TableLike) -> Vec<String> {
    let registries = table(root, "patch").into_iter().flat_map(|patch| patch.iter());
    let entries = registries
        .filter_map(|(_, registry)| registry.as_table_like())
        .flat_map(|registry| read_entries(registry, DependencyKind::Runtime));
    entries.filter(|entry| entry.origin == Origin::Path).map(|entry| entry.package).collect()
}

/// Every entry of `[dependencies]`, `[build-dependencies]` and `[dev-dependencies]`, also below `[target.*]`.
fn package_dependencies(root: &dyn TableLike) -> Vec<Dependency> {
    let targets = table(root, "target").into_iter().flat_map(|targets| targets.iter());
    let targets = targets.filter_map(|(_, target)| target.as_table_like());
    std::iter::once(root).chain(targets).flat_map(sections).collect()
}

fn sections<'a>(owner: &'a dyn TableLike) -> impl Iterator<Item = Dependency> + 'a {
    const SECTIONS: [(&str, DependencyKind); 5] = [
        ("dependencies", DependencyKind::Runtime),
        ("build-dependencies", DependencyKind::Runtime),
        ("build_dependencies", DependencyKind::Runtime),
        ("dev-dependencies", DependencyKind::Development),
        ("dev_dependencies", DependencyKind::Development),
    ];
    SECTIONS
        .into_iter()
        .filter_map(move |(name, kind)| Some((table(owner, name)?, kind)))
        .flat_map(|(entries, kind)| read_entries(entries, kind))
}

fn read_entries(entries: &dyn TableLike, kind: DependencyKind) -> impl Iterator<Item = Dependency> + '_ {
    entries.iter().map(move |(key, entry)| {
        let details = entry.as_table_like();
        let has = |name: &str| details.is_some_and(|details| details.contains_key(name));
        let package = details.and_then(|details| details.get("package")?.as_str()).unwrap_or(key);
        Dependency {
            key: key.to_owned(),
            package: package.to_owned(),
            kind,
            path: details.and_then(|details| Some(details.get("path")?.as_str()?.to_owned())),
            requirement: details.map_or_else(|| Literal::of(entry), |details| Literal::of(details.get("version")?)),
            origin: match () {
                () if has("path") => Origin::Path,
                () if has("git") => Origin::Git,
                () if has("workspace") => Origin::Workspace,
                () => Origin::Registry,
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Manifest {
        Manifest::parse(Path::new("Cargo.toml"), text.to_owned()).unwrap()
    }

    #[test]
    fn every_section_and_spelling_of_a_dependency_is_seen() {
        let manifest = parse(
            r#"
[package]
name = "cli"
version.workspace = true
[dependencies]
core = { path = "../core", version = "1.0.0" }
base = { package = "core", path = "../core", version = "=1.0.0" }
plain = "1"
shared.workspace = true
[dependencies.far]
git = "https://example.com/far"
[dev-dependencies]
fixtures = { path = "../fixtures" }
[target.'cfg(unix)'.build-dependencies]
tool = { path = "../tool", version = "2" }
"#,
        );
        assert_eq!(manifest.version, Some(PackageVersion::Inherited));
        let read: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|entry| {
                let requirement = entry.requirement.as_ref().map_or("-", |literal| &literal.value);
                format!("{} {} {requirement} {:?} {:?}", entry.key, entry.package, entry.kind, entry.origin)
            })
            .collect();
        assert_eq!(
            read,
            [
                "core core 1.0.0 Runtime Path",
                "base core =1.0.0 Runtime Path",
                "plain plain 1 Runtime Registry",
                "shared shared - Runtime Workspace",
                "far far - Runtime Git",
                "fixtures fixtures - Development Path",
                "tool tool 2 Runtime Path",
            ]
        );
    }

    #[test]
    fn the_version_may_be_own_inherited_or_missing() {
        assert!(matches!(parse("[package]\nversion = '1.0.0'").version, Some(PackageVersion::Own(_))));
        let inherited = parse("[package]\nversion = { workspace = true }").version;
        assert_eq!(inherited, Some(PackageVersion::Inherited));
        assert_eq!(parse("[package]\nname = 'x'").version, None);
        assert_eq!(parse("[workspace.package]\nversion = '1.0.0'").workspace_version.unwrap().value, "1.0.0");
    }

    #[test]
    fn broken_toml_is_an_error_with_the_path() {
        let error = Manifest::parse(Path::new("a/Cargo.toml"), "[package".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "`a/Cargo.toml` is not valid TOML");
    }
}
