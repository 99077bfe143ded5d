//! Crates that are built with the workspace and belong to no release: dependencies by path that are no members.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::manifest::{Dependency, Manifest};
use crate::workspace::files::Read;

/// The manifests that `members` lead to by paths, directly or not. One that cannot be read is left to Cargo.
pub(super) fn manifests(members: &[Manifest], read: Read<'_>) -> Vec<Manifest> {
    let mut known: HashSet<PathBuf> = members.iter().map(|manifest| manifest.path.clone()).collect();
    let mut waiting: Vec<PathBuf> = members.iter().flat_map(led_to).collect();
    let mut outside = Vec::new();
    while let Some(path) = waiting.pop() {
        if !known.insert(path.clone()) {
            continue;
        }
        let Ok(Some(text)) = read(&path) else { continue };
        let Ok(manifest) = Manifest::parse(&path, text) else { continue };
        waiting.extend(led_to(&manifest));
        outside.push(manifest);
    }
    outside.sort_by(|a, b| a.path.cmp(&b.path));
    outside
}

fn led_to(manifest: &Manifest) -> Vec<PathBuf> {
    let entries = manifest.dependencies.iter().chain(&manifest.workspace_dependencies);
    entries.filter_map(|entry| manifest_of(entry, &manifest.path)).collect()
}

/// The manifest of the package that `entry` of the manifest at `stands` names by its path.
pub(super) fn manifest_of(entry: &Dependency, stands: &Path) -> Option<PathBuf> {
    let folder = stands.parent()?.join(entry.path.as_ref()?);
    let mut path = PathBuf::new();
    for component in folder.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(path.pop()),
            component => path.push(component),
        }
    }
    Some(path.join("Cargo.toml"))
}
