//! What publishing needs of an ecosystem, and the one list of those that are supported.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::cargo::CargoRegistry;
use crate::environment::Environment;
use crate::event::Reporter;
use crate::git::{Git, GitError};
use crate::process::ProcessError;
use crate::workspace::{Ecosystem, Package, Workspace};

/// What users add to the publish commands.
#[derive(Debug, Clone, Default)]
pub struct ForwardedArguments {
    /// For the publish command of every ecosystem.
    pub all: Vec<String>,
    /// For the publish command of one ecosystem, behind those for all.
    pub of_ecosystem: BTreeMap<Ecosystem, Vec<String>>,
}

impl ForwardedArguments {
    fn of(&self, ecosystem: Ecosystem) -> Vec<String> {
        let own = self.of_ecosystem.get(&ecosystem).into_iter().flatten();
        self.all.iter().chain(own).cloned().collect()
    }
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uploaded {
    /// The registry took it.
    Now,
    /// The registry had this version already.
    Before,
}

/// The registries of one ecosystem, reached through its own tool, whose configuration and credentials apply.
#[async_trait]
pub(super) trait Registry: Send + Sync {
    /// Whether the registry that `package` belongs to has its current version.
    async fn has(&self, package: &Package) -> Result<bool, ProcessError>;

    /// Makes every check that an upload of `packages` would make, without one. They come in the order of upload, and
    /// may depend on one another although none of them is in the registry yet.
    async fn rehearse(&self, packages: &[&Package]) -> Result<(), ProcessError>;

    /// Uploads `package`. That the registry has this version already is no error.
    async fn upload(&self, package: &Package) -> Result<Uploaded, ProcessError>;

    /// Whether the forwarded arguments turn every upload into a rehearsal.
    fn only_rehearses(&self) -> bool;

    /// The version that the manifest of `package` had in `revision`; none if it was not there or had none.
    async fn version_at(&self, git: &Git, revision: &str, package: &Package) -> Result<Option<String>, GitError>;
}

/// The registries by ecosystem.
pub(super) struct Registries(BTreeMap<Ecosystem, Box<dyn Registry>>);

impl Registries {
    /// Those of every supported ecosystem.
    pub fn new(
        workspace: &Workspace,
        environment: &Environment,
        arguments: &ForwardedArguments,
        reporter: &Arc<dyn Reporter>,
    ) -> Self {
        let registry = |ecosystem: Ecosystem| -> Box<dyn Registry> {
            let arguments = arguments.of(ecosystem);
            match ecosystem {
                Ecosystem::Cargo => {
                    Box::new(CargoRegistry::new(&workspace.root, environment, arguments, Arc::clone(reporter)))
                }
            }
        };
        Self(Ecosystem::ALL.iter().map(|&ecosystem| (ecosystem, registry(ecosystem))).collect())
    }

    /// The one that `package` is published through.
    pub fn of(&self, package: &Package) -> &dyn Registry {
        self.0[&package.id.ecosystem()].as_ref()
    }

    /// Each ecosystem's registry.
    pub fn by_ecosystem(&self) -> impl Iterator<Item = (Ecosystem, &dyn Registry)> {
        self.0.iter().map(|(ecosystem, registry)| (*ecosystem, registry.as_ref()))
    }
}
