//! What publishing needs of an ecosystem.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::Package;
use crate::environment::Environment;
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
}

/// The registries of one ecosystem, reached through its own tool, whose configuration and credentials apply.
#[async_trait]
pub(crate) trait Registry: Send + Sync {
    /// Whether the registry that `package` belongs to has its current version.
    async fn has(&self, package: &Package) -> Result<bool, ProcessError>;

    /// Makes every check that an upload of `packages` would make, without one. They come in the order of upload, and
    /// may depend on one another although none of them is in the registry yet.
    async fn rehearse(&self, packages: &[&Package]) -> Result<(), ProcessError>;

    /// Uploads `package`. That the registry has this version already is no error.
    async fn upload(&self, package: &Package) -> Result<Uploaded, ProcessError>;

    /// Whether the forwarded arguments turn every upload into a rehearsal.
    fn only_rehearses(&self) -> bool;
}
