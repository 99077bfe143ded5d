//! How far each package rises: what changesets say, carried on to dependents and groups until nothing moves.
//!
//! Every rule only ever raises a level, so the result does not depend on the order in which rules are applied, and
//! a package is looked at three times at most.

use crate::changeset::Level;
use crate::release::graph::Graph;

/// The level of each package; none for one that is not released.
///
/// `joins(package, place, level)` decides whether a package follows its dependency at `place`, which rises by `level`.
pub(super) fn spread(
    graph: &Graph,
    direct: &[Option<Level>],
    joins: impl Fn(usize, usize, Level) -> bool,
) -> Vec<Option<Level>> {
    let mut spread =
        Spread { graph, levels: vec![None; direct.len()], linked: vec![None; graph.linked.len()], waiting: Vec::new() };
    for (package, level) in direct.iter().enumerate() {
        spread.raise(package, *level);
    }
    while let Some(package) = spread.waiting.pop() {
        spread.carry_on(package, &joins);
    }
    spread.levels
}

struct Spread<'a> {
    graph: &'a Graph,
    levels: Vec<Option<Level>>,
    /// The highest level in each linked group.
    linked: Vec<Option<Level>>,
    waiting: Vec<usize>,
}

impl Spread<'_> {
    fn raise(&mut self, package: usize, level: Option<Level>) {
        if level > self.levels[package] {
            self.levels[package] = level;
            self.waiting.push(package);
        }
    }

    fn carry_on(&mut self, package: usize, joins: &impl Fn(usize, usize, Level) -> bool) {
        let graph = self.graph;
        let Some(level) = self.levels[package] else { return };
        for &(dependent, place) in &graph.dependents[package] {
            if joins(dependent, place, level) {
                let carried = if graph.is_fixed[dependent] { level } else { Level::Patch };
                self.raise(dependent, Some(carried));
            }
        }
        for &companion in graph.fixed.companions(package) {
            self.raise(companion, Some(level));
        }
        if let Some(group) = graph.linked.group(package) {
            self.level_out(package, group, level);
        }
    }

    /// Brings the members of a linked group that are released to the highest level among them.
    fn level_out(&mut self, package: usize, group: usize, level: Level) {
        if Some(level) <= self.linked[group] {
            return self.raise(package, self.linked[group]);
        }
        self.linked[group] = Some(level);
        let graph = self.graph;
        for &companion in graph.linked.companions(package) {
            if self.levels[companion].is_some() {
                self.raise(companion, Some(level));
            }
        }
    }
}
