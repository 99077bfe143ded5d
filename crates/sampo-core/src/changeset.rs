//! What a contributor noted: which packages change, by how much, and what readers of the changelog learn.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::ChangesetsConfig;
use crate::error::{Diagnose, PathError};
use crate::transaction::Change;
use crate::workspace::{PackageId, Workspace};

pub mod draft;
mod syntax;
pub(crate) mod transfer;

pub use draft::Draft;

/// The folder of the pending changesets, below the root.
pub const FOLDER: &str = ".sampo/changesets";
/// The folder of the changesets that pre-releases have taken up, kept for the changelog of the stable version.
pub const KEPT_FOLDER: &str = ".sampo/prerelease";

/// How much a version rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Repairs: 1.2.3 becomes 1.2.4.
    Patch,
    /// Additions: 1.2.3 becomes 1.3.0.
    Minor,
    /// Breaks: 1.2.3 becomes 2.0.0.
    Major,
}

/// The text is not a level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level: expected `patch`, `minor` or `major`")]
pub struct LevelError(String);

impl Level {
    /// All of them, from the lowest.
    pub const ALL: [Self; 3] = [Self::Patch, Self::Minor, Self::Major];

    /// The name in changesets and plans: `minor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let level = Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text.trim()));
        level.ok_or_else(|| LevelError(text.trim().to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A change that waits for its release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Its file, absolute.
    pub path: PathBuf,
    /// The packages that it touches, each once, in the order written.
    pub entries: Vec<Entry>,
    /// What readers of the changelog learn, in Markdown; never blank.
    pub message: String,
    /// The bytes of the file, to be sure that exactly this is consumed.
    pub(crate) source: String,
}

/// One package of a changeset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The package.
    pub package: PackageId,
    /// How much its version rises at least.
    pub level: Level,
    /// The category, as spelled in the configuration.
    pub tag: Option<String>,
}

impl Changeset {
    /// The text of its file with only these of its entries.
    pub(crate) fn reduced_to(&self, entries: &[&Entry]) -> String {
        if entries.len() == self.entries.len() {
            return self.source.clone();
        }
        syntax::write(entries.iter().copied(), &self.message)
    }

    /// The change that gives its file this text, or removes it.
    pub(crate) fn becomes(&self, after: Option<String>) -> Change {
        Change { path: self.path.clone(), before: Some(self.source.clone()), after }
    }
}

/// The changesets of a repository, sorted by file name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    /// Those that can be released.
    pub changesets: Vec<Changeset>,
    /// Those that pre-releases have taken up.
    pub kept: Vec<Changeset>,
    /// Files whose message is empty: they wait for somebody to write it.
    pub without_message: Vec<PathBuf>,
}

/// A changeset cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangesetError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A file is not a changeset.
    #[error("{path}:{line}: {message}")]
    Invalid {
        /// The file, as people know it.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// How to put it right.
        hint: Option<String>,
    },
    /// A category is used, and none or others are configured.
    #[error("{0}")]
    Tag(String),
    /// A new changeset names no package.
    #[error("a changeset needs at least one package")]
    NoPackage,
    /// A new changeset says nothing.
    #[error("a changeset needs a message")]
    NoMessage,
}

impl Diagnose for ChangesetError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::Tag(_) => "unknown-category",
            Self::Invalid { .. } | Self::NoPackage | Self::NoMessage => "changeset-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid { hint, .. } => hint.clone(),
            Self::Tag(_) => Some("categories are configured as `tags` below `[changesets]`".into()),
            _ => None,
        }
    }
}

impl Pending {
    /// Reads every `*.md` directly in both folders; a missing folder holds none. One broken file is an error.
    pub fn read(workspace: &Workspace, config: &ChangesetsConfig) -> Result<Self, ChangesetError> {
        let mut without_message = Vec::new();
        let mut read = |folder: &str| {
            let mut changesets = Vec::new();
            for path in files(&workspace.root.join(folder))? {
                let source = fs::read_to_string(&path).map_err(PathError::new("read", &path))?;
                match parse(&path, source, workspace, config)? {
                    Some(changeset) => changesets.push(changeset),
                    None => without_message.push(path),
                }
            }
            Ok::<_, ChangesetError>(changesets)
        };
        let (changesets, kept) = (read(FOLDER)?, read(KEPT_FOLDER)?);
        Ok(Self { changesets, kept, without_message })
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, PathError> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(PathError::new("read", folder))?,
    };
    let mut files = Vec::new();
    for file in listing {
        let path = file.map_err(PathError::new("read", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "md") && path.is_file() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The changeset in `source`, or none if it has no message yet.
pub(crate) fn parse(
    path: &Path,
    source: String,
    workspace: &Workspace,
    config: &ChangesetsConfig,
) -> Result<Option<Changeset>, ChangesetError> {
    let shown = shown(path, &workspace.root);
    if shown.contains(char::is_control) {
        let (path, message) =
            (shown.escape_debug().to_string(), "the name of the file holds a control character".into());
        return Err(ChangesetError::Invalid { path, line: 1, message, hint: Some("rename the file".into()) });
    }
    let invalid = |line: usize, message: String, hint: Option<String>| ChangesetError::Invalid {
        path: shown.clone(),
        line,
        message,
        hint,
    };
    let document = syntax::parse(&source).map_err(|error| invalid(error.line, error.message, error.hint))?;
    let mut entries: Vec<Entry> = Vec::with_capacity(document.lines.len());
    for line in document.lines {
        let package = workspace
            .resolve(line.name)
            .map_err(|error| invalid(line.number, error.to_string(), error.hint().or_else(|| name_hint(workspace))))?;
        let tag = line.tag.map(|tag| known_tag(tag, config)).transpose();
        let tag = tag.map_err(|error| invalid(line.number, error.to_string(), error.hint()))?;
        entries.push(Entry { package: package.id.clone(), level: line.level, tag });
    }
    let message = document.message;
    let path = path.to_owned();
    Ok((!message.is_empty()).then(|| Changeset { path, entries: merged(entries), message, source }))
}

fn name_hint(workspace: &Workspace) -> Option<String> {
    let few = workspace.packages.iter().take(5).map(|package| package.id.to_string());
    Some(format!("write a package of this workspace, such as {}", few.collect::<Vec<_>>().join(", ")))
}

/// `path` below `root`, with forward slashes.
fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The configured spelling of the category `tag`.
fn known_tag(tag: &str, config: &ChangesetsConfig) -> Result<String, ChangesetError> {
    let known: Vec<&str> = config.tags.iter().map(crate::config::NonBlank::as_str).collect();
    match known.iter().find(|known| known.eq_ignore_ascii_case(tag.trim())) {
        Some(known) => Ok((*known).to_owned()),
        None if known.is_empty() => {
            Err(ChangesetError::Tag(format!("the tag `{tag}` is used, but none is configured")))
        }
        None => Err(ChangesetError::Tag(format!("`{tag}` is not a tag here; known are {}", known.join(", ")))),
    }
}

/// Each package once, where it was named first; the higher level wins.
fn merged(written: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let mut places: HashMap<PackageId, usize> = HashMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    for entry in written {
        let place = *places.entry(entry.package.clone()).or_insert(entries.len());
        match entries.get_mut(place) {
            None => entries.push(entry),
            Some(known) if known.level < entry.level => *known = entry,
            Some(_) => {}
        }
    }
    entries
}

#[cfg(test)]
#[path = "changeset/changeset_tests.rs"]
mod tests;
