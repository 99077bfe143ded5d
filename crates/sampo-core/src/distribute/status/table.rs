//! The status as a table that a person reads at a glance.

use anstyle::{AnsiColor, Style};

use super::{ReleaseStatus, Standing, State, Status};
use crate::distribute::columns::{Cell, lines, listed};

pub(super) fn render(status: &Status) -> String {
    let header = ["PACKAGE", "VERSION", "TAG", "BACKEND", "STATE", "FILES"];
    let header = header.map(|text| Cell::styled(text, Style::new().dimmed())).into();
    let rows = status.releases.iter().flat_map(rows);
    let rows: Vec<Vec<Cell>> = std::iter::once(header).chain(rows).collect();
    let notes = status.releases.iter().flat_map(lists).chain(reasons(status));
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

/// The names that the table has no room for. Of a release that is not there at all, nothing needs to be listed.
fn lists(release: &ReleaseStatus) -> Vec<String> {
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
    }
    notes
}

/// Why a state is what it is. One reason often holds for every release at a backend, and is told once.
fn reasons(status: &Status) -> Vec<String> {
    let mut reasons: Vec<(&Standing, Vec<String>)> = Vec::new();
    for release in &status.releases {
        let name = format!("{} {}", release.package, release.version);
        for standing in release.destinations.iter().filter(|standing| standing.message.is_some()) {
            match reasons.iter_mut().find(|(other, _)| reason(other) == reason(standing)) {
                Some((_, names)) => names.push(name.clone()),
                None => reasons.push((standing, vec![name.clone()])),
            }
        }
    }
    let lines = reasons.into_iter().flat_map(|(standing, names)| {
        let (backend, code, message, hint) = reason(standing);
        let code = code.map(|code| format!("{code}: ")).unwrap_or_default();
        let line = format!("{backend}, {}: {code}{}", listed(&names), message.unwrap_or_default());
        std::iter::once(line).chain(hint.map(|hint| format!("  {hint}")))
    });
    lines.collect()
}

fn reason(standing: &Standing) -> (&str, Option<&str>, Option<&str>, Option<&str>) {
    (&standing.backend, standing.code.as_deref(), standing.message.as_deref(), standing.hint.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_holds_for_several_releases_is_told_once() {
        let standing = |message: &str| Standing {
            backend: "log".into(),
            place: None,
            state: State::Unknown,
            present: 0,
            expected: 1,
            missing: Vec::new(),
            incomplete: Vec::new(),
            optional: Vec::new(),
            extra: Vec::new(),
            code: Some("not-supported".into()),
            message: Some(message.into()),
            hint: None,
        };
        let release = |name: &str, message: &str| ReleaseStatus {
            package: format!("cargo/{name}").parse().unwrap(),
            version: "1.2.0".into(),
            tag: format!("{name}-v1.2.0"),
            tagged: true,
            prerelease: false,
            destinations: vec![standing(message)],
        };
        let releases =
            vec![release("a", "it cannot tell"), release("b", "it cannot tell"), release("c", "it is silent")];
        assert_eq!(
            reasons(&Status { schema_version: 1, releases }),
            [
                "log, cargo/a 1.2.0, cargo/b 1.2.0: not-supported: it cannot tell",
                "log, cargo/c 1.2.0: not-supported: it is silent"
            ]
        );
    }
}
