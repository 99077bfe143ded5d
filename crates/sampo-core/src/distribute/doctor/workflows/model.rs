//! A workflow, as far as it matters here. Whatever has another form than expected is as if it were not there: GitHub
//! itself says what is wrong with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::role::{Role, roles};

/// More values than any workflow has; anchors can make many of a few bytes.
const MOST_NODES: usize = 20_000;

/// One file.
#[derive(Debug)]
pub(super) struct Workflow {
    /// Its name in the folder.
    pub file: String,
    /// Whether it only runs when another workflow calls it, which then decides what it may do.
    pub is_called: bool,
    pub permissions: Permissions,
    pub env: Values,
    pub jobs: Vec<Job>,
}

/// One job.
#[derive(Debug)]
pub(super) struct Job {
    pub id: String,
    pub permissions: Permissions,
    /// The labels of its machine.
    pub runs_on: Vec<String>,
    /// The text of `if`.
    pub condition: String,
    /// `strategy.matrix`: a text if it is an expression.
    pub matrix: Value,
    /// `strategy.fail-fast`, as text.
    pub fail_fast: Option<String>,
    pub outputs: Values,
    pub env: Values,
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// The action.
    pub uses: Option<String>,
    /// The script.
    pub run: Option<String>,
    /// The inputs of the action.
    pub with: Values,
    pub env: Values,
    /// What it does with Sampo.
    pub roles: Vec<Role>,
}

/// Texts by name.
pub(super) type Values = BTreeMap<String, String>;

/// `permissions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Permissions {
    Unset,
    All { write: bool },
    Some(Values),
}

impl Workflow {
    /// Reads a file; fails with the reason where it is no YAML.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let options = serde_saphyr::options! {
            with_snippet: false,
            budget: serde_saphyr::budget! { max_nodes: MOST_NODES, max_events: 4 * MOST_NODES },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 4 * MOST_NODES },
        };
        let value: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| one_line(&error))?;
        let jobs = value["jobs"].as_object().into_iter().flatten();
        Ok(Self {
            file: file.to_owned(),
            is_called: triggers(&value["on"]) == ["workflow_call"],
            permissions: Permissions::of(&value["permissions"]),
            env: values(&value["env"]),
            jobs: jobs.map(|(id, job)| Job::of(id, job)).collect(),
        })
    }

    pub fn uses_sampo(&self) -> bool {
        self.jobs.iter().any(Job::uses_sampo)
    }
}

fn one_line(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The names of the events that start it.
fn triggers(on: &Value) -> Vec<&str> {
    match on {
        Value::String(event) => vec![event],
        Value::Array(events) => events.iter().filter_map(Value::as_str).collect(),
        Value::Object(events) => events.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

impl Job {
    fn of(id: &str, job: &Value) -> Self {
        let strategy = &job["strategy"];
        Self {
            id: id.to_owned(),
            permissions: Permissions::of(&job["permissions"]),
            runs_on: labels(&job["runs-on"]),
            condition: text(&job["if"]).unwrap_or_default(),
            matrix: strategy["matrix"].clone(),
            fail_fast: text(&strategy["fail-fast"]),
            outputs: values(&job["outputs"]),
            env: values(&job["env"]),
            steps: job["steps"].as_array().into_iter().flatten().map(Step::of).collect(),
        }
    }

    pub fn uses_sampo(&self) -> bool {
        self.steps.iter().any(|step| step.roles.iter().any(|role| *role != Role::Push))
    }

    /// Whether one of its steps does this.
    pub fn does(&self, role: Role) -> bool {
        self.steps.iter().any(|step| step.roles.contains(&role))
    }

    /// Whether one of its steps does any of these.
    pub fn does_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.does(*role))
    }

    /// Its steps with this action, in whatever version.
    pub fn steps_with<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.action() == Some(action))
    }

    /// Its scripts.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.run.as_deref())
    }
}

impl Step {
    fn of(step: &Value) -> Self {
        let (uses, run, with) = (text(&step["uses"]), text(&step["run"]), values(&step["with"]));
        let roles = roles(uses.as_deref(), run.as_deref(), &with);
        Self { uses, run, with, env: values(&step["env"]), roles }
    }

    /// The action without its version.
    pub fn action(&self) -> Option<&str> {
        let uses = self.uses.as_deref()?;
        Some(uses.split_once('@').map_or(uses, |(action, _)| action))
    }
}

impl Permissions {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(all) => Self::All { write: all == "write-all" },
            Value::Object(_) => Self::Some(values(value)),
            _ => Self::Unset,
        }
    }

    /// Whether `name` may be written; none if nothing is said.
    pub fn may_write(&self, name: &str) -> Option<bool> {
        match self {
            Self::Unset => None,
            Self::All { write } => Some(*write),
            Self::Some(values) => Some(values.get(name).is_some_and(|value| value == "write")),
        }
    }
}

/// Whether GitHub replaces a part of it when the workflow runs.
pub(super) fn is_expression(text: &str) -> bool {
    text.contains("${{")
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    }
}

fn values(value: &Value) -> Values {
    let empty = Map::new();
    let map = value.as_object().unwrap_or(&empty);
    map.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

/// The labels of `runs-on`, in any of its three forms.
fn labels(value: &Value) -> Vec<String> {
    match value {
        Value::Array(labels) => labels.iter().filter_map(text).collect(),
        Value::Object(group) => group.get("labels").map(labels).unwrap_or_default(),
        value => text(value).into_iter().collect(),
    }
}
