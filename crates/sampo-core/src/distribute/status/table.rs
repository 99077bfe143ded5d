//! The status as a table that a person reads at a glance.

use anstyle::{AnsiColor, Style};

use super::{ReleaseStatus, Standing, State, Status};
use crate::distribute::columns::{Cell, lines, listed};

pub(super) fn render(status: &Status) -> String {
    let header = ["PACKAGE", "VERSION", "TAG", "BACKEND", "STATE", "FILES"];
    let header = header.map(|text| Cell::styled(text, Style::new().dimmed())).into();
    let rows = status.releases.iter().flat_map(rows);
    let rows: Vec<Vec<Cell>> = std::iter::once(header).chain(rows).collect();
    let notes = status.releases.iter().flat_map(notes);
    let mut text = String::new();
    for line in lines(&rows, "").into_iter().chain(notes) {
        text += &line;
        text.push('\n');
    }
    text
}

/// A row for each destination; what is the same for all of them stands in the first.
fn rows(release: &ReleaseStatus) -> Vec<Vec<Cell>> {
    let tag = if release.tagged { release.tag.clone() } else { "not tagged".to_owned() };
    let mut names = vec![Cell::plain(release.package.to_string()), Cell::plain(&release.version), Cell::plain(tag)];
    if release.destinations.is_empty() {
        names.push(Cell::plain("no backend takes it"));
        return vec![names];
    }
    let blank = || vec![Cell::plain(""), Cell::plain(""), Cell::plain("")];
    let first = std::iter::once(names).chain(std::iter::repeat_with(blank));
    first
        .zip(&release.destinations)
        .map(|(names, standing)| names.into_iter().chain(cells(standing)).collect())
        .collect()
}

fn cells(standing: &Standing) -> [Cell; 3] {
    let (word, style) = word(standing.state);
    let is_counted = !matches!(standing.state, State::Unknown | State::Unreachable | State::LeftOut);
    let count = if is_counted { format!("{}/{}", standing.present, standing.expected) } else { String::new() };
    [Cell::plain(&standing.backend), Cell::styled(word, style), Cell::plain(count)]
}

fn word(state: State) -> (&'static str, Style) {
    match state {
        State::Complete => ("complete", AnsiColor::Green.on_default()),
        State::Unfinished => ("unfinished", AnsiColor::Yellow.on_default()),
        State::Incomplete => ("incomplete", AnsiColor::Yellow.on_default()),
        State::Absent => ("absent", AnsiColor::Red.on_default()),
        State::Unknown => ("unknown", Style::new().dimmed()),
        State::Unreachable => ("unreachable", AnsiColor::Red.on_default()),
        State::LeftOut => ("left-out", Style::new().dimmed()),
    }
}

/// What the table has no room for. Of a release that is not there at all, nothing needs to be listed.
fn notes(release: &ReleaseStatus) -> Vec<String> {
    let mut notes = Vec::new();
    for standing in &release.destinations {
        let subject = format!("{}, {} {}", standing.backend, release.package, release.version);
        let lists = [
            ("missing", &standing.missing),
            ("half-way", &standing.incomplete),
            ("optional and missing", &standing.optional),
            ("not expected", &standing.extra),
        ];
        let is_there = standing.state != State::Absent;
        for (word, names) in lists.into_iter().filter(|(_, names)| is_there && !names.is_empty()) {
            notes.push(format!("{subject}: {word}: {}", listed(names)));
        }
        if let Some(message) = &standing.message {
            let code = standing.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
            notes.push(format!("{subject}: {code}{message}"));
        }
        notes.extend(standing.hint.iter().map(|hint| format!("  {hint}")));
    }
    notes
}
