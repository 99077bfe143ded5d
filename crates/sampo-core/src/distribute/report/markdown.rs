//! The report as Markdown, for the summary of a workflow's job, an issue or a chat. Nothing that a name or a message
//! contains changes anything but its own place.

use std::fmt::Write;

use super::content::{Detail, Problem, Row, Tone};
use super::{Report, ReportedRelease};
use crate::markdown::{Bounded, block, code, link};

/// GitHub drops a job's summary above 1 MiB, and other steps may have written to it too.
const LONGEST: usize = 1_000_000;
/// The note that something was cut.
const NOTE: &str = "\n_This is cut: the report as JSON has all of it._\n";

pub(super) fn render(report: &Report, detail: Detail) -> String {
    let mut text = Bounded::new(LONGEST, NOTE);
    text.push(&format!("## {}\n", report.summary()));
    if let Some(command) = &report.retry_command {
        text.push(&format!("\nTo try again what did not succeed:\n\n{}", block("sh", command)));
    }
    for problem in report.told(detail) {
        text.push(&described(&problem));
    }
    for release in &report.releases {
        write_release(&mut text, report, release, detail);
    }
    text.finish()
}

/// One cause: what it is, what it concerns, and what was said about it.
fn described(problem: &Problem<'_>) -> String {
    let mut text = String::new();
    let backends: Vec<String> = problem.backends.iter().map(|backend| code(backend)).collect();
    let backends = backends.join(" and ");
    for (message, deliveries) in &problem.messages {
        let [first, rest @ ..] = deliveries.as_slice() else { continue };
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let place = format!("{} at {backends}{more}", code(&first.item));
        let _ = writeln!(text, "\n{} **{}** {place}", circle(Tone::of(problem.status)), code(problem.code));
        let hint = problem.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        text.push('\n');
        text.push_str(&block("text", &format!("{message}{hint}")));
    }
    if problem.omitted > 0 {
        let _ = writeln!(text, "\n{} more like this at {backends}.", problem.omitted);
    }
    text
}

fn write_release(text: &mut Bounded, report: &Report, release: &ReportedRelease, detail: Detail) {
    let rows = report.rows(release, detail);
    let title =
        format!("\n### {} {} ({})\n", code(&release.package.to_string()), code(&release.version), code(&release.tag));
    if rows.is_empty() {
        return text.push(&format!("{title}\nNothing to deliver.\n"));
    }
    // A table without a row is no table: its head is kept or cut together with the first one.
    let mut head = format!("{title}\n| Status | Backend | Item | Size | |\n| --- | --- | --- | ---: | --- |\n");
    for row in rows {
        head.push_str(&table_row(&row));
        text.push(&std::mem::take(&mut head));
    }
}

fn table_row(row: &Row<'_>) -> String {
    let status = row.status();
    let item = match row {
        Row::One(delivery) => link(&delivery.item, delivery.url.as_deref()),
        Row::Unchanged { count, .. } => format!("{count} items"),
    };
    let cells =
        [code(row.backend()), item, row.size(), if row.note().is_empty() { String::new() } else { code(row.note()) }];
    let status = format!("{} {}", circle(Tone::of(status)), status.as_str());
    crate::markdown::row([status].into_iter().chain(cells))
}

/// Markdown has no colours, but these have.
fn circle(tone: Tone) -> char {
    match tone {
        Tone::Good => '🟢',
        Tone::Quiet => '⚪',
        Tone::Planned => '🔵',
        Tone::Caution => '🟡',
        Tone::Bad => '🔴',
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
