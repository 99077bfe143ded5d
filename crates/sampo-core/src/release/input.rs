//! What a plan is made from: all that it needs of the world, so that making it is pure.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::credit::Credit;
use crate::config::Config;
use crate::workspace::Workspace;
use crate::workspace::files::Read;

/// What a plan is made from.
pub(super) struct Input<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) config: &'a Config,
    /// For the headings of changelogs.
    pub(super) date: Option<String>,
    pub(super) read: Read<'a>,
    /// Every git tag.
    pub(super) tags: &'a HashSet<String>,
    pub(super) aim: Aim,
    /// By the changeset's path.
    pub(super) credits: HashMap<PathBuf, Credit>,
}

/// What a release makes of packages that are in a pre-release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Their next pre-release.
    Next,
    /// The stable version that they lead to.
    Stable,
}
