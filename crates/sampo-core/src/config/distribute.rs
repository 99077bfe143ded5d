//! `[distribute]`: what is built for which targets, how it is packed, and where it goes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::alone::Alone;
use super::{CommandLine, ConfigError, Source, read_value, table, take_backends};
use crate::secret::declare;
use crate::target::Target;
use crate::template::{TargetScope, Template};

/// `[distribute]`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DistributeConfig {
    /// The targets of every package that does not name its own.
    pub targets: Vec<Target>,
    /// Where built files are looked for first, below the root.
    pub artifacts_dir: String,
    /// The command that builds one package for one target.
    pub build: Option<CommandLine<TargetScope>>,
    /// Globs of files that are packed next to the binaries: package folder first, then the root.
    pub include: Vec<String>,
    /// Which checksum files are made.
    pub checksums: Checksums,
    /// Refuse a binary that is not made for its target.
    pub check_platform: bool,
    /// How many deliveries, and how many archives, are worked on at the same time.
    pub jobs: NonZeroUsize,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// How long an attempt may go without progress.
    #[serde(deserialize_with = "positive_duration")]
    #[schemars(with = "String")]
    pub stall_timeout: Duration,
    /// The longest single wait before trying again; a longer one is left to a later run.
    #[serde(deserialize_with = "duration")]
    #[schemars(with = "String")]
    pub max_wait: Duration,
    /// How binaries are packed.
    #[serde(deserialize_with = "table::read")]
    pub archive: ArchiveConfig,
    /// The runner label of a target in the build matrix.
    pub runners: BTreeMap<Target, String>,
    /// Extra keys for a target's entries in the build matrix.
    pub matrix: BTreeMap<Target, serde_json::Map<String, serde_json::Value>>,
    /// Where a package differs, by id.
    #[serde(deserialize_with = "table::read_each")]
    pub packages: BTreeMap<String, PackageOverrides>,
    /// The configured destinations, by name. Their keys depend on their type.
    #[serde(skip)]
    #[schemars(skip)]
    pub backends: BTreeMap<String, BackendTable>,
}

impl Default for DistributeConfig {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            artifacts_dir: "dist".into(),
            build: None,
            include: vec!["README*".into(), "LICENSE*".into()],
            checksums: Checksums::Both,
            check_platform: true,
            jobs: NonZeroUsize::new(4).expect("4 is not 0"),
            retries: 4,
            stall_timeout: Duration::from_secs(60),
            max_wait: Duration::from_secs(300),
            archive: ArchiveConfig::default(),
            runners: BTreeMap::new(),
            matrix: BTreeMap::new(),
            packages: BTreeMap::new(),
            backends: BTreeMap::new(),
        }
    }
}

/// `[distribute.archive]`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArchiveConfig {
    /// For every target but Windows.
    pub unix: ArchiveFormat,
    /// For Windows targets.
    pub windows: ArchiveFormat,
    /// The archive's name without its suffix; also the name of the folder in it.
    pub name: Template<TargetScope>,
}

impl Default for ArchiveConfig {
    fn default() -> Self {
        Self {
            unix: ArchiveFormat::TarGz,
            windows: ArchiveFormat::Zip,
            name: Template::parse("{{ crate }}-{{ version }}-{{ target }}").expect("the default name is a template"),
        }
    }
}

impl ArchiveConfig {
    /// The format for `target`.
    pub fn format_for(&self, target: &Target) -> ArchiveFormat {
        if target.is_windows() { self.windows } else { self.unix }
    }
}

/// How the binaries of a target are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
pub enum ArchiveFormat {
    /// gzip, which every system can unpack.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// xz: smallest, slowest to make.
    #[serde(rename = "tar.xz")]
    TarXz,
    /// zstd: small and fast.
    #[serde(rename = "tar.zst")]
    TarZst,
    /// zip, which Windows unpacks.
    #[serde(rename = "zip")]
    Zip,
    /// Each binary is delivered as it is.
    #[serde(rename = "none")]
    None,
}

impl ArchiveFormat {
    /// Every format that is an archive.
    pub const ARCHIVES: &'static [Self] = &[Self::TarGz, Self::TarXz, Self::TarZst, Self::Zip];

    /// The value in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            archive => &archive.suffix()[1..],
        }
    }

    /// The suffix of a file name, with its dot; empty for [`ArchiveFormat::None`].
    pub fn suffix(self) -> &'static str {
        match self {
            Self::TarGz => ".tar.gz",
            Self::TarXz => ".tar.xz",
            Self::TarZst => ".tar.zst",
            Self::Zip => ".zip",
            Self::None => "",
        }
    }
}

/// Which checksum files accompany the artifacts of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checksums {
    /// One `SHA256SUMS` for the release.
    File,
    /// `NAME.sha256` beside each artifact.
    Sidecar,
    /// Both.
    Both,
    /// None.
    None,
}

impl Checksums {
    /// Whether there is one file for the release.
    pub fn has_file(self) -> bool {
        matches!(self, Self::File | Self::Both)
    }

    /// Whether each artifact has its own file.
    pub fn has_sidecars(self) -> bool {
        matches!(self, Self::Sidecar | Self::Both)
    }
}

/// `[distribute.packages."…"]`.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PackageOverrides {
    /// Its targets, instead of those of `[distribute]`.
    pub targets: Option<Vec<Target>>,
    /// Targets that may be missing without holding back the release.
    pub optional: Vec<Target>,
    /// Its executables, instead of its binary targets.
    pub binaries: Option<Vec<String>>,
    /// Globs of ready-made artifacts, instead of the search for built files.
    pub artifacts: Vec<Template<TargetScope>>,
    /// Globs of further artifacts that belong to no target.
    pub files: Vec<String>,
    /// The backends it goes to, instead of all.
    pub backends: Option<Vec<String>>,
    /// Its own build command.
    pub build: Option<CommandLine<TargetScope>>,
    /// Whether it takes part: a library does only with `true`, a program always but with `false`.
    pub enabled: Option<bool>,
}

/// One `[distribute.backends.NAME]`: the keys that all backends share, and the rest for its type to read.
#[derive(Debug, Clone)]
pub struct BackendTable {
    /// The value of `type`, such as `github-release`.
    pub kind: String,
    /// The keys that every backend has.
    pub common: BackendCommon,
    name: String,
    source: Source,
}

/// The keys that every backend has.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackendCommon {
    /// Only these packages, by id or plain name.
    pub packages: Option<Vec<String>>,
    /// Only artifacts of these targets, and those of no target.
    pub targets: Option<Vec<Target>>,
    /// Only artifacts of these kinds.
    pub artifacts: Option<Vec<ArtifactKind>>,
    /// Whether pre-releases go there.
    pub prereleases: Option<Prereleases>,
    /// Backends that must have finished with a release before this one begins with it.
    pub needs: Vec<String>,
    /// How many deliveries at the same time go there, within `distribute.jobs`.
    pub jobs: Option<NonZeroUsize>,
    /// Instead of `distribute.retries`.
    pub retries: Option<u32>,
    /// Instead of `distribute.stall_timeout`.
    #[serde(deserialize_with = "optional_positive_duration")]
    #[schemars(with = "Option<String>")]
    pub stall_timeout: Option<Duration>,
    /// Instead of `distribute.max_wait`.
    #[serde(deserialize_with = "optional_duration")]
    #[schemars(with = "Option<String>")]
    pub max_wait: Option<Duration>,
}

const COMMON_KEYS: &[&str] =
    &["packages", "targets", "artifacts", "prereleases", "needs", "jobs", "retries", "stall_timeout", "max_wait"];

/// What an artifact is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// The binaries of a target, packed.
    Archive,
    /// One binary as it is.
    Binary,
    /// A file that belongs to no target.
    File,
    /// Checksums of other artifacts.
    Checksum,
}

impl ArtifactKind {
    /// The name in configuration, reports and `SAMPO_ARTIFACT_KIND`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Binary => "binary",
            Self::File => "file",
            Self::Checksum => "checksum",
        }
    }
}

/// Whether a backend takes pre-releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prereleases {
    /// Stable versions and pre-releases.
    Both,
    /// Stable versions only.
    StableOnly,
    /// Pre-releases only.
    PrereleasesOnly,
}

impl Prereleases {
    /// Whether a version that is (or is not) a pre-release goes there.
    pub fn takes(self, prerelease: bool) -> bool {
        match self {
            Self::Both => true,
            Self::StableOnly => !prerelease,
            Self::PrereleasesOnly => prerelease,
        }
    }
}

impl<'de> Deserialize<'de> for Prereleases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PrereleasesVisitor;

        impl serde::de::Visitor<'_> for PrereleasesVisitor {
            type Value = Prereleases;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`true`, `false` or `\"only\"`")
            }

            fn visit_bool<E: serde::de::Error>(self, both: bool) -> Result<Prereleases, E> {
                Ok(if both { Prereleases::Both } else { Prereleases::StableOnly })
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Prereleases, E> {
                match text {
                    "only" => Ok(Prereleases::PrereleasesOnly),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(PrereleasesVisitor)
    }
}

impl schemars::JsonSchema for Prereleases {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Prereleases".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "enum": [true, false, "only"] })
    }
}

impl BackendTable {
    /// Splits a backend's table into what all have and what its type reads.
    pub(super) fn read(name: &str, value: Spanned<DeValue<'_>>, source: &Source) -> Result<Self, ConfigError> {
        let span = value.span();
        let DeValue::Table(mut table) = value.into_inner() else {
            return Err(source.error(Some(span), format!("the backend `{name}` must be a table")));
        };
        check_name(name, &span, source)?;
        let kind = table.remove("type").ok_or_else(|| {
            let message = format!("the backend `{name}` needs a `type`, such as `type = \"github-release\"`");
            source.error(Some(span.clone()), message)
        })?;
        // Before the first child runs, which is earlier than the backend's own keys are read.
        for (key, is_inherited) in [("token_env", false), ("pass_env", true)] {
            let value = table.get(key).map(Spanned::get_ref);
            let listed = value.and_then(DeValue::as_array).into_iter().flatten().map(Spanned::get_ref);
            value.into_iter().chain(listed).filter_map(DeValue::as_str).for_each(|name| declare(name, is_inherited));
        }
        let common = table.into_iter().filter(|(key, _)| COMMON_KEYS.contains(&key.get_ref().as_ref())).collect();
        Ok(Self {
            kind: read_value(kind, source)?,
            common: read_value(Spanned::new(span, DeValue::Table(common)), source)?,
            name: name.to_owned(),
            source: source.clone(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys of its own type, read strictly.
    pub fn own<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let mut root = DeTable::parse(self.source.text()).map_err(|error| self.source.read_error(&error))?;
        let (_, table) = take_backends(root.get_mut(), &self.source)?
            .into_iter()
            .find(|(name, _)| *name == self.name)
            .ok_or_else(|| self.error(None, "the backend is not in the file"))?;
        let span = table.span();
        let DeValue::Table(table) = table.into_inner() else {
            return Err(self.error(None, "the backend must be a table"));
        };
        let is_own = |key: &str| key != "type" && !COMMON_KEYS.contains(&key);
        let own = table.into_iter().filter(|(key, _)| is_own(key.get_ref())).collect();
        let own = Spanned::new(span, DeValue::Table(own));
        read_value(own.clone(), &self.source).or_else(|first| {
            // Reading ends at the first mistake.
            ConfigError::all(Alone::mistakes::<T>(&own, &self.source))?;
            Err(first)
        })
    }

    /// A backend that stands in no file, with all keys at their defaults.
    pub fn implied(name: &str, kind: &str) -> Self {
        let text = format!("[distribute.backends.{name}]\ntype = \"{kind}\"\n");
        let source = Source::new(super::PATH.as_ref(), text.into_bytes()).expect("a string is UTF-8");
        Self { kind: kind.to_owned(), common: BackendCommon::default(), name: name.to_owned(), source }
    }

    /// An error about this backend, or about one of its keys.
    pub fn error(&self, key: Option<&str>, message: impl Into<String>) -> ConfigError {
        let path: Vec<&str> = ["distribute", "backends", &self.name].into_iter().chain(key).collect();
        self.source.error_at(&path, message)
    }
}

/// Names stand in reports, in environment variables and on the command line.
fn check_name(name: &str, span: &Range<usize>, source: &Source) -> Result<(), ConfigError> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        return Ok(());
    }
    Err(source
        .error(Some(span.clone()), format!("`{name}` is not a backend name: use letters, digits, `-`, `_` and `.`")))
}

impl DistributeConfig {
    /// Whether somebody asked for anything to be built: a program alone is no wish to distribute it.
    pub fn builds_something(&self) -> bool {
        !self.targets.is_empty() || !self.packages.is_empty()
    }

    /// What can be checked without knowing the packages and the types of backends.
    pub(super) fn check(&self, source: &Source) -> Result<(), ConfigError> {
        for name in self.backends.keys() {
            self.check_needs(name, source)?;
        }
        for (id, package) in &self.packages {
            let targets = package.targets.as_ref().unwrap_or(&self.targets);
            if let Some((index, stray)) =
                package.optional.iter().enumerate().find(|(_, target)| !targets.contains(target))
            {
                let message = format!("`{stray}` is optional for `{id}` but not one of its targets");
                return Err(source.error_at(&["distribute", "packages", id, "optional", &index.to_string()], message));
            }
            for (index, name) in package.backends.iter().flatten().enumerate() {
                let is_implied = self.backends.is_empty() && name == "github";
                if !is_implied && !self.backends.contains_key(name) {
                    let message = self.unknown_backend(name);
                    return Err(
                        source.error_at(&["distribute", "packages", id, "backends", &index.to_string()], message)
                    );
                }
            }
        }
        Ok(())
    }

    /// Every needed backend exists, and none needs itself by a detour.
    fn check_needs(&self, name: &str, source: &Source) -> Result<(), ConfigError> {
        let path = ["distribute", "backends", name, "needs"];
        let mut reached: Vec<&str> = Vec::new();
        let mut open: Vec<&str> = vec![name];
        while let Some(current) = open.pop() {
            for (index, needed) in self.backends[current].common.needs.iter().enumerate() {
                if needed == name {
                    return Err(
                        source.error_at(&path, format!("the backend `{name}` needs itself, by way of `{current}`"))
                    );
                }
                if !self.backends.contains_key(needed) {
                    let path = ["distribute", "backends", current, "needs", &index.to_string()];
                    return Err(source.error_at(&path, self.unknown_backend(needed)));
                }
                if !reached.contains(&needed.as_str()) {
                    reached.push(needed);
                    open.push(needed);
                }
            }
        }
        Ok(())
    }

    fn unknown_backend(&self, name: &str) -> String {
        let known: Vec<&str> = self.backends.keys().map(String::as_str).collect();
        format!("no backend is named `{name}`; configured are: {}", known.join(", "))
    }
}

pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| D::Error::custom(format!("`{text}` is not a duration such as `90s` or `10m`: {error}")))
}

/// The same, and longer than nothing.
pub(crate) fn positive_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match duration(deserializer)? {
        Duration::ZERO => Err(D::Error::custom("this must be longer than nothing")),
        longer => Ok(longer),
    }
}

fn optional_positive_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    positive_duration(deserializer).map(Some)
}

fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}
