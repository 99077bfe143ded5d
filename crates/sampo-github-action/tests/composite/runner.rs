//! Plays a composite action as GitHub's runner does: expressions, one file of outputs for each step, `shell: bash`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sampo_testkit::Repo;
use sampo_testkit::runner::outputs;
use serde_json::{Map, Value, json};

use crate::expression::{filled, is_true, value};

/// An `action.yml`.
pub struct Action {
    /// What is in it.
    pub definition: Value,
    folder: PathBuf,
}

/// How a call of the action, or one step, ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// The exit code of the step that ended it.
    pub code: i32,
    /// The process that the runner would end if the job were cancelled now.
    pub process: u32,
    /// What was printed.
    pub log: String,
    /// The outputs.
    pub outputs: BTreeMap<String, String>,
    /// The folders for the PATH of the next steps.
    pub paths: Vec<PathBuf>,
}

/// Where steps run.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Whose environment and folders are used.
    pub repo: &'a Repo,
    /// The checkout.
    pub workspace: &'a Path,
    /// The variables of the job and of the step.
    pub variables: &'a [(String, String)],
}

impl Place<'_> {
    /// Runs a script as a step.
    pub fn run(&self, script: &str) -> Ended {
        let files = self.repo.outside("runner files");
        let [path_file, output, text] = ["path", "output", "script"].map(|name| files.join(name));
        fs::write(&path_file, "").unwrap();
        fs::write(&output, "").unwrap();
        fs::write(&text, script).unwrap();
        let mut command: Command = self.repo.command("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&text).current_dir(self.workspace);
        command
            .env("GITHUB_WORKSPACE", self.workspace)
            .env("GITHUB_PATH", &path_file)
            .env("GITHUB_STEP_SUMMARY", files.join("summary"))
            .env("RUNNER_TEMP", self.repo.outside("runner temp"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("GITHUB_OUTPUT", &output);
        let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = running.id();
        let ended = running.wait_with_output().unwrap();
        Ended {
            code: ended.status.code().unwrap(),
            process,
            log: String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned(),
            outputs: outputs(&fs::read_to_string(&output).unwrap()).unwrap(),
            paths: fs::read_to_string(path_file).unwrap().lines().map(PathBuf::from).collect(),
        }
    }
}

impl Action {
    /// The action in `folder`.
    pub fn open(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("action.yml")).unwrap();
        Self { definition: serde_saphyr::from_str(&text).unwrap(), folder: folder.to_owned() }
    }

    /// The names of `inputs` or `outputs`.
    pub fn names(&self, of: &str) -> Vec<&str> {
        self.definition[of].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// The steps.
    pub fn steps(&self) -> &[Value] {
        self.definition["runs"]["steps"].as_array().unwrap()
    }

    /// Calls the action.
    pub fn call(&self, place: Place<'_>, inputs: &[(&str, &str)]) -> Ended {
        let variables: Map<String, Value> =
            place.variables.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let github = json!({ "token": "the-token-of-the-job" });
        let mut contexts = json!({ "inputs": self.inputs(inputs), "env": variables, "github": github, "steps": {} });
        let mut ended = Ended::default();
        for step in self.steps() {
            // After a failure the next steps are skipped.
            let is_wanted = step["if"].as_str().is_none_or(|condition| is_true(&value(condition, &contexts)));
            if ended.code != 0 || !is_wanted {
                continue;
            }
            assert_eq!(step["shell"], "bash");
            let mut variables = place.variables.to_vec();
            variables.push(("GITHUB_ACTION_PATH".into(), self.folder.to_string_lossy().into_owned()));
            for (name, text) in step["env"].as_object().into_iter().flatten() {
                variables.push((name.clone(), filled(text.as_str().unwrap(), &contexts)));
            }
            let ran = Place { variables: &variables, ..place }.run(step["run"].as_str().unwrap());
            contexts["steps"][step["id"].as_str().unwrap()] = json!({ "outputs": ran.outputs });
            ended.paths.extend(ran.paths);
            ended = Ended { log: ended.log + &ran.log, paths: ended.paths, ..ran };
        }
        let declared = self.definition["outputs"].as_object().unwrap();
        let of_output = |text: &Value| filled(text["value"].as_str().unwrap(), &contexts);
        ended.outputs = declared.iter().map(|(name, output)| (name.clone(), of_output(output))).collect();
        ended
    }

    /// Every input: as it was given, else its default, else empty.
    fn inputs(&self, given: &[(&str, &str)]) -> Map<String, Value> {
        let declared = self.definition["inputs"].as_object().unwrap();
        for (name, _) in given {
            assert!(declared.contains_key(*name), "unexpected input `{name}`");
        }
        let of = |name: &str, input: &Value| match given.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).into(),
            None => input["default"].clone(),
        };
        declared.iter().map(|(name, input)| (name.clone(), of(name, input))).collect()
    }
}
