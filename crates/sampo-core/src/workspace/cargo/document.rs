//! A TOML file that is edited in place: only the bytes of changed values are replaced, everything else stays.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use crate::workspace::WorkspaceError;

/// A string in a file, with the place of its literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) value: String,
    place: Range<usize>,
}

impl Literal {
    /// The literal behind `item`, if it is a string of a parsed file.
    pub(super) fn of(item: &Item) -> Option<Self> {
        Self::of_value(item.as_value()?)
    }

    /// The literal of `value`, likewise.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        Some(Self { value: value.as_str()?.to_owned(), place: value.span()? })
    }
}

/// What is to be replaced in one file.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Gives `literal` another value.
    pub(super) fn set(&mut self, literal: &Literal, value: impl Into<String>) {
        self.0.push((literal.place.clone(), value.into()));
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every edit made. Literals keep their quotes.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(place, _)| place.start);
        let mut result = String::with_capacity(text.len() + 16);
        let mut done = 0;
        for (place, value) in self.0 {
            let quote = if text[place.clone()].starts_with('\'') { '\'' } else { '"' };
            result.push_str(&text[done..place.start]);
            result.push(quote);
            result.push_str(&value);
            result.push(quote);
            done = place.end;
        }
        result.push_str(&text[done..]);
        result
    }
}

/// Parses `text`; positions count from its first byte. `path` names it in errors.
pub(super) fn parse(path: &Path, text: &str) -> Result<Document<String>, WorkspaceError> {
    // A byte order mark is three bytes; blanks in its place keep every position.
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.to_owned(), |rest| format!("   {rest}"));
    Document::parse(text).map_err(|source| WorkspaceError::Toml { path: PathBuf::from(path), source: Box::new(source) })
}

/// The table `name` in `table`, whether inline or not.
pub(super) fn table<'a>(table: &'a dyn TableLike, name: &str) -> Option<&'a dyn TableLike> {
    table.get(name)?.as_table_like()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_value_stays_byte_for_byte() {
        let text = "\u{feff}# top\r\n[ package ]\nversion   = '1.0.0'  # why\r\nx = \"ä\"\n[d]\ny = \"1.0.0\"";
        let document = parse(Path::new("Cargo.toml"), text).unwrap();
        let mut edits = Edits::default();
        for (section, key) in [("d", "y"), ("package", "version")] {
            let item = table(document.as_table(), section).unwrap().get(key).unwrap();
            edits.set(&Literal::of(item).unwrap(), "2.0.0");
        }
        assert_eq!(edits.apply(text), text.replace("1.0.0", "2.0.0"));
    }
}
