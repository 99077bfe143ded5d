//! Markdown in which what others have written stays text: names, addresses and messages change only their own place.

use std::fmt::Write;

use url::Url;

/// A code span: no HTML, no mention and no emphasis takes effect in it, and only a longer row of backticks would end it.
pub fn code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = if line.trim().is_empty() { "?" } else { &line };
    let fence = "`".repeat(longest_run(line) + 1);
    // One blank on each side is dropped again, and keeps a backtick at the end from joining the fence.
    let pad = if line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// `name`, as a link if there is an address that a browser may open.
pub fn link(name: &str, url: Option<&str>) -> String {
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

/// A row of a table. Inside of it a bar ends the cell wherever it stands, unless it is escaped.
pub fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A block of text that is shown as it is: only a longer fence would end it.
pub fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let shown: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    format!("{fence}{language}\n{}\n{fence}\n", shown.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Text up to a length: from the first piece that does not fit, everything is left out.
#[derive(Debug)]
pub struct Bounded {
    text: String,
    room: usize,
    note: &'static str,
    is_cut: bool,
}

impl Bounded {
    /// Room for `longest` bytes, of which `note` takes its part once something is left out.
    pub fn new(longest: usize, note: &'static str) -> Self {
        Self { text: String::new(), room: longest.saturating_sub(note.len()), note, is_cut: false }
    }

    /// Adds `piece`, whole or not at all.
    pub fn push(&mut self, piece: &str) {
        self.is_cut |= piece.len() > self.room;
        if !self.is_cut {
            self.room -= piece.len();
            self.text.push_str(piece);
        }
    }

    /// The text.
    pub fn finish(mut self) -> String {
        if self.is_cut {
            self.text.push_str(self.note);
        }
        self.text
    }
}
