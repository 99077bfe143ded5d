//! Which folders hold the members of an npm workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::manifest::Manifest;
use crate::transaction;
use crate::workspace::WorkspaceError;

/// The manifest of an npm package.
pub(super) const MANIFEST: &str = "package.json";
/// Where pnpm keeps the patterns of its workspaces.
pub(super) const PNPM_WORKSPACE: &str = "pnpm-workspace.yaml";

/// A star stands for no hidden folder, as with npm, pnpm and Yarn.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Every manifest of the workspace at `root`: its own first, where it has one, then those of the members by path.
pub(super) fn manifests(root: &Path) -> Result<Vec<Manifest>, WorkspaceError> {
    let own = read(&root.join(MANIFEST))?;
    let mut patterns: Vec<String> = own.iter().flat_map(|manifest| manifest.workspaces.clone()).collect();
    patterns.extend(pnpm_patterns(root)?);
    let mut manifests: Vec<Manifest> = own.into_iter().collect();
    for folder in folders(root, &patterns)? {
        manifests.extend(read(&root.join(folder).join(MANIFEST))?);
    }
    Ok(manifests)
}

fn read(path: &Path) -> Result<Option<Manifest>, WorkspaceError> {
    transaction::read(path)?.map(|text| Manifest::parse(path, text)).transpose()
}

/// `packages` of `pnpm-workspace.yaml`. With pnpm what is left out stays out, wherever that is said.
fn pnpm_patterns(root: &Path) -> Result<Vec<String>, WorkspaceError> {
    #[derive(Default, serde::Deserialize)]
    struct PnpmWorkspace {
        #[serde(default)]
        packages: Option<Vec<String>>,
    }
    let path = root.join(PNPM_WORKSPACE);
    let Some(text) = transaction::read(&path)?.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    let file: Option<PnpmWorkspace> = serde_saphyr::from_str(&text)
        .map_err(|error| WorkspaceError::PackageJson { path, message: error.to_string() })?;
    let mut patterns = file.and_then(|file| file.packages).unwrap_or_default();
    patterns.sort_by_key(|pattern| pattern.starts_with('!'));
    Ok(patterns)
}

/// The folders that `patterns` stand for, below `root`, without it. A pattern with `!` takes away what those before it
/// have found.
fn folders(root: &Path, patterns: &[String]) -> Result<BTreeSet<PathBuf>, WorkspaceError> {
    let mut found: BTreeSet<PathBuf> = BTreeSet::new();
    for written in patterns {
        let (pattern, is_negated) = written.strip_prefix('!').map_or((written.as_str(), false), |rest| (rest, true));
        for pattern in alternatives(pattern) {
            let segments = segments(&pattern);
            if is_negated {
                found.retain(|folder| !matches(&segments, &parts(folder)));
                continue;
            }
            let invalid = |message: String| WorkspaceError::Member { pattern: written.clone(), message };
            for segment in &segments {
                Pattern::new(segment).map_err(|error| invalid(error.msg.to_owned()))?;
            }
            let is_glob = segments.iter().any(|segment| is_glob(segment));
            let before = found.len();
            walk(root, PathBuf::new(), &segments, &mut found);
            let is_there = || root.join(segments.join("/")).join(MANIFEST).is_file();
            if !is_glob && found.len() == before && !is_there() {
                return Err(invalid(format!("there is no `{}/{MANIFEST}`", segments.join("/"))));
            }
        }
    }
    found.remove(Path::new(""));
    Ok(found)
}

/// Adds the folders below `folder` that the rest of a pattern leads to and that hold a manifest.
fn walk(root: &Path, folder: PathBuf, segments: &[String], found: &mut BTreeSet<PathBuf>) {
    let Some((segment, rest)) = segments.split_first() else {
        if root.join(&folder).join(MANIFEST).is_file() {
            found.insert(folder);
        }
        return;
    };
    if segment == "**" {
        walk(root, folder.clone(), rest, found);
        for (name, is_link) in subfolders(&root.join(&folder)) {
            // A link may lead back to where it stands.
            if !name.starts_with('.') && !is_link {
                walk(root, folder.join(name), segments, found);
            }
        }
    } else if is_glob(segment) {
        let Ok(pattern) = Pattern::new(segment) else { return };
        for (name, _) in
            subfolders(&root.join(&folder)).into_iter().filter(|(name, _)| pattern.matches_with(name, OPTIONS))
        {
            walk(root, folder.join(name), rest, found);
        }
    } else {
        walk(root, folder.join(segment), rest, found);
    }
}

/// The names of the folders in `folder`, and whether each is a link. What is installed is never a member.
fn subfolders(folder: &Path) -> Vec<(String, bool)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let named = entries.filter_map(|entry| {
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        Some((entry.file_name().into_string().ok()?, is_link))
    });
    named.filter(|(name, _)| name != "node_modules").collect()
}

/// Whether the folder made of `parts` is one that a pattern stands for.
fn matches(segments: &[String], parts: &[String]) -> bool {
    match (segments.split_first(), parts.split_first()) {
        (None, None) => true,
        (Some((segment, rest)), _) if segment == "**" => {
            matches(rest, parts) || parts.split_first().is_some_and(|(_, others)| matches(segments, others))
        }
        (Some((segment, rest)), Some((part, others))) => {
            let is_match = Pattern::new(segment).is_ok_and(|pattern| pattern.matches_with(part, OPTIONS));
            is_match && matches(rest, others)
        }
        _ => false,
    }
}

fn parts(folder: &Path) -> Vec<String> {
    folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// The names in a pattern. It may be written with `./` in front, `/` behind, or the name of the manifest at its end.
fn segments(pattern: &str) -> Vec<String> {
    let pattern = pattern.trim().replace('\\', "/");
    let pattern = pattern.strip_suffix("/package.json").unwrap_or(&pattern);
    pattern.split('/').filter(|segment| !segment.is_empty() && *segment != ".").map(str::to_owned).collect()
}

fn is_glob(segment: &str) -> bool {
    segment.contains(['*', '?', '['])
}

/// The patterns that one with `{a,b}` in it stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((start, end)) = braces(pattern) else { return vec![pattern.to_owned()] };
    let mut depth = 0;
    let choices = pattern[start + 1..end].split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    choices.flat_map(|choice| alternatives(&format!("{}{choice}{}", &pattern[..start], &pattern[end + 1..]))).collect()
}

/// The place of the first pair of braces with a comma between them.
fn braces(pattern: &str) -> Option<(usize, usize)> {
    let start = pattern.find('{')?;
    let mut depth = 0;
    let end = pattern[start..].char_indices().find_map(|(at, c)| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        (depth == 0).then_some(start + at)
    })?;
    pattern[start..end].contains(',').then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn found(files: &[&str], patterns: &[&str]) -> Result<Vec<String>, String> {
        let files: Vec<(String, &str)> = files.iter().map(|folder| (format!("{folder}/package.json"), "{}")).collect();
        let tree = tree(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let folders = folders(tree.path(), &patterns).map_err(|error| error.to_string())?;
        Ok(folders.into_iter().map(|folder| folder.to_string_lossy().replace('\\', "/")).collect())
    }

    const TREE: [&str; 7] =
        [".", "libs/a", "libs/b", "libs/b/deep/c", "libs/b/node_modules/x", "apps/web", "apps/.hidden"];

    #[test]
    fn patterns_are_those_of_npm_and_pnpm() {
        let table: [(&[&str], &[&str]); 9] = [
            (&["libs/*"], &["libs/a", "libs/b"]),
            (&["./libs/a/", "apps/web/package.json"], &["apps/web", "libs/a"]),
            (&["libs/**"], &["libs/a", "libs/b", "libs/b/deep/c"]),
            (&["**"], &["apps/web", "libs/a", "libs/b", "libs/b/deep/c"]),
            (&["libs/*", "!libs/b"], &["libs/a"]),
            (&["**", "!**/deep/**", "!apps/*"], &["libs/a", "libs/b"]),
            (&["libs/*", "!libs/*", "libs/a"], &["libs/a"]),
            (&["{libs/{a,b},apps/*}"], &["apps/web", "libs/a", "libs/b"]),
            (&["libs/[a]", "lib?/b"], &["libs/a", "libs/b"]),
        ];
        for (patterns, expected) in table {
            assert_eq!(found(&TREE, patterns).unwrap(), expected, "{patterns:?}");
        }
    }

    #[test]
    fn a_named_folder_must_hold_a_manifest() {
        let error = found(&TREE, &["libs/a", "libs/c"]).unwrap_err();
        assert_eq!(error, "the workspace pattern `libs/c` cannot be used: there is no `libs/c/package.json`");
        assert_eq!(found(&TREE, &["nothing/*", "!libs/c"]).unwrap(), [""; 0]);
        let error = found(&TREE, &["libs/[a"]).unwrap_err();
        assert!(error.starts_with("the workspace pattern `libs/[a` cannot be used: "), "{error}");
    }

    #[test]
    fn the_patterns_of_both_files_count() {
        let tree = tree(&[
            ("package.json", r#"{ "workspaces": ["a"] }"#),
            ("pnpm-workspace.yaml", "packages:\n  - '!b/two'\n  - b/*\n# more\ncatalog: {x: 1.0.0}\n"),
            ("a/package.json", "{}"),
            ("b/one/package.json", "{}"),
            ("b/two/package.json", "{}"),
        ]);
        let paths: Vec<PathBuf> = manifests(tree.path()).unwrap().into_iter().map(|manifest| manifest.path).collect();
        assert_eq!(paths, ["package.json", "a/package.json", "b/one/package.json"].map(|path| tree.path().join(path)));
        fs::write(tree.path().join("pnpm-workspace.yaml"), "packages: 7\n").unwrap();
        let error = manifests(tree.path()).unwrap_err().to_string();
        assert!(error.contains("pnpm-workspace.yaml` cannot be read as a manifest: "), "{error}");
        fs::write(tree.path().join("pnpm-workspace.yaml"), "# nothing\n").unwrap();
        assert_eq!(manifests(tree.path()).unwrap().len(), 2);
    }
}
