//! Whether the actions in jobs that use Sampo may become others from one run to the next.

use super::model::{Job, is_expression};
use crate::distribute::finding::{Check, Finding};

/// The usual names of branches.
const BRANCHES: &[&str] = &["main", "master", "HEAD", "develop", "trunk", "next", "latest"];

pub(super) fn findings(job: &Job) -> Vec<Finding> {
    let used = job.steps.iter().filter_map(|step| step.uses.as_deref());
    used.filter(|uses| moves(uses)).map(|uses| finding(job, uses)).collect()
}

/// Whether it is whatever a branch has just now. Versions and hashes stay, and local actions are those of the commit.
fn moves(uses: &str) -> bool {
    if uses.starts_with("./") || uses.starts_with("docker://") || is_expression(uses) {
        return false;
    }
    uses.split_once('@').is_none_or(|(_, version)| BRANCHES.contains(&version))
}

fn finding(job: &Job, uses: &str) -> Finding {
    Check::WorkflowPins
        .warning(format!("`{}` uses `{uses}`, which changes without notice", job.id))
        .because("whoever may push to that branch decides what runs with this job's rights")
        .fix("name a version, or better the full hash of a commit")
}
