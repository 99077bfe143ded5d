//! Changelog entries that no changeset stands for: updated dependencies, and followers in a fixed group.

use semver::Version;

use super::entry::{Entry, Heading, Reason};
use crate::changeset::Level;
use crate::release::graph::Graph;
use crate::workspace::Workspace;

/// The automatic entries of each package. `released` gives the level and new version of what is released, `is_named`
/// tells what a changeset names.
pub(super) fn entries(
    workspace: &Workspace,
    graph: &Graph,
    released: &[Option<(Level, Version)>],
    is_named: &[bool],
) -> Vec<Vec<Entry>> {
    let is_downstream = downstream(graph, released, is_named);
    let follows_a_group =
        |package: usize| !is_named[package] && !is_downstream[package] && !graph.fixed.companions(package).is_empty();
    let entries_of = |(package, release): (usize, &Option<(Level, Version)>)| {
        let Some((level, _)) = release else { return Vec::new() };
        let mut entries: Vec<Entry> = updated_dependencies(workspace, graph, released, package).into_iter().collect();
        if follows_a_group(package) {
            entries.push(Entry {
                heading: Heading::Level(*level),
                text: "Bumped due to fixed dependency group policy".into(),
                reason: Reason::FixedGroup,
            });
        }
        entries
    };
    released.iter().enumerate().map(entries_of).collect()
}

fn updated_dependencies(
    workspace: &Workspace,
    graph: &Graph,
    released: &[Option<(Level, Version)>],
    package: usize,
) -> Option<Entry> {
    let needs = graph.dependencies[package].iter().filter(|need| need.requirement.passes_releases_on);
    let mut updated: Vec<usize> =
        needs.map(|need| need.on).filter(|&on| on != package && released[on].is_some()).collect();
    updated.sort_unstable();
    updated.dedup();
    let named = updated.iter().filter_map(|&on| {
        let (_, version) = released[on].as_ref()?;
        Some(format!("{}@{version}", workspace.display_name(&workspace.packages[on].id)))
    });
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| Entry {
        heading: Heading::Level(Level::Patch),
        text: format!("Updated dependencies: {}", named.join(", ")),
        reason: Reason::UpdatedDependencies,
    })
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
