//! Whether the tokens of backends reach the step that delivers.

use super::model::{Job, Step, Workflow};
use super::role::Role;
use super::surroundings::{Surroundings, is_usual};
use crate::distribute::finding::{Check, Finding};
use crate::secret::TOKEN_VARIABLES;

/// The input of the Action that takes a token.
const INPUT: &str = "github-token";

pub(super) fn findings(workflow: &Workflow, job: &Job, surroundings: &Surroundings) -> Vec<Finding> {
    let delivering = job.steps.iter().filter(|step| step.roles.contains(&Role::Distribute));
    let missing = delivering.flat_map(|step| {
        let absent = |(_, variables): &&(String, Vec<String>)| !reaches(workflow, job, step, variables);
        surroundings.tokens.iter().filter(absent)
    });
    missing.map(|(backend, variables)| absent(job, backend, variables)).collect()
}

fn absent(job: &Job, backend: &str, variables: &[String]) -> Finding {
    let variable = variables.first().map_or("", String::as_str);
    let value = if is_usual(variables) { "github.token".to_owned() } else { format!("secrets.{variable}") };
    Check::WorkflowCredentials
        .warning(format!("`{}` delivers to `{backend}`, but is not given `{variable}`", job.id))
        .fix(format!("add to the step:\n\nenv:\n  {variable}: ${{{{ {value} }}}}"))
}

/// Whether one of `variables` is set for the step, as far as can be seen: a script may set it for those after it.
fn reaches(workflow: &Workflow, job: &Job, step: &Step, variables: &[String]) -> bool {
    // The Action has the usual token by default.
    let is_action = step.uses.is_some() && is_usual(variables);
    let named = |variable: &String| {
        [&step.env, &job.env, &workflow.env].into_iter().any(|env| env.contains_key(variable))
            || job.scripts().any(|script| script.contains(variable.as_str()))
    };
    is_action || variables.iter().any(named)
}

/// Whether Sampo is given another token in this job than that of the workflow, which has rights of its own.
pub(super) fn has_own_token(workflow: &Workflow, job: &Job) -> bool {
    let is_own = |value: &String| !value.contains("github.token") && !value.contains("secrets.GITHUB_TOKEN");
    let of_step = |step: &Step| {
        let input = step.with.get(INPUT);
        let checkout = step.with.get("token").filter(|_| step.action() == Some("actions/checkout"));
        input.into_iter().chain(checkout).any(is_own) || in_env(&step.env).any(is_own)
    };
    job.steps.iter().any(of_step) || in_env(&job.env).chain(in_env(&workflow.env)).any(is_own)
}

fn in_env(env: &super::model::Values) -> impl Iterator<Item = &String> {
    TOKEN_VARIABLES.iter().filter_map(|variable| env.get(*variable))
}
