//! The files that a release reads and changes, whatever ecosystem they belong to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use semver::Version;

use super::{Ecosystem, Package, PackageId, Workspace, WorkspaceError};
use crate::error::PathError;
use crate::transaction::Change;

/// Reads a file; none if it does not exist.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> Result<Option<String>, PathError>;

/// Packages that move, each with its old and its new version.
pub(crate) type Moves = HashMap<PackageId, (String, Version)>;

/// The manifests and lock files of one ecosystem.
pub(crate) trait Files {
    /// Why no release can be made from these files, if so.
    fn check(&self, workspace: &Workspace) -> Result<(), WorkspaceError>;

    /// Whether `package` shares its version with others, in one place.
    fn inherits_version(&self, package: &PackageId) -> bool;

    /// How `package` refers to other packages of the workspace.
    fn requirements(&self, package: &Package) -> Vec<Requirement>;

    /// How what is no member refers to packages of the workspace; a release never rewrites it.
    fn outside_requirements(&self, workspace: &Workspace) -> Vec<(PackageId, Requirement)>;

    /// Whether a range that leaves out a new version makes these files unusable.
    fn needs_fitting_ranges(&self) -> bool;

    /// What the user should know of these files if `moves` are made, each with what to do about it.
    fn remarks(&self, moves: &Moves) -> Vec<(String, Option<String>)>;

    /// The changes that bring packages to their new versions.
    fn changes(&self, workspace: &Workspace, moves: &Moves) -> Vec<Change>;
}

/// The files of every ecosystem that the workspace has packages of.
pub(crate) struct WorkspaceFiles(BTreeMap<Ecosystem, Box<dyn Files>>);

impl WorkspaceFiles {
    /// Reads them.
    pub(crate) fn read(workspace: &Workspace, read: Read<'_>) -> Result<Self, WorkspaceError> {
        let mut ecosystems: Vec<Ecosystem> = workspace.packages.iter().map(|package| package.id.ecosystem()).collect();
        ecosystems.dedup();
        let files =
            ecosystems.into_iter().map(|ecosystem| Ok((ecosystem, ecosystem.support().files(workspace, read)?)));
        Ok(Self(files.collect::<Result<_, WorkspaceError>>()?))
    }

    /// Those of the ecosystem of `package`.
    pub(crate) fn of(&self, package: &PackageId) -> &dyn Files {
        self.0[&package.ecosystem()].as_ref()
    }

    /// Those of each ecosystem.
    pub(crate) fn each(&self) -> impl Iterator<Item = &dyn Files> {
        self.0.values().map(AsRef::as_ref)
    }

    /// The changes that bring packages to their new versions.
    pub(crate) fn changes(&self, workspace: &Workspace, moves: &Moves) -> Vec<Change> {
        self.each().flat_map(|files| files.changes(workspace, moves)).collect()
    }
}

/// How the manifest of one package refers to another package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Requirement {
    /// The package depended on.
    pub(crate) package: PackageId,
    /// As written; none if any version will do.
    pub(crate) written: Option<String>,
    /// Whether a release of the package calls for one of the dependent.
    pub(crate) passes_releases_on: bool,
    /// Whether it must cover every version of what it names where packages move together, even if it would follow.
    pub(crate) must_cover: bool,
    /// What the ecosystem makes of what is written.
    pub(crate) rules: &'static Rules,
}

/// How an ecosystem reads a requirement, as it is written in one kind of place.
#[derive(Debug)]
pub(crate) struct Rules {
    /// What it becomes once the package that it names stands at a version; none if it stays as it is.
    pub(crate) followed: fn(&str, &Version) -> Option<String>,
    /// Whether a version satisfies it; none if that cannot be judged.
    pub(crate) covers: fn(&str, &Version) -> Option<bool>,
    /// How to get out of it where it leaves out a version.
    pub(crate) advice: &'static str,
}

impl Requirement {
    /// Whether a release of the package at `version` changes it.
    pub(crate) fn changes_with(&self, version: &Version) -> bool {
        self.written.as_ref().and_then(|written| (self.rules.followed)(written, version)).is_some()
    }

    /// Whether `version` satisfies it as written; none if that cannot be judged.
    pub(crate) fn covers(&self, version: &Version) -> Option<bool> {
        self.written.as_ref().map_or(Some(true), |written| (self.rules.covers)(written, version))
    }

    /// Whether `version` does not satisfy it as written.
    pub(crate) fn leaves_out(&self, version: &Version) -> bool {
        self.covers(version) == Some(false)
    }

    /// The requirement as written, for messages.
    pub(crate) fn written(&self) -> &str {
        self.written.as_deref().unwrap_or("*")
    }
}
