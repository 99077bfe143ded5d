//! From noted changes to new versions: a pure plan, then its writes.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::SampoError;
use crate::changeset::Pending;
use crate::config::Config;
use crate::transaction;
use crate::workspace::Workspace;

mod automatic;
pub mod branch;
pub mod changelog;
pub mod entry;
mod graph;
mod levels;
pub mod plan;
pub mod plan_file;
mod ranges;
mod version;

pub use plan::{Plan, Release};

/// The folder of the changesets that a pre-release has taken up, below the root.
const KEPT_FOLDER: &str = ".sampo/prerelease";

/// What a release of everything pending changes, on the date of `now`. Reads files and writes none.
pub fn plan(workspace: &Workspace, config: &Config, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    let pending = Pending::read(workspace, &config.changesets)?;
    let input = plan::Input { workspace, config, date: config.changelog.date(now), read: &transaction::read };
    let mut plan = plan::make(&input, &pending)?;
    plan.warnings.extend(warn_of_kept_changesets(&workspace.root));
    Ok(plan)
}

/// Changes every file of the plan, or none of them.
pub fn apply(plan: &Plan) -> Result<(), SampoError> {
    Ok(transaction::apply(plan.changes())?)
}

fn warn_of_kept_changesets(root: &Path) -> Option<plan::Warning> {
    let files = std::fs::read_dir(root.join(KEPT_FOLDER)).ok()?;
    let is_changeset = |file: std::fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "md");
    files.flatten().any(is_changeset).then(|| plan::Warning {
        message: format!("the changesets in `{KEPT_FOLDER}` are not part of this release"),
        hint: Some("pre-releases are not supported yet; move what belongs here to `.sampo/changesets`".into()),
    })
}
