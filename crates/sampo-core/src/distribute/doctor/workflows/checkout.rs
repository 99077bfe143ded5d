//! Whether the jobs check out what they need: history, tags, and credentials to push with.

use super::model::{Job, Step, is_expression};
use super::role::Role;
use crate::distribute::finding::{Check, Finding};

const ACTION: &str = "actions/checkout";

pub(super) fn findings(job: &Job) -> Vec<Finding> {
    let findings = job.steps_with(ACTION).flat_map(|checkout| [depth(job, checkout), credentials(job, checkout)]);
    findings.flatten().collect()
}

fn depth(job: &Job, checkout: &Step) -> Option<Finding> {
    let depth = checkout.with.get("fetch-depth").map(String::as_str);
    let is_deepened = job.scripts().any(|script| script.contains("--unshallow"));
    if depth == Some("0") || depth.is_some_and(is_expression) || is_deepened {
        return None;
    }
    let title = format!("`{}` checks out without history and tags", job.id);
    let fix = "add to its `actions/checkout`:\n\nwith:\n  fetch-depth: 0";
    if job.does_any(&[Role::Auto, Role::Publish, Role::Release]) {
        let why = "it cannot always tell which commit gave a package its version, and which tags there are";
        return Some(Check::WorkflowCheckout.warning(title).because(why).fix(fix));
    }
    let has_tags = checkout.with.get("fetch-tags").is_some_and(|value| value != "false");
    let looks_for_tags = job.does_any(&[Role::Distribute, Role::Plan]) && !has_tags;
    looks_for_tags
        .then(|| Check::WorkflowCheckout.note(title).because("it asks the remote for the tags instead").fix(fix))
}

fn credentials(job: &Job, checkout: &Step) -> Option<Finding> {
    let is_without = checkout.with.get("persist-credentials").is_some_and(|value| value == "false");
    if !is_without || !job.does(Role::Push) {
        return None;
    }
    let title = format!("`{}` pushes, but its checkout leaves no credentials behind", job.id);
    Some(Check::WorkflowPush.warning(title).fix("remove `persist-credentials: false` from this job's checkout"))
}
