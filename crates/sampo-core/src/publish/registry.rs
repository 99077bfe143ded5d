//! The registries of every ecosystem, and what users add to their commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::environment::Environment;
use crate::event::Reporter;
use crate::workspace::registry::{Registry, RegistryContext};
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
        let registry = |ecosystem: Ecosystem| {
            ecosystem.support().registry(RegistryContext {
                root: &workspace.root,
                environment,
                arguments: arguments.of(ecosystem),
                reporter: Arc::clone(reporter),
            })
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
