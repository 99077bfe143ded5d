//! JSON text with the place of every string in it, so that values can be replaced and everything else stays.
//!
//! Comments and trailing commas, as in the lock file of Bun, are read too.

use std::ops::Range;

use crate::workspace::edits::Literal;

/// How deep values may stand in each other.
const DEEPEST: usize = 128;

/// One value.
#[derive(Debug)]
pub(super) enum Json {
    /// With its members in their order.
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    String(Literal),
    Bool(bool),
    /// A number or `null`, which nobody asks about.
    Other,
}

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub(super) struct JsonError {
    line: usize,
    column: usize,
    message: String,
}

impl Json {
    /// Reads `text`; places count from its first byte.
    pub(super) fn parse(text: &str) -> Result<Self, JsonError> {
        let mut scanner = Scanner { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
        let value = scanner.value(0)?;
        scanner.blank()?;
        if scanner.at < text.len() { Err(scanner.unexpected("the end")) } else { Ok(value) }
    }

    /// The member `name` of an object. Of several, the last one counts, as everywhere in JavaScript.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The members of an object; anything else has none.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array; anything else has none.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The literal of a string.
    pub(super) fn literal(&self) -> Option<&Literal> {
        match self {
            Self::String(literal) => Some(literal),
            _ => None,
        }
    }

    /// The value of a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        self.literal().map(|literal| literal.value.as_str())
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > DEEPEST {
            return Err(self.error("values stand too deep in each other"));
        }
        self.blank()?;
        match self.peek() {
            Some(b'{') => self
                .list(b'}', |scanner| {
                    let key = scanner.string()?.value;
                    scanner.blank()?;
                    if !scanner.take(b':') {
                        return Err(scanner.unexpected("`:`"));
                    }
                    Ok((key, scanner.value(depth + 1)?))
                })
                .map(Json::Object),
            Some(b'[') => self.list(b']', |scanner| scanner.value(depth + 1)).map(Json::Array),
            Some(b'"') => self.string().map(Json::String),
            _ => self.word(),
        }
    }

    /// What stands between an opening bracket and `end`, separated by commas.
    fn list<T>(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank()?;
            if self.take(end) {
                return Ok(items);
            }
            items.push(item(self)?);
            self.blank()?;
            if !self.take(b',') && self.peek() != Some(end) {
                return Err(self.unexpected(&format!("`,` or `{}`", char::from(end))));
            }
        }
    }

    fn string(&mut self) -> Result<Literal, JsonError> {
        let start = self.at;
        if !self.take(b'"') {
            return Err(self.unexpected("a string"));
        }
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return Err(self.error("a string has no end")),
            }
        }
        self.at += 1;
        let place = Range { start, end: self.at };
        let value: String = serde_json::from_str(&self.text[place.clone()])
            .map_err(|_| Self { text: self.text, at: start }.error("a string has a wrong escape"))?;
        Ok(Literal::new(value, place))
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            "null" => Json::Other,
            word if word.parse::<f64>().is_ok()
                && !word.contains(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E') =>
            {
                Json::Other
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.at += length;
        Ok(value)
    }

    /// Skips blanks and comments.
    fn blank(&mut self) -> Result<(), JsonError> {
        loop {
            let rest = &self.text[self.at..];
            let bare = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            self.at += rest.len() - bare.len();
            if bare.starts_with("//") {
                self.at += bare.find('\n').unwrap_or(bare.len());
            } else if bare.starts_with("/*") {
                let length = bare.find("*/").ok_or_else(|| self.error("a comment has no end"))?;
                self.at += length + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn unexpected(&self, expected: &str) -> JsonError {
        match self.text[self.at..].chars().next() {
            Some(found) if found.is_control() => {
                self.error(format!("expected {expected}, found `{}`", found.escape_debug()))
            }
            Some(found) => self.error(format!("expected {expected}, found `{found}`")),
            None => self.error(format!("expected {expected}, found the end of the file")),
        }
    }

    fn error(&self, message: impl Into<String>) -> JsonError {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        JsonError { line, column, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::edits::Edits;
    use proptest::prelude::*;

    #[test]
    fn values_are_found_and_replaced_where_they_stand() {
        let text = "\u{feff}{\r\n\t\"a\" : [1, -2.5e3, true, null, \"\\u00e4\\\"\"],\r\n\t\"b\":{ \"v\":\"1.0.0\" } }";
        let json = Json::parse(text).unwrap();
        assert_eq!(json.get("a").unwrap().items()[4].as_str(), Some("ä\""));
        let mut edits = Edits::default();
        edits.set(json.get("b").unwrap().get("v").unwrap().literal().unwrap(), "2.0.0");
        assert_eq!(edits.apply(text), text.replace("1.0.0", "2.0.0"));
    }

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let json = Json::parse("// top\n{ \"a\": [1, /* two */ 2,], }\n").unwrap();
        assert_eq!(json.get("a").unwrap().items().len(), 2);
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let table = [
            ("", "1:1: expected a value, found the end of the file"),
            ("{\n  \"a\" 1}", "2:7: expected `:`, found `1`"),
            ("{\"a\": 1 \"b\": 2}", "1:9: expected `,` or `}`, found `\"`"),
            ("[nan]", "1:2: expected a value, found `n`"),
            ("{} x", "1:4: expected the end, found `x`"),
            ("[\"a", "1:4: a string has no end"),
            ("[\"\\q\"]", "1:2: a string has a wrong escape"),
            ("/* a", "1:1: a comment has no end"),
        ];
        for (text, expected) in table {
            assert_eq!(Json::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Json::parse(&deep).unwrap_err().to_string().ends_with("values stand too deep in each other"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"([{}\[\],:"\\ue1/*\nä. -]|"a"|true|\PC)*"#) {
            let _ = Json::parse(&text);
        }
    }
}
