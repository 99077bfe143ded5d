//! Cargo packages: discovered by Cargo's own rules, through one run of `cargo metadata`.

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use cargo_metadata::{Metadata, MetadataCommand};

use super::ecosystem::{self, Support};
use super::files::{Files, Read};
use super::registry::{Registry, RegistryContext};
use super::{DependencyKind, Ecosystem, InternalDependency, Package, PackageId, Workspace, WorkspaceError};
use crate::git::{Git, GitError};
use crate::process::Command;

mod document;
mod files;
mod lockfile;
mod manifest;
mod outside;
mod registry;
mod requirement;

use files::CargoFiles;
use manifest::{Manifest, PackageVersion};
use registry::CargoRegistry;

/// Rust crates.
pub(super) struct Cargo;

#[async_trait]
impl Support for Cargo {
    fn prefix(&self) -> &'static str {
        "cargo"
    }

    fn display_name(&self) -> &'static str {
        "Cargo"
    }

    fn manifest(&self) -> (&'static str, &'static str) {
        ("Cargo.toml", "list its packages in `members` below `[workspace]`")
    }

    async fn discover(&self, workspace: &mut Workspace) -> Result<(), WorkspaceError> {
        discover(workspace).await
    }

    fn files(&self, workspace: &Workspace, read: Read<'_>) -> Result<Box<dyn Files>, WorkspaceError> {
        Ok(Box::new(CargoFiles::read(workspace, read)?))
    }

    async fn version_at(&self, git: &Git, revision: &str, package: &Package) -> Result<Option<String>, GitError> {
        let path = ecosystem::beside_manifest(package, "Cargo.toml");
        let Some(text) = git.file_at(revision, &path).await? else { return Ok(None) };
        let root = if inherits_version(&text) { git.file_at(revision, "Cargo.toml").await? } else { None };
        Ok(version_in(&text, &root.unwrap_or_default()))
    }

    fn build_command(&self, name: &str, target: &str) -> Vec<String> {
        let words = ["cargo", "build", "--release", "--locked", "--package", name, "--bins", "--target", target];
        words.map(str::to_owned).into()
    }

    fn registry(&self, context: RegistryContext<'_>) -> Box<dyn Registry> {
        Box::new(CargoRegistry::new(context))
    }
}

/// Adds the members of the Cargo workspace at the root, if there is one.
async fn discover(workspace: &mut Workspace) -> Result<(), WorkspaceError> {
    let manifest = workspace.root.join("Cargo.toml");
    if !manifest.is_file() {
        return Ok(());
    }
    let metadata = read_metadata(&manifest).await?;
    let root = metadata.workspace_root.as_std_path();
    if !is_same_folder(root, &workspace.root) {
        return Err(WorkspaceError::Nested { root: workspace.root.clone(), outer: root.to_owned() });
    }
    let members: HashMap<&Path, &str> = metadata
        .workspace_packages()
        .iter()
        .filter_map(|package| Some((package.manifest_path.as_std_path().parent()?, package.name.as_str())))
        .collect();
    workspace
        .packages
        .extend(metadata.workspace_packages().into_iter().map(|package| read_package(package, root, &members)));
    workspace.cargo_target_directory = Some(metadata.target_directory.into_std_path_buf());
    Ok(())
}

/// Cargo may spell the path of a folder in another way than we do.
fn is_same_folder(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

async fn read_metadata(manifest: &Path) -> Result<Metadata, WorkspaceError> {
    let command = Command::new("cargo", ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .argument(manifest)
        // Cargo looks for its configuration from where it is started, not from the manifest.
        .in_folder(manifest.parent().unwrap_or(manifest))
        .capture(usize::MAX)
        .without_tokens();
    let output = command.run_to_success().await.map_err(|source| WorkspaceError::Cargo { source: source.into() })?;
    MetadataCommand::parse(output.stdout).map_err(|source| WorkspaceError::Cargo { source: source.into() })
}

fn read_package(package: &cargo_metadata::Package, root: &Path, members: &HashMap<&Path, &str>) -> Package {
    let folder = package.manifest_path.as_std_path().parent().unwrap_or(root);
    let path = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
    let mut binaries: Vec<String> =
        package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.clone()).collect();
    binaries.sort_unstable();
    let mut dependencies: Vec<InternalDependency> =
        package.dependencies.iter().filter_map(|dependency| read_dependency(dependency, members)).collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    let registries = package.publish.as_deref();
    Package {
        id: PackageId::new(Ecosystem::Cargo, package.name.as_str()),
        version: has_version(package).then(|| package.version.to_string()),
        manifest: package.manifest_path.clone().into_std_path_buf(),
        path: if path.is_empty() { ".".into() } else { path },
        publishable: registries.is_none_or(|registries| !registries.is_empty()),
        registry: match registries {
            Some([registry]) if registry != "crates-io" => Some(registry.clone()),
            _ => None,
        },
        binaries,
        dependencies,
        metadata: package.metadata.clone(),
    }
}

/// Whether the package of the manifest `text` takes its version from the workspace.
fn inherits_version(text: &str) -> bool {
    parse(text).is_some_and(|manifest| manifest.version == Some(PackageVersion::Inherited))
}

/// The version that the manifest `text` gives its package, taken from the manifest `root` if it is inherited; none if
/// there is none, or a manifest cannot be read.
fn version_in(text: &str, root: &str) -> Option<String> {
    match parse(text)?.version? {
        PackageVersion::Own(version) => Some(version.value),
        PackageVersion::Inherited => parse(root)?.workspace_version.map(|version| version.value),
    }
}

fn parse(text: &str) -> Option<Manifest> {
    Manifest::parse(Path::new("Cargo.toml"), text.to_owned()).ok()
}

/// Cargo reports 0.0.0 for a package without a version, which it then never publishes.
fn has_version(package: &cargo_metadata::Package) -> bool {
    let may_lack_it =
        package.version == semver::Version::new(0, 0, 0) && package.publish.as_ref().is_some_and(Vec::is_empty);
    !may_lack_it || files::has_version(package.manifest_path.as_std_path())
}

/// A dependency on a member: Cargo resolves one by its path, under whatever name it is imported.
fn read_dependency(
    dependency: &cargo_metadata::Dependency,
    members: &HashMap<&Path, &str>,
) -> Option<InternalDependency> {
    let name = members.get(dependency.path.as_ref()?.as_std_path())?;
    let any = dependency.req == semver::VersionReq::STAR;
    Some(InternalDependency {
        package: PackageId::new(Ecosystem::Cargo, *name),
        kind: match dependency.kind {
            cargo_metadata::DependencyKind::Development => DependencyKind::Development,
            _ => DependencyKind::Runtime,
        },
        requirement: (!any).then(|| dependency.req.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixtures::package;

    #[test]
    fn a_version_is_that_of_the_manifest_or_of_the_workspace_that_it_names() {
        let root = "[workspace.package]\nversion = \"2.0.0\"\n";
        let table = [
            ("[package]\nversion = \"1.0.0\"\n", false, Some("1.0.0")),
            ("[package]\nversion.workspace = true\n", true, Some("2.0.0")),
            ("[package]\nversion = { workspace = true }\n", true, Some("2.0.0")),
            ("[package]\nname = \"a\"\n", false, None),
            ("not toml", false, None),
        ];
        for (text, inherits, version) in table {
            assert_eq!(inherits_version(text), inherits, "{text}");
            assert_eq!(version_in(text, root).as_deref(), version, "{text}");
        }
        assert_eq!(version_in("[package]\nversion.workspace = true\n", ""), None);
    }

    #[tokio::test]
    async fn the_version_of_an_earlier_commit_is_found_also_where_it_is_inherited() {
        let repo = sampo_testkit::Repo::new();
        let write = |version: &str| {
            repo.write("Cargo.toml", format!("[workspace.package]\nversion = \"{version}\"\n"));
            repo.write("own/Cargo.toml", format!("[package]\nname = \"own\"\nversion = \"{version}\"\n"));
            repo.write("heir/Cargo.toml", "[package]\nname = \"heir\"\nversion.workspace = true\n");
            repo.commit(version);
        };
        write("1.0.0");
        write("1.1.0");
        let git = Git::new(repo.root());
        for name in ["own", "heir"] {
            let package = package(name, &[]);
            let before = Cargo.version_at(&git, "HEAD^1", &package).await.unwrap();
            let now = Cargo.version_at(&git, "HEAD", &package).await.unwrap();
            assert_eq!((before.as_deref(), now.as_deref()), (Some("1.0.0"), Some("1.1.0")), "{name}");
        }
        assert_eq!(Cargo.version_at(&git, "HEAD", &package("new", &[])).await.unwrap(), None);
    }
}
