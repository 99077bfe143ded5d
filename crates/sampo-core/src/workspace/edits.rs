//! A file that is edited in place: only the bytes of changed values are replaced, everything else stays.

use std::ops::Range;

/// A string in a file, with the place of its literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) value: String,
    place: Range<usize>,
}

impl Literal {
    /// The string `value`, whose literal stands at `place`.
    pub(super) fn new(value: impl Into<String>, place: Range<usize>) -> Self {
        Self { value: value.into(), place }
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

    /// `text` with every edit made. Literals keep their quotes, or stay without.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(place, _)| place.start);
        let mut result = String::with_capacity(text.len() + 16);
        let mut done = 0;
        for (place, value) in self.0 {
            let quote = text[place.clone()].chars().next().filter(|first| matches!(first, '"' | '\''));
            result.push_str(&text[done..place.start]);
            result.extend(quote);
            result.push_str(&value);
            result.extend(quote);
            done = place.end;
        }
        result.push_str(&text[done..]);
        result
    }
}
