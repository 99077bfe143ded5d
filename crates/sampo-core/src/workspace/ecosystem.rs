//! What Sampo needs of an ecosystem, and the one list of those that it knows.

use std::path::Path;

use async_trait::async_trait;

use super::cargo::Cargo;
use super::files::{Files, Read};
use super::npm::Npm;
use super::registry::{Registry, RegistryContext};
use super::{Package, Workspace, WorkspaceError};
use crate::git::{Git, GitError};

/// Where a package is published and how its manifest looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Ecosystem {
    /// Rust crates.
    Cargo,
    /// npm packages.
    Npm,
}

/// Ecosystems that this version does not release yet, by the prefix in ids.
pub(crate) const LATER: [&str; 5] = ["hex", "pypi", "packagist", "maven", "rubygems"];

impl Ecosystem {
    /// All of them, in the order in which they are discovered.
    pub const ALL: &'static [Self] = &[Self::Cargo, Self::Npm];

    /// The code that knows it.
    pub(crate) fn support(self) -> &'static dyn Support {
        match self {
            Self::Cargo => &Cargo,
            Self::Npm => &Npm,
        }
    }

    /// The prefix in ids, tags and changesets: `cargo`.
    pub fn as_str(self) -> &'static str {
        self.support().prefix()
    }

    /// The name for people: `Cargo`.
    pub fn display_name(self) -> &'static str {
        self.support().display_name()
    }

    /// The command that builds the programs of the package `name` for a target; empty where nobody can know it.
    pub fn build_command(self, name: &str, target: &str) -> Vec<String> {
        self.support().build_command(name, target)
    }
}

/// One ecosystem: where its packages are, what a release changes in their files, and how they reach a registry.
#[async_trait]
pub(crate) trait Support: Sync {
    /// The prefix in ids, tags and changesets.
    fn prefix(&self) -> &'static str;

    /// The name for people.
    fn display_name(&self) -> &'static str;

    /// The file in the root that makes packages of this ecosystem possible, and what to write into it.
    fn manifest(&self) -> (&'static str, &'static str);

    /// Adds the packages below the root of `workspace`, if there are any.
    async fn discover(&self, workspace: &mut Workspace) -> Result<(), WorkspaceError>;

    /// Reads the files that a release of these packages changes.
    fn files(&self, workspace: &Workspace, read: Read<'_>) -> Result<Box<dyn Files>, WorkspaceError>;

    /// The version that the manifest of `package` had in `revision`; none if it was not there or had none.
    async fn version_at(&self, git: &Git, revision: &str, package: &Package) -> Result<Option<String>, GitError>;

    /// The command that builds the programs of the package `name` for a target; empty where only users know it.
    fn build_command(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }

    /// The registries of this ecosystem, reached through its own tool.
    fn registry(&self, context: RegistryContext<'_>) -> Box<dyn Registry>;
}

/// The path of `file` beside the manifest of `package`, below the root, as git spells it.
pub(super) fn beside_manifest(package: &Package, file: &str) -> String {
    if package.path == "." { file.to_owned() } else { format!("{}/{file}", package.path) }
}

/// Whether the manifest of `support` stands in `root`.
pub(super) fn has_manifest(support: &dyn Support, root: &Path) -> bool {
    root.join(support.manifest().0).is_file()
}
