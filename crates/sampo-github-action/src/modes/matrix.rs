//! What must be built for the releases of a plan.

use sampo_core::SampoError;
use sampo_core::distribute::{self, Caller, Choice, Grouping, MatrixFormat, MatrixRequest, Selection};
use sampo_core::project::Project;
use sampo_core::release::plan_file::{PlannedRelease, ReleasePlan};
use sampo_core::workspace::PackageId;
use semver::Version;

/// The matrix for those of the releases that have something to build; empty if none has, or nobody asked for it.
pub async fn of(
    caller: &Caller,
    project: &Project,
    plan: &ReleasePlan,
    grouping: Grouping,
) -> Result<String, SampoError> {
    if !project.config.distribute.builds_something() {
        return Ok(String::new());
    }
    let version = |release: &PlannedRelease| Some((release.package.clone(), release.version.parse().ok()?));
    let built = plan.releases.iter().filter(|release| release.has_artifacts);
    let versions: Vec<(PackageId, Version)> = built.filter_map(version).collect();
    if versions.is_empty() {
        return Ok(String::new());
    }
    let request = MatrixRequest {
        choice: Choice { selection: Selection::AtHead, packages: Vec::new(), targets: Vec::new() },
        pending: Some(versions),
        format: MatrixFormat::Github,
        grouping,
    };
    Ok(distribute::matrix(project, &request, caller).await?.text)
}
