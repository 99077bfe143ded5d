//! The report as a table that a person reads at a glance.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Delivery, Report, Status};

/// Narrower than this, a note is not worth its place.
const NARROWEST_NOTE: usize = 20;

pub(super) fn render(report: &Report, width: usize) -> String {
    let mut text = String::new();
    for release in &report.releases {
        let belongs = |delivery: &&Delivery| delivery.package == release.package && delivery.version == release.version;
        let deliveries: Vec<&Delivery> = report.deliveries.iter().filter(belongs).collect();
        let finishes: Vec<&Delivery> = report.finishes.iter().filter(belongs).collect();
        let _ = writeln!(text, "{} {} ({})", release.package, release.version, release.tag);
        write_rows(&mut text, &deliveries, &finishes, width);
    }
    write_messages(&mut text, report);
    let _ = writeln!(text, "{}", summary(report));
    if let Some(command) = &report.retry_command {
        let _ = writeln!(text, "To try again what did not succeed: {command}");
    }
    text
}

fn write_rows(text: &mut String, deliveries: &[&Delivery], finishes: &[&Delivery], width: usize) {
    let rows: Vec<[String; 5]> = deliveries.iter().chain(finishes).map(|delivery| row(delivery)).collect();
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let used = 2 + widths.iter().sum::<usize>() + 2 * widths.len();
    for (row, delivery) in rows.iter().zip(deliveries.iter().chain(finishes)) {
        let style = style(delivery.status);
        let line = format!(
            "  {style}{:<status$}{style:#}  {:<backend$}  {:<item$}  {:>size$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            shortened(&row[4], width.saturating_sub(used)),
            status = widths[0],
            backend = widths[1],
            item = widths[2],
            size = widths[3],
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if rows.is_empty() {
        text.push_str("  nothing to deliver\n");
    }
}

fn row(delivery: &Delivery) -> [String; 5] {
    let size = if delivery.bytes > 0 { human_bytes(delivery.bytes) } else { String::new() };
    let code = delivery.code.clone().unwrap_or_default();
    [delivery.status.as_str().to_owned(), delivery.backend.clone(), delivery.item.clone(), size, code]
}

/// What went wrong in full, and why something was left out: once for each distinct message, since one cause often
/// concerns many items.
fn write_messages(text: &mut String, report: &Report) {
    let mut distinct: BTreeMap<(&str, &str), Vec<&Delivery>> = BTreeMap::new();
    let is_told = |status: Status| status.is_problem() || status == Status::Skipped;
    for delivery in report.deliveries.iter().chain(&report.finishes).filter(|delivery| is_told(delivery.status)) {
        let Some(message) = &delivery.message else { continue };
        distinct.entry((&delivery.backend, message)).or_default().push(delivery);
    }
    for ((backend, message), deliveries) in &distinct {
        let [first, rest @ ..] = deliveries.as_slice() else { continue };
        let code = first.code.as_deref().unwrap_or(first.status.as_str());
        let style = style(first.status);
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let _ = writeln!(text, "{style}{code}{style:#}: {backend}, {}{more}: {message}", first.item);
        if let Some(hint) = &first.hint {
            let _ = writeln!(text, "  {hint}");
        }
    }
}

/// `3 delivered, 5 unchanged, 1 failed`, in the order of the statuses.
fn summary(report: &Report) -> String {
    let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
    for delivery in &report.deliveries {
        *counts.entry(delivery.status).or_default() += 1;
    }
    for finish in report.finishes.iter().filter(|finish| finish.status.is_problem()) {
        *counts.entry(finish.status).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
    let text = if parts.is_empty() { "nothing to deliver".to_owned() } else { parts.join(", ") };
    match (report.dry_run, report.cancelled) {
        (_, true) => format!("{text} (cancelled)"),
        (true, false) => format!("{text} (dry run: nothing was changed)"),
        (false, false) => text,
    }
}

fn style(status: Status) -> Style {
    let colour = match status {
        Status::Delivered => AnsiColor::Green,
        Status::Unchanged | Status::Skipped => return Style::new().dimmed(),
        Status::WouldDeliver | Status::WouldReplace => AnsiColor::Cyan,
        Status::Conflict | Status::Blocked => AnsiColor::Yellow,
        Status::Failed => AnsiColor::Red,
    };
    colour.on_default()
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width || width < NARROWEST_NOTE {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{kept}…")
}

/// `1.5 MB`: three digits at most, in powers of 1000.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::report::ReportedRelease;

    fn delivery(backend: &str, item: &str, status: Status) -> Delivery {
        Delivery {
            backend: backend.into(),
            package: "cargo/my-cli".parse().unwrap(),
            version: "1.2.0".into(),
            tag: "my-cli-v1.2.0".into(),
            target: None,
            item: item.into(),
            status,
            attempts: 1,
            bytes: 1_234_567,
            duration_ms: 5,
            url: None,
            code: None,
            message: None,
            hint: None,
            retryable: false,
        }
    }

    /// Without ANSI sequences, as a caller without a terminal would show it.
    fn plain(text: &str) -> String {
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('\u{1b}') {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = &rest[rest.find('m').unwrap() + 1..];
        }
        plain + rest
    }

    #[test]
    fn columns_are_aligned_and_problems_stand_below() {
        let mut report = Report::new(false, &[], Vec::new(), Vec::new());
        report.releases.push(ReportedRelease {
            package: "cargo/my-cli".parse().unwrap(),
            version: "1.2.0".into(),
            tag: "my-cli-v1.2.0".into(),
            commit: None,
            prerelease: false,
        });
        report.deliveries.push(delivery("github", "a.tar.gz", Status::Delivered));
        let failed = |item: &str| Delivery {
            code: Some("server-error".into()),
            message: Some("GitHub answered 502".into()),
            hint: Some("try again later".into()),
            ..delivery("web", item, Status::Failed)
        };
        report.deliveries.extend([failed("long-name.tar.gz"), failed("SHA256SUMS")]);
        report.finishes.push(Delivery {
            code: Some("not-selected".into()),
            message: Some("a run with all targets finishes the release".into()),
            bytes: 0,
            ..delivery("github", "finish", Status::Skipped)
        });
        report.complete(None);
        assert_eq!(
            plain(&report.to_text(100)),
            "cargo/my-cli 1.2.0 (my-cli-v1.2.0)\n\
             \x20 delivered  github  a.tar.gz          1.2 MB\n\
             \x20 failed     web     SHA256SUMS        1.2 MB  server-error\n\
             \x20 failed     web     long-name.tar.gz  1.2 MB  server-error\n\
             \x20 skipped    github  finish                    not-selected\n\
             not-selected: github, finish: a run with all targets finishes the release\n\
             server-error: web, SHA256SUMS and 1 more: GitHub answered 502\n\
             \x20 try again later\n\
             1 delivered, 2 failed\n\
             To try again what did not succeed: sampo distribute --tag my-cli-v1.2.0 --backend web\n"
        );
    }

    #[test]
    fn sizes_have_three_digits_at_most() {
        let table =
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9_950, "10 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")];
        for (bytes, text) in table {
            assert_eq!(human_bytes(bytes), text);
        }
    }
}
