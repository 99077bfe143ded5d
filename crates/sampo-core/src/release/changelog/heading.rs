//! The headings that name versions, and the sections below them.

use std::fmt;

use semver::Version;

use super::markdown::{Line, lines};

/// The versions that one section stands for: one, or a run of them folded into one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Version,
    pub(super) last: Version,
}

impl Span {
    pub(super) fn contains(&self, version: &Version) -> bool {
        (&self.first..=&self.last).contains(&version)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.last) } else { write!(f, "{} ... {}", self.first, self.last) }
    }
}

/// The newest section of a changelog that has been cut at its first version.
pub(super) struct Top<'a> {
    pub(super) span: Span,
    pub(super) body: &'a str,
    /// Every older section.
    pub(super) rest: &'a str,
}

/// A second-level heading and what stands below it.
pub(super) struct Headed<'a> {
    /// The versions that the heading names, if it does.
    pub(super) span: Option<Span>,
    pub(super) body: &'a str,
}

/// Where the first heading with a digit in it begins, in whatever style it names a version or a date.
pub(super) fn first_version(text: &str) -> Option<usize> {
    headings(text).find(|(_, heading)| heading.contains(|c: char| c.is_ascii_digit())).map(|(start, _)| start)
}

/// The versions in that heading, in any usual style.
pub(super) fn newest(text: &str) -> Option<Span> {
    let newest = headings(text).find(|(_, heading)| heading.contains(|c: char| c.is_ascii_digit()));
    newest.and_then(|(_, heading)| loose_span(heading))
}

/// The section that `text` begins with, if its heading is one that this program writes.
pub(super) fn top(text: &str) -> Option<Top<'_>> {
    let (_, heading) = headings(text).next().filter(|(start, _)| *start == 0)?;
    let span = span(heading.split(" — ").next()?.trim())?;
    let end = headings(text).nth(1).map_or(text.len(), |(start, _)| start);
    Some(Top { span, body: below_heading(&text[..end]), rest: &text[end..] })
}

/// Every section, with the versions in its heading in any usual style: `1.0.0`, `v1.0.0`, `[1.0.0] - 2026-01-02`.
pub(super) fn sections(text: &str) -> Vec<Headed<'_>> {
    let headings: Vec<(usize, &str)> = headings(text).collect();
    let ends = headings.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    let section = |((start, heading), end): (&(usize, &str), usize)| Headed {
        span: loose_span(heading),
        body: below_heading(&text[*start..end]),
    };
    headings.iter().zip(ends).map(section).collect()
}

/// Second-level headings, `## 1.0.0` and underlined ones: where they begin, and their text.
fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // A line of its own, which becomes a heading if the next one underlines it.
    let mut lone: Option<Line<'_>> = None;
    let mut is_after_blank = true;
    lines(text).filter_map(move |line| {
        let above = lone.take();
        let is_plain = !line.is_literal;
        if is_plain && is_after_blank && may_be_underlined(line.text) {
            lone = Some(line);
        }
        is_after_blank = line.text.trim().is_empty();
        let marked = line.text.strip_prefix("## ").filter(|_| is_plain).map(|heading| (line.start, heading.trim()));
        let underlined = above.filter(|_| is_plain && is_underline(line.text));
        marked.or_else(|| underlined.map(|above| (above.start, above.text.trim())))
    })
}

/// Whether this begins a paragraph, as far as its first character tells.
fn may_be_underlined(line: &str) -> bool {
    line.starts_with(|c: char| c.is_alphanumeric() || c == '[') && !line.contains('|')
}

fn is_underline(line: &str) -> bool {
    let line = line.trim_end();
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
}

fn below_heading(section: &str) -> &str {
    let mut parts = section.split_inclusive('\n');
    let heading = parts.next().unwrap_or_default();
    let underline = parts.next().filter(|line| !heading.starts_with('#') && is_underline(line));
    &section[heading.len() + underline.map_or(0, str::len)..]
}

fn span(text: &str) -> Option<Span> {
    let (first, last) = text.split_once(" ... ").unwrap_or((text, text));
    Some(Span { first: Version::parse(first.trim()).ok()?, last: Version::parse(last.trim()).ok()? })
}

fn loose_span(heading: &str) -> Option<Span> {
    let end = [" — ", " – ", " - ", " ("].iter().filter_map(|separator| heading.find(separator)).min();
    let versions = heading[..end.unwrap_or(heading.len())].trim();
    let versions = versions.strip_prefix('[').map_or(versions, |linked| linked.split(']').next().unwrap_or(linked));
    span(versions.strip_prefix('v').unwrap_or(versions))
}
