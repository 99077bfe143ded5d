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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(before: Option<&str>, after: &str) -> String {
        let change = Change { path: "x".into(), before: before.map(str::to_owned), after: Some(after.to_owned()) };
        unified(&change, "x")
    }

    #[test]
    fn new_lines_and_files_are_shown_and_line_ends_are_not() {
        assert_eq!(shown(Some("a\r\nb\r\n"), "a\r\nc\r\n"), "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!(shown(None, "a\n"), "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(shown(Some("a\n"), "a\n"), "");
    }

    #[test]
    fn a_file_cannot_play_with_the_terminal() {
        let shown = shown(None, "\u{1b}]0;title\u{7}\rx\n");
        assert!(shown.contains("+\u{fffd}]0;title\u{fffd}") && !shown.contains(['\u{1b}', '\u{7}', '\r']), "{shown:?}");
    }
}
