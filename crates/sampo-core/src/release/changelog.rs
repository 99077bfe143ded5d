//! `CHANGELOG.md`: a new section on top, everything else as it was.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;

use semver::Version;

use super::version::{has_same_numbers, label};
use crate::workspace::Package;

mod folding;
mod heading;
mod markdown;

use heading::Span;

/// What a release says that only happened to follow others, where automatic entries are left out.
const BUMP_ONLY: &str = "Version bump only, to follow other packages.";

/// The section of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// The title of a new file.
    pub(super) name: &'a str,
    /// The version in the manifest so far.
    pub(super) old: &'a Version,
    pub(super) new: &'a Version,
    pub(super) date: Option<&'a str>,
    /// Headings with their entries, in order.
    pub(super) groups: Vec<Group>,
}

/// A heading and the blocks below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// The text of the heading; empty for what stands above the first one.
    pub(super) heading: String,
    /// List items and paragraphs in Markdown, each without a line break at its end.
    pub(super) blocks: Vec<String>,
}

/// `message` as one item of a list.
pub(super) fn item(message: &str) -> String {
    format!("- {}", message.replace('\n', "\n  "))
}

/// The text of the changelog with `section` as its newest.
///
/// What stands above the first version stays, older sections stay byte for byte, and line endings are kept. A top
/// section that is ahead of the manifest was never released: its entries move into the new one.
pub(super) fn with(existing: Option<&str>, mut section: Section<'_>) -> String {
    let existing = existing.unwrap_or_default();
    let existing = existing.strip_prefix('\u{feff}').unwrap_or(existing);
    let (intro, mut older) = existing.split_at(heading::first_version(existing).unwrap_or(existing.len()));
    let mut first = None;
    if let Some(top) = heading::top(older) {
        if is_ahead(&top.span.first, section.old) {
            folding::fold(&mut section.groups, top.body);
            older = top.rest;
        } else if section.groups.is_empty() && top.span.last == *section.old && top.body.trim() == BUMP_ONLY {
            first = Some(top.span.first);
            older = top.rest;
        }
    }
    let line_end = if existing.contains("\r\n") { "\r\n" } else { "\n" };
    let intro = match intro.trim_end() {
        "" => Cow::Owned(format!("# {}", section.name)),
        intro => Cow::Borrowed(intro),
    };
    let new = section.render(first.as_ref()).replace('\n', line_end);
    format!("{intro}{line_end}{line_end}{new}{older}")
}

/// Where the changelog of `package` stands.
pub(super) fn path(package: &Package) -> PathBuf {
    package.manifest.with_file_name("CHANGELOG.md")
}

/// The version on top, whatever the style of its heading.
pub(super) fn newest(changelog: &str) -> Option<Version> {
    heading::newest(changelog).map(|span| span.last)
}

/// Whether a section of `written` cannot have been released, with `old` in the manifest. A pre-release comes after
/// what it is lower than where a release was begun anew: under another label, or from the stable version.
fn is_ahead(written: &Version, old: &Version) -> bool {
    let is_begun_anew = !old.pre.is_empty() && has_same_numbers(written, old) && label(&written.pre) != label(&old.pre);
    written > old && !is_begun_anew
}

/// The section of `version`, in Markdown, without its heading and without blank lines around it.
pub fn section(changelog: &str, version: &Version) -> Option<String> {
    let changelog = changelog.strip_prefix('\u{feff}').unwrap_or(changelog);
    let sections = heading::sections(changelog);
    let found =
        sections.into_iter().find(|section| section.span.as_ref().is_some_and(|span| span.contains(version)))?;
    let body = found.body.replace("\r\n", "\n");
    // The first line may be indented code: only line breaks are dropped in front.
    let body = body.trim_start_matches('\n').trim_end();
    (!body.is_empty()).then(|| body.to_owned())
}

impl Section<'_> {
    /// With `first`, the section stands for every version from there on.
    fn render(&self, first: Option<&Version>) -> String {
        let span = Span { first: first.unwrap_or(self.new).clone(), last: self.new.clone() };
        let mut text = format!("## {span}");
        if let Some(date) = self.date {
            text.push_str(&format!(" — {date}"));
        }
        text.push_str("\n\n");
        if self.groups.is_empty() {
            text.push_str(BUMP_ONLY);
            text.push_str("\n\n");
        }
        for group in &self.groups {
            group.render(&mut text);
        }
        text
    }
}

impl Group {
    fn render(&self, text: &mut String) {
        if !self.heading.is_empty() {
            text.push_str(&format!("### {}\n\n", self.heading));
        }
        let mut written = HashSet::new();
        let mut last: Option<&str> = None;
        for block in self.blocks.iter().map(String::as_str).filter(|block| written.insert(*block)) {
            // Items of one list stand close together; a paragraph needs a blank line on either side.
            let is_close = last.is_none_or(|last| markdown::is_item(last) && markdown::is_item(block));
            text.push_str(if is_close { "" } else { "\n" });
            text.push_str(block);
            text.push('\n');
            last = Some(block);
        }
        text.push('\n');
    }
}

#[cfg(test)]
#[path = "changelog/changelog_tests.rs"]
mod tests;
