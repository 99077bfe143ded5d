//! Plays a workflow as GitHub does: jobs in their order, a matrix, a new machine for each job, artifacts between them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sampo_testkit::Repo;
use serde_json::{Map, Value, json};

use crate::expression::{filled, is_true, value};
use crate::runner::{Action, Ended, Place};

/// Everything that a run leaves behind.
#[derive(Debug, Default)]
pub struct Run {
    /// How each job ended: `success`, `failure` or `skipped`.
    pub results: BTreeMap<String, String>,
    /// What every step printed.
    pub log: String,
    /// The names of the artifacts, in the order in which they came.
    pub artifacts: Vec<String>,
}

/// What a run needs.
pub struct Workflow<'a> {
    /// The text of the workflow.
    pub text: &'a str,
    /// Whose environment is used; beside it the machines stand.
    pub repo: &'a Repo,
    /// What is checked out.
    pub origin: &'a Path,
    /// The variables of the runner.
    pub variables: Vec<(String, String)>,
    /// What `inputs` holds, for a run that was started by hand.
    pub inputs: Value,
    /// The folder of an earlier run's artifacts, or of this one's.
    pub store: PathBuf,
}

/// One job on one machine.
struct Job<'a> {
    workflow: &'a Workflow<'a>,
    workspace: PathBuf,
    contexts: Value,
    variables: Vec<(String, String)>,
    /// What its steps left for the ones after them.
    paths: Vec<PathBuf>,
    has_failed: bool,
}

impl Workflow<'_> {
    /// Plays all jobs.
    pub fn play(&self) -> Run {
        let definition: Value = serde_saphyr::from_str(self.text).unwrap();
        let mut run = Run::default();
        let mut ended = Map::new();
        for (name, job) in definition["jobs"].as_object().unwrap() {
            let needs: Vec<String> = match &job["needs"] {
                Value::String(one) => vec![one.clone()],
                several => several.as_array().into_iter().flatten().map(|n| n.as_str().unwrap().to_owned()).collect(),
            };
            let needed: Map<String, Value> = needs.iter().map(|need| (need.clone(), ended[need].clone())).collect();
            let (result, outputs) = self.play_job(name, job, needed, &mut run);
            ended.insert(name.clone(), json!({ "result": result, "outputs": outputs }));
            run.results.insert(name.clone(), result.to_owned());
        }
        run
    }

    fn play_job(&self, name: &str, job: &Value, needs: Map<String, Value>, run: &mut Run) -> (&'static str, Value) {
        let all_succeeded = needs.values().all(|need| need["result"] == "success");
        let github = json!({ "token": "the-token", "ref": "refs/heads/main", "sha": "0" });
        let mut contexts =
            json!({ "needs": needs, "github": github, "secrets": {}, "inputs": self.inputs, "env": {}, "steps": {} });
        if !wanted(&job["if"], &contexts, all_succeeded) {
            let nothing: Map<String, Value> =
                job["outputs"].as_object().into_iter().flatten().map(|(name, _)| (name.clone(), "".into())).collect();
            return ("skipped", nothing.into());
        }
        let legs = match job["strategy"]["matrix"].as_str() {
            None => vec![Value::Null],
            Some(matrix) => value(matrix, &contexts)["include"].as_array().unwrap().clone(),
        };
        let mut has_failed = false;
        let mut outputs = Map::new();
        for (index, leg) in legs.into_iter().enumerate() {
            contexts["matrix"] = leg;
            let workspace = self.repo.outside(&format!("machines/{name} {index}"));
            let _ = fs::remove_dir_all(&workspace);
            fs::create_dir_all(&workspace).unwrap();
            let mut played = Job {
                workflow: self,
                workspace,
                contexts: contexts.clone(),
                variables: self.variables.clone(),
                paths: Vec::new(),
                has_failed: false,
            };
            played.add_variables(&job["env"]);
            for step in job["steps"].as_array().unwrap() {
                played.step(step, run);
            }
            has_failed |= played.has_failed;
            for (name, text) in job["outputs"].as_object().into_iter().flatten() {
                outputs.insert(name.clone(), filled(text.as_str().unwrap(), &played.contexts).into());
            }
        }
        (if has_failed { "failure" } else { "success" }, outputs.into())
    }
}

/// Whether a condition holds; without one, or without `!cancelled()` in it, only if nothing has failed before.
fn wanted(condition: &Value, contexts: &Value, has_succeeded: bool) -> bool {
    let condition = condition.as_str().unwrap_or("'always'");
    (has_succeeded || condition.contains("cancelled()")) && is_true(&value(condition, contexts))
}

impl Job<'_> {
    fn add_variables(&mut self, env: &Value) {
        for (name, text) in env.as_object().into_iter().flatten() {
            self.variables.push((name.clone(), filled(text.as_str().unwrap(), &self.contexts)));
        }
    }

    fn step(&mut self, step: &Value, run: &mut Run) {
        if !wanted(&step["if"], &self.contexts, !self.has_failed) {
            return;
        }
        let count = self.variables.len();
        self.add_variables(&step["env"]);
        let with: Vec<(String, String)> =
            step["with"].as_object().into_iter().flatten().map(|(n, v)| (n.clone(), self.text(v))).collect();
        let given = |name: &str| with.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        let ended = match (step["uses"].as_str(), step["run"].as_str()) {
            (None, Some(script)) => self.place(|place| place.run(script)),
            (Some(uses), None) if uses.starts_with("actions/checkout@") => self.checkout(given("fetch-depth")),
            (Some(uses), None) if uses.starts_with("actions/upload-artifact@") => {
                run.artifacts.push(given("name").unwrap().to_owned());
                self.upload(given("name").unwrap(), given("path").unwrap())
            }
            (Some(uses), None) if uses.starts_with("actions/download-artifact@") => {
                self.download(given("path").unwrap())
            }
            (Some(uses), None) if uses.contains("/sampo-github-action@") => {
                let action = Action::open(Path::new(env!("CARGO_MANIFEST_DIR")));
                let inputs: Vec<(&str, &str)> = with.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                self.place(|place| action.call(place, &inputs))
            }
            _ => panic!("{step} is not understood"),
        };
        self.variables.truncate(count);
        run.log += &format!("## {}\n{}", step["uses"].as_str().or(step["run"].as_str()).unwrap(), ended.log);
        self.has_failed |= ended.code != 0;
        self.paths.extend(ended.paths);
        if let Some(id) = step["id"].as_str() {
            self.contexts["steps"][id] = json!({ "outputs": ended.outputs });
        }
    }

    fn text(&self, value: &Value) -> String {
        match value {
            Value::String(text) => filled(text, &self.contexts),
            other => other.to_string(),
        }
    }

    fn place(&self, act: impl FnOnce(Place<'_>) -> Ended) -> Ended {
        let mut variables = self.variables.clone();
        let path = variables.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone()).unwrap();
        let added: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
        variables.push(("PATH".into(), [added, vec![path]].concat().join(":")));
        act(Place { repo: self.workflow.repo, workspace: &self.workspace, variables: &variables })
    }

    fn checkout(&self, depth: Option<&str>) -> Ended {
        let options = if depth == Some("0") { "" } else { "--depth=1 --no-tags" };
        let script = format!("git clone --quiet {options} --branch=main 'file://{}' .", self.workflow.origin.display());
        self.place(|place| place.run(&script))
    }

    /// Artifacts lose the mode bits of their files.
    fn upload(&self, name: &str, path: &str) -> Ended {
        let to = self.workflow.store.join(name);
        let _ = fs::remove_dir_all(&to);
        fs::create_dir_all(&to).unwrap();
        let from = self.workspace.join(path);
        let files =
            if from.is_dir() { fs::read_dir(&from).unwrap().map(|e| e.unwrap().path()).collect() } else { vec![from] };
        for file in files {
            let copy = to.join(file.file_name().unwrap());
            fs::copy(&file, &copy).unwrap();
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
        }
        Ended::default()
    }

    fn download(&self, path: &str) -> Ended {
        let script = format!("mkdir -p '{path}' && cp -R '{}/.' '{path}/'", self.workflow.store.display());
        self.place(|place| place.run(&script))
    }
}
