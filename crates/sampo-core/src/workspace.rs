//! The packages of a repository and their internal dependencies, whatever ecosystem they belong to.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Diagnose, PathError};

mod cargo;
pub(crate) mod ecosystem;
mod edits;
pub(crate) mod files;
#[cfg(test)]
pub(crate) mod fixtures;
mod npm;
pub(crate) mod registry;

pub use ecosystem::Ecosystem;
pub use registry::RegistryError;

/// A package's canonical id, written `cargo/my-cli`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageId {
    ecosystem: Ecosystem,
    name: String,
}

/// The text is not a package id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a package id: expected `ECOSYSTEM/NAME`, such as `cargo/my-cli`")]
pub struct PackageIdError(String);

impl PackageId {
    /// The id of the package `name` in `ecosystem`.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>) -> Self {
        Self { ecosystem, name: name.into() }
    }

    /// Its ecosystem.
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// Its plain name, `my-cli`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for PackageId {
    type Err = PackageIdError;

    fn from_str(text: &str) -> Result<Self, PackageIdError> {
        let (prefix, name) = text.split_once('/').ok_or_else(|| PackageIdError(text.to_owned()))?;
        let ecosystem = Ecosystem::ALL.iter().find(|ecosystem| ecosystem.as_str().eq_ignore_ascii_case(prefix));
        match ecosystem {
            Some(ecosystem) if !name.is_empty() => Ok(Self::new(*ecosystem, name)),
            _ => Err(PackageIdError(text.to_owned())),
        }
    }
}

impl TryFrom<String> for PackageId {
    type Error = PackageIdError;

    fn try_from(text: String) -> Result<Self, PackageIdError> {
        text.parse()
    }
}

impl From<PackageId> for String {
    fn from(id: PackageId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ecosystem.as_str(), self.name)
    }
}

impl schemars::JsonSchema for PackageId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PackageId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A package id, ECOSYSTEM/NAME",
            "examples": ["cargo/my-cli"],
        })
    }
}

/// One releasable unit of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// The version in its manifest; none if the manifest has none, and the package then is never released.
    pub version: Option<String>,
    /// Its manifest file, absolute.
    pub manifest: PathBuf,
    /// The folder of its manifest relative to the root, with forward slashes; `.` for the root itself.
    pub path: String,
    /// Whether its ecosystem's registry may receive it.
    pub publishable: bool,
    /// The one registry that it may be published to, where its manifest names a single one other than the default.
    pub registry: Option<String>,
    /// The names of the executables that it builds, sorted.
    pub binaries: Vec<String>,
    /// Its dependencies within the workspace, sorted by id.
    pub dependencies: Vec<InternalDependency>,
    /// `[package.metadata]` of a Cargo manifest (or null): where other tools, such as binstall, are configured.
    pub metadata: serde_json::Value,
}

/// A dependency of one package of the workspace on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InternalDependency {
    /// The package depended on.
    pub package: PackageId,
    /// Needed to build or run the dependent, or only for its development.
    pub kind: DependencyKind,
    /// The version requirement as the registry would see it; none if the dependency is by path only.
    pub requirement: Option<String>,
}

/// What a dependency is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    /// To build or run the dependent: it must be published first.
    Runtime,
    /// To develop or test it.
    Development,
}

/// Every package of a repository.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder that holds `.sampo/`, absolute.
    pub root: PathBuf,
    /// The packages, sorted by id.
    pub packages: Vec<Package>,
    /// Where Cargo puts what it builds, as its own settings say; none without Cargo packages.
    pub cargo_target_directory: Option<PathBuf>,
}

/// The workspace cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// No `.sampo` folder here or above.
    #[error("no `.sampo` folder in `{}` or above it", folder.display())]
    NoRoot {
        /// Where the search began.
        folder: PathBuf,
    },
    /// There is a root, but nothing to release in it.
    #[error("no package found in `{}`", root.display())]
    NoPackages {
        /// The root.
        root: PathBuf,
    },
    /// There is a manifest, but no package in it.
    #[error("`{}` names no package", manifest.display())]
    EmptyManifest {
        /// The manifest.
        manifest: PathBuf,
        /// What to write into it.
        remedy: &'static str,
    },
    /// The root is a member of a Cargo workspace whose own root is elsewhere.
    #[error("`{}` belongs to the Cargo workspace in `{}`", root.display(), outer.display())]
    Nested {
        /// The folder that holds `.sampo/`.
        root: PathBuf,
        /// The root of the Cargo workspace.
        outer: PathBuf,
    },
    /// Cargo cannot load the workspace.
    #[error("cargo cannot read the workspace")]
    Cargo {
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of the workspace cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A file of the workspace is not valid TOML.
    #[error("`{}` is not valid TOML", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of an npm workspace cannot be read.
    #[error("`{}` cannot be read as a manifest: {message}", path.display())]
    PackageJson {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        message: String,
    },
    /// A pattern for the members of an npm workspace cannot be used.
    #[error("the workspace pattern `{pattern}` cannot be used: {message}")]
    Member {
        /// The pattern.
        pattern: String,
        /// Why.
        message: String,
    },
    /// Two packages share a name.
    #[error("`{}` and `{}` are both named `{name}`", paths[0].display(), paths[1].display())]
    TwinPackages {
        /// The name.
        name: String,
        /// Their manifests.
        paths: [PathBuf; 2],
    },
    /// A name holds a line break or the like: whatever shows it would show lines of its own.
    #[error("`{}` holds a control character", .name.escape_debug())]
    ControlCharacter {
        /// The name of a package, or its folder.
        name: String,
    },
    /// The lock file was not brought up to date since packages were added. Only Cargo can do that.
    #[error("`Cargo.lock` does not know {}", packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", "))]
    NotLocked {
        /// The packages that it lacks.
        packages: Vec<PackageId>,
    },
    /// A name matches no package.
    #[error("no package is named `{name}`{}", nearest.as_deref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownPackage {
        /// The name asked for.
        name: String,
        /// The most similar id.
        nearest: Option<String>,
    },
    /// A name is that of a package in an ecosystem that cannot be released yet.
    #[error("`{name}` cannot be released: {ecosystem} packages are not supported yet")]
    UnsupportedEcosystem {
        /// The name asked for.
        name: String,
        /// The ecosystem in it.
        ecosystem: &'static str,
    },
    /// A name matches several packages.
    #[error("`{name}` is the name of several packages: {}", ids.join(", "))]
    AmbiguousPackage {
        /// The name asked for.
        name: String,
        /// Their ids.
        ids: Vec<String>,
    },
}

impl Diagnose for WorkspaceError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRoot { .. } => "no-root",
            Self::NoPackages { .. } | Self::EmptyManifest { .. } => "no-packages",
            Self::Cargo { .. } | Self::Nested { .. } => "cargo-workspace",
            Self::Io(error) => error.code(),
            Self::Toml { .. } | Self::PackageJson { .. } => "manifest-invalid",
            Self::Member { .. } => "workspace-member-missing",
            Self::TwinPackages { .. } => "package-twice",
            Self::ControlCharacter { .. } => "control-character",
            Self::NotLocked { .. } => "lockfile-outdated",
            Self::UnknownPackage { .. } => "unknown-package",
            Self::UnsupportedEcosystem { .. } => "ecosystem-unsupported",
            Self::AmbiguousPackage { .. } => "ambiguous-package",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRoot { .. } => Some("run `sampo init` in the top folder of the repository".into()),
            Self::NoPackages { .. } => {
                Some("a `Cargo.toml` with a `[package]` or `[workspace]`, or a `package.json` with a `name`, is needed beside `.sampo`".into())
            }
            Self::EmptyManifest { remedy, .. } => Some((*remedy).into()),
            Self::Nested { outer, .. } => Some(format!("keep `.sampo` in `{}`", outer.display())),
            Self::Cargo { .. } => Some("run `cargo metadata --no-deps` to see what Cargo makes of it".into()),
            Self::NotLocked { .. } => Some("run `cargo update --workspace`, and commit `Cargo.lock`".into()),
            Self::UnsupportedEcosystem { .. } => Some("leave it out; Cargo and npm packages can be released".into()),
            Self::Member { .. } => Some("correct `workspaces` in `package.json`, or `packages` in `pnpm-workspace.yaml`".into()),
            Self::TwinPackages { .. } => Some("rename one of them, or leave it out of `workspaces`".into()),
            Self::ControlCharacter { .. } => Some("give the package, or its folder, another name".into()),
            Self::Io(_) | Self::Toml { .. } | Self::PackageJson { .. } | Self::UnknownPackage { .. } | Self::AmbiguousPackage { .. } => None,
        }
    }
}

/// The nearest folder, `start` included, that contains a folder `.sampo`.
pub fn find_root(start: &Path) -> Result<PathBuf, WorkspaceError> {
    start
        .ancestors()
        .find(|folder| is_root(folder))
        .map(Path::to_owned)
        .ok_or_else(|| WorkspaceError::NoRoot { folder: start.to_owned() })
}

/// Whether `folder` itself is the root of a project.
pub fn is_root(folder: &Path) -> bool {
    folder.join(".sampo").is_dir()
}

impl Workspace {
    /// Reads the packages below `root`.
    pub async fn discover(root: &Path) -> Result<Self, WorkspaceError> {
        let mut workspace = Self { root: root.to_owned(), packages: Vec::new(), cargo_target_directory: None };
        for ecosystem in Ecosystem::ALL {
            ecosystem.support().discover(&mut workspace).await?;
        }
        if workspace.packages.is_empty() {
            let mut known = Ecosystem::ALL.iter().map(|ecosystem| ecosystem.support());
            return Err(match known.find(|support| ecosystem::has_manifest(*support, root)) {
                Some(support) => {
                    let (file, remedy) = support.manifest();
                    WorkspaceError::EmptyManifest { manifest: root.join(file), remedy }
                }
                None => WorkspaceError::NoPackages { root: root.to_owned() },
            });
        }
        workspace.packages.sort_by(|a, b| a.id.cmp(&b.id));
        let shown = workspace.packages.iter().flat_map(|package| [package.id.name(), package.path.as_str()]);
        let broken: Vec<&str> = shown.filter(|name| name.contains(char::is_control)).collect();
        match broken.first() {
            Some(name) => Err(WorkspaceError::ControlCharacter { name: (*name).to_owned() }),
            None => Ok(workspace),
        }
    }

    /// The package with this id.
    pub fn package(&self, id: &PackageId) -> Option<&Package> {
        self.packages.binary_search_by(|package| package.id.cmp(id)).ok().map(|index| &self.packages[index])
    }

    /// The one package that `name` means: an id, or a plain name that only one package has.
    pub fn resolve(&self, name: &str) -> Result<&Package, WorkspaceError> {
        if let Some(package) = name.parse().ok().and_then(|id| self.package(&id)) {
            return Ok(package);
        }
        let matches: Vec<&Package> =
            Ecosystem::ALL.iter().filter_map(|ecosystem| self.package(&PackageId::new(*ecosystem, name))).collect();
        match matches.as_slice() {
            [package] => Ok(package),
            [] => Err(self.unknown(name)),
            several => Err(WorkspaceError::AmbiguousPackage {
                name: name.to_owned(),
                ids: several.iter().map(|package| package.id.to_string()).collect(),
            }),
        }
    }

    fn unknown(&self, name: &str) -> WorkspaceError {
        let prefix = name.split_once('/').map(|(prefix, _)| prefix).unwrap_or_default();
        if let Some(ecosystem) = ecosystem::LATER.into_iter().find(|known| known.eq_ignore_ascii_case(prefix)) {
            return WorkspaceError::UnsupportedEcosystem { name: name.to_owned(), ecosystem };
        }
        let ids: Vec<String> = self.packages.iter().map(|package| package.id.to_string()).collect();
        let plain = self.packages.iter().map(|package| package.id.name());
        let nearest = crate::similar::nearest(name, ids.iter().map(String::as_str).chain(plain));
        WorkspaceError::UnknownPackage { name: name.to_owned(), nearest: nearest.map(str::to_owned) }
    }

    /// Whether packages of more than one ecosystem are present, so that names for people carry the ecosystem.
    pub fn is_mixed(&self) -> bool {
        self.packages.windows(2).any(|pair| pair[0].id.ecosystem() != pair[1].id.ecosystem())
    }

    /// The name for people: `my-cli`, or `my-cli (Cargo)` in a mixed workspace.
    pub fn display_name(&self, id: &PackageId) -> String {
        if self.is_mixed() {
            format!("{} ({})", id.name(), id.ecosystem().display_name())
        } else {
            id.name().to_owned()
        }
    }
}
