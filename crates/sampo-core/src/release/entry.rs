//! One thing that readers of a changelog learn: under which heading, in which words, and why.

use std::collections::HashMap;
use std::path::PathBuf;

use super::changelog::{self, Group};
use super::credit::Credit;
use crate::changeset::Level;

/// One thing that readers of a changelog learn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Under which heading.
    pub heading: Heading,
    /// In Markdown.
    pub text: String,
    /// Where it comes from.
    pub reason: Reason,
    /// The commit that brought it, and who is thanked; only changesets have one.
    pub credit: Option<Credit>,
}

impl Entry {
    /// The entry as an item of a list.
    pub(crate) fn item(&self) -> String {
        changelog::item(&self.credit.as_ref().map_or_else(|| self.text.clone(), |credit| credit.around(&self.text)))
    }
}

/// A heading in the section of a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Heading {
    /// `Minor changes`.
    Level(Level),
    /// A category.
    Tag(String),
}

impl Heading {
    /// The heading's words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Level(Level::Major) => "Major changes".into(),
            Self::Level(Level::Minor) => "Minor changes".into(),
            Self::Level(Level::Patch) => "Patch changes".into(),
            Self::Tag(tag) => tag.clone(),
        }
    }
}

/// Why a package is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// This file says so.
    Changeset(PathBuf),
    /// Packages that it needs are released.
    UpdatedDependencies,
    /// A package of its fixed group is released.
    FixedGroup,
}

/// Entries under their headings. Levels have an order of their own; with tags, headings stand as they come.
pub(super) fn grouped(entries: &[Entry]) -> Vec<Group> {
    let mut headings: Vec<&Heading> = Vec::new();
    let mut blocks: HashMap<&Heading, Vec<String>> = HashMap::new();
    for entry in entries {
        let known = blocks.entry(&entry.heading).or_insert_with(|| {
            headings.push(&entry.heading);
            Vec::new()
        });
        known.push(entry.item());
    }
    if headings.iter().all(|heading| matches!(heading, Heading::Level(_))) {
        headings.sort_by_key(|heading| match heading {
            Heading::Level(level) => std::cmp::Reverse(*level),
            Heading::Tag(_) => unreachable!("every heading is a level"),
        });
    }
    let group = |heading| Group { heading: Heading::text(heading), blocks: blocks.remove(heading).unwrap_or_default() };
    headings.into_iter().map(group).collect()
}
