//! The text of a configuration file, and errors that point into it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use toml::de::{DeTable, DeValue};

use crate::error::Diagnose;
use crate::similar::nearest;
use crate::workspace::ecosystem;

/// The configuration cannot be used: for each mistake where it is, what it is, and what to do about it.
#[derive(Debug)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
}

#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    /// Where it begins, in bytes; none if no place is known.
    start: Option<usize>,
    /// The file, with line and column.
    place: String,
    message: String,
    hint: Option<String>,
}

impl ConfigError {
    /// Adds what the user can do: the lines to write, the values that would fit.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(mistake) = self.mistakes.last_mut() {
            mistake.hint = Some(hint.into());
        }
        self
    }

    /// What is wrong, for those who wrote it elsewhere than in the file.
    pub(crate) fn without_places(&self) -> String {
        self.mistakes.iter().map(|mistake| mistake.message.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// Ok if there is no error; otherwise one error with all their mistakes, each once, in the order of the file.
    pub(crate) fn all(errors: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut mistakes: Vec<Mistake> = Vec::new();
        for mistake in errors.into_iter().flat_map(|error| error.mistakes) {
            if !mistakes.contains(&mistake) {
                mistakes.push(mistake);
            }
        }
        mistakes.sort_by_key(|mistake| mistake.start);
        if mistakes.is_empty() { Ok(()) } else { Err(Self { mistakes }) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [Mistake { place, message, .. }] = self.mistakes.as_slice() {
            return write!(f, "{place}: {message}");
        }
        write!(f, "there are {} mistakes in the configuration", self.mistakes.len())?;
        for Mistake { place, message, hint, .. } in &self.mistakes {
            write!(f, "\n  {place}: {message}")?;
            if let Some(hint) = hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Diagnose for ConfigError {
    fn code(&self) -> &'static str {
        "config-invalid"
    }

    fn hint(&self) -> Option<String> {
        match self.mistakes.as_slice() {
            [mistake] => mistake.hint.clone(),
            _ => None,
        }
    }
}

/// The text of a configuration file, kept so that an error found later can still point at its line.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The text in `bytes`, without a byte order mark; `path` names it in errors.
    pub(super) fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, ConfigError> {
        let of = |text: &str| Self { path: path.to_owned(), text: text.trim_start_matches('\u{feff}').to_owned() };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(of(text)),
            Err(error) => {
                let valid = of(std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default());
                let end = valid.text.len();
                let message = "this is not UTF-8, the encoding of TOML".into();
                Err(valid.error(Some(end..end), message).with_hint("save the file as UTF-8"))
            }
        }
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// An error about what stands at `path`, such as `["distribute", "packages", "cargo/x"]`; in an array, the number of
    /// an element takes the place of a key. If it does not stand in the file, the error points at the deepest place on
    /// the way that does.
    pub fn error_at(&self, path: &[&str], message: impl Into<String>) -> ConfigError {
        self.error(self.find(path).map(|(key, _)| key), message.into())
    }

    /// The same about the value there, and not about its key.
    pub fn error_at_value(&self, path: &[&str], message: impl Into<String>) -> ConfigError {
        self.error(self.find(path).map(|(_, value)| value), message.into())
    }

    pub(super) fn error(&self, span: Option<Range<usize>>, message: String) -> ConfigError {
        let path = self.path.display();
        let start = span.map(|span| span.start);
        let place = start.map_or_else(
            || path.to_string(),
            |start| {
                let before = &self.text[..self.text.floor_char_boundary(start)];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                format!("{path}:{line}:{column}")
            },
        );
        ConfigError { mistakes: vec![Mistake { start, place, message, hint: None }] }
    }

    pub(super) fn read_error(&self, error: &toml::de::Error) -> ConfigError {
        self.read_error_at(error.span(), error)
    }

    pub(super) fn read_error_at(&self, span: Option<Range<usize>>, error: &toml::de::Error) -> ConfigError {
        let (message, hint) = explain(error.message());
        let error = self.error(span, message);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    /// Where the key at `path` stands, and its value.
    fn find(&self, path: &[&str]) -> Option<(Range<usize>, Range<usize>)> {
        let root = DeTable::parse(&self.text).ok()?;
        let (first, path) = path.split_first()?;
        let (key, mut value) = root.get_ref().iter().find(|(key, _)| key.get_ref() == first)?;
        let mut found = key.span();
        for step in path {
            let next = match value.get_ref() {
                DeValue::Table(table) => {
                    table.iter().find(|(key, _)| key.get_ref() == step).map(|(key, value)| (key.span(), value))
                }
                DeValue::Array(items) => {
                    step.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item.span(), item))
                }
                _ => None,
            };
            let Some((span, inner)) = next else { break };
            (found, value) = (span, inner);
        }
        Some((found, value.span()))
    }
}

/// What the reader said, in the words of somebody who writes TOML and not Rust; and what to do about it.
fn explain(message: &str) -> (String, Option<String>) {
    if let Some(names) = message.strip_prefix("unknown field ") {
        return unknown("key", names);
    }
    if let Some(names) = message.strip_prefix("unknown variant ") {
        return unknown("value", names);
    }
    let mismatch = ["invalid type: ", "invalid value: "].iter().find_map(|prefix| message.strip_prefix(prefix));
    if let Some((found, expected)) = mismatch.and_then(|mismatch| mismatch.rsplit_once(", expected ")) {
        // Behind a semicolon, an expectation says what to do.
        let (expected, hint) = expected.split_once("; ").map_or((expected, None), |(what, hint)| (what, Some(hint)));
        return (format!("expected {}, found {}", in_toml(expected), found_in_toml(found)), hint.map(str::to_owned));
    }
    if message == "wanted string or table" {
        return ("expected a string".into(), None);
    }
    (message.trim_end().replace('\n', ", "), None)
}

/// The first of the quoted `names` is not one of the others.
fn unknown(noun: &str, names: &str) -> (String, Option<String>) {
    let mut quoted = names.split('`').skip(1).step_by(2);
    let unknown = quoted.next().unwrap_or_default();
    if let Some(ecosystem) =
        ecosystem::LATER.into_iter().find(|name| unknown.split(['_', '-']).any(|part| part == *name))
    {
        let message =
            format!("the {noun} `{unknown}` is one of a newer Sampo: this one does not release {ecosystem} packages");
        return (message, Some("remove it, or use a newer version of Sampo".into()));
    }
    let known: Vec<&str> = quoted.collect();
    let is_key = noun == "key";
    let hint = match nearest(unknown, known.iter().copied()) {
        Some(nearest) => Some(format!("did you mean `{nearest}`?")),
        None if is_key && let Some(table) = table_of(unknown) => Some(format!("it belongs in `[{table}]`")),
        None if known.is_empty() => None,
        None if is_key => Some(format!("known here: {}; a newer version of Sampo may know it", known.join(", "))),
        None => Some(format!("known here: {}", known.join(", "))),
    };
    (format!("unknown {noun} `{unknown}`"), hint)
}

/// The table at the top that has the key `name`, if any.
fn table_of(name: &str) -> Option<String> {
    let inlined = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let schema = super::schema(&mut inlined.into_generator()).to_value();
    let mut tables = schema["properties"].as_object()?.iter();
    tables.find(|(_, table)| table["properties"].get(name).is_some()).map(|(table, _)| table.clone())
}

/// A type as serde calls it.
fn in_toml(expected: &str) -> &str {
    match expected {
        "a map" | "map" => "a table",
        _ if expected.starts_with("struct ") => "a table",
        "a sequence" | "sequence" => "an array",
        "a boolean" => "`true` or `false`",
        "i64" => "a whole number",
        "u32" => "a whole number from 0 to 4294967295",
        "a nonzero usize" => "a whole number above 0",
        other => other,
    }
}

/// A value as serde describes it.
fn found_in_toml(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", text)) => format!("the string {text}"),
        Some(("integer", number)) => number.to_owned(),
        Some(("floating", number)) => number.trim_start_matches("point ").to_owned(),
        Some(("boolean", value)) => value.to_owned(),
        _ if found == "map" => "a table".into(),
        _ if found == "sequence" => "an array".into(),
        _ => found.to_owned(),
    }
}
