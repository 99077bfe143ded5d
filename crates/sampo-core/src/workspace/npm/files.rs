//! The files of an npm workspace that a release reads and changes: its manifests and its lock files.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use semver::Version;

use super::lockfile::{self, Lockfile};
use super::manifest::{Dependency, Manifest};
use super::{members, specifier};
use crate::transaction::Change;
use crate::workspace::edits::Edits;
use crate::workspace::files::{Files, Moves, Read, Requirement};
use crate::workspace::{DependencyKind, Ecosystem, Package, PackageId, Workspace, WorkspaceError};

/// Every manifest of an npm workspace, those of folders that are no package too, and its lock files.
pub(super) struct NpmFiles {
    root: PathBuf,
    manifests: Vec<Manifest>,
    /// Which manifest belongs to a package.
    owners: HashMap<PackageId, usize>,
    lockfiles: Vec<Lockfile>,
}

/// The packages that move, by name, with their new versions.
#[derive(Debug)]
pub(super) struct NewVersions<'a>(HashMap<&'a str, &'a Version>);

impl<'a> NewVersions<'a> {
    pub(super) fn of(moves: &'a Moves) -> Self {
        let ours = moves.iter().filter(|(id, _)| id.ecosystem() == Ecosystem::Npm);
        Self(ours.map(|(id, (_, new))| (id.name(), new)).collect())
    }

    /// The new version of the package `name`.
    pub(super) fn get(&self, name: &str) -> Option<&'a Version> {
        self.0.get(name).copied()
    }

    /// What `written`, the specifier of the package `name`, becomes; none if it stays.
    pub(super) fn followed(&self, name: &str, written: &str) -> Option<String> {
        specifier::followed(written, self.get(name)?)
    }

    /// Lets every specifier of `entries` follow.
    pub(super) fn follow(&self, entries: impl IntoIterator<Item = Dependency>, edits: &mut Edits) {
        for entry in entries {
            self.follow_one(&entry, edits);
        }
    }

    fn follow_one(&self, entry: &Dependency, edits: &mut Edits) {
        let Some(literal) = &entry.specifier else { return };
        if let Some(next) = self.followed(&entry.name, &literal.value) {
            edits.set(literal, next);
        }
    }
}

impl NpmFiles {
    /// Reads the files of the npm packages in `workspace`.
    pub(super) fn read(workspace: &Workspace, read: Read<'_>) -> Result<Self, WorkspaceError> {
        let manifests = members::manifests(&workspace.root)?;
        let packages = workspace.packages.iter().filter(|package| package.id.ecosystem() == Ecosystem::Npm);
        let ids: HashMap<&Path, &PackageId> =
            packages.map(|package| (package.manifest.as_path(), &package.id)).collect();
        let owners = manifests.iter().enumerate();
        let owners = owners.filter_map(|(index, manifest)| Some(((*ids.get(manifest.path.as_path())?).clone(), index)));
        Ok(Self {
            root: workspace.root.clone(),
            owners: owners.collect(),
            manifests,
            lockfiles: lockfile::read(&workspace.root, read)?,
        })
    }

    fn manifest(&self, package: &PackageId) -> Option<&Manifest> {
        self.owners.get(package).map(|&index| &self.manifests[index])
    }

    /// The folder of `manifest` below the root, as lock files spell it; empty for the root.
    fn folder<'a>(&self, manifest: &'a Manifest) -> Option<&'a Path> {
        manifest.path.parent()?.strip_prefix(&self.root).ok()
    }
}

impl Files for NpmFiles {
    fn check(&self, _: &Workspace) -> Result<(), WorkspaceError> {
        Ok(())
    }

    fn inherits_version(&self, _: &PackageId) -> bool {
        false
    }

    /// What a package needs at run time must fit, in the first section that has a range for it.
    fn requirements(&self, package: &Package) -> Vec<Requirement> {
        let entries = self.manifest(&package.id).map(|manifest| manifest.dependencies.as_slice()).unwrap_or_default();
        let is_ours = |entry: &&Dependency| {
            let id = PackageId::new(Ecosystem::Npm, entry.name.as_str());
            package.dependencies.binary_search_by(|known| known.package.cmp(&id)).is_ok()
        };
        let mut judged: BTreeSet<&str> = BTreeSet::new();
        let ours = entries.iter().filter(is_ours).map(|entry| {
            let written = entry.specifier.as_ref().map(|literal| literal.value.clone());
            let is_range = !written.as_deref().is_some_and(specifier::follows);
            Requirement {
                package: PackageId::new(Ecosystem::Npm, entry.name.as_str()),
                written,
                passes_releases_on: true,
                must_cover: is_range && entry.kind == DependencyKind::Runtime && judged.insert(&entry.name),
                rules: &specifier::RULES,
            }
        });
        ours.collect()
    }

    fn outside_requirements(&self, _: &Workspace) -> Vec<(PackageId, Requirement)> {
        Vec::new()
    }

    fn needs_fitting_ranges(&self) -> bool {
        false
    }

    fn remarks(&self, moves: &Moves) -> Vec<(String, Option<String>)> {
        let versions = NewVersions::of(moves);
        let mut remarks = Vec::new();
        for manifest in &self.manifests {
            let path = manifest.path.strip_prefix(&self.root).unwrap_or(&manifest.path).display();
            for entry in &manifest.dependencies {
                let Some(version) = versions.get(&entry.name) else { continue };
                let Some(written) = entry.specifier.as_ref().map(|literal| &literal.value) else { continue };
                if specifier::is_elsewhere(written) {
                    let message = format!("`{path}` takes `{}` from `{written}`, which stays as it is", entry.name);
                    remarks.push((message, Some(format!("see whether that fits {version}"))));
                }
            }
        }
        remarks.sort();
        remarks.dedup();
        remarks.extend(self.lockfiles.iter().filter_map(Lockfile::remark));
        remarks
    }

    fn changes(&self, _: &Workspace, moves: &Moves) -> Vec<Change> {
        let versions = NewVersions::of(moves);
        if versions.0.is_empty() {
            return Vec::new();
        }
        let own_version = |manifest: &Manifest| {
            let is_package = manifest.is_package();
            manifest.name.as_deref().filter(|_| is_package).and_then(|name| versions.get(name))
        };
        let edited = |manifest: &Manifest| {
            let mut edits = Edits::default();
            if let (Some(literal), Some(version)) = (&manifest.version, own_version(manifest)) {
                edits.set(literal, version.to_string());
            }
            for entry in &manifest.dependencies {
                versions.follow_one(entry, &mut edits);
            }
            edits.apply(&manifest.text)
        };
        let changed = |path: &Path, before: &str, after: String| {
            let (path, before) = (path.to_owned(), before.to_owned());
            (before != after).then_some(Change { path, before: Some(before), after: Some(after) })
        };
        let manifests = self.manifests.iter();
        let mut changes: Vec<Change> =
            manifests.filter_map(|manifest| changed(&manifest.path, &manifest.text, edited(manifest))).collect();
        let folders: HashMap<String, Option<&Version>> = self
            .manifests
            .iter()
            .filter_map(|manifest| {
                let folder = self.folder(manifest)?.to_string_lossy().replace('\\', "/");
                Some((folder, own_version(manifest)))
            })
            .collect();
        changes.extend(self.lockfiles.iter().filter_map(|lockfile| {
            let after = lockfile.moved(&folders, &versions)?;
            changed(lockfile.path(), lockfile.text(), after)
        }));
        changes
    }
}
