//! The files that are packed beside the executables: from the package's folder first, then from the root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Entry;
use super::error::ResolveError;
use super::files::{self, Fence};
use crate::distribute::naming;
use crate::error::PathError;

/// What `globs` match, sorted by name. A file of the package shadows the root's file of the same name; a folder is
/// taken with all that it holds.
pub(super) fn included(
    globs: &[String],
    package: &Path,
    root: &Path,
    fence: &Fence,
) -> Result<Vec<Entry>, ResolveError> {
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    let bases = if package == root { vec![root] } else { vec![package, root] };
    for base in bases {
        for glob in globs {
            for path in files::entries(base, glob)? {
                add(path, base, &mut found, fence)?;
            }
        }
    }
    Ok(found.into_iter().map(|(name, path)| Entry { name, path, executable: false }).collect())
}

fn add(path: PathBuf, base: &Path, found: &mut BTreeMap<String, PathBuf>, fence: &Fence) -> Result<(), ResolveError> {
    if fence.admit(&path)?.is_dir() {
        for child in children(&path)? {
            // A link to a folder may lead round in a circle.
            if !(child.is_symlink() && child.is_dir()) {
                add(child, base, found, fence)?;
            }
        }
        return Ok(());
    }
    let name = entry_name(&path, base)?;
    found.entry(name).or_insert(path);
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, ResolveError> {
    let entries = fs::read_dir(folder).map_err(PathError::new("read", folder))?;
    let children: Result<Vec<PathBuf>, std::io::Error> = entries.map(|entry| Ok(entry?.path())).collect();
    Ok(children.map_err(PathError::new("read", folder))?)
}

/// The path below `base` with forward slashes, each part of which every system can unpack.
fn entry_name(path: &Path, base: &Path) -> Result<String, ResolveError> {
    let bad = |reason| ResolveError::BadName {
        name: path.strip_prefix(base).unwrap_or(path).display().to_string(),
        origin: format!("`{}`", path.display()),
        reason,
    };
    let below = path.strip_prefix(base).map_err(|_| bad("it is not below the folder that `include` looks in"))?;
    let mut parts = Vec::new();
    for component in below.components() {
        let Component::Normal(part) = component else {
            return Err(bad("it is not below the folder that `include` looks in"));
        };
        let part = part.to_str().ok_or_else(|| bad("it is not Unicode"))?;
        if let Some(reason) = naming::defect(part) {
            return Err(bad(reason));
        }
        parts.push(part);
    }
    Ok(parts.join("/"))
}
