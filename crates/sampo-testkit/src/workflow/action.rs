//! A composite action: its `action.yml`, and what its steps can see.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::contexts::Contexts;
use super::expression::filled;
use super::machine::{Machine, Variables};
use super::steps::{Play, Services, text};

/// An `action.yml`.
pub struct Action {
    /// What is in it.
    pub definition: Value,
    pub(crate) folder: PathBuf,
}

/// How a call of an action ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code of the step that ended it.
    pub code: i32,
    /// The process of its last script: what the runner would end if the job were cancelled.
    pub process: u32,
    /// What was printed.
    pub log: String,
    /// The action's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The folders that it puts in front of the PATH of the next steps.
    pub paths: Vec<PathBuf>,
}

impl Action {
    /// The action in `folder`.
    pub fn open(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("action.yml")).expect("an action.yml");
        let definition = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("action.yml: {error}"));
        Self { definition, folder: folder.to_owned() }
    }

    /// The names of `inputs` or `outputs`.
    pub fn names(&self, of: &str) -> Vec<&str> {
        self.definition[of].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// The steps.
    pub fn steps(&self) -> &[Value] {
        self.definition["runs"]["steps"].as_array().expect("a composite action")
    }

    /// Calls it by itself: the only step of a job whose token is `token`.
    pub fn call(&self, machine: &Machine<'_>, token: &str, inputs: &[(&str, &str)]) -> Ended {
        let mut around = Contexts::default();
        around.set("github", serde_json::json!({ "token": token }));
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut play = Play::new(machine, &Nothing, around, machine.variables.clone());
        let code = play.action("action", self, &inputs, &Variables::new());
        let outputs = play.contexts.outputs("action");
        Ended { code, process: play.process, outputs, log: play.log, paths: play.paths }
    }

    /// What its steps can see, if it is called with `given` from a place that sees `around`.
    pub(crate) fn contexts(&self, given: &Variables, around: &Contexts, environment: &Variables) -> Contexts {
        for name in given.keys() {
            assert!(self.names("inputs").contains(&name.as_str()), "unexpected input `{name}`");
        }
        let mut contexts = Contexts::default();
        contexts.set("github", around.get(&["github".to_owned()]));
        contexts.set_texts("env", environment);
        let input = |name: &str| match given.get(name) {
            Some(value) => value.clone(),
            None => filled(&text(&self.definition["inputs"][name]["default"]), &contexts),
        };
        let inputs = self.names("inputs").into_iter().map(|name| (name.to_owned(), input(name))).collect();
        contexts.set_texts("inputs", &inputs);
        contexts
    }

    /// Its outputs, after its steps.
    pub(crate) fn outputs(&self, contexts: &Contexts) -> Variables {
        let value = |name: &str| filled(&text(&self.definition["outputs"][name]["value"]), contexts);
        self.names("outputs").into_iter().map(|name| (name.to_owned(), value(name))).collect()
    }
}

/// Where there are no other actions.
struct Nothing;

impl Services for Nothing {
    fn action(&self, _: &str) -> Option<&Action> {
        None
    }

    fn call(&self, name: &str, _: &Variables, _: &Machine<'_>) -> Result<String, String> {
        panic!("`{name}` is not there")
    }
}
