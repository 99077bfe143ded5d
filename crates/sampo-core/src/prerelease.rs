//! Entering and leaving pre-releases: the versions of some packages change, and what requires them follows.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use semver::{Prerelease, Version};

use crate::SampoError;
use crate::changeset::{Pending, transfer};
use crate::error::Diagnose;
use crate::project::Project;
use crate::release::graph::Graph;
use crate::release::warning::Warning;
use crate::release::{ranges, version};
use crate::transaction::{self, Change};
use crate::workspace::files::{Moves, WorkspaceFiles};
use crate::workspace::{Ecosystem, Package, PackageId, Workspace};

/// The name of a row of pre-releases, such as `alpha` or `rc.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(Prerelease);

/// The text is not a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be the label of pre-releases")]
pub struct LabelError(String);

impl Diagnose for LabelError {
    fn code(&self) -> &'static str {
        "prerelease-label"
    }

    fn hint(&self) -> Option<String> {
        Some("write letters, digits and hyphens, and one part that is no number: `alpha`, `rc.1`".into())
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let label = Prerelease::new(text.trim()).ok().filter(|pre| version::label(pre).is_some());
        label.map(Self).ok_or_else(|| LabelError(text.to_owned()))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What entering or leaving a pre-release changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The packages whose version changes, sorted.
    pub moves: Vec<Move>,
    /// How many changesets become pending again, for the first release under another label.
    pub restored: usize,
    /// What the user should know before it happens.
    pub warnings: Vec<Warning>,
    changes: Vec<Change>,
}

/// One package and its version in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The package.
    pub package: PackageId,
    /// Its name for people.
    pub display_name: String,
    /// The version in its manifest.
    pub old_version: String,
    /// The version to come.
    pub new_version: Version,
}

impl Plan {
    /// Every file that changes, in the order in which they are written: changesets go last.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// The packages that are in a pre-release.
pub fn members(workspace: &Workspace) -> Vec<&Package> {
    let is_member = |package: &&Package| current(package).is_some_and(|version| !version.pre.is_empty());
    workspace.packages.iter().filter(is_member).collect()
}

/// Plans to bring `packages` into pre-releases with `label`. Under another label than before, everything that its
/// pre-releases have taken up becomes pending again.
pub fn enter(project: &Project, label: &Label, packages: &[PackageId]) -> Result<Plan, SampoError> {
    let mut switches = false;
    let mut entered = |version: &Version| {
        let old = version::label(&version.pre);
        switches |= old.is_some() && old != version::label(&label.0);
        entered(version, label)
    };
    let mut plan = plan(project, packages, &mut entered)?;
    if switches {
        let pending = Pending::read(&project.workspace, &project.config.changesets)?;
        plan.restored = pending.kept.len();
        plan.changes.extend(transfer::restore(&project.root, &pending.kept, &transaction::read)?);
    }
    Ok(plan)
}

/// Plans to bring `packages` out of their pre-releases. What these have taken up joins the next release.
pub fn exit(project: &Project, packages: &[PackageId]) -> Result<Plan, SampoError> {
    let stable = |version: &Version| Version::new(version.major, version.minor, version.patch);
    plan(project, packages, &mut |version| if version.pre.is_empty() { version.clone() } else { stable(version) })
}

/// The version in the first pre-release with `label`. In a row that has begun, a version never falls back.
fn entered(version: &Version, label: &Label) -> Version {
    let next = Version { pre: label.0.clone(), build: semver::BuildMetadata::EMPTY, ..version.clone() };
    let is_same_row = !version.pre.is_empty() && version::label(&version.pre) == version::label(&label.0);
    if is_same_row && next < *version { version.clone() } else { next }
}

fn current(package: &Package) -> Option<Version> {
    version::parse(package.version.as_deref()?).ok()
}

fn plan(
    project: &Project,
    packages: &[PackageId],
    next: &mut dyn FnMut(&Version) -> Version,
) -> Result<Plan, SampoError> {
    let Project { workspace, config, .. } = project;
    let files = WorkspaceFiles::read(workspace, &transaction::read)?;
    for files in files.each() {
        files.check(workspace)?;
    }
    let moves = moves(workspace, &with_companions(workspace, &files, packages), next)?;
    let versions: Moves =
        moves.iter().map(|each| (each.package.clone(), (each.old_version.clone(), each.new_version.clone()))).collect();
    let groups = config.packages.groups(workspace, config.source())?;
    let everybody = vec![true; workspace.packages.len()];
    let graph = Graph::new(workspace, &files, groups, &everybody);
    let moved = |package: usize| versions.get(&workspace.packages[package].id).map(|(_, new)| new.clone());
    let uncovered = ranges::check(workspace, &graph, &files, moved)?;
    let remarks = files.each().flat_map(|files| files.remarks(&versions)).map(Warning::from);
    Ok(Plan {
        warnings: uncovered.iter().map(Warning::from).chain(remarks).collect(),
        changes: files.changes(workspace, &versions),
        restored: 0,
        moves,
    })
}

/// `packages`, and with one that shares its version all that do.
fn with_companions<'a>(
    workspace: &'a Workspace,
    files: &WorkspaceFiles,
    packages: &'a [PackageId],
) -> HashSet<&'a PackageId> {
    let shares = |package: &PackageId| files.of(package).inherits_version(package);
    let sharing: HashSet<Ecosystem> =
        packages.iter().filter(|package| shares(package)).map(PackageId::ecosystem).collect();
    let companions = workspace.packages.iter().map(|package| &package.id);
    packages.iter().chain(companions.filter(|id| sharing.contains(&id.ecosystem()) && shares(id))).collect()
}

/// What moves, sorted; packages that stay where they are, or have no version, are left out.
fn moves(
    workspace: &Workspace,
    chosen: &HashSet<&PackageId>,
    next: &mut dyn FnMut(&Version) -> Version,
) -> Result<Vec<Move>, version::VersionError> {
    let mut moves = Vec::new();
    for package in workspace.packages.iter().filter(|package| chosen.contains(&package.id)) {
        let Some(written) = &package.version else { continue };
        let old = version::of(package, written)?;
        let new_version = next(&old);
        if new_version != old {
            moves.push(Move {
                package: package.id.clone(),
                display_name: workspace.display_name(&package.id),
                old_version: written.clone(),
                new_version,
            });
        }
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_a_part_that_is_no_number() {
        for text in ["alpha", "rc.1", "1.rc", "x-y"] {
            assert_eq!(text.parse::<Label>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1.2", "a_b", "a..b", "a+b", "01.a"] {
            assert_eq!(text.parse::<Label>().unwrap_err().code(), "prerelease-label", "{text}");
        }
    }

    #[test]
    fn a_version_takes_the_label_and_never_falls_back_in_its_row() {
        let table = [
            ("1.2.0", "alpha", "1.2.0-alpha"),
            ("1.2.0+build", "alpha", "1.2.0-alpha"),
            ("1.2.0-alpha.3", "beta", "1.2.0-beta"),
            ("1.2.0-beta.3", "alpha", "1.2.0-alpha"),
            ("1.2.0-alpha.3", "ALPHA", "1.2.0-alpha.3"),
            ("1.2.0-alpha.3", "alpha.5", "1.2.0-alpha.5"),
        ];
        for (version, label, expected) in table {
            let label = label.parse().unwrap();
            assert_eq!(entered(&Version::parse(version).unwrap(), &label).to_string(), expected, "{version} {label}");
        }
    }
}
