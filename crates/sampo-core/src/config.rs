//! `.sampo/config.toml`: read strictly, so that a typo is an error with its line and never a silent default.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::error::PathError;
use crate::workspace::Workspace;
use alone::Alone;

mod alone;
pub mod changelog;
pub mod command_line;
pub mod distribute;
pub mod git;
pub mod packages;
mod source;
mod table;

pub use changelog::ChangelogConfig;
pub use command_line::CommandLine;
pub use distribute::{BackendTable, DistributeConfig};
pub use git::{GitConfig, TagFormat};
pub use packages::{PackagesConfig, Pattern};
pub use source::{ConfigError, Source};

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

impl ChangesetsConfig {
    fn check(&self, source: &Source) -> Result<(), ConfigError> {
        for (index, tag) in self.tags.iter().enumerate() {
            let is_same = |other: &&NonBlank| other.as_str().eq_ignore_ascii_case(tag.as_str());
            if let Some(other) = self.tags[..index].iter().find(is_same) {
                let message =
                    format!("`{}` and `{}` are one category: case makes no difference", other.as_str(), tag.as_str());
                return Err(source.error_at(&["changesets", "tags", &index.to_string()], message));
            }
        }
        Ok(())
    }
}

/// A repository on GitHub, `owner/repo`.
#[derive(Debug, Clone, Eq, serde::Serialize, Deserialize, schemars::JsonSchema)]
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

/// GitHub takes no difference between capital and small letters.
impl PartialEq for Repository {
    fn eq(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
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

/// The tables of the file apart from `[distribute.backends]`, whose keys depend on each backend's type.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Document {
    /// The version of this format: 1.
    #[serde(default)]
    #[schemars(with = "u8", range(min = 1, max = 1))]
    version: FormatVersion,
    #[serde(default, deserialize_with = "table::read")]
    git: GitConfig,
    #[serde(default, deserialize_with = "table::read")]
    github: GithubConfig,
    #[serde(default, deserialize_with = "table::read")]
    changesets: ChangesetsConfig,
    #[serde(default, deserialize_with = "table::read")]
    changelog: ChangelogConfig,
    #[serde(default, deserialize_with = "table::read")]
    packages: PackagesConfig,
    #[serde(default, deserialize_with = "table::read")]
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
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(PathError::new("read", &path)(error).into()),
        };
        Ok(Self::read(Source::new(Path::new(PATH), bytes)?)?)
    }

    /// Reads `text`; `path` names it in errors.
    pub fn parse(path: &Path, text: String) -> Result<Self, ConfigError> {
        Self::read(Source::new(path, text.into_bytes())?)
    }

    fn read(source: Source) -> Result<Self, ConfigError> {
        let mut root = DeTable::parse(source.text()).map_err(|error| source.read_error(&error))?;
        let mut mistakes = Vec::new();
        let mut backends = BTreeMap::new();
        let tables = take_backends(root.get_mut(), &source).unwrap_or_else(|error| {
            mistakes.push(error);
            Vec::new()
        });
        for (name, table) in tables {
            match BackendTable::read(&name, table, &source) {
                Ok(table) => drop(backends.insert(name, table)),
                Err(error) => mistakes.push(error),
            }
        }
        let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
        let document = read_value(root.clone(), &source);
        if document.is_err() {
            // Reading ends at the first mistake. Every key is optional, so that each value can be read alone as well.
            mistakes.extend(Alone::each_of(&root).into_iter().filter_map(|alone| alone.mistake::<Document>(&source)));
        }
        ConfigError::all(mistakes)?;
        let Document { version: FormatVersion, git, github, changesets, changelog, packages, mut distribute } =
            document?;
        distribute.backends = backends;
        let config = Self { git, github, changesets, changelog, packages, distribute, source };
        let checks = [
            config.changesets.check(&config.source),
            config.distribute.check(&config.source),
            config.packages.check(&config.source),
        ];
        ConfigError::all(checks.into_iter().filter_map(Result::err))?;
        Ok(config)
    }

    /// An error unless every package that `short_tags`, `fixed` and `linked` name is one of `workspace`.
    pub fn check_packages(&self, workspace: &Workspace) -> Result<(), ConfigError> {
        let checks = [
            self.git.check_short_tags(workspace, &self.source),
            self.packages.groups(workspace, &self.source).map(drop),
        ];
        ConfigError::all(checks.into_iter().filter_map(Result::err))
    }

    /// The patterns that match no package of `workspace`, each with its key.
    pub fn idle_patterns<'a>(&'a self, workspace: &Workspace) -> impl Iterator<Item = (&'static str, &'a Pattern)> {
        let ignore = self.packages.ignore.iter().map(|pattern| ("ignore", pattern));
        let tagged = self.git.tag_unpublished.patterns().iter().map(|pattern| ("tag_unpublished", pattern));
        let is_idle = |pattern: &Pattern| !workspace.packages.iter().any(|package| pattern.matches(package));
        ignore.chain(tagged).filter(move |(_, pattern)| is_idle(pattern))
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
