//! Plays whole workflows as GitHub does: each job on a machine of its own, with fresh clones of a remote, artifacts,
//! outputs, and the expressions between them.
//!
//! Actions that stand outside of the project are played by what they are documented to do. A key, function or context
//! that is not understood here is a panic, so that no test passes because something was ignored.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::github::Access;
use crate::{FakeGithub, Repo};

mod action;
mod artifacts;
mod contexts;
mod expression;
mod job;
mod machine;
mod steps;

pub use action::{Action, Ended};
use artifacts::Artifacts;
pub use job::{Conclusion, JobRun, Leg};
pub use machine::Machine;
use machine::Variables;
use steps::check_keys;

/// The token of a job that may write to the repository.
pub const WRITING_TOKEN: &str = "ghs_TokenOfAJobThatMayWrite0123456789abc";
/// The token of any other job.
pub const READING_TOKEN: &str = "ghs_TokenOfAJobThatMayOnlyRead0123456789";

/// A workflow file, which a test may change.
#[derive(Clone)]
pub struct Workflow {
    /// What is in it.
    pub definition: Value,
}

impl Workflow {
    /// Reads a file.
    pub fn open(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let definition = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check_keys(&definition, &["name", "on", "permissions", "jobs"]);
        Self { definition }
    }

    /// The same without a job, which nothing may need.
    #[must_use]
    pub fn without(mut self, job: &str) -> Self {
        let jobs = self.definition["jobs"].as_object_mut().expect("jobs");
        assert!(jobs.shift_remove(job).is_some(), "there is no job `{job}`");
        self
    }

    fn jobs(&self) -> &serde_json::Map<String, Value> {
        self.definition["jobs"].as_object().expect("jobs")
    }

    /// The steps of a job, to be changed.
    pub fn steps(&mut self, job: &str) -> &mut Vec<Value> {
        let steps = self.definition["jobs"][job]["steps"].as_array_mut();
        steps.unwrap_or_else(|| panic!("there is no job `{job}`"))
    }
}

/// GitHub's side of workflows, for one repository: its remote, secrets, runs and artifacts.
pub struct Actions<'a> {
    repo: &'a Repo,
    origin: PathBuf,
    variables: Variables,
    secrets: Variables,
    own: BTreeMap<String, Action>,
    artifacts: Artifacts,
    last_run: Cell<u64>,
}

/// What a run was started by.
#[derive(Debug, Clone)]
enum Event {
    Push,
    Dispatch(Variables),
}

/// A run that has ended.
#[derive(Debug)]
pub struct Run {
    /// The number in its address, which all of its attempts share.
    pub id: u64,
    attempt: u32,
    event: Event,
    commit: String,
    jobs: BTreeMap<String, JobRun>,
}

impl<'a> Actions<'a> {
    /// The workflows of `repo`, whose remote is `origin`.
    pub fn new(repo: &'a Repo, github: &FakeGithub, origin: &Path) -> Self {
        github.with_git(origin);
        github.add_token(WRITING_TOKEN, Access::Installation);
        github.add_token(READING_TOKEN, Access::ReadOnlyInstallation);
        // A checkout asks for a commit, whatever stands at it.
        repo.git(&["--git-dir", &origin.to_string_lossy(), "config", "uploadpack.allowAnySHA1InWant", "true"]);
        let variables = Variables::from([
            ("GITHUB_API_URL".into(), github.api_url().into()),
            ("GITHUB_SERVER_URL".into(), github.web_url().into()),
            ("GITHUB_REPOSITORY".into(), github.repository()),
            ("GITHUB_REF".into(), "refs/heads/main".into()),
            ("GITHUB_REF_NAME".into(), "main".into()),
            ("GITHUB_REF_TYPE".into(), "branch".into()),
            ("GITHUB_ACTOR".into(), "aino".into()),
            ("RUNNER_TOOL_CACHE".into(), repo.outside("tool cache").to_string_lossy().into_owned()),
        ]);
        Self {
            repo,
            origin: origin.to_owned(),
            variables,
            secrets: Variables::new(),
            own: BTreeMap::new(),
            artifacts: Artifacts { folder: repo.outside("artifacts") },
            last_run: Cell::new(17_000_000_000),
        }
    }

    /// Sets a variable of every machine.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a secret of the repository.
    #[must_use]
    pub fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Adds a composite action under the name that workflows call it by.
    #[must_use]
    pub fn with_action(mut self, name: &str, folder: &Path) -> Self {
        self.own.insert(name.into(), Action::open(folder));
        self
    }

    /// The run that a push to `main` starts.
    pub fn push(&self, workflow: &Workflow) -> Run {
        let branches = &workflow.definition["on"]["push"]["branches"];
        assert!(branches.as_array().is_some_and(|names| names.contains(&json!("main"))), "{branches}");
        self.start(workflow, Event::Push)
    }

    /// The run that somebody starts by hand.
    pub fn dispatch(&self, workflow: &Workflow, given: &[(&str, &str)]) -> Run {
        let declared = workflow.definition["on"]["workflow_dispatch"]["inputs"].as_object().expect("inputs");
        for (name, _) in given {
            assert!(declared.contains_key(*name), "the workflow has no input `{name}`");
        }
        let input = |(name, input): (&String, &Value)| {
            let value = given.iter().find(|(given, _)| given == name).map(|(_, value)| (*value).to_owned());
            let default = || input["default"].as_str().unwrap_or_default().to_owned();
            assert!(value.is_some() || input["required"] != true, "the input `{name}` is missing");
            (name.clone(), value.unwrap_or_else(default))
        };
        self.start(workflow, Event::Dispatch(declared.iter().map(input).collect()))
    }

    fn start(&self, workflow: &Workflow, event: Event) -> Run {
        self.last_run.set(self.last_run.get() + 1);
        let commit = self.repo.git(&["--git-dir", &self.origin.to_string_lossy(), "rev-parse", "refs/heads/main"]);
        self.play(workflow, Run { id: self.last_run.get(), attempt: 1, event, commit, jobs: BTreeMap::new() })
    }

    /// What the button *Re-run all jobs* does.
    pub fn rerun(&self, workflow: &Workflow, run: Run) -> Run {
        self.play(workflow, Run { attempt: run.attempt + 1, jobs: BTreeMap::new(), ..run })
    }

    /// What the button *Re-run failed jobs* does: jobs that succeeded, and those of their machines, stay as they are.
    pub fn rerun_failed(&self, workflow: &Workflow, run: Run) -> Run {
        self.play(workflow, Run { attempt: run.attempt + 1, ..run })
    }

    /// Plays the jobs that `run` has not come to, because they were not in its workflow: so that a test can do something
    /// between two jobs.
    pub fn go_on(&self, workflow: &Workflow, mut run: Run) -> Run {
        for (name, job) in workflow.jobs() {
            if !run.jobs.contains_key(name) {
                run.jobs.insert(name.clone(), self.job(workflow, job, &run, None));
            }
        }
        run
    }

    /// Plays what has not succeeded yet.
    fn play(&self, workflow: &Workflow, mut run: Run) -> Run {
        let before = std::mem::take(&mut run.jobs);
        for (name, job) in workflow.jobs() {
            let played = self.job(workflow, job, &run, before.get(name));
            run.jobs.insert(name.clone(), played);
        }
        run
    }

    /// The artifact `name` of a run, as a folder.
    pub fn artifact(&self, run: &Run, name: &str) -> PathBuf {
        self.artifacts.path(run.id, name)
    }
}

impl Run {
    /// A job of it.
    pub fn job(&self, name: &str) -> &JobRun {
        self.jobs.get(name).unwrap_or_else(|| panic!("there is no job `{name}`"))
    }

    /// How its jobs ended, by name.
    pub fn conclusions(&self) -> Vec<(&str, Conclusion)> {
        self.jobs.iter().map(|(name, job)| (name.as_str(), job.conclusion)).collect()
    }

    /// Panics with the log of whatever failed.
    pub fn assert_succeeded(&self) {
        for (name, job) in &self.jobs {
            assert_ne!(job.conclusion, Conclusion::Failure, "{name}:\n{}", job.log());
        }
    }
}
