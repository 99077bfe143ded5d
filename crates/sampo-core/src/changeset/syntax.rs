//! The text of a changeset: `package: level` lines between two `---`, then the message.

use std::collections::HashSet;

use super::{Entry, Level};

/// A changeset as written; names and tags are not looked up yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    pub(super) lines: Vec<Line<'a>>,
    /// Without blanks at either end, lines joined with `\n`.
    pub(super) message: String,
}

/// One `package: level (Tag)`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) level: Level,
    pub(super) tag: Option<&'a str>,
}

/// What is wrong, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

const LINE_HINT: &str = "between the two `---`, write one `PACKAGE: LEVEL` per line, such as `cargo/my-cli: minor`";
const FENCE_HINT: &str = "a changeset begins with `---`, one `PACKAGE: LEVEL` per line, and `---` again";

/// Reads a changeset. A byte order mark, blank lines between the `---` and quotes do not matter.
pub(super) fn parse(text: &str) -> Result<Document<'_>, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut numbered = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    match numbered.next() {
        Some((_, line)) if is_fence(line) => {}
        first => return Err(error(first.map_or(1, |(number, _)| number), "expected `---`", FENCE_HINT)),
    }
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut names = HashSet::new();
    for (number, line) in numbered {
        if is_fence(line) {
            if lines.is_empty() {
                return Err(error(number, "no package is named", LINE_HINT));
            }
            let message: Vec<&str> = text.lines().skip(number).collect();
            return Ok(Document { lines, message: message.join("\n").trim().to_owned() });
        }
        let parsed = parse_line(number, line)?;
        if !names.insert(parsed.name) {
            return Err(error(number, &format!("`{}` is named twice", parsed.name), "remove one of the two lines"));
        }
        lines.push(parsed);
    }
    Err(error(text.lines().count().max(1), "the closing `---` is missing", FENCE_HINT))
}

/// The text of a changeset.
pub(super) fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>, message: &str) -> String {
    let mut text = String::from("---\n");
    for Entry { package, level, tag } in entries {
        let tag = tag.as_ref().map(|tag| format!(" ({tag})")).unwrap_or_default();
        text.push_str(&format!("{package}: {level}{tag}\n"));
    }
    text.push_str(&format!("---\n\n{message}\n"));
    text
}

fn is_fence(line: &str) -> bool {
    line.trim() == "---"
}

fn parse_line(number: usize, line: &str) -> Result<Line<'_>, SyntaxError> {
    let (name, change) = line.split_once(':').ok_or_else(|| error(number, "expected `PACKAGE: LEVEL`", LINE_HINT))?;
    let name = unquoted(name);
    if name.is_empty() {
        return Err(error(number, "the name of the package is missing", LINE_HINT));
    }
    let change = unquoted(change);
    let (level, tag) = match change.split_once('(') {
        Some((level, rest)) => (level, Some(parse_tag(number, rest)?)),
        None => (change, None),
    };
    let level =
        unquoted(level).parse().map_err(|fault: super::LevelError| error(number, &fault.to_string(), LINE_HINT))?;
    Ok(Line { number, name, level, tag })
}

fn parse_tag(number: usize, rest: &str) -> Result<&str, SyntaxError> {
    let hint = "write the tag in parentheses behind the level, such as `minor (Added)`";
    let tag = rest.trim_end().strip_suffix(')').ok_or_else(|| error(number, "a `(` is not closed", hint))?.trim();
    if tag.is_empty() { Err(error(number, "the parentheses are empty", hint)) } else { Ok(tag) }
}

/// `text` without blanks around it and without one pair of quotes.
fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).map_or(text, str::trim)
}

fn error(line: usize, message: &str, hint: &str) -> SyntaxError {
    SyntaxError { line, message: message.to_owned(), hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changeset_is_read_line_by_line() {
        let document =
            parse("---\ncargo/core: minor\nnpm/@scope/web: PATCH (Fixed)\n---\n\nOne.\n\n- two\n\n").unwrap();
        assert_eq!(
            document.lines,
            [
                Line { number: 2, name: "cargo/core", level: Level::Minor, tag: None },
                Line { number: 3, name: "npm/@scope/web", level: Level::Patch, tag: Some("Fixed") },
            ]
        );
        assert_eq!(document.message, "One.\n\n- two");
    }

    #[test]
    fn a_mark_blank_lines_quotes_and_windows_line_endings_do_not_matter() {
        let document =
            parse("\u{feff}\r\n ---\r\n\r\n\"core\" : 'minor'\r\n'a':major( Added )\r\n\r\n---\r\nOne.\r\nTwo.\r\n");
        let document = document.unwrap();
        let read: Vec<_> = document.lines.iter().map(|line| (line.name, line.level, line.tag)).collect();
        assert_eq!(read, [("core", Level::Minor, None), ("a", Level::Major, Some("Added"))]);
        assert_eq!(document.message, "One.\nTwo.");
    }

    #[test]
    fn a_message_may_contain_rules_and_be_empty() {
        assert_eq!(parse("---\na: patch\n---\nx\n---\ny\n").unwrap().message, "x\n---\ny");
        assert_eq!(parse("---\na: patch\n---\n  \n").unwrap().message, "");
    }

    #[test]
    fn every_fault_names_its_line() {
        let table = [
            ("", 1, "expected `---`"),
            ("\n\nhello", 3, "expected `---`"),
            ("---\na: patch\n", 2, "the closing `---` is missing"),
            ("---\n---\nx", 2, "no package is named"),
            ("---\nnonsense\n---\nx", 2, "expected `PACKAGE: LEVEL`"),
            ("---\n\n: patch\n---\nx", 3, "the name of the package is missing"),
            ("---\na: huge\n---\nx", 2, "`huge` is not a level: expected `patch`, `minor` or `major`"),
            ("---\na: patch (\n---\nx", 2, "a `(` is not closed"),
            ("---\na: patch ()\n---\nx", 2, "the parentheses are empty"),
            ("---\na: patch\na: minor\n---\nx", 3, "`a` is named twice"),
        ];
        for (text, line, message) in table {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.message.as_str()), (line, message), "{text:?}");
            assert!(error.hint.is_some());
        }
    }
}
