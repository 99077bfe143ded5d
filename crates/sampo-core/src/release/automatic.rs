//! Changelog entries that no changeset stands for: updated dependencies, and followers in a fixed group.

use semver::Version;

use super::cause::Cause;
use super::entry::{Entry, Heading, Reason};
use crate::changeset::Level;
use crate::release::graph::Graph;
use crate::workspace::Workspace;

/// The automatic entries of each package. `released` gives the level and new version of what is released, `causes` tells
/// why.
pub(super) fn entries(
    workspace: &Workspace,
    graph: &Graph,
    released: &[Option<(Level, Version)>],
    causes: &[Cause],
) -> Vec<Vec<Entry>> {
    let follows_a_group =
        |package: usize| causes[package] == Cause::Group && !graph.fixed.companions(package).is_empty();
    let entries_of = |(package, release): (usize, &Option<(Level, Version)>)| {
        let Some((level, _)) = release else { return Vec::new() };
        let mut entries: Vec<Entry> = updated_dependencies(workspace, graph, released, package).into_iter().collect();
        if follows_a_group(package) {
            entries.push(Entry {
                heading: Heading::Level(*level),
                text: "Bumped due to fixed dependency group policy".into(),
                reason: Reason::FixedGroup,
                credit: None,
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
        credit: None,
    })
}
