//! Whether the jobs may do what they do.

use super::credentials::has_own_token;
use super::model::{Job, Workflow};
use super::role::Role;
use super::surroundings::{Surroundings, is_usual};
use crate::distribute::finding::{Check, Finding};

pub(super) fn findings(workflow: &Workflow, job: &Job, surroundings: &Surroundings) -> Vec<Finding> {
    let needs = needs(workflow, job, surroundings);
    needs.into_iter().filter_map(|(permission, why)| missing(workflow, job, surroundings, permission, why)).collect()
}

/// The permissions that the job's token needs, and what for.
fn needs(workflow: &Workflow, job: &Job, surroundings: &Surroundings) -> Vec<(&'static str, &'static str)> {
    let delivers_with_it = job.does(Role::Distribute)
        && surroundings.tokens.iter().any(|(_, variables)| is_usual(variables))
        && !has_own_token(workflow, job);
    let pushes_with_it = job.does_any(&[Role::Push, Role::Auto]) && !has_own_token(workflow, job);
    let contents = match (pushes_with_it, delivers_with_it) {
        (true, _) => Some(("contents", "it pushes")),
        (_, true) => Some(("contents", "it makes releases on GitHub")),
        _ => None,
    };
    let opens = job.does(Role::Auto) && !has_own_token(workflow, job);
    contents.into_iter().chain(opens.then_some(("pull-requests", "it opens pull requests"))).collect()
}

fn missing(
    workflow: &Workflow,
    job: &Job,
    surroundings: &Surroundings,
    permission: &str,
    why: &str,
) -> Option<Finding> {
    let said = job.permissions.may_write(permission).or_else(|| workflow.permissions.may_write(permission));
    // GitHub's own default never lets a workflow open pull requests unless all is granted.
    let finding = match said.or(surroundings.may_write.filter(|_| !workflow.is_called)) {
        Some(true) => return None,
        Some(false) => Check::WorkflowPermissions.error(format!("`{}` lacks `{permission}: write`: {why}", job.id)),
        None if workflow.is_called => Check::WorkflowPermissions
            .note(format!("whoever calls `{}` must grant `{permission}: write`: {why}", job.id)),
        None => Check::WorkflowPermissions
            .note(format!("nothing says whether `{}` has `{permission}: write`, which it needs: {why}", job.id))
            .because("the repository's settings decide, which are not known here"),
    };
    Some(finding.fix(format!("add to the job:\n\npermissions:\n  {}", lines(job, permission))))
}

/// All that the job needs, since naming one permission takes every other away.
fn lines(job: &Job, permission: &str) -> String {
    match job.does(Role::Auto) {
        true => "contents: write\n  pull-requests: write".to_owned(),
        false => format!("{permission}: write"),
    }
}
