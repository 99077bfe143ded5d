//! `.sampo/config.toml`: read strictly, so that a typo is an error with its line and never a silent default.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::error::{Diagnose, PathError};
use crate::similar::nearest;
use crate::workspace::Workspace;

pub mod changelog;
pub mod command_line;
pub mod distribute;
pub mod git;
pub mod packages;

pub use changelog::ChangelogConfig;
pub use command_line::CommandLine;
pub use distribute::{BackendTable, DistributeConfig};
pub use git::{GitConfig, TagFormat};
pub use packages::{PackagesConfig, Pattern};

/// The file below the root.
pub const PATH: &str = ".sampo/config.toml";

/// The whole configuration; every table is optional.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[git]`: branches and tags.
    pub git: GitConfig,
    /// `[github]`: the repository that links and API calls go to.
    pub github: GithubConfig,
    /// `[changesets]`: their categories.
    pub changesets: ChangesetsConfig,
    /// `[changelog]`: what entries look like.
    pub changelog: ChangelogConfig,
    /// `[packages]`: which take part, and how their versions move together.
    pub packages: PackagesConfig,
    /// `[distribute]`: what is built and where it goes.
    pub distribute: DistributeConfig,
    source: Source,
}

/// `[github]`.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubConfig {
    /// `owner/repo`; by default from `GITHUB_REPOSITORY` or the remote `origin`.
    pub repository: Option<Repository>,
}

/// `[changesets]`.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangesetsConfig {
    /// The categories that a changeset may name; naming any switches categories on.
    #[serde(default)]
    pub tags: Vec<NonBlank>,
}

/// A repository on GitHub, `owner/repo`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Repository {
    /// The user or organisation.
    pub owner: String,
    /// The repository's name.
    pub name: String,
}

impl TryFrom<String> for Repository {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = |part: &str| {
            !part.is_empty()
                && !matches!(part, "." | "..")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        match text.split_once('/') {
            Some((owner, name)) if fits(owner) && fits(name) => Ok(Self { owner: owner.into(), name: name.into() }),
            _ => Err(format!("`{text}` is not a repository: expected `OWNER/REPOSITORY`")),
        }
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

/// A string with something in it; blanks around it are dropped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct NonBlank(String);

impl NonBlank {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for NonBlank {
    /// For literals in the program; what users write goes through `TryFrom<String>`.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl TryFrom<String> for NonBlank {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.trim() {
            "" => Err("this must not be blank".into()),
            trimmed => Ok(Self(trimmed.to_owned())),
        }
    }
}

/// The configuration cannot be used: where, why, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    place: String,
    message: String,
    hint: Option<String>,
}

impl ConfigError {
    /// Adds what the user can do: the lines to write, the values that would fit.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Diagnose for ConfigError {
    fn code(&self) -> &'static str {
        "config-invalid"
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// The text of a configuration file, kept so that an error found later can still point at its line.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// An error about the key at `path` (such as `["distribute", "packages", "cargo/x"]`). If that key does not
    /// stand in the file, the error points at the deepest table on the way that does.
    pub fn error_at(&self, path: &[&str], message: impl Into<String>) -> ConfigError {
        self.error(self.find(path), message.into())
    }

    fn error(&self, span: Option<Range<usize>>, message: String) -> ConfigError {
        let path = self.path.display();
        let place = span.map_or_else(
            || path.to_string(),
            |span| {
                let before = &self.text[..self.text.floor_char_boundary(span.start)];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!("{path}:{line}:{column}")
            },
        );
        ConfigError { place, message, hint: None }
    }

    fn read_error(&self, error: &toml::de::Error) -> ConfigError {
        let (message, hint) = explain(error.message());
        ConfigError { hint, ..self.error(error.span(), message) }
    }

    fn find(&self, path: &[&str]) -> Option<Range<usize>> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut table = root.get_ref();
        let mut found = None;
        for key in path {
            let Some((written, value)) = table.iter().find(|(written, _)| written.get_ref() == key) else { break };
            found = Some(written.span());
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found
    }
}

/// Serde's own words for an unknown key, with the nearest known one as a hint.
fn explain(message: &str) -> (String, Option<String>) {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (noun, is_unknown) = match () {
        () if message.starts_with("unknown field") => ("key", true),
        () if message.starts_with("unknown variant") => ("value", true),
        () => ("", false),
    };
    if !is_unknown {
        return (message.trim_end().replace('\n', ", "), None);
    }
    let unknown = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let hint = match nearest(unknown, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => return (format!("unknown {noun} `{unknown}`"), None),
        None => format!("known here: {}", known.join(", ")),
    };
    (format!("unknown {noun} `{unknown}`"), Some(hint))
}

/// The tables of the file apart from `[distribute.backends]`, whose keys depend on each backend's type.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Document {
    /// The version of this format: 1.
    #[serde(default)]
    #[schemars(with = "u8", range(min = 1, max = 1))]
    version: FormatVersion,
    #[serde(default)]
    git: GitConfig,
    #[serde(default)]
    github: GithubConfig,
    #[serde(default)]
    changesets: ChangesetsConfig,
    #[serde(default)]
    changelog: ChangelogConfig,
    #[serde(default)]
    packages: PackagesConfig,
    #[serde(default)]
    distribute: DistributeConfig,
}

/// `version = 1`, the only format there is.
#[derive(Default, Deserialize)]
#[serde(try_from = "i64")]
struct FormatVersion;

impl TryFrom<i64> for FormatVersion {
    type Error = String;

    fn try_from(version: i64) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            other => Err(format!(
                "`version = {other}` is a configuration format that this version does not know; expected 1"
            )),
        }
    }
}

/// The JSON Schema of the file, apart from the backends' own keys.
pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.root_schema_for::<Document>()
}

impl Config {
    /// The configuration of the repository at `root`. A missing file means all defaults.
    pub fn load(root: &Path) -> Result<Self, crate::SampoError> {
        let path = root.join(PATH);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(Path::new(PATH), text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::parse(Path::new(PATH), String::new())?),
            Err(error) => Err(PathError::new("read", &path)(error).into()),
        }
    }

    /// Reads `text`; `path` names it in errors.
    pub fn parse(path: &Path, text: String) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let source = Source { path: path.to_owned(), text };
        let mut root = DeTable::parse(&source.text).map_err(|error| source.read_error(&error))?;
        let backends = take_backends(root.get_mut(), &source)?;
        let document: Document =
            Document::deserialize(toml::de::Deserializer::from(root)).map_err(|error| source.read_error(&error))?;
        let Document { version: FormatVersion, git, github, changesets, changelog, packages, mut distribute } =
            document;
        distribute.backends = backends
            .into_iter()
            .map(|(name, table)| BackendTable::read(&name, table, &source).map(|table| (name, table)))
            .collect::<Result<_, _>>()?;
        let config = Self { git, github, changesets, changelog, packages, distribute, source };
        config.distribute.check(&config.source)?;
        config.packages.check(&config.source)?;
        Ok(config)
    }

    /// An error unless every package that `short_tags`, `fixed` and `linked` name is one of `workspace`.
    pub fn check_packages(&self, workspace: &Workspace) -> Result<(), ConfigError> {
        self.git.check_short_tags(workspace, &self.source)?;
        self.packages.groups(workspace, &self.source).map(drop)
    }

    /// For errors about values that can only be judged later, with their line.
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// Backend tables, taken out of the document before it is read: each type knows its own keys.
fn take_backends<'a>(
    root: &mut DeTable<'a>,
    source: &Source,
) -> Result<Vec<(String, Spanned<DeValue<'a>>)>, ConfigError> {
    let Some(DeValue::Table(distribute)) = root.get_mut("distribute").map(Spanned::get_mut) else {
        return Ok(Vec::new());
    };
    let Some(backends) = distribute.remove("backends") else { return Ok(Vec::new()) };
    let span = backends.span();
    let DeValue::Table(table) = backends.into_inner() else {
        let message = "`backends` must hold one table for each backend".into();
        let hint = "name each one, as in `[distribute.backends.github]` with `type = \"github-release\"` below it";
        return Err(source.error(Some(span), message).with_hint(hint));
    };
    Ok(table.into_iter().map(|(name, value)| (name.into_inner().into_owned(), value)).collect())
}

/// Reads one value strictly; an error points at its line in `source`.
fn read_value<T: DeserializeOwned>(value: Spanned<DeValue<'_>>, source: &Source) -> Result<T, ConfigError> {
    T::deserialize(ValueDeserializer::from(value)).map_err(|error| source.read_error(&error))
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
