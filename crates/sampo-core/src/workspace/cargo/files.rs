//! The files of a Cargo workspace that a release reads and changes: its manifests and its lock file.

use std::collections::HashMap;
use std::path::Path;

use semver::Version;

use super::document::Edits;
use super::lockfile::{Lockfile, Move};
use super::manifest::{Dependency, Manifest, Origin, PackageVersion};
use super::outside;
use super::requirement::{self, Place};
use crate::transaction::{self, Change};
use crate::workspace::files::{Files, Moves, Read, Requirement};
use crate::workspace::{DependencyKind, Ecosystem, Package, PackageId, Workspace, WorkspaceError};

/// Every manifest of a Cargo workspace, and its lock file.
#[derive(Debug, Default)]
pub(super) struct CargoFiles {
    /// That of the root first, then those of the other packages.
    manifests: Vec<Manifest>,
    /// Which manifest belongs to a package.
    owners: HashMap<PackageId, usize>,
    /// The entries of `[workspace.dependencies]`, by key: their place in the root's list.
    shared: HashMap<String, usize>,
    /// The versions of the packages, by name.
    versions: HashMap<String, Version>,
    lockfile: Option<Lockfile>,
    /// Those of crates that are no members and still built with them.
    outside: Vec<Manifest>,
}

/// Whether the manifest at `path` gives its package a version.
pub(super) fn has_version(path: &Path) -> bool {
    let manifest = transaction::read(path).ok().flatten().map(|text| Manifest::parse(path, text));
    matches!(manifest, Some(Ok(Manifest { version: Some(_), .. })))
}

impl CargoFiles {
    /// Reads the files of the Cargo packages in `workspace`; without such packages there are none.
    pub(super) fn read(workspace: &Workspace, read: Read<'_>) -> Result<Self, WorkspaceError> {
        let packages = workspace.packages.iter().filter(|package| package.id.ecosystem() == Ecosystem::Cargo);
        let root = workspace.root.join("Cargo.toml");
        let mut files = Self::default();
        if let Some(text) = read(&root)? {
            let manifest = Manifest::parse(&root, text)?;
            let shared = manifest.workspace_dependencies.iter().enumerate();
            files.shared = shared.map(|(index, entry)| (entry.key.clone(), index)).collect();
            files.manifests.push(manifest);
        }
        for package in packages {
            let index = if package.manifest == root && !files.manifests.is_empty() { 0 } else { files.manifests.len() };
            if index == files.manifests.len() {
                let text = read(&package.manifest)?.unwrap_or_default();
                files.manifests.push(Manifest::parse(&package.manifest, text)?);
            }
            files.owners.insert(package.id.clone(), index);
            if let Some(version) = package.version.as_ref().and_then(|version| Version::parse(version).ok()) {
                files.versions.insert(package.id.name().to_owned(), version);
            }
        }
        files.outside = outside::manifests(&files.manifests, read);
        let lock = workspace.root.join("Cargo.lock");
        files.lockfile = read(&lock)?.map(|text| Lockfile::parse(&lock, text)).transpose()?;
        Ok(files)
    }

    /// What `entry` of a manifest asks of one of our packages. Dependencies for development call for a release of the
    /// dependent only where its own manifest names a version: without one they are dropped when it is published.
    fn requirement(entry: &Dependency, place: Place, kind: DependencyKind) -> Requirement {
        let written = entry.requirement.as_ref().map(|literal| literal.value.clone());
        let is_own_version = place == Place::Package && written.is_some();
        Requirement {
            package: PackageId::new(Ecosystem::Cargo, entry.package.as_str()),
            passes_releases_on: kind == DependencyKind::Runtime || is_own_version,
            must_cover: !written.as_ref().is_some_and(|written| requirement::follows(written, place)),
            written,
            rules: place.rules(),
        }
    }

    fn collect<'a>(
        &self,
        workspace: &'a Workspace,
        edits: Vec<Edits>,
        mut moves: HashMap<&'a str, Move<'a>>,
        shared_version: Option<&'a Version>,
    ) -> Vec<Change> {
        let changed = |path: &Path, before: &str, after: String| {
            (before != after).then(|| Change {
                path: path.to_owned(),
                before: Some(before.to_owned()),
                after: Some(after),
            })
        };
        let manifests = self.manifests.iter().zip(edits);
        let mut changes: Vec<Change> = manifests
            .filter(|(_, edits)| !edits.is_empty())
            .filter_map(|(manifest, edits)| changed(&manifest.path, &manifest.text, edits.apply(&manifest.text)))
            .collect();
        // Packages that are not released move too if they inherit a version that does.
        if let Some(new) = shared_version {
            let inheriting = workspace.packages.iter().filter(|package| self.inherits_version(&package.id));
            moves.extend(
                inheriting
                    .filter_map(|package| Some((package.id.name(), Move { old: package.version.as_deref()?, new }))),
            );
        }
        let lockfile = self.lockfile.as_ref();
        changes.extend(lockfile.and_then(|lock| changed(&lock.path, &lock.text, lock.moved(&moves))));
        changes
    }

    /// Whether `entry`, by which `package` depends on something, means a package of this workspace: by its path, or by
    /// its name where `[workspace.dependencies]` shares it or `[patch]` puts ours in the place of the registry's.
    fn means_ours(&self, package: &Package, entry: &Dependency, place: Place) -> bool {
        match entry.origin {
            Origin::Path => depends_on(package, &PackageId::new(Ecosystem::Cargo, entry.package.as_str())),
            Origin::Registry => {
                let is_known_by_name = place == Place::Workspace || self.is_patched(&entry.package);
                is_known_by_name && entry.package != package.id.name() && self.accepts_ours(entry)
            }
            Origin::Git | Origin::Workspace => false,
        }
    }

    /// Whether a requirement without a path accepts the version that our package of this name has; otherwise it means
    /// an older one on the registry.
    fn accepts_ours(&self, entry: &Dependency) -> bool {
        let (Some(version), Some(written)) = (self.versions.get(&entry.package), &entry.requirement) else {
            return false;
        };
        let is_pin = requirement::pinned(&written.value).is_some_and(|pinned| pinned == *version);
        is_pin || requirement::covers(&written.value, version) == Some(true)
    }

    fn is_patched(&self, name: &str) -> bool {
        self.manifests.first().is_some_and(|root| root.patched.iter().any(|patched| patched == name))
    }

    /// The packages that the lock file lacks, if there is one: only Cargo can add them.
    fn not_locked(&self, workspace: &Workspace) -> Vec<PackageId> {
        let Some(lockfile) = &self.lockfile else { return Vec::new() };
        let known = lockfile.local_names();
        let ids = workspace.packages.iter().map(|package| &package.id);
        ids.filter(|id| id.ecosystem() == Ecosystem::Cargo && !known.contains(id.name())).cloned().collect()
    }

    fn manifest(&self, package: &PackageId) -> Option<&Manifest> {
        self.owners.get(package).map(|&index| &self.manifests[index])
    }

    fn shared(&self, key: &str) -> Option<&Dependency> {
        self.manifests.first()?.workspace_dependencies.get(*self.shared.get(key)?)
    }
}

impl Files for CargoFiles {
    fn check(&self, workspace: &Workspace) -> Result<(), WorkspaceError> {
        let packages = self.not_locked(workspace);
        if packages.is_empty() { Ok(()) } else { Err(WorkspaceError::NotLocked { packages }) }
    }

    fn inherits_version(&self, package: &PackageId) -> bool {
        self.manifest(package).is_some_and(|manifest| manifest.version == Some(PackageVersion::Inherited))
    }

    fn requirements(&self, package: &Package) -> Vec<Requirement> {
        let entries = self.manifest(&package.id).map(|manifest| manifest.dependencies.as_slice()).unwrap_or_default();
        let requirement = |entry: &Dependency| {
            let (stands, place) = match entry.origin {
                Origin::Workspace => (self.shared(&entry.key)?, Place::Workspace),
                Origin::Path | Origin::Registry | Origin::Git => (entry, Place::Package),
            };
            self.means_ours(package, stands, place).then(|| Self::requirement(stands, place, entry.kind))
        };
        entries.iter().filter_map(requirement).collect()
    }

    fn outside_requirements(&self, workspace: &Workspace) -> Vec<(PackageId, Requirement)> {
        let ids: HashMap<&Path, &PackageId> =
            workspace.packages.iter().map(|package| (package.manifest.as_path(), &package.id)).collect();
        let mut found = Vec::new();
        for manifest in &self.outside {
            let dependent = PackageId::new(Ecosystem::Cargo, manifest.name.as_deref().unwrap_or_default());
            // Cargo leaves out what only serves the development of crates that are no members.
            for entry in manifest.dependencies.iter().filter(|entry| entry.kind == DependencyKind::Runtime) {
                let target = outside::manifest_of(entry, &manifest.path);
                let Some(&package) = target.as_deref().and_then(|target| ids.get(target)) else { continue };
                let requirement = Self::requirement(entry, Place::Outside, entry.kind);
                found.push((dependent.clone(), Requirement { package: package.clone(), ..requirement }));
            }
        }
        found
    }

    /// A lock file only takes versions that fit every requirement.
    fn needs_fitting_ranges(&self) -> bool {
        self.lockfile.is_some()
    }

    fn remarks(&self, _: &Moves) -> Vec<(String, Option<String>)> {
        Vec::new()
    }

    fn changes(&self, workspace: &Workspace, packages: &Moves) -> Vec<Change> {
        let ours = packages.iter().filter(|(id, _)| id.ecosystem() == Ecosystem::Cargo);
        let moves: HashMap<&str, Move<'_>> = ours.map(|(id, (old, new))| (id.name(), Move { old, new })).collect();
        let mut edits: Vec<Edits> = self.manifests.iter().map(|_| Edits::default()).collect();
        let mut shared_version = None;
        for package in &workspace.packages {
            let Some(&index) = self.owners.get(&package.id) else { continue };
            let manifest = &self.manifests[index];
            let moved = packages.get(&package.id).map(|(_, new)| new);
            match (&manifest.version, moved) {
                (Some(PackageVersion::Own(version)), Some(new)) => edits[index].set(version, new.to_string()),
                (Some(PackageVersion::Inherited), Some(new)) => shared_version = Some(new),
                _ => {}
            }
            follow(&manifest.dependencies, Place::Package, &moves, &mut edits[index], |entry, moved_dependency| {
                let may_be_another = entry.origin == Origin::Registry && moved.is_some();
                self.means_ours(package, entry, Place::Package) || (may_be_another && pins(entry, moved_dependency))
            });
        }
        if let (Some(root), Some(edits)) = (self.manifests.first(), edits.first_mut()) {
            if let (Some(version), Some(new)) = (&root.workspace_version, shared_version) {
                edits.set(version, new.to_string());
            }
            follow(&root.workspace_dependencies, Place::Workspace, &moves, edits, |entry, _| {
                entry.origin == Origin::Path || (entry.origin == Origin::Registry && self.accepts_ours(entry))
            });
        }
        self.collect(workspace, edits, moves, shared_version)
    }
}

/// Cargo has resolved paths already: `dependencies` is sorted by package.
fn depends_on(package: &Package, dependency: &PackageId) -> bool {
    package.dependencies.binary_search_by(|known| known.package.cmp(dependency)).is_ok()
}

/// Whether an entry names exactly the version that our package of this name had: then it most likely means ours, and
/// not an older one on the registry.
fn pins(entry: &Dependency, moved: &Move<'_>) -> bool {
    let written = entry.requirement.as_ref().map(|literal| literal.value.trim());
    written.is_some_and(|written| written.strip_prefix('=').unwrap_or(written).trim() == moved.old)
}

fn follow<'a>(
    entries: &[Dependency],
    place: Place,
    moves: &HashMap<&'a str, Move<'a>>,
    edits: &mut Edits,
    is_ours: impl Fn(&Dependency, &Move<'a>) -> bool,
) {
    for entry in entries {
        let Some(moved) = moves.get(entry.package.as_str()).filter(|moved| is_ours(entry, moved)) else { continue };
        let Some(literal) = &entry.requirement else { continue };
        if let Some(next) = requirement::followed(&literal.value, moved.new, place) {
            edits.set(literal, next);
        }
    }
}
