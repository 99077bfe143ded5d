//! A TOML file that gets further keys and tables, while every other line of it stays byte for byte.

use std::path::Path;

use ::similar::{Algorithm, DiffOp, capture_diff_slices};
use toml_edit::{Array, DocumentMut, Item, RawString, Table, TableLike, Value};

use super::SetupError;

/// What editors of other systems put in front of a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file that is being added to.
pub(super) struct TomlFile {
    before: String,
    document: DocumentMut,
}

impl TomlFile {
    /// Nothing yet.
    pub fn empty() -> Self {
        Self { before: String::new(), document: DocumentMut::new() }
    }

    /// Reads `text`; `path` names it in errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SetupError> {
        let plain = text.trim_start_matches(BYTE_ORDER_MARK).replace("\r\n", "\n");
        let toml = |source| SetupError::Toml { path: path.to_owned(), source: Box::new(source) };
        Ok(Self { before: text.to_owned(), document: plain.parse().map_err(toml)? })
    }

    /// The value or table at `path`.
    pub fn get(&self, path: &[&str]) -> Option<&Item> {
        let (first, rest) = path.split_first()?;
        let first = self.document.get(first)?;
        rest.iter().try_fold(first, |item, key| item.as_table_like()?.get(key))
    }

    /// Gives `table` the key, whether it has had it or not. A table that is missing is added at the end of the file.
    pub fn set(&mut self, table: &[&str], key: &str, value: impl Into<Value>) {
        let mut value = value.into();
        let is_inline = self.get(table).is_some_and(Item::is_inline_table);
        let table = self.table(table);
        if let Some(known) = table.get_mut(key).and_then(Item::as_value_mut) {
            // Comments stand in what is around a value.
            *value.decor_mut() = known.decor().clone();
            *known = value;
            return;
        }
        // The blank before the brace that closes the table.
        if let Some(last) = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut()).filter(|_| is_inline) {
            value.decor_mut().set_suffix(last.decor().suffix().cloned().unwrap_or_default());
            last.decor_mut().set_suffix("");
        }
        table.insert(key, Item::Value(value));
    }

    /// Adds `values` to the array that stands there, or makes it, with a line for each value.
    pub fn extend(&mut self, table: &[&str], key: &str, values: impl IntoIterator<Item = String>) {
        let table = self.table(table);
        if let Some(array) = table.get_mut(key).and_then(Item::as_array_mut) {
            return append(array, values);
        }
        let mut array = Array::new();
        for value in values {
            let mut value = Value::from(value);
            value.decor_mut().set_prefix("\n    ");
            array.push_formatted(value);
        }
        array.set_trailing_comma(true);
        array.set_trailing("\n");
        table.insert(key, Item::Value(array.into()));
    }

    /// Sets every key of `other`, in its tables.
    pub fn merge(&mut self, other: &DocumentMut) {
        self.merge_table(&mut Vec::new(), other.as_table());
    }

    fn merge_table<'a>(&mut self, path: &mut Vec<&'a str>, table: &'a Table) {
        for (key, value) in table.iter().filter_map(|(key, item)| Some((key, item.as_value()?))) {
            self.set(path, key, value.clone());
        }
        for (key, table) in table.iter().filter_map(|(key, item)| Some((key, item.as_table()?))) {
            path.push(key);
            self.merge_table(path, table);
            path.pop();
        }
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        let text = with_line_ends_of(&self.before, &self.document.to_string());
        if self.before.starts_with(BYTE_ORDER_MARK) { format!("{BYTE_ORDER_MARK}{text}") } else { text }
    }

    /// The table at `path`, made where it is missing.
    fn table(&mut self, path: &[&str]) -> &mut dyn TableLike {
        let is_there = self.get(path).and_then(Item::as_table).is_some_and(|table| !table.is_implicit())
            || self.get(path).is_some_and(Item::is_inline_table);
        let place = (!is_there).then(|| self.place_at_the_end());
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for (depth, key) in path.iter().enumerate() {
            let item = table.entry(key).or_insert_with(|| {
                let mut table = Table::new();
                table.set_implicit(true);
                Item::Table(table)
            });
            if let (Item::Table(table), Some((position, prefix)), true) = (&mut *item, &place, depth + 1 == path.len())
            {
                table.set_implicit(false);
                table.set_position(Some(*position));
                table.decor_mut().set_prefix(prefix.as_str());
            }
            table = as_table_like(item);
        }
        table
    }

    /// The position after every table, and what stands before a table there: the comments at the end of the file.
    fn place_at_the_end(&mut self) -> (isize, String) {
        let position = last_position(self.document.as_table()).unwrap_or(0) + 1;
        let mut prefix = self.document.trailing().as_str().unwrap_or_default().to_owned();
        self.document.set_trailing("");
        if !prefix.is_empty() && !prefix.ends_with('\n') {
            prefix.push('\n');
        }
        if !self.before.is_empty() && !prefix.ends_with("\n\n") {
            prefix.push('\n');
        }
        (position, prefix)
    }
}

/// A value in the place of a table is none of our files: the strict reader of the file has refused it before.
fn as_table_like(item: &mut Item) -> &mut dyn TableLike {
    if !item.is_table_like() {
        *item = Item::Table(Table::new());
    }
    item.as_table_like_mut().expect("it has just been made one")
}

fn last_position(table: &Table) -> Option<isize> {
    let inner = table.iter().filter_map(|(_, item)| match item {
        Item::Table(table) => last_position(table),
        Item::ArrayOfTables(tables) => tables.iter().filter_map(last_position).max(),
        _ => None,
    });
    inner.chain(table.position()).max()
}

/// Adds values in the manner of those that are there; a comment behind the last one stays behind it.
fn append(array: &mut Array, values: impl IntoIterator<Item = String>) {
    let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or_default().to_owned();
    let last = array.iter().last().map(|value| text(value.decor().prefix())).unwrap_or_default();
    let usual = last.rsplit_once('\n').map_or(" ".to_owned(), |(_, indent)| format!("\n{indent}"));
    let mut prefix = if array.is_empty() { String::new() } else { usual.clone() };
    let mut rest = text(Some(array.trailing()));
    let count = array.len();
    if let Some(value) = count.checked_sub(1).and_then(|index| array.get_mut(index)) {
        rest.insert_str(0, &text(value.decor().suffix()));
        value.decor_mut().set_suffix("");
    }
    let (remark, end) = match rest.rfind('\n') {
        Some(at) => rest.split_at(at),
        None => ("", rest.as_str()),
    };
    prefix.insert_str(0, remark);
    for value in values {
        let mut value = Value::from(value);
        value.decor_mut().set_prefix(std::mem::replace(&mut prefix, usual.clone()));
        array.push_formatted(value);
    }
    array.set_trailing_comma(usual.starts_with('\n'));
    array.set_trailing(end);
}

/// `after`, whose lines end with `\n`, with the ends of the lines of `before`: each line that stays keeps its own, and a
/// new one gets what most files of that kind have.
fn with_line_ends_of(before: &str, after: &str) -> String {
    if !before.contains("\r\n") {
        return after.to_owned();
    }
    let before: Vec<&str> = before.trim_start_matches(BYTE_ORDER_MARK).split_inclusive('\n').collect();
    let plain: Vec<String> = before.iter().map(|line| line.replace("\r\n", "\n")).collect();
    let old: Vec<&str> = plain.iter().map(String::as_str).collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut text = String::with_capacity(after.len() + new.len());
    for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
        match operation {
            DiffOp::Equal { old_index, len, .. } => text.extend(before[old_index..old_index + len].iter().copied()),
            operation => text.extend(new[operation.new_range()].iter().map(|line| line.replace('\n', "\r\n"))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, change: impl FnOnce(&mut TomlFile)) -> String {
        let mut file = TomlFile::parse(Path::new("x.toml"), text).unwrap();
        change(&mut file);
        file.into_text()
    }

    fn add_table(file: &mut TomlFile) {
        file.set(&["a", "b"], "key", "value");
    }

    #[test]
    fn a_new_table_stands_at_the_end_behind_all_comments() {
        let table = [
            ("", "[a.b]\nkey = \"value\"\n"),
            ("# only\n", "# only\n\n[a.b]\nkey = \"value\"\n"),
            ("x = 1", "x = 1\n\n[a.b]\nkey = \"value\"\n"),
            ("[z]\n# y = 1", "[z]\n# y = 1\n\n[a.b]\nkey = \"value\"\n"),
            ("[z]\n# y = 1\n\n", "[z]\n# y = 1\n\n[a.b]\nkey = \"value\"\n"),
            ("[a] # here\nx = 1\n\n# of z\n[z]\n", "[a] # here\nx = 1\n\n# of z\n[z]\n\n[a.b]\nkey = \"value\"\n"),
            ("[a.c]\nx = 1\n[[z]]\n", "[a.c]\nx = 1\n[[z]]\n\n[a.b]\nkey = \"value\"\n"),
        ];
        for (before, after) in table {
            assert_eq!(changed(before, add_table), after, "{before:?}");
        }
    }

    #[test]
    fn two_new_tables_stand_in_the_order_of_their_making() {
        let text = changed("[z]\n", |file| {
            file.set(&["b"], "x", 1);
            file.set(&["b"], "y", 2);
            file.set(&["a"], "x", 1);
        });
        assert_eq!(text, "[z]\n\n[b]\nx = 1\ny = 2\n\n[a]\nx = 1\n");
    }

    #[test]
    fn a_key_joins_the_table_that_is_there_in_whatever_form() {
        let table = [
            ("[a.b]\n# c = 1\n\n[z]\n", "[a.b]\nkey = \"value\"\n# c = 1\n\n[z]\n"),
            ("[a.b] # x\nkey = 'old' # why\n", "[a.b] # x\nkey = \"value\" # why\n"),
            ("a = { b = { c = 1 } }\n", "a = { b = { c = 1, key = \"value\" } }\n"),
            ("a = {}\n", "a = { b.key = \"value\" }\n"),
            ("[a]\nb.c = 1\n", "[a]\nb.c = 1\nb.key = \"value\"\n"),
            ("a.b.c = 1\n", "a.b.c = 1\na.b.key = \"value\"\n"),
        ];
        for (before, after) in table {
            assert_eq!(changed(before, add_table), after, "{before:?}");
        }
    }

    #[test]
    fn values_join_an_array_in_its_own_manner() {
        let table = [
            ("[t]\na = []\n", "[t]\na = [\"x\", \"y\"]\n"),
            ("[t]\na = ['1'] # why\n", "[t]\na = ['1', \"x\", \"y\"] # why\n"),
            ("[t]\na = [\n  '1',\n]\n", "[t]\na = [\n  '1',\n  \"x\",\n  \"y\",\n]\n"),
            ("[t]\na = [\n  '1'\n]\n", "[t]\na = [\n  '1',\n  \"x\",\n  \"y\",\n]\n"),
            (
                "[t]\na = [\n  # first\n  '1', # one\n  # last\n]\n",
                "[t]\na = [\n  # first\n  '1', # one\n  # last\n  \"x\",\n  \"y\",\n]\n",
            ),
            ("[t]\n", "[t]\na = [\n    \"x\",\n    \"y\",\n]\n"),
        ];
        for (before, after) in table {
            let text = changed(before, |file| file.extend(&["t"], "a", ["x".to_owned(), "y".to_owned()]));
            assert_eq!(text, after, "{before:?}");
        }
    }

    #[test]
    fn byte_order_mark_and_line_ends_stay_also_where_they_are_mixed() {
        let before = "\u{feff}# top\r\n[z] \nx = 1\r\n[y]\r\n";
        assert_eq!(changed(before, add_table), format!("{before}\r\n[a.b]\r\nkey = \"value\"\r\n"));
        assert_eq!(changed(before, |_| {}), before);
    }
}
