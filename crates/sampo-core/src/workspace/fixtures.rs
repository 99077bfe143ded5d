//! Packages, workspaces and configurations for tests that need no files.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::workspace::{DependencyKind, Ecosystem, InternalDependency, Package, PackageId, Workspace};

pub(crate) fn package(name: &str, dependencies: &[InternalDependency]) -> Package {
    Package {
        id: PackageId::new(Ecosystem::Cargo, name),
        version: Some("1.0.0".into()),
        manifest: PathBuf::from(format!("/nowhere/{name}/Cargo.toml")),
        path: name.into(),
        publishable: true,
        registry: None,
        binaries: Vec::new(),
        dependencies: dependencies.to_vec(),
        metadata: serde_json::Value::Null,
    }
}

pub(crate) fn unpublishable(name: &str, dependencies: &[InternalDependency]) -> Package {
    Package { publishable: false, ..package(name, dependencies) }
}

pub(crate) fn runtime(name: &str) -> InternalDependency {
    InternalDependency {
        package: PackageId::new(Ecosystem::Cargo, name),
        kind: DependencyKind::Runtime,
        requirement: Some("^1.0.0".into()),
    }
}

pub(crate) fn development(name: &str, requirement: Option<&str>) -> InternalDependency {
    InternalDependency {
        kind: DependencyKind::Development,
        requirement: requirement.map(str::to_owned),
        ..runtime(name)
    }
}

pub(crate) fn workspace(packages: impl IntoIterator<Item = Package>) -> Workspace {
    let mut packages: Vec<Package> = packages.into_iter().collect();
    packages.sort_by(|a, b| a.id.cmp(&b.id));
    Workspace { root: PathBuf::from("/nowhere"), packages, cargo_target_directory: None }
}

pub(crate) fn config(text: &str) -> Config {
    Config::parse(Path::new("config.toml"), text.to_owned()).unwrap()
}
