//! A command in the configuration: a string for the shell, or an array that runs as it is.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::process::Command;
use crate::shell::Shell;
use crate::template::{Scope, Template, TemplateError, Variables};

/// A command whose words are templates over `S`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine<S: Scope> {
    /// One line for the shell; every value is quoted.
    Shell(Template<S>),
    /// Program and arguments, run without a shell.
    Arguments(Vec<Template<S>>),
}

impl<S: Scope> CommandLine<S> {
    /// Its templates.
    pub fn templates(&self) -> &[Template<S>] {
        match self {
            Self::Shell(line) => std::slice::from_ref(line),
            Self::Arguments(words) => words,
        }
    }

    /// The command for these values, ready to run; `shell` runs it if it is a line.
    pub fn command(&self, shell: Shell, variables: &Variables) -> Result<Command, TemplateError> {
        match self {
            Self::Shell(line) => Ok(Command::in_shell(shell, &line.render_for_shell(shell, variables)?)),
            Self::Arguments(words) => {
                let words: Vec<String> =
                    words.iter().map(|word| word.render(variables)).collect::<Result<_, TemplateError>>()?;
                let (program, arguments) = words.split_first().expect("an empty array is refused when it is read");
                Ok(Command::new(program, arguments))
            }
        }
    }
}

impl<'de, S: Scope> Deserialize<'de> for CommandLine<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CommandLineVisitor<S>(PhantomData<S>);

        impl<'de, S: Scope> Visitor<'de> for CommandLineVisitor<S> {
            type Value = CommandLine<S>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command: a string for the shell, or an array of program and arguments")
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Self::Value, E> {
                if line.trim().is_empty() {
                    return Err(E::custom("the command must not be blank"));
                }
                Template::parse(line).map(CommandLine::Shell).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Self::Value, A::Error> {
                let mut templates = Vec::new();
                while let Some(word) = words.next_element()? {
                    templates.push(word);
                }
                if templates.is_empty() {
                    return Err(A::Error::custom("the command must name a program"));
                }
                Ok(CommandLine::Arguments(templates))
            }
        }

        deserializer.deserialize_any(CommandLineVisitor(PhantomData))
    }
}

impl<S: Scope> schemars::JsonSchema for CommandLine<S> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CommandLine".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let variables = S::VARIABLES.join(", ");
        schemars::json_schema!({
            "description": format!("A command: a string runs in a POSIX shell, an array runs as it is. Jinja variables: {variables}"),
            "oneOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ],
        })
    }
}
