//! Plays one job of a run: whether it runs at all, on how many machines, and what it leaves behind.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::action::Action;
use super::contexts::Contexts;
use super::expression::{filled, holds, value};
use super::machine::{Machine, Variables};
use super::steps::{Play, Services, check_keys, text};
use super::{Actions, Event, READING_TOKEN, Run, WRITING_TOKEN, Workflow};

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Every step of it succeeded.
    Success,
    /// A step failed.
    Failure,
    /// Its condition did not hold.
    Skipped,
}

impl Conclusion {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// A job that has ended.
#[derive(Debug, Clone)]
pub struct JobRun {
    /// How it ended.
    pub conclusion: Conclusion,
    /// What it tells those that need it.
    pub outputs: BTreeMap<String, String>,
    /// Its machines: one for each entry of its matrix.
    pub legs: Vec<Leg>,
    /// Whether all that it needs, however far away, succeeded.
    has_sound_needs: bool,
}

/// What happened on one machine.
#[derive(Debug, Clone)]
pub struct Leg {
    /// Its entry of the matrix; null without one.
    pub matrix: Value,
    /// How it ended.
    pub conclusion: Conclusion,
    /// What was printed.
    pub log: String,
    /// The summaries of its steps.
    pub summary: String,
    outputs: Variables,
}

impl JobRun {
    fn is_sound(&self) -> bool {
        self.has_sound_needs && self.conclusion == Conclusion::Success
    }

    /// What all of its machines printed.
    pub fn log(&self) -> String {
        self.legs.iter().map(|leg| leg.log.as_str()).collect()
    }

    /// The summaries of all of its machines.
    pub fn summary(&self) -> String {
        self.legs.iter().map(|leg| leg.summary.as_str()).collect()
    }
}

const KEYS: &[&str] =
    &["needs", "if", "runs-on", "strategy", "permissions", "concurrency", "env", "defaults", "outputs", "steps"];

impl Actions<'_> {
    /// Plays `job`, except for what succeeded `before`.
    pub(super) fn job(&self, workflow: &Workflow, job: &Value, run: &Run, before: Option<&JobRun>) -> JobRun {
        check_keys(job, KEYS);
        let needs = names(&job["needs"]);
        let needed: Vec<&JobRun> = needs.iter().map(|name| run.job(name)).collect();
        let has_sound_needs = needed.iter().all(|job| job.is_sound());
        // Whatever needs something that failed is played again as a whole.
        let before = before.filter(|before| before.has_sound_needs);
        if let Some(before) = before.filter(|before| before.is_sound()) {
            return before.clone();
        }
        let permissions =
            if job["permissions"].is_null() { &workflow.definition["permissions"] } else { &job["permissions"] };
        let mut contexts = self.contexts(run, permissions);
        let seen = needs
            .iter()
            .zip(&needed)
            .map(|(name, job)| (name.clone(), json!({ "result": job.conclusion.name(), "outputs": job.outputs })));
        contexts.set("needs", Value::Object(seen.collect()));
        contexts.has_failed = !has_sound_needs;
        if !holds(&job["if"], &contexts) {
            let outputs = outputs_of(job).map(|(name, _)| (name.clone(), String::new())).collect();
            return JobRun { conclusion: Conclusion::Skipped, outputs, legs: Vec::new(), has_sound_needs };
        }
        contexts.has_failed = false;
        let legs: Vec<Leg> = entries(&job["strategy"], &contexts)
            .into_iter()
            .map(|matrix| {
                let succeeded = |leg: &&Leg| leg.matrix == matrix && leg.conclusion == Conclusion::Success;
                let before = before.and_then(|before| before.legs.iter().find(succeeded));
                before.cloned().unwrap_or_else(|| self.leg(job, permissions, run, contexts.clone(), matrix))
            })
            .collect();
        let has_failed = legs.iter().any(|leg| leg.conclusion == Conclusion::Failure);
        JobRun {
            conclusion: if has_failed { Conclusion::Failure } else { Conclusion::Success },
            // Of several machines the last one wins.
            outputs: legs.last().map(|leg| leg.outputs.clone()).unwrap_or_default(),
            legs,
            has_sound_needs,
        }
    }

    fn leg(&self, job: &Value, permissions: &Value, run: &Run, mut contexts: Contexts, matrix: Value) -> Leg {
        contexts.set("matrix", matrix.clone());
        assert!(!filled(&text(&job["runs-on"]), &contexts).is_empty(), "the job has no machine: {job}");
        contexts.set_texts("secrets", &self.secrets);
        let environment = job["env"].as_object().into_iter().flatten();
        let environment: Variables =
            environment.map(|(name, value)| (name.clone(), filled(&text(value), &contexts))).collect();
        let machine = self.machine(run);
        let services = OfRun { actions: self, run, permissions };
        let mut play = Play::new(&machine, &services, contexts, environment);
        play.is_shell_named = !job["defaults"]["run"]["shell"].is_null();
        play.steps(job["steps"].as_array().expect("steps"));
        let outputs: Variables =
            outputs_of(job).map(|(name, value)| (name.clone(), filled(&text(value), &play.contexts))).collect();
        for (name, value) in &outputs {
            let mut secrets = self.secrets.values().map(String::as_str).chain([WRITING_TOKEN, READING_TOKEN]);
            assert!(!secrets.any(|secret| value.contains(secret)), "the runner drops the output `{name}`: {value}");
        }
        let conclusion = if play.contexts.has_failed { Conclusion::Failure } else { Conclusion::Success };
        Leg { matrix, conclusion, log: play.log, summary: play.summary, outputs }
    }

    fn contexts(&self, run: &Run, permissions: &Value) -> Contexts {
        let token = if permissions["contents"] == "write" { WRITING_TOKEN } else { READING_TOKEN };
        let mut contexts = Contexts::default();
        contexts.set("github", json!({ "token": token, "sha": run.commit, "ref": "refs/heads/main" }));
        if let Event::Dispatch(inputs) = &run.event {
            contexts.set_texts("inputs", inputs);
        }
        contexts
    }

    fn machine(&self, run: &Run) -> Machine<'_> {
        // Every runner has its folders at the same place, and nothing is left of the job before.
        let folder = self.repo.outside("machine");
        fs::remove_dir_all(&folder).expect("the folder of the job before");
        let mut machine = Machine::new(self.repo, &folder.join("work/app"), &folder);
        machine.variables = self.variables.clone();
        let event = if matches!(run.event, Event::Push) { "push" } else { "workflow_dispatch" };
        machine
            .with("GITHUB_SHA", run.commit.as_str())
            .with("GITHUB_EVENT_NAME", event)
            .with("GITHUB_RUN_ID", run.id.to_string())
            .with("GITHUB_RUN_ATTEMPT", run.attempt.to_string())
    }

    /// What `actions/checkout` does: no history and no tags, unless it is told otherwise. A `ref` is a tag.
    fn check_out(&self, run: &Run, inputs: &Variables, machine: &Machine<'_>) -> Result<String, String> {
        let known = |name: &String| ["fetch-depth", "ref"].contains(&name.as_str());
        assert!(inputs.keys().all(known), "{inputs:?} are not understood");
        machine.git(&["init", "--quiet", "--initial-branch=main"])?;
        machine.git(&["remote", "add", "origin", &format!("file://{}", self.origin.display())])?;
        let tag = inputs.get("ref").filter(|tag| !tag.is_empty());
        let wanted = match tag {
            Some(tag) => format!("+refs/tags/{tag}:refs/tags/{tag}"),
            None => format!("+{}:refs/remotes/origin/main", run.commit),
        };
        match inputs.get("fetch-depth").map_or("1", String::as_str) {
            "0" => {
                let all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
                machine.git(&["fetch", "--quiet", "origin", all[0], all[1]])?;
                machine.git(&["fetch", "--quiet", "--no-tags", "origin", &wanted])?;
            }
            depth => machine.git(&["fetch", "--quiet", "--no-tags", &format!("--depth={depth}"), "origin", &wanted])?,
        }
        match tag {
            Some(tag) => machine.git(&["checkout", "--quiet", "--force", &format!("refs/tags/{tag}")])?,
            None => machine.git(&["checkout", "--quiet", "--force", "-B", "main", "refs/remotes/origin/main"])?,
        }
        Ok(String::new())
    }
}

/// What the steps of a job in a run may use.
struct OfRun<'r> {
    actions: &'r Actions<'r>,
    run: &'r Run,
    permissions: &'r Value,
}

impl Services for OfRun<'_> {
    fn action(&self, name: &str) -> Option<&Action> {
        self.actions.own.get(name)
    }

    fn call(&self, name: &str, inputs: &Variables, machine: &Machine<'_>) -> Result<String, String> {
        let artifacts = &self.actions.artifacts;
        match name {
            "actions/checkout" => self.actions.check_out(self.run, inputs, machine),
            "actions/upload-artifact" => artifacts.upload(self.run.id, inputs, &machine.workspace),
            "actions/download-artifact" if inputs.contains_key("run-id") && self.permissions["actions"] != "read" => {
                Err("Resource not accessible by integration".into())
            }
            "actions/download-artifact" => artifacts.download(self.run.id, inputs, &machine.workspace),
            _ => panic!("the action `{name}` is not there"),
        }
    }
}

/// One name, or a list of them.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(names) => names.iter().map(text).collect(),
        name => vec![text(name)],
    }
}

fn outputs_of(job: &Value) -> impl Iterator<Item = (&String, &Value)> {
    job["outputs"].as_object().into_iter().flatten()
}

/// The entries of the matrix, of which there must be one to 256; a single null without one.
fn entries(strategy: &Value, contexts: &Contexts) -> Vec<Value> {
    if strategy.is_null() {
        return vec![Value::Null];
    }
    check_keys(strategy, &["fail-fast", "matrix"]);
    // Otherwise GitHub would end the other jobs of a matrix where one fails.
    assert_eq!(strategy["fail-fast"], false);
    let matrix = value(&text(&strategy["matrix"]), contexts);
    check_keys(&matrix, &["include"]);
    let entries = matrix["include"].as_array().expect("a list of entries").clone();
    assert!((1..=256).contains(&entries.len()), "{} entries", entries.len());
    entries
}
