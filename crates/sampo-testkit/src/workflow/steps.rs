//! Plays steps one after the other, those of a job and those of a composite action alike.

use std::path::PathBuf;

use serde_json::Value;

use super::action::Action;
use super::contexts::Contexts;
use super::expression::{filled, holds};
use super::machine::{Machine, Variables};

/// What stands behind the `uses` of a step, besides composite actions.
pub(crate) trait Services {
    /// The composite action of this name (what stands before the `@`), if it is one.
    fn action(&self, name: &str) -> Option<&Action>;
    /// Does what the native action of this name does; what it printed. It fails with the message of its error.
    fn call(&self, name: &str, inputs: &Variables, machine: &Machine<'_>) -> Result<String, String>;
}

/// The state of a job or action between two of its steps.
pub(crate) struct Play<'p> {
    pub(crate) machine: &'p Machine<'p>,
    pub(crate) services: &'p dyn Services,
    pub(crate) contexts: Contexts,
    /// The environment that the job or action, and steps before, have made.
    pub(crate) environment: Variables,
    /// Folders that come first in the PATH.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) log: String,
    pub(crate) summary: String,
    /// The exit code of the step that failed first.
    pub(crate) code: i32,
    /// The process of the last script.
    pub(crate) process: u32,
    /// Whether the job says which shell its scripts run in.
    pub(crate) is_shell_named: bool,
}

const KEYS: &[&str] = &["name", "id", "if", "uses", "with", "run", "shell", "env"];

impl<'p> Play<'p> {
    /// Before the first step.
    pub(crate) fn new(
        machine: &'p Machine<'p>,
        services: &'p dyn Services,
        contexts: Contexts,
        environment: Variables,
    ) -> Self {
        let (log, summary) = (String::new(), String::new());
        let (paths, code, process, is_shell_named) = (Vec::new(), 0, 0, false);
        Self { machine, services, contexts, environment, paths, log, summary, code, process, is_shell_named }
    }

    /// Plays all of `steps`; after a failure only those that run anyway.
    pub(crate) fn steps(&mut self, steps: &[Value]) {
        for step in steps {
            check_keys(step, KEYS);
            let id = step["id"].as_str().unwrap_or_default();
            self.contexts.set_texts("env", &self.environment);
            if !holds(&step["if"], &self.contexts) {
                self.contexts.end_step(id, &Variables::new(), true);
                continue;
            }
            let environment = self.filled(&step["env"]);
            let code = match (step["run"].as_str(), step["uses"].as_str()) {
                (Some(script), None) => self.run(id, script, step, &environment),
                (None, Some(reference)) => self.uses(id, reference, step, &environment),
                _ => panic!("a step has either `run` or `uses`: {step}"),
            };
            if code != 0 && !self.contexts.has_failed {
                self.contexts.has_failed = true;
                self.code = code;
            }
        }
    }

    fn run(&mut self, id: &str, script: &str, step: &Value, environment: &Variables) -> i32 {
        assert!(!script.contains("${{"), "a value would become part of the script `{script}`");
        assert!(step["shell"].is_null() || step["shell"] == "bash", "{step}");
        let environment = joined(&self.environment, environment);
        let is_shell_named = self.is_shell_named || !step["shell"].is_null();
        let ended = self.machine.run(script, is_shell_named, &environment, &self.paths);
        self.log += &ended.log;
        self.summary += &ended.summary;
        self.environment.extend(ended.environment);
        self.paths.splice(0..0, ended.paths);
        self.process = ended.process;
        self.contexts.end_step(id, &ended.outputs, true);
        ended.code
    }

    fn uses(&mut self, id: &str, reference: &str, step: &Value, environment: &Variables) -> i32 {
        let (name, _) = reference.split_once('@').unwrap_or_else(|| panic!("`{reference}` has no version"));
        let inputs = self.filled(&step["with"]);
        if let Some(action) = self.services.action(name) {
            return self.action(id, action, &inputs, environment);
        }
        let ended = self.services.call(name, &inputs, self.machine);
        self.contexts.end_step(id, &Variables::new(), true);
        let failed = ended.is_err();
        self.log += &ended.unwrap_or_else(|error| format!("::error::{name}: {error}\n"));
        failed.into()
    }

    /// Plays a composite action as the step `id`; its exit code.
    pub(crate) fn action(&mut self, id: &str, action: &Action, inputs: &Variables, environment: &Variables) -> i32 {
        let mut environment = joined(&self.environment, environment);
        let contexts = action.contexts(inputs, &self.contexts, &environment);
        environment.insert("GITHUB_ACTION_PATH".into(), action.folder.to_string_lossy().into_owned());
        let mut inner = Play::new(self.machine, self.services, contexts, environment);
        inner.paths = self.paths.clone();
        inner.steps(action.steps());
        self.contexts.end_step(id, &action.outputs(&inner.contexts), false);
        self.log += &inner.log;
        self.summary += &inner.summary;
        self.paths = inner.paths;
        self.process = inner.process;
        inner.code
    }

    fn filled(&self, mapping: &Value) -> Variables {
        let entries = mapping.as_object().into_iter().flatten();
        entries.map(|(name, value)| (name.clone(), filled(&text(value), &self.contexts))).collect()
    }
}

/// A scalar as GitHub reads it where it wants a text.
pub(crate) fn text(value: &Value) -> String {
    super::expression::shown(value)
}

/// Panics for a key that would be ignored.
pub(crate) fn check_keys(mapping: &Value, known: &[&str]) {
    let keys = mapping.as_object().unwrap_or_else(|| panic!("{mapping} is no mapping")).keys();
    keys.for_each(|key| assert!(known.contains(&key.as_str()), "`{key}` is not understood in {mapping}"));
}

fn joined(first: &Variables, second: &Variables) -> Variables {
    first.clone().into_iter().chain(second.clone()).collect()
}
