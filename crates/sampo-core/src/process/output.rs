//! What a child prints: read line by line, without secrets, kept up to a size.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::secret::Redactor;

/// A single line longer than this, and than what is kept, is cut, so that a child cannot fill the memory without a
/// line break.
const LONGEST_LINE: usize = 64 * 1024;

/// How many of the last lines that a failed command printed are told, and how many bytes of them.
const REPORTED_LINES: usize = 20;
const REPORTED_BYTES: usize = 4000;

/// Hears each line of output as it comes.
pub(super) type LineListener = Arc<dyn Fn(&str) + Send + Sync>;

/// One output stream, while it is read and afterwards.
pub(super) struct Capture {
    tail: Mutex<Tail>,
    redactor: Redactor,
    listener: Option<LineListener>,
    longest: usize,
    is_plain: bool,
}

impl Capture {
    /// Keeps the last `kept` bytes.
    pub(super) fn new(kept: usize, is_plain: bool, redactor: Redactor, listener: Option<LineListener>) -> Self {
        Self { tail: Mutex::new(Tail::new(kept)), redactor, listener, longest: kept.max(LONGEST_LINE), is_plain }
    }

    /// Reads `stream` to its end. What was read by then is there also if this is dropped before.
    pub(super) async fn read(&self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(stream) = stream else { return };
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            let room = self.longest.saturating_sub(line.len()).max(1);
            let read = (&mut stream).take(room as u64).read_until(b'\n', &mut line).await;
            let at_end = !matches!(read, Ok(bytes) if bytes > 0);
            if line.last() == Some(&b'\n') {
                line.pop();
                self.push(&line);
                line.clear();
            } else if at_end {
                if !line.is_empty() {
                    self.push(&line);
                }
                return;
            } else if line.len() >= self.longest {
                // A secret that is not complete yet waits for its rest; without any, a line is cut where it is full.
                let cut = self.redactor.cut(&line).max(1);
                let rest = line.split_off(cut);
                self.push(&line);
                line = rest;
            }
        }
    }

    /// The end of what was printed so far; invalid UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    fn push(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        // First, since a secret with a colour in it would not be found.
        let text = if self.is_plain { Cow::Owned(plain(&text)) } else { text };
        let text = self.redactor.redact(&text);
        if let Some(listener) = &self.listener {
            listener(text.trim_end_matches('\r'));
        }
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

/// The last lines of a stream, up to a number of bytes.
struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
    limit: usize,
}

impl Tail {
    fn new(limit: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, limit }
    }

    fn push(&mut self, line: String) {
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.bytes > self.limit && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len() + 1);
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes);
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// What a terminal would show of a line in the end: no colours, no titles, and of progress only the last state.
fn plain(line: &str) -> String {
    let text = anstream::adapter::strip_str(line).to_string();
    let last = text.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
    last.chars().filter(|c| !c.is_control() || *c == '\t').collect()
}

/// The last `count` lines of `text`, without blank ones at its end.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The end of what a command said before it failed: on standard error, or if it said nothing there, on standard output.
pub fn last_words(stderr: &str, stdout: &str) -> String {
    let said = if stderr.trim().is_empty() { stdout } else { stderr };
    let text = last_lines(said, REPORTED_LINES);
    if text.len() <= REPORTED_BYTES {
        return text;
    }
    format!("…{}", &text[text.ceil_char_boundary(text.len() - REPORTED_BYTES)..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn last_words_are_few_even_if_they_are_one_line() {
        let lines = |count: usize| (0..count).map(|n| format!("{n}\n")).collect::<String>();
        assert_eq!(last_words("", &lines(30)).lines().collect::<Vec<_>>()[..2], ["10", "11"]);
        assert_eq!(last_words(" \n", "out\n\n"), "out");
        assert_eq!(last_words("err\n", "out"), "err");
        let long = last_words(&"ä".repeat(1_000_000), "");
        assert!(long.starts_with("…ä") && long.len() <= REPORTED_BYTES + 3, "{}", long.len());
    }

    #[tokio::test]
    async fn a_secret_that_lies_across_the_cut_of_a_long_line_is_not_shown() {
        let secret = "supersecretvalue";
        for before in LONGEST_LINE - secret.len() - 1..=LONGEST_LINE + 1 {
            let text = "x".repeat(before) + secret + "tail";
            let capture = Capture::new(1 << 20, false, Redactor::new([Secret::new(secret)]), None);
            let capture = Capture { longest: LONGEST_LINE, ..capture };
            capture.read(Some(text.as_bytes())).await;
            let shown = capture.text();
            let plain = shown.replace('\n', "");
            assert!(!plain.contains("secret") && plain.ends_with("***tail"), "{before}");
        }
    }
}
