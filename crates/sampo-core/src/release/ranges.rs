//! Ranges that leave out a version about to be released: Cargo could not load such a workspace any more.

use semver::Version;

use crate::error::Diagnose;
use crate::release::graph::Graph;
use crate::workspace::cargo::files::CargoFiles;
use crate::workspace::{PackageId, Workspace};

/// A requirement that leaves out the new version of what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncoveredRange {
    /// Whose requirement it is.
    pub dependent: PackageId,
    /// What it names.
    pub dependency: PackageId,
    /// The range as written.
    pub range: String,
    /// The version left out.
    pub version: Version,
}

impl std::fmt::Display for UncoveredRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dependent, dependency, range, version } = self;
        write!(f, "`{dependent}` requires `{}` {range}, which leaves out {version}", dependency.name())
    }
}

/// Requirements leave out versions that this release would make; nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n       "))]
pub struct RangeError(pub Vec<UncoveredRange>);

/// How to get out of it.
pub(crate) const HINT: &str = "write the current version in full, such as `1.2.3`: it follows each release in a package of the workspace; or widen the range, such as `>=1.2, <3`";

impl Diagnose for RangeError {
    fn code(&self) -> &'static str {
        "range-uncovered"
    }

    fn hint(&self) -> Option<String> {
        Some(HINT.into())
    }
}

/// Every range that leaves out a version of `released`: those to be warned of.
///
/// It is an error where versions move in a group, or where a lock file would have to be brought up to date.
pub(crate) fn check(
    workspace: &Workspace,
    graph: &Graph,
    files: &CargoFiles,
    released: impl Fn(usize) -> Option<Version>,
) -> Result<Vec<UncoveredRange>, RangeError> {
    let mut uncovered = Vec::new();
    let mut refused = Vec::new();
    for (package, needs) in graph.dependencies.iter().enumerate() {
        let in_group = graph.is_fixed[package] || graph.linked.group(package).is_some();
        for need in needs {
            let Some(version) = released(need.on) else { continue };
            if need.requirement.follows() || need.requirement.covers(&version) != Some(false) {
                continue;
            }
            let range = UncoveredRange {
                dependent: workspace.packages[package].id.clone(),
                dependency: workspace.packages[need.on].id.clone(),
                range: need.requirement.written().to_owned(),
                version,
            };
            if in_group || files.has_lockfile() { refused.push(range) } else { uncovered.push(range) }
        }
    }
    for (dependent, requirement) in files.outside_requirements(workspace) {
        let on = workspace.packages.binary_search_by(|package| package.id.cmp(&requirement.package));
        let Some(version) = on.ok().and_then(&released) else { continue };
        if requirement.covers(&version) == Some(false) {
            let (dependency, range) = (requirement.package.clone(), requirement.written().to_owned());
            let range = UncoveredRange { dependent, dependency, range, version };
            if files.has_lockfile() { refused.push(range) } else { uncovered.push(range) }
        }
    }
    if refused.is_empty() { Ok(uncovered) } else { Err(RangeError(refused)) }
}
