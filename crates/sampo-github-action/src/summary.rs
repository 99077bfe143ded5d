//! The summary of a job: Markdown that GitHub shows on the page of the run. One writer for all modes.

use std::fs::OpenOptions;
use std::io::{self, Write};

use sampo_core::environment::Environment;
use sampo_core::event::{Event, Reporter};
use sampo_core::markdown::{block, code, row};

/// GitHub drops the whole summary of a step above 1 MiB.
const LONGEST: usize = 1024 * 1024;
/// The note that something was cut.
const NOTE: &str = "\n_This is cut: the log has all of it._\n";

/// What to press to try again.
pub const RE_RUN: &str = "press **Re-run jobs**, **Re-run failed jobs** on this page: what was done stays as it is.";

/// What people are told.
#[derive(Debug, Default)]
pub struct Summary {
    sections: Vec<String>,
    failures: Vec<String>,
}

/// One package in a table of releases.
#[derive(Debug)]
pub struct ReleaseRow {
    /// The package's name.
    pub package: String,
    /// The version before, if it is known.
    pub old_version: Option<String>,
    /// The version.
    pub version: String,
    /// What became of it; left out where all rows have none.
    pub state: String,
    /// The tag, as Markdown.
    pub tag: String,
}

impl Summary {
    /// Adds Markdown. What others have written must be escaped in it.
    pub fn add(&mut self, markdown: impl AsRef<str>) {
        self.sections.push(markdown.as_ref().trim_end().to_owned());
    }

    /// Adds a table of releases, unless there are none.
    pub fn add_releases(&mut self, title: &str, releases: Vec<ReleaseRow>) {
        if releases.is_empty() {
            return;
        }
        let has_states = releases.iter().any(|release| !release.state.is_empty());
        let cells = |package: String, version: String, state: String, tag: String| {
            let state = Some(state).filter(|_| has_states);
            row([package, version].into_iter().chain(state).chain([tag]))
        };
        let text = |text: &str| text.to_owned();
        let head = cells(text("Package"), text("Version"), text(""), text("Tag"));
        let line = cells(text("---"), text("---"), text("---"), text("---"));
        let rows: String = releases
            .into_iter()
            .map(|ReleaseRow { package, old_version, version, state, tag }| {
                let old = old_version.map(|old| format!("{} → ", code(&old))).unwrap_or_default();
                cells(code(&package), old + &code(&version), state, tag)
            })
            .collect();
        self.add(format!("## {title}\n\n{head}{line}{rows}"));
    }

    /// Adds a failure; all of them come last.
    pub fn add_failure(&mut self, error_code: Option<&str>, message: &str, hint: Option<&str>) {
        let name = error_code.map(|error_code| format!(" **{}**", code(error_code))).unwrap_or_default();
        let hint = hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        self.failures.push(format!("🔴{name}\n\n{}", block("text", &format!("{message}{hint}"))));
    }

    /// Appends it to the file that the runner reads. What was done does not depend on it.
    pub fn write(&self, environment: &Environment, reporter: &dyn Reporter) {
        let text = self.text();
        let Some(path) = environment.get("GITHUB_STEP_SUMMARY").filter(|_| !text.is_empty()) else { return };
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().append(true).create(true).open(path)?;
            let taken = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
            file.write_all(cut(&text, LONGEST.saturating_sub(taken)).as_bytes())
        };
        if let Err(error) = written() {
            let message = format!("cannot write the summary of the job to `{path}`: {error}");
            reporter.report(Event::Warning { message: &message, hint: None });
        }
    }

    fn text(&self) -> String {
        let title = (!self.failures.is_empty()).then(|| "## Failed".to_owned());
        // The run that is repeated sees the same commit.
        let again = title.as_ref().map(|_| format!("If nothing in the repository is to be mended first, {RE_RUN}"));
        let failures = self.failures.iter().map(|failure| failure.trim_end().to_owned());
        let failures = title.into_iter().chain(failures).chain(again);
        let sections: Vec<String> = self.sections.iter().cloned().chain(failures).collect();
        if sections.is_empty() { String::new() } else { sections.join("\n\n") + "\n" }
    }
}

/// The lines of `text` that fit into `room` bytes, and a note where some do not.
fn cut(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(NOTE.len()) else { return String::new() };
    let kept = text.as_bytes()[..room].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    format!("{}{NOTE}", &text[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_messages_stay_text() {
        let mut summary = Summary::default();
        let release = ReleaseRow {
            package: "a|b`<b>".into(),
            old_version: Some("1.0.0".into()),
            version: "1.1.0".into(),
            state: String::new(),
            tag: code("a-v1.1.0"),
        };
        summary.add_failure(Some("git-failed"), "```\n# not a heading", Some("mend it"));
        summary.add_releases("Released", vec![release]);
        let expected = "## Released\n\n| Package | Version | Tag |\n| --- | --- | --- |\n\
                        | ``a\\|b`<b>`` | `1.0.0` → `1.1.0` | `a-v1.1.0` |\n\n## Failed\n\n🔴 **`git-failed`**\n\n\
                        ````text\n```\n# not a heading\nhint: mend it\n````\n\n\
                        If nothing in the repository is to be mended first, ";
        assert_eq!(summary.text(), format!("{expected}{RE_RUN}\n"));
    }

    #[test]
    fn what_does_not_fit_is_cut_at_a_line_and_the_note_counts() {
        let text = "äöü\n".repeat(100);
        for room in [0, 10, 50, 60, 699, 700] {
            let shown = cut(&text, room);
            assert!(shown.len() <= room, "{room}");
            let kept = shown.strip_suffix(NOTE).unwrap_or(&shown);
            assert!(text.starts_with(kept) && (kept.is_empty() || kept.ends_with('\n')), "{room}");
        }
        assert_eq!(cut(&text, 700), text);
    }
}
