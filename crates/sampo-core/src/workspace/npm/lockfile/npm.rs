//! `package-lock.json` and `npm-shrinkwrap.json`.

use super::Folders;
use crate::workspace::DependencyKind;
use crate::workspace::edits::Edits;
use crate::workspace::npm::files::NewVersions;
use crate::workspace::npm::json::Json;
use crate::workspace::npm::manifest::{Dependency, sections};

/// The entries of our own packages: below `packages` by folder, and the one at the top for the root.
pub(super) fn edits(json: &Json, folders: &Folders<'_>, versions: &NewVersions<'_>) -> Edits {
    let mut edits = Edits::default();
    if let (Some(Some(version)), Some(literal)) = (folders.get(""), json.get("version").and_then(Json::literal)) {
        edits.set(literal, version.to_string());
    }
    for (folder, entry) in json.get("packages").map(Json::members).unwrap_or_default() {
        let Some(version) = folders.get(folder.as_str()) else { continue };
        if let (Some(version), Some(literal)) = (version, entry.get("version").and_then(Json::literal)) {
            edits.set(literal, version.to_string());
        }
        versions.follow(sections(entry), &mut edits);
    }
    // Up to npm 8, what a folder of ours requires stands here a second time.
    let old = json.get("dependencies").map(Json::members).unwrap_or_default().iter().map(|(_, entry)| entry);
    let is_ours =
        |entry: &&Json| entry.get("version").and_then(Json::as_str).is_some_and(|from| from.starts_with("file:"));
    for requires in old.filter(is_ours).filter_map(|entry| entry.get("requires")) {
        let entry = |(name, value): &(String, Json)| Dependency {
            name: name.clone(),
            kind: DependencyKind::Runtime,
            specifier: value.literal().cloned(),
        };
        versions.follow(requires.members().iter().map(entry), &mut edits);
    }
    edits
}
