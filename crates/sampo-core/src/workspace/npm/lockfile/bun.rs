//! `bun.lock`.

use super::Folders;
use crate::workspace::edits::Edits;
use crate::workspace::npm::files::NewVersions;
use crate::workspace::npm::json::Json;
use crate::workspace::npm::manifest::sections;

/// The manifests of our own packages, which stand below `workspaces` by folder, and again behind their names in the
/// first version of the format.
pub(super) fn edits(json: &Json, folders: &Folders<'_>, versions: &NewVersions<'_>) -> Edits {
    let mut edits = Edits::default();
    for (folder, entry) in json.get("workspaces").map(Json::members).unwrap_or_default() {
        let Some(version) = folders.get(folder.as_str()) else { continue };
        if let (Some(version), Some(literal)) = (version, entry.get("version").and_then(Json::literal)) {
            edits.set(literal, version.to_string());
        }
        versions.follow(sections(entry), &mut edits);
    }
    for (_, entry) in json.get("packages").map(Json::members).unwrap_or_default() {
        if let [Json::String(origin), manifest, ..] = entry.items()
            && origin.value.contains("@workspace:")
        {
            versions.follow(sections(manifest), &mut edits);
        }
    }
    edits
}
