//! From noted changes to new versions: a pure plan, then its writes.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::SampoError;
use crate::atomic;
use crate::changeset::{FOLDER, KEPT_FOLDER, Pending};
use crate::event::{Event, Reporter};
use crate::project::Project;
use crate::release::input::{Aim, Input};
use crate::transaction::{self, Left};
use crate::workspace::{Workspace, find_root};

mod automatic;
pub mod branch;
mod cause;
pub mod changelog;
pub mod credit;
pub mod entry;
pub(crate) mod graph;
mod input;
mod intake;
mod levels;
pub mod plan;
pub mod plan_file;
pub(crate) mod ranges;
pub mod report;
mod standing;
pub(crate) mod version;
pub mod warning;

pub use cause::Cause;
pub use plan::{Plan, Release};

/// What a release of everything pending changes, on the date of `now`. Reads files and writes none; refuses a branch
/// that releases are not made from.
///
/// Entries stand as they were noted, without commits and thanks, which only [`plan_in_full`] looks up.
pub async fn plan(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    plan_for(project, now, Aim::Next, false).await
}

/// The same plan as it is to be applied: each entry with its commit and its author, as the configuration asks.
pub async fn plan_in_full(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    plan_for(project, now, Aim::Next, true).await
}

/// The plan in full of everything pending and everything that pre-releases have taken up, where each package that is in
/// a pre-release becomes the stable version that it leads to.
pub async fn plan_stable(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    plan_for(project, now, Aim::Stable, true).await
}

/// Whether [`plan_stable`] would release anything. Nothing is looked up for it.
pub async fn has_stable(project: &Project, now: DateTime<Utc>) -> Result<bool, SampoError> {
    Ok(!plan_for(project, now, Aim::Stable, false).await?.is_empty())
}

async fn plan_for(project: &Project, now: DateTime<Utc>, aim: Aim, in_full: bool) -> Result<Plan, SampoError> {
    branch::check(&project.git(), &project.config.git, &project.environment).await?;
    draw_up(project, now, aim, in_full).await
}

/// What a release would change, on whatever branch.
pub async fn preview(project: &Project, now: DateTime<Utc>) -> Result<Plan, SampoError> {
    draw_up(project, now, Aim::Next, false).await
}

async fn draw_up(project: &Project, now: DateTime<Utc>, aim: Aim, in_full: bool) -> Result<Plan, SampoError> {
    let Project { workspace, config, .. } = project;
    let pending = Pending::read(workspace, &config.changesets)?;
    let tags = project.git().tag_names().await?;
    let (date, read) = (config.changelog.date(now), &transaction::read);
    let mut input = Input { workspace, config, date, read, tags: &tags, aim, credits: HashMap::new() };
    let mut warning = None;
    if in_full {
        let taken = intake::taken(&input, &pending);
        let paths: Vec<&Path> = taken.iter().map(|taken| taken.changeset.path.as_path()).collect();
        (input.credits, warning) = credit::credits(project, &paths).await?;
    }
    let mut plan = plan::make(&input, &pending)?;
    plan.warnings.extend(warning.filter(|_| !plan.is_empty()));
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
    for folder in [FOLDER, KEPT_FOLDER] {
        atomic::remove_temporaries(&root.join(folder));
    }
    let message = match transaction::recover(&root)? {
        None => return Ok(()),
        Some(Left::Half) => "a run was interrupted half-way, and has been taken back",
        Some(Left::Whole) => "a run was interrupted after it had written every file",
    };
    reporter.report(Event::Warning { message, hint: None });
    Ok(())
}
