//! Whether the jobs of a build matrix are skipped when it is empty, and do not stop one another.

use serde_json::Value;

use super::model::{Job, Workflow};
use super::role::Role;
use crate::distribute::finding::{Check, Finding};

/// The outputs that say what is to be built.
const MATRIX: &str = "build-matrix";
const NEEDED: &str = "build-needed";

pub(super) fn findings(workflow: &Workflow, job: &Job) -> Vec<Finding> {
    let is_of_matrix = job.matrix.as_str().is_some_and(|expression| is_about(workflow, expression, MATRIX));
    let guard = is_of_matrix.then(|| guard(workflow, job)).flatten();
    let fail_fast = (is_of_matrix || (job.does(Role::Build) && job.matrix != Value::Null)).then(|| fail_fast(job));
    guard.into_iter().chain(fail_fast.flatten()).collect()
}

/// Whether an expression is about `output`, or about an output of a job that hands it on under another name.
fn is_about(workflow: &Workflow, expression: &str, output: &str) -> bool {
    let handed_on = workflow.jobs.iter().flat_map(|job| &job.outputs).filter(|(_, value)| value.contains(output));
    expression.contains(output) || handed_on.into_iter().any(|(name, _)| mentions(expression, name))
}

/// Whether `name` stands in `expression` as a word of its own.
fn mentions(expression: &str, name: &str) -> bool {
    expression.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_')).any(|word| word == name)
}

fn guard(workflow: &Workflow, job: &Job) -> Option<Finding> {
    let is_guarded = [MATRIX, NEEDED].iter().any(|output| is_about(workflow, &job.condition, output));
    if is_guarded {
        return None;
    }
    let title = format!("`{}` is not skipped when there is nothing to build", job.id);
    Some(
        Check::WorkflowMatrix
            .error(title)
            .because("the matrix is the empty string then, which `fromJson` refuses: the run fails")
            .fix("add to the job, with the name of the one that has the output:\n\nif: ${{ needs.release.outputs.build-matrix != '' }}"),
    )
}

fn fail_fast(job: &Job) -> Option<Finding> {
    if job.fail_fast.as_deref().is_some_and(|value| value != "true") {
        return None;
    }
    Some(
        Check::WorkflowFailFast
            .warning(format!("in `{}`, one build that fails stops all others", job.id))
            .fix("add to the job's `strategy`:\n\nfail-fast: false"),
    )
}
