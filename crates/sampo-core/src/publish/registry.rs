//! The registries of every ecosystem, and what users add to their commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PublishError;
use crate::config::Config;
use crate::config::packages::Pattern;
use crate::environment::Environment;
use crate::event::Reporter;
use crate::workspace::registry::{Registry, RegistryContext};
use crate::workspace::{Ecosystem, Package, PackageId, RegistryError, Workspace};

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

/// The registries by ecosystem.
pub(super) struct Registries(BTreeMap<Ecosystem, Box<dyn Registry>>);

impl Registries {
    /// Those of every supported ecosystem.
    pub fn new(
        workspace: &Workspace,
        config: &Config,
        environment: &Environment,
        arguments: &ForwardedArguments,
        reporter: &Arc<dyn Reporter>,
    ) -> Self {
        let registry = |ecosystem: Ecosystem| {
            ecosystem.support().registry(RegistryContext {
                root: &workspace.root,
                environment,
                arguments: arguments.of(ecosystem),
                staged: staged(workspace, config),
                reporter: Arc::clone(reporter),
            })
        };
        Self(Ecosystem::ALL.iter().map(|&ecosystem| (ecosystem, registry(ecosystem))).collect())
    }

    /// Refuses what no registry would take, and patterns for staging that match nothing.
    pub fn check(&self, packages: &[&Package], config: &Config) -> Result<(), PublishError> {
        for package in packages {
            let unfit =
                |source: RegistryError| PublishError::Unfit { package: package.id.clone(), source: source.into() };
            self.of(package).check(package).map_err(unfit)?;
        }
        let is_idle = |pattern: &&Pattern| !packages.iter().any(|package| is_npm(package) && pattern.matches(package));
        match config.packages.npm_stage.patterns().iter().find(is_idle) {
            Some(pattern) => Err(PublishError::NothingStaged { pattern: pattern.as_str().to_owned() }),
            None => Ok(()),
        }
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

/// The packages that `npm_stage` chooses.
fn staged(workspace: &Workspace, config: &Config) -> Vec<PackageId> {
    let chosen =
        workspace.packages.iter().filter(|package| is_npm(package) && config.packages.npm_stage.contains(package));
    chosen.map(|package| package.id.clone()).collect()
}

fn is_npm(package: &Package) -> bool {
    package.id.ecosystem() == Ecosystem::Npm
}
