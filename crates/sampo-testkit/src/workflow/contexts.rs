//! What expressions can see: `needs`, `inputs`, `steps` and the like.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The contexts at one place of a workflow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contexts {
    values: BTreeMap<String, Value>,
    /// Steps of which nobody says which outputs they have.
    open: BTreeSet<String>,
    /// Whether anything before this place has failed.
    pub(crate) has_failed: bool,
}

impl Contexts {
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    pub(crate) fn set_texts(&mut self, name: &str, texts: &BTreeMap<String, String>) {
        self.set(name, object(texts));
    }

    /// Notes how the step `id` has ended; an `open` one may have any outputs.
    pub(crate) fn end_step(&mut self, id: &str, outputs: &BTreeMap<String, String>, open: bool) {
        if open {
            self.open.insert(id.to_owned());
        }
        let step = Map::from_iter([("outputs".to_owned(), object(outputs))]);
        let steps = self.values.entry("steps".into()).or_insert_with(|| Map::new().into());
        steps.as_object_mut().expect("steps are an object").insert(id.to_owned(), step.into());
    }

    /// The outputs of a step that has ended.
    pub(crate) fn outputs(&self, id: &str) -> BTreeMap<String, String> {
        let outputs = self.get(&["steps", id, "outputs"].map(str::to_owned));
        serde_json::from_value(outputs).expect("texts")
    }

    pub(crate) fn succeeds(&self) -> bool {
        !self.has_failed
    }

    /// The value at `path`. Only where GitHub leaves open what there is, it may be missing.
    pub(crate) fn get(&self, path: &[String]) -> Value {
        let whole = path.join(".");
        let mut value = self.values.get(&path[0]).unwrap_or_else(|| panic!("`{whole}` cannot be seen from here"));
        for key in &path[1..] {
            value = match value.get(key) {
                Some(value) => value,
                None if self.may_lack(path) => return Value::Null,
                None => panic!("`{whole}` is not there: {value}"),
            };
        }
        value.clone()
    }

    fn may_lack(&self, path: &[String]) -> bool {
        match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["secrets" | "env", _] => true,
            ["steps", id, "outputs", _] => self.open.contains(id),
            _ => false,
        }
    }
}

fn object(texts: &BTreeMap<String, String>) -> Value {
    texts.iter().map(|(name, text)| (name.clone(), Value::String(text.clone()))).collect::<Map<_, _>>().into()
}
