//! The summary of a job: Markdown that GitHub shows on the page of the run.

use std::fs::OpenOptions;
use std::io::Write;

use sampo_core::environment::Environment;
use sampo_core::event::{Event, Reporter};

/// What people are told, in the order in which it was added.
#[derive(Debug, Default)]
pub struct Summary {
    text: String,
}

impl Summary {
    /// Adds Markdown, as a paragraph of its own. What others have written must be escaped in it.
    pub fn add(&mut self, markdown: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(markdown.trim_end());
        self.text.push('\n');
    }

    /// Adds a failure.
    pub fn failure(&mut self, _code: Option<&str>, _message: &str, _hint: Option<&str>) {}

    /// Appends it to the file that the runner reads. What was done does not depend on it.
    pub fn write(&self, environment: &Environment, reporter: &dyn Reporter) {
        let Some(path) = environment.get("GITHUB_STEP_SUMMARY").filter(|_| !self.text.is_empty()) else { return };
        let opened = OpenOptions::new().append(true).create(true).open(path);
        if let Err(error) = opened.and_then(|mut file| file.write_all(self.text.as_bytes())) {
            let message = format!("cannot write the summary of the job to `{path}`: {error}");
            reporter.report(Event::Warning { message: &message, hint: None });
        }
    }
}
