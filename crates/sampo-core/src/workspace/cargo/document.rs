//! The TOML files of Cargo, with the places of the strings in them.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use crate::workspace::WorkspaceError;
pub(super) use crate::workspace::edits::{Edits, Literal};

impl Literal {
    /// The literal behind `item`, if it is a string of a parsed file.
    pub(super) fn of(item: &Item) -> Option<Self> {
        Self::of_value(item.as_value()?)
    }

    /// The literal of `value`, likewise.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        Some(Self::new(value.as_str()?, value.span()?))
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
