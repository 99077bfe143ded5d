//! Files below the root: by glob, by name, and never outside.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::error::ResolveError;
use crate::config::Config;
use crate::error::PathError;
use crate::workspace::Workspace;

/// A leading dot is matched by a dot only, as in a shell.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The folders that files may really lie in, whatever links lead there.
#[derive(Debug)]
pub(super) struct Fence {
    root: PathBuf,
    folders: Vec<PathBuf>,
}

impl Fence {
    /// The workspace, and what its settings openly place outside: Cargo's target folder and the artifacts folder.
    pub(super) fn around(config: &Config, workspace: &Workspace) -> Self {
        let artifacts = Path::new(&config.distribute.artifacts_dir);
        let is_outside = artifacts.is_absolute() || artifacts.starts_with("..");
        let artifacts = is_outside.then(|| workspace.root.join(artifacts));
        let folders = [Some(workspace.root.clone()), workspace.cargo_target_directory.clone(), artifacts];
        let folders = folders.into_iter().flatten().filter_map(|folder| folder.canonicalize().ok()).collect();
        Self { root: workspace.root.clone(), folders }
    }

    /// The metadata of the file at `path`, unless a link or `..` leads outside.
    pub(super) fn admit(&self, path: &Path) -> Result<Metadata, ResolveError> {
        let real = path.canonicalize().map_err(PathError::new("read", path))?;
        if !self.folders.iter().any(|folder| real.starts_with(folder)) {
            return Err(ResolveError::Outside { path: shown(path, &self.root), real: real.display().to_string() });
        }
        Ok(fs::metadata(&real).map_err(PathError::new("read", path))?)
    }
}

/// The files below `root` that `glob` matches, sorted.
pub(crate) fn matches(root: &Path, glob: &str) -> Result<Vec<PathBuf>, ResolveError> {
    Ok(entries(root, glob)?.into_iter().filter(|path| path.is_file()).collect())
}

/// The files and folders below `root` that `glob` matches, sorted.
pub(super) fn entries(root: &Path, glob: &str) -> Result<Vec<PathBuf>, ResolveError> {
    let bad = |source| ResolveError::BadGlob { glob: glob.to_owned(), source };
    let pattern = if Path::new(glob).is_absolute() {
        glob.to_owned()
    } else {
        format!("{}/{glob}", Pattern::escape(&root.to_string_lossy()))
    };
    let mut paths = Vec::new();
    for path in glob::glob_with(&pattern, OPTIONS).map_err(bad)? {
        paths.push(path.map_err(|error| {
            let path = error.path().to_owned();
            PathError::new("read", path)(error.into())
        })?);
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The file name of `path`, which destinations need as text.
pub(crate) fn name_of(path: &Path) -> Result<String, ResolveError> {
    let name = path.file_name().unwrap_or_default();
    name.to_str().map(str::to_owned).ok_or_else(|| ResolveError::BadName {
        name: name.to_string_lossy().into_owned(),
        origin: format!("`{}`", path.display()),
        reason: "it is not Unicode",
    })
}

/// `path` as people write it: relative to the root where it lies below.
pub(crate) fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string().replace('\\', "/")
}
