//! From noted changes to new versions: a pure plan, then its writes.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::SampoError;
use crate::atomic;
use crate::changeset::{FOLDER, KEPT_FOLDER, Pending};
use crate::event::{Event, Reporter};
use crate::project::Project;
use crate::release::plan::Aim;
use crate::transaction::{self, Left};
use crate::workspace::{Workspace, find_root};

mod automatic;
pub mod branch;
pub mod changelog;
pub mod entry;
pub(crate) mod graph;
mod intake;
mod levels;
pub mod plan;
pub mod plan_file;
pub(crate) mod ranges;
mod standing;
pub(crate) mod version;

pub use plan::{Plan, Release};

/// What a release of everything pending changes, on the date of `now`. Reads files and writes none; refuses a branch
/// that releases are not made from.
pub async fn plan(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    plan_for(project, now, Aim::Next).await
}

/// The same of everything pending and everything that pre-releases have taken up, where each package that is in a
/// pre-release becomes the stable version that it leads to.
pub async fn plan_stable(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    plan_for(project, now, Aim::Stable).await
}

async fn plan_for(project: &Project, now: DateTime<Utc>, aim: Aim) -> Result<Plan, SampoError> {
    let Project { workspace, config, environment, .. } = project;
    branch::check(&project.git(), &config.git, environment).await?;
    let pending = Pending::read(workspace, &config.changesets)?;
    let tags = project.git().tag_names().await?;
    let date = config.changelog.date(now);
    plan::make(&plan::Input { workspace, config, date, read: &transaction::read, tags: &tags, aim }, &pending)
}

/// Changes every file of the plan, or none of them. What a kill leaves half done, [`recover`] takes back.
pub fn apply(workspace: &Workspace, plan: &Plan) -> Result<(), SampoError> {
    Ok(transaction::apply(&workspace.root, plan.changes())?)
}

/// Takes back what a release that was killed has left in the repository that `folder` belongs to. Every command begins
/// with it, since versions and changesets that do not belong together would be released or published.
pub fn recover(folder: &Path, reporter: &dyn Reporter) -> Result<(), SampoError> {
    let Ok(root) = find_root(folder) else { return Ok(()) };
    for folder in [FOLDER, KEPT_FOLDER] {
        atomic::remove_temporaries(&root.join(folder));
    }
    let message = match transaction::recover(&root)? {
        None => return Ok(()),
        Some(Left::Half) => "a release was interrupted half-way, and has been taken back",
        Some(Left::Whole) => "a release was interrupted after it had written every file",
    };
    reporter.report(Event::Warning { message, hint: None });
    Ok(())
}
