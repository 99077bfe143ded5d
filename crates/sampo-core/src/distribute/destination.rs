//! The configured destinations: which there are, and what each of them takes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::backend::{BackendContext, BackendType};
use super::engine::Destination;
use super::model::{Artifact, ArtifactKind, Release};
use super::participant::Participant;
use crate::config::distribute::Prereleases;
use crate::config::{BackendTable, Config, ConfigError};
use crate::error::{Diagnose, SampoError};
use crate::secret::TOKEN_VARIABLES;
use crate::similar::nearest;
use crate::target::Target;
use crate::workspace::{PackageId, Workspace};

/// The name and the type of the destination that there is when none is configured.
const IMPLIED: (&str, &str) = ("github", "github-release");

/// A destination, and what it takes.
#[derive(Debug, Clone)]
pub struct Taker {
    /// The destination.
    pub destination: Arc<Destination>,
    filter: Filter,
}

#[derive(Debug, Clone)]
struct Filter {
    packages: Option<BTreeSet<PackageId>>,
    targets: Option<Vec<Target>>,
    kinds: Vec<ArtifactKind>,
    prereleases: Prereleases,
}

/// There is nowhere to deliver to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// None is configured, and there is no repository to take by default.
    #[error("no backend is configured, and the GitHub repository is not known")]
    None,
    /// A name that no destination has.
    #[error("no backend is named `{name}`{}", nearest.as_deref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// The name asked for.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
        /// All names.
        known: Vec<String>,
    },
}

impl Diagnose for DestinationError {
    fn code(&self) -> &'static str {
        match self {
            Self::None => "no-backend",
            Self::Unknown { .. } => "unknown-backend",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None => "say where to deliver in `.sampo/config.toml`, for example:\n\n[github]\nrepository = \"OWNER/REPOSITORY\"\n\n\
                           or:\n\n[distribute.backends.site]\ntype = \"directory\"\npath = \"site/{{ crate }}/{{ version }}\""
                .into(),
            Self::Unknown { known, .. } => format!("configured are: {}", known.join(", ")),
        })
    }
}

/// Fails if a backend is of an unknown type or one of its keys is wrong, with the line.
pub fn check_backends(config: &Config) -> Result<(), ConfigError> {
    let check = |table| BackendType::find(table).and_then(|kind| (kind.check)(table));
    ConfigError::all(config.distribute.backends.values().filter_map(|table| check(table).err()))
}

/// The environment variables that hold credentials: those of Sampo itself, and those that any backend names.
pub fn token_variables(config: &Config) -> Result<Vec<String>, ConfigError> {
    let mut names: BTreeSet<String> = TOKEN_VARIABLES.iter().map(ToString::to_string).collect();
    for table in config.distribute.backends.values() {
        names.extend((BackendType::find(table)?.check)(table)?);
    }
    Ok(names.into_iter().collect())
}

/// Every configured destination, or those named; without any, the releases of the GitHub repository.
pub fn takers(
    config: &Config,
    workspace: &Workspace,
    context: &BackendContext,
    named: &[String],
) -> Result<Vec<Taker>, SampoError> {
    let implied;
    let mut tables: Vec<(&str, &BackendTable)> =
        config.distribute.backends.iter().map(|(name, table)| (name.as_str(), table)).collect();
    if tables.is_empty() {
        if context.repository.is_none() {
            return Err(DestinationError::None.into());
        }
        implied = BackendTable::implied(IMPLIED.0, IMPLIED.1);
        tables.push((IMPLIED.0, &implied));
    }
    for name in named {
        if !tables.iter().any(|(known, _)| known == name) {
            let known: Vec<String> = tables.iter().map(|(known, _)| (*known).to_owned()).collect();
            let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            return Err(DestinationError::Unknown { name: name.clone(), nearest, known }.into());
        }
    }
    let wanted = |name: &str| named.is_empty() || named.iter().any(|wanted| wanted == name);
    let tables = tables.into_iter().filter(|(name, _)| wanted(name));
    tables.map(|(name, table)| Taker::new(name, table, config, workspace, context)).collect()
}

impl Taker {
    fn new(
        name: &str,
        table: &BackendTable,
        config: &Config,
        workspace: &Workspace,
        context: &BackendContext,
    ) -> Result<Self, SampoError> {
        let kind = BackendType::find(table)?;
        let (common, defaults) = (&table.common, &config.distribute);
        let packages = common.packages.as_ref().map(|names| resolve(names, table, workspace)).transpose()?;
        let filter = Filter {
            packages,
            targets: common.targets.clone(),
            kinds: common.artifacts.clone().unwrap_or_else(|| kind.artifacts.to_vec()),
            prereleases: common.prereleases.unwrap_or(kind.prereleases),
        };
        let destination = Destination {
            name: name.to_owned(),
            backend: (kind.build)(table, context)?,
            needs: common.needs.clone(),
            retries: common.retries.or(kind.retries).unwrap_or(defaults.retries),
            stall_timeout: common.stall_timeout.unwrap_or(defaults.stall_timeout),
            max_wait: common.max_wait.unwrap_or(defaults.max_wait),
            jobs: common.jobs,
        };
        Ok(Self { destination: Arc::new(destination), filter })
    }

    /// Whether it takes anything of this package at all.
    pub fn takes_package(&self, package: &PackageId) -> bool {
        self.filter.packages.as_ref().is_none_or(|packages| packages.contains(package))
    }

    /// Whether this package goes there: both the backend and the package may narrow it.
    pub fn takes_from(&self, participant: &Participant<'_>) -> bool {
        self.takes_package(participant.id())
            && participant.backends.is_none_or(|named| named.contains(&self.destination.name))
    }

    /// Whether it takes pre-releases, or stable versions, whichever `release` is.
    pub fn takes_version(&self, release: &Release) -> bool {
        self.filter.prereleases.takes(release.is_prerelease())
    }

    /// Whether it takes artifacts of this target.
    pub fn takes_target(&self, target: &Target) -> bool {
        self.filter.targets.as_ref().is_none_or(|targets| targets.contains(target))
    }

    /// Whether it takes artifacts of this kind.
    pub fn takes_kind(&self, kind: ArtifactKind) -> bool {
        self.filter.kinds.contains(&kind)
    }

    /// Whether it takes this artifact.
    pub fn takes(&self, artifact: &Artifact) -> bool {
        self.takes_kind(artifact.kind) && artifact.target.as_ref().is_none_or(|target| self.takes_target(target))
    }
}

fn resolve(names: &[String], table: &BackendTable, workspace: &Workspace) -> Result<BTreeSet<PackageId>, ConfigError> {
    let resolve = |name: &String| match workspace.resolve(name) {
        Ok(package) => Ok(package.id.clone()),
        Err(error) => Err(table.error(Some("packages"), error.to_string())),
    };
    names.iter().map(resolve).collect()
}
