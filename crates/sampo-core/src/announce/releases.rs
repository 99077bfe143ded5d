//! What is announced: the releases whose tags stand.

use std::collections::HashMap;
use std::sync::Arc;

use semver::Version;

use crate::config::Repository;
use crate::distribute::model::Release;
use crate::distribute::notes;
use crate::error::SampoError;
use crate::project::Project;
use crate::publish::{Plan, Step, Tagging};

/// A release with a tag.
#[derive(Debug, Clone)]
pub(super) struct Tagged {
    pub release: Arc<Release>,
    /// Whether the tag is at the commit that is checked out, so that files here belong to it.
    pub is_at_head: bool,
}

/// Every release of `plan` whose tag stands, and with `planned` also those whose tag is still to be made.
pub(super) async fn tagged(
    project: &Project,
    plan: &Plan,
    repository: &Repository,
    planned: bool,
) -> Result<Vec<Tagged>, SampoError> {
    let commits: HashMap<String, String> =
        project.git().tags().await?.into_iter().map(|tag| (tag.name, tag.commit)).collect();
    let of = |step: &Step| {
        let is_at_head = match step.tagging {
            Tagging::Created | Tagging::AtHead => true,
            Tagging::Needed if planned => true,
            Tagging::Elsewhere => false,
            Tagging::Needed | Tagging::Withheld => return None,
        };
        let package = project.workspace.package(&step.package)?;
        let version: Version = step.version.parse().ok()?;
        let release = Release {
            package: step.package.clone(),
            tag: step.tag.clone(),
            // A tag that only the remote has is taken as it is there.
            commit: if is_at_head { Some(plan.commit.clone()) } else { commits.get(&step.tag).cloned() },
            commit_time: 0,
            path: package.path.clone(),
            notes: Some(notes(package, &version).unwrap_or_else(|| format!("Release `{}`.", step.tag))),
            repository: Some(repository.clone()),
            version,
        };
        Some(Tagged { release: Arc::new(release), is_at_head })
    };
    Ok(plan.steps.iter().filter_map(of).collect())
}
