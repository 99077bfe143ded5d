//! One thing that readers of a changelog learn: under which heading, in which words, and why.

use std::path::PathBuf;

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
    pub(super) fn text(&self) -> String {
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
