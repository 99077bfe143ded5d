//! Ranges that leave out a version about to be released: such a workspace could not be loaded any more, or what is
//! published would not fit together.

use semver::Version;

use crate::error::Diagnose;
use crate::release::graph::Graph;
use crate::workspace::files::{Requirement, WorkspaceFiles};
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
    /// How to get out of it.
    pub advice: &'static str,
}

impl std::fmt::Display for UncoveredRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dependent, dependency, range, version, .. } = self;
        write!(f, "`{dependent}` requires `{}` {range}, which leaves out {version}", dependency.name())
    }
}

/// Requirements leave out versions that this release would make; nothing was written.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n       "))]
pub struct RangeError(pub Vec<UncoveredRange>);

impl Diagnose for RangeError {
    fn code(&self) -> &'static str {
        "range-uncovered"
    }

    fn hint(&self) -> Option<String> {
        self.0.first().map(|range| range.advice.into())
    }
}

/// Every range that would leave out a version of `released`: those to be warned of.
///
/// It is an error where versions move in a group, or where a lock file would have to be brought up to date.
pub(crate) fn check(
    workspace: &Workspace,
    graph: &Graph,
    files: &WorkspaceFiles,
    released: impl Fn(usize) -> Option<Version>,
) -> Result<Vec<UncoveredRange>, RangeError> {
    let mut uncovered = Vec::new();
    let mut refused = Vec::new();
    let mut check = |dependent: &PackageId, requirement: &Requirement, version: Version, in_group: bool| {
        if !requirement.leaves_out(&version) {
            return;
        }
        let range = UncoveredRange {
            dependent: dependent.clone(),
            dependency: requirement.package.clone(),
            range: requirement.written().to_owned(),
            version,
            advice: requirement.rules.advice,
        };
        if requirement.must_cover && (in_group || files.of(dependent).needs_fitting_ranges()) {
            refused.push(range);
        } else if !requirement.changes_with(&range.version) {
            uncovered.push(range);
        }
    };
    for (package, needs) in graph.dependencies.iter().enumerate() {
        let in_group = graph.is_fixed[package] || graph.linked.group(package).is_some();
        for need in needs {
            let Some(version) = released(need.on) else { continue };
            check(&workspace.packages[package].id, &need.requirement, version, in_group);
        }
    }
    for (dependent, requirement) in files.each().flat_map(|files| files.outside_requirements(workspace)) {
        let on = workspace.packages.binary_search_by(|package| package.id.cmp(&requirement.package));
        let Some(version) = on.ok().and_then(&released) else { continue };
        check(&dependent, &requirement, version, false);
    }
    if refused.is_empty() { Ok(uncovered) } else { Err(RangeError(refused)) }
}
