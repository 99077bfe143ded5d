//! `pnpm-lock.yaml`: it remembers what each manifest asks for, and no version of our own.

use std::ops::Range;

use super::Folders;
use crate::workspace::edits::{Edits, Literal};
use crate::workspace::npm::files::NewVersions;

/// The `specifier` of each of our packages in `importers`, or what stands in `specifiers` up to pnpm 7.
pub(super) fn edits(text: &str, folders: &Folders<'_>, versions: &NewVersions<'_>) -> Edits {
    let mut edits = Edits::default();
    // The keys that the current line stands below, by how far they are indented: `importers`, folder, section, name.
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let Some((key, value)) = split(bare) else { continue };
        let indent = line.len() - line.trim_start().len();
        while path.last().is_some_and(|(above, _)| *above >= indent) {
            path.pop();
        }
        path.push((indent, key));
        let keys: Vec<&str> = path.iter().map(|(_, key)| key.as_str()).collect();
        let name = match keys.as_slice() {
            ["importers", folder, _, name, "specifier"] if is_ours(folder, folders) => *name,
            ["importers", folder, "specifiers", name] if is_ours(folder, folders) => *name,
            ["specifiers", name] | [_, name, "specifier"] => *name,
            _ => continue,
        };
        let place = Range { start: start + line.find(bare).unwrap_or(0) + value.start, end: 0 };
        let literal = Literal::new(unquoted(&bare[value.clone()]), place.start..place.start + value.len());
        if let Some(next) = versions.followed(name, &literal.value) {
            edits.set(&literal, next);
        }
    }
    edits
}

fn is_ours(folder: &str, folders: &Folders<'_>) -> bool {
    folders.contains_key(if folder == "." { "" } else { folder })
}

/// The key of a line, and the place of its value.
fn split(line: &str) -> Option<(String, Range<usize>)> {
    let quote = line.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let end = match quote {
        Some(quote) => line[1..].find(quote)? + 2,
        None => line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?,
    };
    let rest = line[end..].strip_prefix(':')?;
    let start = line.len() - rest.trim_start().len();
    Some((unquoted(&line[..end]).to_owned(), start..line.len()))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}
