//! The report as a table that a person reads at a glance.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::content::{Problem, Row, Tone};
use super::{Detail, Report, Status};

/// Narrower than this, the name of an item tells nothing.
const NARROWEST_ITEM: usize = 20;

pub(super) fn render(report: &Report, width: usize, detail: Detail) -> String {
    let mut text = String::new();
    for release in &report.releases {
        let _ = writeln!(text, "{} {} ({})", release.package, release.version, release.tag);
        write_rows(&mut text, &report.rows(release, detail), width);
    }
    text + &conclusion(report, detail)
}

/// What concerns one backend.
pub(super) fn part(report: &Report, backend: &str, width: usize, detail: Detail) -> String {
    let mut text = String::new();
    for release in &report.releases {
        let mut rows = report.rows(release, detail);
        rows.retain(|row| row.backend() == backend);
        if !rows.is_empty() {
            let _ = writeln!(text, "{} {} ({})", release.package, release.version, release.tag);
            write_rows(&mut text, &rows, width);
        }
    }
    text
}

/// What went wrong, all of it in numbers, and how to try again.
pub(super) fn conclusion(report: &Report, detail: Detail) -> String {
    let mut text = String::new();
    for problem in report.told(detail) {
        write_problem(&mut text, &problem);
    }
    let _ = writeln!(text, "{}", report.summary());
    if let Some(command) = &report.retry_command {
        let _ = writeln!(text, "To try again what did not succeed: {command}");
    }
    text
}

/// Status, backend, item, size, code.
type Cells = [String; 5];
const ITEM: usize = 2;
const SIZE: usize = 3;

fn write_rows(text: &mut String, rows: &[Row<'_>], width: usize) {
    let cells: Vec<Cells> = rows.iter().map(cells).collect();
    let widths = fitted(&cells, width);
    for (row, cells) in rows.iter().zip(&cells) {
        let style = style(row.status());
        let [status, backend, item, size, code] = cells;
        let mut line = format!("  {style}{status:<width$}{style:#}", width = widths[0]);
        let _ = write!(line, "  {backend:<width$}", width = widths[1]);
        let _ = write!(line, "  {:<width$}", shortened(item, widths[ITEM]), width = widths[ITEM]);
        if widths[SIZE] > 0 {
            let _ = write!(line, "  {size:>width$}", width = widths[SIZE]);
        }
        let _ = write!(line, "  {code}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if rows.is_empty() {
        text.push_str("  nothing to deliver\n");
    }
}

fn cells(row: &Row<'_>) -> Cells {
    let item = match row {
        Row::One(delivery) => delivery.item.clone(),
        Row::Unchanged { count, .. } => format!("{count} items"),
    };
    [row.status().as_str().to_owned(), row.backend().to_owned(), item, row.size(), row.note().to_owned()]
}

/// The widths of the columns. Where all of them do not fit, names are shortened; if that is not enough, sizes give way.
fn fitted(rows: &[Cells], width: usize) -> [usize; 5] {
    let mut widths =
        [0, 1, 2, 3, 4].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let excess = |widths: &[usize; 5]| widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>();
    let shorten = |widths: &mut [usize; 5]| {
        let excess = excess(widths).saturating_sub(width);
        widths[ITEM] = widths[ITEM].saturating_sub(excess).max(widths[ITEM].min(NARROWEST_ITEM));
    };
    let whole = widths;
    shorten(&mut widths);
    if excess(&widths) > width {
        widths = whole;
        widths[SIZE] = 0;
        shorten(&mut widths);
    }
    widths
}

/// Names differ in their middle and at their end: what is left out is taken from before that.
fn shortened(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let begin: String = text.chars().take(kept / 3).collect();
    let end: String = text.chars().skip(count - (kept - kept / 3)).collect();
    format!("{begin}…{end}")
}

fn write_problem(text: &mut String, problem: &Problem<'_>) {
    let style = style(problem.status);
    let (code, backends) = (problem.code, problem.backends.join(" and "));
    for (message, deliveries) in &problem.messages {
        let [first, rest @ ..] = deliveries.as_slice() else { continue };
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let _ = writeln!(text, "{style}{code}{style:#}: {backends}, {}{more}: {message}", first.item);
    }
    if problem.omitted > 0 {
        let _ = writeln!(text, "{style}{code}{style:#}: {backends}: {} more of this kind", problem.omitted);
    }
    if let Some(hint) = problem.hint {
        let _ = writeln!(text, "  {hint}");
    }
}

fn style(status: Status) -> Style {
    match Tone::of(status) {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Planned => AnsiColor::Cyan.on_default(),
        Tone::Caution => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
