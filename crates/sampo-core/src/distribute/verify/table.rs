//! A verification as text: what is right in a word, what is wrong in a line each.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};

use super::verification::{Check, CheckStatus, Inspection, Truth, Verdict, Verification, VerifiedRelease, Visibility};
use crate::distribute::columns::{Cell, lines};

pub(super) fn render(verification: &Verification) -> String {
    let mut text = String::new();
    for release in &verification.releases {
        text += &format!("{} {} ({}), {}\n", release.package, release.version, release.tag, compared(release.truth));
        for line in destinations(release) {
            text += &line;
            text.push('\n');
        }
    }
    text += &summary(verification);
    text.push('\n');
    if verification.releases.iter().any(differs_from_files) {
        text += "If the files on this machine are not those that were delivered: `--against checksums`, or a report\n";
    }
    text
}

fn differs_from_files(release: &VerifiedRelease) -> bool {
    let mut checks = release.destinations.iter().flat_map(|destination| &destination.checks);
    release.truth == Truth::Files && checks.any(|check| check.status == CheckStatus::Different)
}

fn compared(truth: Truth) -> &'static str {
    match truth {
        Truth::Files => "compared with the files on this machine",
        Truth::Report => "compared with the report",
        Truth::Checksums => "compared with the checksums at its destinations",
    }
}

fn destinations(release: &VerifiedRelease) -> Vec<String> {
    let heads: Vec<Vec<Cell>> = release.destinations.iter().map(head).collect();
    let heads = lines(&heads, "  ");
    let bodies = release.destinations.iter().map(body);
    heads.into_iter().zip(bodies).flat_map(|(head, body)| std::iter::once(head).chain(body)).collect()
}

fn head(inspection: &Inspection) -> Vec<Cell> {
    let visibility = inspection.visibility;
    let style = match visibility {
        Visibility::Visible => AnsiColor::Green.on_default(),
        Visibility::Unknown | Visibility::LeftOut => Style::new().dimmed(),
        Visibility::Unfinished => AnsiColor::Yellow.on_default(),
        Visibility::Absent | Visibility::Unreachable => AnsiColor::Red.on_default(),
    };
    vec![Cell::plain(&inspection.backend), Cell::styled(visibility.as_str(), style), Cell::plain(counted(inspection))]
}

/// `3 of 4 identical`; nothing where that says nothing.
pub(super) fn counted(inspection: &Inspection) -> String {
    let is_wanted = |check: &&Check| !matches!(check.status, CheckStatus::Extra | CheckStatus::LeftOut);
    let wanted = inspection.checks.iter().filter(is_wanted).count();
    let identical = inspection.checks.iter().filter(|check| check.status == CheckStatus::Identical).count();
    match inspection.visibility {
        Visibility::Unknown => String::new(),
        _ if wanted == 0 => String::new(),
        _ => format!("{identical} of {wanted} identical"),
    }
}

/// What is not as it should be. Where nothing of the release is there, that is all there is to say.
fn body(inspection: &Inspection) -> Vec<String> {
    let is_told =
        |check: &&Check| check.status != CheckStatus::Identical && inspection.visibility != Visibility::Absent;
    let rows = inspection.checks.iter().filter(is_told).map(|check| {
        let message = check.message.as_deref().unwrap_or_default();
        let code = check.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
        let status = Cell::styled(check.status.as_str(), style(check.status));
        vec![status, Cell::plain(&check.item), Cell::plain(code + message)]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let code = inspection.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
    let message = inspection.message.iter().map(|message| format!("    {code}{message}"));
    let hint = inspection.hint.iter().map(|hint| format!("    {hint}"));
    message.chain(hint).chain(lines(&rows, "    ")).collect()
}

fn style(status: CheckStatus) -> Style {
    match status {
        CheckStatus::Identical => AnsiColor::Green.on_default(),
        CheckStatus::Unknown | CheckStatus::LeftOut => Style::new().dimmed(),
        CheckStatus::Extra | CheckStatus::Unverified => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    }
}

/// `14 identical, 1 missing`, in the order of the statuses.
pub(super) fn summary(verification: &Verification) -> String {
    let mut counts: BTreeMap<CheckStatus, usize> = BTreeMap::new();
    let inspections = verification.releases.iter().flat_map(|release| &release.destinations);
    for check in inspections.clone().flat_map(|inspection| &inspection.checks) {
        *counts.entry(check.status).or_default() += 1;
    }
    let mut parts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
    let hidden = inspections.filter(|inspection| inspection.visibility == Visibility::Unfinished).count();
    if hidden > 0 {
        parts.push(format!("{hidden} not visible yet"));
    }
    // Without anything identical this is no success, though nothing is wrong.
    let is_quiet = !counts.keys().any(|status| *status == CheckStatus::Identical || status.is_problem());
    let text = match (parts.is_empty(), is_quiet && verification.verdict() == Verdict::Failure) {
        (true, _) => "nothing was checked".to_owned(),
        (false, true) => format!("{}: nothing could be checked", parts.join(", ")),
        (false, false) => parts.join(", "),
    };
    if verification.cancelled { text + " (cancelled)" } else { text }
}
