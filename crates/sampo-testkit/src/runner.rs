//! What GitHub's runner does around a step: inputs and files in its environment, and what it makes of what the step
//! leaves behind. Its own rules, so that what would steer it in a workflow is seen in a test.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Repo;

/// A runner that starts one program in one repository.
pub struct Runner<'a> {
    repo: &'a Repo,
    program: PathBuf,
    environment: Vec<(String, Option<String>)>,
}

/// A step that has ended.
#[derive(Debug)]
pub struct Step {
    /// Its exit code.
    pub code: i32,
    /// Everything it printed.
    pub log: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// The text of its summary.
    pub summary: String,
}

/// A workflow command in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowCommand {
    /// Its name, such as `error`.
    pub name: String,
    /// Its properties, unescaped.
    pub properties: BTreeMap<String, String>,
    /// Its message, unescaped.
    pub message: String,
}

impl<'a> Runner<'a> {
    /// A runner for a push to `main` of `repo`.
    pub fn new(repo: &'a Repo, program: impl Into<PathBuf>) -> Self {
        Self { repo, program: program.into(), environment: Vec::new() }
    }

    /// Sets a variable of the job.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Takes a variable away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.push((name.to_owned(), None));
        self
    }

    /// Runs the program with these inputs to its end.
    pub fn step(&self, inputs: &[(&str, &str)]) -> Step {
        let mut command = self.command(inputs);
        let ended = command.output().expect("a program that starts");
        let log = String::from_utf8(ended.stdout).expect("text") + &String::from_utf8(ended.stderr).expect("text");
        let left = |name| fs::read_to_string(self.file(name)).unwrap_or_default();
        Step {
            code: ended.status.code().expect("no signal"),
            outputs: outputs(&left("output")).unwrap_or_else(|error| panic!("{error}\n{log}")),
            summary: left("summary"),
            log,
        }
    }

    /// The program, ready to be started. Files of an earlier step are gone.
    pub fn command(&self, inputs: &[(&str, &str)]) -> Command {
        let mut command = self.repo.command(&self.program);
        for (variable, name) in [("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "summary")] {
            let _ = fs::remove_file(self.file(name));
            command.env(variable, self.file(name));
        }
        command
            // A runner may start the program anywhere.
            .current_dir(self.repo.outside("elsewhere"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", self.repo.root())
            .env("GITHUB_REF_NAME", "main")
            .env("RUNNER_TEMP", self.repo.outside("runner"))
            .envs(inputs.iter().map(|(name, value)| (variable(name), *value)));
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.repo.outside("runner").join(name)
    }
}

impl Step {
    /// The output `name`; empty if the step has not set it, as in a workflow.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// The workflow commands in the log.
    pub fn commands(&self) -> Vec<WorkflowCommand> {
        commands(&self.log)
    }

    /// The messages of the commands called `name`, each behind its title where it has one.
    pub fn told(&self, name: &str) -> Vec<String> {
        let told = self.commands().into_iter().filter(|command| command.name == name);
        told.map(|WorkflowCommand { properties, message, .. }| match properties.get("title") {
            Some(title) => format!("{title}: {message}"),
            None => message,
        })
        .collect()
    }
}

/// The variable in which the composite action hands over the input `name`.
fn variable(name: &str) -> String {
    format!("INPUT_{}", name.to_uppercase().replace('-', "_"))
}

/// The outputs in the text of a file that `GITHUB_OUTPUT` has named, or why the runner fails the step.
pub fn outputs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut outputs = BTreeMap::new();
    let mut rest = text;
    while let Some(line) = next_line(&mut rest) {
        if line.is_empty() {
            continue;
        }
        let (equals, heredoc) = (line.find('='), line.find("<<"));
        let (name, value) = match (equals, heredoc) {
            (Some(equals), heredoc) if heredoc.is_none_or(|heredoc| equals < heredoc) => {
                (&line[..equals], line[equals + 1..].to_owned())
            }
            (_, Some(heredoc)) => (&line[..heredoc], heredoc_value(&line[heredoc + 2..], &mut rest)?),
            _ => return Err(format!("invalid format `{line}`")),
        };
        if name.is_empty() {
            return Err(format!("no name in `{line}`"));
        }
        outputs.insert(name.to_owned(), value);
    }
    Ok(outputs)
}

fn heredoc_value(delimiter: &str, rest: &mut &str) -> Result<String, String> {
    if delimiter.is_empty() {
        return Err("an empty delimiter".into());
    }
    let mut lines = Vec::new();
    loop {
        match next_line(rest) {
            None => return Err(format!("no line is the delimiter `{delimiter}`")),
            Some(line) if line == delimiter => return Ok(lines.join("\n")),
            Some(line) => lines.push(line),
        }
    }
}

/// Lines end at a line feed; a carriage return before it stays, as it does on Linux and macOS.
fn next_line<'t>(rest: &mut &'t str) -> Option<&'t str> {
    if rest.is_empty() {
        return None;
    }
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    *rest = after;
    Some(line)
}

/// The workflow commands in what a step has printed, in both notations that runners still understand. A lone carriage
/// return ends a line too.
pub fn commands(log: &str) -> Vec<WorkflowCommand> {
    log.replace("\r\n", "\n").split(['\n', '\r']).filter_map(|line| current(line).or_else(|| legacy(line))).collect()
}

/// `::name key=value,key=value::message`, after blanks.
fn current(line: &str) -> Option<WorkflowCommand> {
    let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    Some(command(head, ',', message))
}

/// `##[name key=value;key=value]message`, anywhere.
fn legacy(line: &str) -> Option<WorkflowCommand> {
    let (head, message) = line.split_once("##[")?.1.split_once(']')?;
    Some(command(head, ';', message))
}

fn command(head: &str, separator: char, message: &str) -> WorkflowCommand {
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let property = |text: &str| {
        let (key, value) = text.trim().split_once('=')?;
        Some((key.to_owned(), unescaped(&value.replace("%3A", ":").replace("%2C", ","))))
    };
    WorkflowCommand {
        name: name.to_owned(),
        properties: properties.split(separator).filter_map(property).collect(),
        message: unescaped(message),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_outputs_is_read_as_the_runner_does() {
        let text = "a=1<<x\n\nb<<E\nline=1\nE \nE\nc=\nd<<E=F\nv\r\nE=F\na=2";
        let read = outputs(text).unwrap();
        let expected = [("a", "2"), ("b", "line=1\nE "), ("c", ""), ("d", "v\r")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        for wrong in ["x", "a<<E\nv", "a<<\nv\n", "=1", "<<E\nv\nE"] {
            assert!(outputs(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn commands_are_found_where_the_runner_finds_them() {
        let log = "text ::error::no\n  ::error title=a%3Ab,file=c::50%25%0Amore\rdone\r::group::g\nx ##[warning]w\n::x";
        let found: Vec<_> = commands(log).into_iter().map(|command| (command.name, command.message)).collect();
        let expected = [("error", "50%\nmore"), ("group", "g"), ("warning", "w")];
        assert_eq!(found, expected.map(|(name, message)| (name.to_owned(), message.to_owned())));
        assert_eq!(commands(log)[0].properties["title"], "a:b");
    }
}
