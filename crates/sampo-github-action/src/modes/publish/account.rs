//! What is told of a publish: a line for each package in the log, and a table of those that it concerned.

use sampo_core::markdown::code;
use sampo_core::project::Project;
use sampo_core::publish::push::{PushPlan, Pushed};
use sampo_core::publish::{Plan, Step};
use sampo_core::release::plan_file::ReleasePlan;

use crate::annotations;
use crate::job::Job;
use crate::summary::ReleaseRow;
use crate::tag_pages::TagPages;

/// What was to be published, or has been.
pub struct Account<'a> {
    pub project: &'a Project,
    pub plan: &'a Plan,
    /// What is known of the versions before.
    pub releases: &'a ReleasePlan,
}

impl Account<'_> {
    /// Tells what a real run would do.
    pub fn of_rehearsal(&self, job: &mut Job, missing: &PushPlan) {
        self.print(true);
        for tag in &missing.needed {
            annotations::print(&format!("would push the tag {tag}"));
        }
        let concerned = self.plan.steps.iter().filter(|step| step.has_work() || missing.needed.contains(&step.tag));
        let row = |step| self.row(step, step.describe_upload(true).unwrap_or_default(), code(&step.tag));
        job.summary.add_releases("Would be published", concerned.map(row).collect());
    }

    /// Tells what was done, with links to the tags that everybody can see.
    pub fn of_run(&self, job: &mut Job, pushed: &Pushed, pages: &TagPages) {
        self.print(false);
        let row = |step: &Step| {
            let tag =
                if pushed.has(&step.tag) { pages.link(&step.tag) } else { format!("{}, not pushed", code(&step.tag)) };
            self.row(step, step.describe_upload(false).unwrap_or_default(), tag)
        };
        let is_concerned = |step: &&Step| step.has_results() || step.has_work() || pushed.pushed.contains(&step.tag);
        job.summary.add_releases("Published", self.plan.steps.iter().filter(is_concerned).map(row).collect());
    }

    fn print(&self, is_dry_run: bool) {
        for step in &self.plan.steps {
            let name = self.project.workspace.display_name(&step.package);
            annotations::print(&format!("{name} {}: {}", step.version, step.describe(is_dry_run)));
        }
        if !self.plan.has_work() && !self.plan.has_results() {
            annotations::print("nothing to publish and nothing to tag");
        }
    }

    fn row(&self, step: &Step, state: &str, tag: String) -> ReleaseRow {
        let release = self.releases.releases.iter().find(|release| release.package == step.package);
        ReleaseRow {
            package: self.project.workspace.display_name(&step.package),
            old_version: release.and_then(|release| release.previous_version.clone()),
            version: step.version.clone(),
            state: state.to_owned(),
            tag,
        }
    }
}
