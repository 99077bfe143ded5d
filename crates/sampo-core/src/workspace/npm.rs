//! npm packages, whichever of npm, pnpm, Yarn and Bun looks after them.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;

use super::ecosystem::{self, Support};
use super::files::{Files, Read};
use super::registry::{Registry, RegistryContext};
use super::{DependencyKind, Ecosystem, InternalDependency, Package, PackageId, Workspace, WorkspaceError};
use crate::git::{Git, GitError};

mod files;
mod json;
mod lockfile;
mod manifest;
mod members;
mod range;
mod registry;
mod specifier;

use files::NpmFiles;
use manifest::Manifest;
use members::MANIFEST;
use registry::NpmRegistry;

/// npm packages.
pub(super) struct Npm;

#[async_trait]
impl Support for Npm {
    fn prefix(&self) -> &'static str {
        "npm"
    }

    fn display_name(&self) -> &'static str {
        "npm"
    }

    fn manifest(&self) -> (&'static str, &'static str) {
        (MANIFEST, "give it a `name` and a `version`, or list its packages in `workspaces`")
    }

    async fn discover(&self, workspace: &mut Workspace) -> Result<(), WorkspaceError> {
        let manifests = members::manifests(&workspace.root)?;
        let packages: Vec<&Manifest> = manifests.iter().filter(|manifest| manifest.is_package()).collect();
        let mut names: HashMap<&str, &Manifest> = HashMap::new();
        for &manifest in &packages {
            let name = manifest.name.as_deref().unwrap_or_default();
            if let Some(other) = names.insert(name, manifest) {
                let paths = [other.path.clone(), manifest.path.clone()];
                return Err(WorkspaceError::TwinPackages { name: name.to_owned(), paths });
            }
        }
        let names: HashSet<&str> = names.into_keys().collect();
        let packages = packages.into_iter().map(|manifest| package(workspace, manifest, &names));
        let packages: Vec<Package> = packages.collect();
        workspace.packages.extend(packages);
        Ok(())
    }

    fn files(&self, workspace: &Workspace, read: Read<'_>) -> Result<Box<dyn Files>, WorkspaceError> {
        Ok(Box::new(NpmFiles::read(workspace, read)?))
    }

    async fn version_at(&self, git: &Git, revision: &str, package: &Package) -> Result<Option<String>, GitError> {
        let path = ecosystem::beside_manifest(package, MANIFEST);
        let Some(text) = git.file_at(revision, &path).await? else { return Ok(None) };
        let manifest = Manifest::parse(&package.manifest, text).ok();
        Ok(manifest.and_then(|manifest| manifest.version).map(|version| version.value))
    }

    fn registry(&self, context: RegistryContext<'_>) -> Box<dyn Registry> {
        Box::new(NpmRegistry::new(context))
    }
}

fn package(workspace: &Workspace, manifest: &Manifest, names: &HashSet<&str>) -> Package {
    let folder = manifest.path.parent().unwrap_or(&workspace.root);
    let path = folder.strip_prefix(&workspace.root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
    let own = manifest.name.as_deref().unwrap_or_default();
    let internal = manifest.dependencies.iter().filter(|entry| entry.name != own && names.contains(&*entry.name));
    let mut dependencies: Vec<InternalDependency> = internal
        .map(|entry| InternalDependency {
            package: PackageId::new(Ecosystem::Npm, entry.name.as_str()),
            kind: entry.kind,
            // A registry does not ask for what serves the development of a package.
            requirement: match entry.kind {
                DependencyKind::Runtime => entry.specifier.as_ref().map(|specifier| specifier.value.clone()),
                DependencyKind::Development => None,
            },
        })
        .collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    Package {
        id: PackageId::new(Ecosystem::Npm, own),
        version: manifest.version.as_ref().map(|version| version.value.clone()),
        manifest: manifest.path.clone(),
        path: if path.is_empty() { ".".into() } else { path },
        publishable: !manifest.is_private,
        registry: manifest.publish_config.registry.clone(),
        binaries: Vec::new(),
        dependencies,
        metadata: serde_json::Value::Null,
    }
}
