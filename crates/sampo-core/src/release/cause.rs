//! Why each package is released.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::changeset::Level;
use crate::release::graph::Graph;

/// Why a package is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A changeset names it.
    Changeset,
    /// Something that it needs is released.
    Dependency,
    /// It shares its version's level with a package that is released.
    Group,
}

/// The cause of each package's release; of several the one that comes first above. `released` tells what is released,
/// `is_named` what a changeset names.
pub(super) fn causes(graph: &Graph, released: &[Option<(Level, Version)>], is_named: &[bool]) -> Vec<Cause> {
    let is_downstream = downstream(graph, released, is_named);
    let cause = |package: usize| match (is_named[package], is_downstream[package]) {
        (true, _) => Cause::Changeset,
        (false, true) => Cause::Dependency,
        (false, false) => Cause::Group,
    };
    (0..released.len()).map(cause).collect()
}

/// What is released because something it needs, directly or not, is named by a changeset.
fn downstream(graph: &Graph, released: &[Option<(Level, Version)>], is_named: &[bool]) -> Vec<bool> {
    let mut is_downstream = vec![false; is_named.len()];
    let mut waiting: Vec<usize> = (0..is_named.len()).filter(|&package| is_named[package]).collect();
    while let Some(package) = waiting.pop() {
        for &(dependent, _) in &graph.dependents[package] {
            if released[dependent].is_some() && !is_downstream[dependent] {
                is_downstream[dependent] = true;
                waiting.push(dependent);
            }
        }
    }
    is_downstream
}
