//! What a change does to a file, as a unified diff.

use ::similar::TextDiff;

use crate::transaction::Change;

/// The lines around a difference that are shown.
const CONTEXT: usize = 3;

/// The unified diff of `change` under the name `name`, for people: control characters are replaced, so that no file can
/// play with the terminal.
pub fn unified(change: &Change, name: &str) -> String {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().replace("\r\n", "\n");
    let (before, after) = (text(&change.before), text(&change.after));
    let header = |text: &Option<String>, side: char| match text {
        Some(_) => format!("{side}/{name}"),
        None => "/dev/null".to_owned(),
    };
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let (old, new) = (header(&change.before, 'a'), header(&change.after, 'b'));
    let diff = diff.unified_diff().context_radius(CONTEXT).header(&old, &new).to_string();
    diff.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}
