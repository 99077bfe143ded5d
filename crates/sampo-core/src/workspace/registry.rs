//! What publishing needs of an ecosystem.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use semver::Version;

use super::{Package, PackageId};
use crate::environment::Environment;
use crate::error::{Diagnose, PathError};
use crate::event::Reporter;
use crate::process::ProcessError;

/// What the code that reaches a registry works with.
pub(crate) struct RegistryContext<'a> {
    /// The folder that holds `.sampo/`.
    pub(crate) root: &'a Path,
    /// The environment variables of the run.
    pub(crate) environment: &'a Environment,
    /// What the user adds to the publish command.
    pub(crate) arguments: Vec<String>,
    /// The packages that are staged for approval.
    pub(crate) staged: Vec<PackageId>,
    /// Hears what the tools print.
    pub(crate) reporter: Arc<dyn Reporter>,
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uploaded {
    /// The registry took it.
    Now,
    /// The registry had this version already.
    Before,
    /// The registry took it, and shows it once somebody has approved it.
    Staged,
}

/// A registry cannot be asked, or takes nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The tool that reaches it cannot be run, or failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file that the tool needs cannot be read or written.
    #[error(transparent)]
    Io(#[from] PathError),
    /// It cannot be reached.
    #[error("cannot ask `{address}`")]
    Unreachable {
        /// Where it is.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers, but not what was asked.
    #[error("`{address}` answered with status {status}")]
    Answer {
        /// Where it is.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// The tool is too old for what is asked of it.
    #[error("`{tool}` is {}, and staging for approval needs {needed}", found.as_ref().map_or_else(|| "of an unknown version".to_owned(), ToString::to_string))]
    Outdated {
        /// The tool.
        tool: &'static str,
        /// Its version.
        found: Option<Version>,
        /// The first version that will do.
        needed: Version,
    },
    /// No registry takes a package of this name.
    #[error("{reason}")]
    Name {
        /// What is wrong with it.
        reason: String,
    },
    /// Whoever installs the package could not resolve what it depends on.
    #[error("it depends on `{dependency}` as `{written}`, which `{tool}` would publish as it stands")]
    LocalRange {
        /// The package depended on.
        dependency: String,
        /// How it is written.
        written: String,
        /// The tool that publishes.
        tool: &'static str,
    },
    /// The tool made no archive although it said so.
    #[error("no archive of `{package}` was made")]
    NothingPacked {
        /// The package.
        package: PackageId,
    },
}

impl Diagnose for RegistryError {
    fn code(&self) -> &'static str {
        match self {
            Self::Process(error) => error.code(),
            Self::Io(error) => error.code(),
            Self::Unreachable { .. } | Self::Answer { .. } | Self::NothingPacked { .. } => "publish-failed",
            Self::Outdated { .. } => "tool-outdated",
            Self::Name { .. } => "package-name-invalid",
            Self::LocalRange { .. } => "range-unpublishable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Process(error) => error.hint(),
            Self::Io(error) => error.hint(),
            Self::Outdated { tool, needed, .. } => Some(format!("install `{tool}` {needed} or later")),
            Self::Name { .. } => {
                Some("choose another `name`, or keep it from the registry with `\"private\": true`".into())
            }
            Self::LocalRange { .. } => Some(
                "write a range that every package manager reads, such as `^1.0.0`; or let pnpm, Yarn 2 or Bun publish, which put one in its place: name yours in `packageManager` of `package.json`, or commit its lock file".into(),
            ),
            Self::Unreachable { .. } | Self::Answer { .. } | Self::NothingPacked { .. } => None,
        }
    }
}

/// The registries of one ecosystem, reached through its own tool, whose configuration and credentials apply.
#[async_trait]
pub(crate) trait Registry: Send + Sync {
    /// Refuses what no registry would ever take, and what nobody could use once it is there.
    fn check(&self, _: &Package) -> Result<(), RegistryError> {
        Ok(())
    }

    /// Whether the registry that `package` belongs to has its current version.
    async fn has(&self, package: &Package) -> Result<bool, RegistryError>;

    /// Makes every check that an upload of `packages` would make, without one. They come in the order of upload, and
    /// may depend on one another although none of them is in the registry yet.
    async fn rehearse(&self, packages: &[&Package]) -> Result<(), RegistryError>;

    /// Uploads `package`. That the registry has this version already is no error.
    async fn upload(&self, package: &Package) -> Result<Uploaded, RegistryError>;

    /// Whether the forwarded arguments turn every upload into a rehearsal.
    fn only_rehearses(&self) -> bool;

    /// Whether `package` waits for approval once it is uploaded, so that nobody sees it in the registry before.
    fn stages(&self, _: &Package) -> bool {
        false
    }

    /// What to do about a failure, where its words tell.
    fn advice(&self, _: &RegistryError) -> Option<&'static str> {
        None
    }
}
