//! Plays a composite action as GitHub's runner does: expressions, one file of outputs for each step, `shell: bash`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sampo_testkit::Repo;
use sampo_testkit::runner::outputs;
use serde_json::Value;

/// An `action.yml`.
pub struct Action {
    /// What is in it.
    pub definition: Value,
    folder: PathBuf,
}

/// How a call of the action ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code of the step that ended it.
    pub code: i32,
    /// The process that the runner would end if the job were cancelled now.
    pub process: u32,
    /// What was printed.
    pub log: String,
    /// The action's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The folders for the PATH of the next steps.
    pub paths: Vec<PathBuf>,
}

/// What expressions see.
struct Contexts<'a> {
    inputs: &'a [(&'a str, &'a str)],
    definition: &'a Value,
    variables: &'a [(String, String)],
    steps: BTreeMap<String, BTreeMap<String, String>>,
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

    /// Calls the action in `repo` with further environment variables, as those of the job are.
    pub fn call(&self, repo: &Repo, variables: &[(String, String)], inputs: &[(&str, &str)]) -> Ended {
        for (name, _) in inputs {
            assert!(self.names("inputs").contains(name), "unexpected input `{name}`");
        }
        let mut contexts = Contexts { inputs, definition: &self.definition, variables, steps: BTreeMap::new() };
        let mut ended = Ended { code: 0, process: 0, log: String::new(), outputs: BTreeMap::new(), paths: Vec::new() };
        let files = repo.outside("runner files");
        let path_file = files.join("path");
        fs::write(&path_file, "").unwrap();
        for (index, step) in self.steps().iter().enumerate() {
            // After a failure the next steps are skipped.
            if ended.code != 0 || step["if"].as_str().is_some_and(|condition| contexts.filled(condition) != "true") {
                continue;
            }
            let [script, output] = ["script", "output"].map(|name| files.join(format!("{index}.{name}")));
            fs::write(&script, step["run"].as_str().unwrap()).unwrap();
            fs::write(&output, "").unwrap();
            assert_eq!(step["shell"], "bash");
            let mut command: Command = repo.command("bash");
            command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script);
            command
                .env("GITHUB_ACTION_PATH", &self.folder)
                .env("GITHUB_WORKSPACE", repo.root())
                .env("GITHUB_PATH", &path_file)
                .env("GITHUB_STEP_SUMMARY", files.join("summary"))
                .env("RUNNER_TEMP", repo.outside("runner temp"))
                .envs(variables.iter().map(|(name, value)| (name, value)))
                .env("GITHUB_OUTPUT", &output);
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, contexts.filled(value.as_str().unwrap()));
            }
            let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            ended.process = running.id();
            let output_of_step = running.wait_with_output().unwrap();
            ended.code = output_of_step.status.code().unwrap();
            ended.log += &String::from_utf8_lossy(&output_of_step.stdout);
            ended.log += &String::from_utf8_lossy(&output_of_step.stderr);
            let id = step["id"].as_str().unwrap().to_owned();
            contexts.steps.insert(id, outputs(&fs::read_to_string(&output).unwrap()).unwrap());
        }
        for (name, output) in self.definition["outputs"].as_object().unwrap() {
            ended.outputs.insert(name.clone(), contexts.filled(output["value"].as_str().unwrap()));
        }
        ended.paths = fs::read_to_string(path_file).unwrap().lines().map(PathBuf::from).collect();
        ended
    }
}

impl Contexts<'_> {
    /// `text` with the values of its expressions.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").unwrap();
            filled = filled + &self.value(expression.trim()) + rest;
        }
        filled
    }

    fn value(&self, expression: &str) -> String {
        if let Some((left, right)) = expression.split_once(" || ") {
            return Some(self.value(left)).filter(|left| !left.is_empty()).unwrap_or_else(|| self.value(right));
        }
        if let Some((left, right)) = expression.split_once(" != ") {
            return (self.value(left) != self.value(right)).to_string();
        }
        if let Some(literal) = expression.strip_prefix('\'') {
            return literal.strip_suffix('\'').unwrap().to_owned();
        }
        let found = match *expression.split('.').collect::<Vec<_>>() {
            ["inputs", name] => self.input(name),
            ["env", name] => self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
            ["github", "token"] => Some("the-token-of-the-job".into()),
            ["steps", id, "outputs", name] => self.steps.get(id).and_then(|step| step.get(name)).cloned(),
            _ => panic!("`{expression}` is not understood"),
        };
        found.unwrap_or_default()
    }

    fn input(&self, name: &str) -> Option<String> {
        let declared = &self.definition["inputs"][name];
        assert!(!declared.is_null(), "the input `{name}` is not declared");
        let given = self.inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| declared["default"].as_str().map(|default| self.filled(default)))
    }
}
