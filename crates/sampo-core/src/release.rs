//! From noted changes to new versions: a pure plan, then its writes.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::SampoError;
use crate::atomic;
use crate::changeset::{FOLDER, Pending};
use crate::event::{Event, Reporter};
use crate::project::Project;
use crate::transaction::{self, Left};
use crate::workspace::{Workspace, find_root};

mod automatic;
pub mod branch;
mod cause;
pub mod changelog;
pub mod entry;
mod graph;
mod levels;
pub mod plan;
pub mod plan_file;
mod ranges;
pub mod report;
mod version;

pub use cause::Cause;
pub use plan::{Plan, Release};

/// The folder of the changesets that a pre-release has taken up, below the root.
const KEPT_FOLDER: &str = ".sampo/prerelease";

/// What a release of everything pending changes, on the date of `now`. Reads files and writes none; refuses a branch
/// that releases are not made from.
pub async fn plan(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    branch::check(&project.git(), &project.config.git, &project.environment).await?;
    preview(project, now)
}

/// What a release would change, on whatever branch.
pub fn preview(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    let Project { workspace, config, .. } = project;
    let pending = Pending::read(workspace, &config.changesets)?;
    let input = plan::Input { workspace, config, date: config.changelog.date(now), read: &transaction::read };
    let mut plan = plan::make(&input, &pending)?;
    plan.warnings.extend(warn_of_kept_changesets(&workspace.root));
    Ok(plan)
}

/// Changes every file of the plan, or none of them. What a kill leaves half done, [`recover`] takes back.
pub fn apply(workspace: &Workspace, plan: &Plan) -> Result<(), SampoError> {
    Ok(transaction::apply(&workspace.root, plan.changes())?)
}

/// Takes back what a release that was killed has left in the repository that `folder` belongs to. Every command begins
/// with it, since versions and changesets that do not belong together would be released or published.
pub fn recover(folder: &Path, reporter: &dyn Reporter) -> Result<(), SampoError> {
    let Ok(root) = find_root(folder) else { return Ok(()) };
    atomic::remove_temporaries(&root.join(FOLDER));
    let message = match transaction::recover(&root)? {
        None => return Ok(()),
        Some(Left::Half) => "a release was interrupted half-way, and has been taken back",
        Some(Left::Whole) => "a release was interrupted after it had written every file",
    };
    reporter.report(Event::Warning { message, hint: None });
    Ok(())
}

fn warn_of_kept_changesets(root: &Path) -> Option<plan::Warning> {
    let files = std::fs::read_dir(root.join(KEPT_FOLDER)).ok()?;
    let is_changeset = |file: std::fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "md");
    files.flatten().any(is_changeset).then(|| plan::Warning {
        message: format!("the changesets in `{KEPT_FOLDER}` are not part of this release"),
        hint: Some("pre-releases are not supported yet; move what belongs here to `.sampo/changesets`".into()),
    })
}
