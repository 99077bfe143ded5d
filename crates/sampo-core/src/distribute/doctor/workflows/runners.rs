//! Whether the machines of jobs will be there.

use serde_json::Value;

use super::model::Job;
use super::role::Role;
use crate::distribute::doctor::machines::{self, Fate};
use crate::distribute::finding::{Check, Finding};

pub(super) fn findings(job: &Job) -> Vec<Finding> {
    let mut labels: Vec<&str> = job.runs_on.iter().map(String::as_str).collect();
    labels.extend(texts(&job.matrix));
    labels.sort_unstable();
    labels.dedup();
    // Which system it is matters to what is built there, and to nothing else.
    let matters = |label: &&str| job.does(Role::Build) || machines::fate(label) != Some(Fate::Moves);
    let user = format!("`{}`", job.id);
    labels
        .iter()
        .filter(|label| matters(label))
        .filter_map(|label| machines::finding(Check::WorkflowRunners, label, &user))
        .collect()
}

/// Every text in a matrix, at any depth.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(values) => values.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
