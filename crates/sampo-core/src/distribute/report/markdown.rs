//! The report as Markdown, for the summary of a workflow's job, an issue or a chat. Nothing that a name or a message
//! contains changes anything but its own place.

use std::fmt::Write;

use url::Url;

use super::content::{Detail, Problem, Row, Tone};
use super::{Report, ReportedRelease};

/// GitHub drops a job's summary above 1 MiB, and other steps may have written to it too.
const LONGEST: usize = 1_000_000;
/// Kept for the note that something was cut.
const NOTE: &str = "\n_This is cut: the report as JSON has all of it._\n";

pub(super) fn render(report: &Report, detail: Detail) -> String {
    let mut text = Bounded::new(LONGEST);
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
        Row::One(delivery) => linked(&delivery.item, delivery.url.as_deref()),
        Row::Unchanged { count, .. } => format!("{count} items"),
    };
    let cells =
        [code(row.backend()), item, row.size(), if row.note().is_empty() { String::new() } else { code(row.note()) }];
    // Inside a table a bar ends the cell wherever it stands, unless it is escaped.
    let cells = cells.map(|cell| cell.replace('|', "\\|")).join(" | ");
    format!("| {} {} | {cells} |\n", circle(Tone::of(status)), status.as_str())
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

/// A code span: no HTML, no mention and no emphasis takes effect in it, and only a longer row of backticks would end it.
fn code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = if line.trim().is_empty() { "?" } else { &line };
    let fence = "`".repeat(longest_run(line) + 1);
    // One blank on each side is dropped again, and keeps a backtick at the end from joining the fence.
    let pad = if line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// `name`, as a link if there is an address that a browser may open.
fn linked(name: &str, url: Option<&str>) -> String {
    let url = url.and_then(|url| Url::parse(url).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    match url {
        None => code(name),
        Some(url) => format!("[{}](<{}>)", code(name), escaped(url.as_str())),
    }
}

/// An address without what could end it, or be read as something else.
fn escaped(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' | '>' | '|' | '\\' | '`' | ' ' => {
                let _ = write!(text, "%{:02X}", u32::from(c));
            }
            '&' => text.push_str("&amp;"),
            _ => text.push(c),
        }
    }
    text
}

/// A block of text that is shown as it is: only a longer fence would end it.
fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let shown: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    format!("{fence}{language}\n{}\n{fence}\n", shown.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Text up to a length: from the first piece that does not fit, everything is left out.
struct Bounded {
    text: String,
    room: usize,
    is_cut: bool,
}

impl Bounded {
    fn new(longest: usize) -> Self {
        Self { text: String::new(), room: longest - NOTE.len(), is_cut: false }
    }

    fn push(&mut self, piece: &str) {
        self.is_cut |= piece.len() > self.room;
        if !self.is_cut {
            self.room -= piece.len();
            self.text.push_str(piece);
        }
    }

    fn finish(mut self) -> String {
        if self.is_cut {
            self.text.push_str(NOTE);
        }
        self.text
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
