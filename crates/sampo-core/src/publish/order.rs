//! The order of uploads: a package comes after everything of the workspace that it needs.

use std::collections::HashMap;

use crate::workspace::{DependencyKind, Package, PackageId};

/// `packages` in waves: first those that need none of the others, then those that need only these, and so on, each
/// wave sorted by id. The error is a cycle: each package of it needs the next, the last one the first.
///
/// A development dependency with a version comes first too where that is possible, since a registry wants to know it;
/// it never makes a cycle.
pub(super) fn in_waves<'a>(packages: &[&'a Package]) -> Result<Vec<&'a Package>, Vec<PackageId>> {
    let mut graph = Graph::of(packages);
    let mut order = Vec::with_capacity(packages.len());
    let mut wave = graph.ready();
    loop {
        if wave.is_empty() {
            wave.extend(graph.break_development_cycle(packages));
        }
        if wave.is_empty() {
            break;
        }
        wave.sort_unstable_by(|a, b| packages[*a].id.cmp(&packages[*b].id));
        order.extend(wave.iter().map(|&index| packages[index]));
        wave = wave.into_iter().flat_map(|index| graph.free_dependents(index)).collect();
    }
    if order.len() == packages.len() { Ok(order) } else { Err(graph.cycle(packages)) }
}

struct Graph {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// Whom it needs; an index may stand twice.
    needs: Vec<(usize, DependencyKind)>,
    dependents: Vec<(usize, DependencyKind)>,
    open_runtime: usize,
    open_development: usize,
    placed: bool,
}

impl Node {
    fn is_ready(&self) -> bool {
        !self.placed && self.open_runtime == 0 && self.open_development == 0
    }
}

impl Graph {
    fn of(packages: &[&Package]) -> Self {
        let indices: HashMap<&PackageId, usize> = packages.iter().enumerate().map(|(i, p)| (&p.id, i)).collect();
        let mut nodes: Vec<Node> = packages.iter().map(|_| Node::default()).collect();
        for (index, package) in packages.iter().enumerate() {
            for dependency in &package.dependencies {
                let is_published = dependency.kind == DependencyKind::Runtime || dependency.requirement.is_some();
                let Some(&needed) = indices.get(&dependency.package).filter(|_| is_published) else { continue };
                let kind = dependency.kind;
                // A crate may use itself in its own tests.
                if needed == index && kind == DependencyKind::Development {
                    continue;
                }
                nodes[index].needs.push((needed, kind));
                nodes[needed].dependents.push((index, kind));
                match kind {
                    DependencyKind::Runtime => nodes[index].open_runtime += 1,
                    DependencyKind::Development => nodes[index].open_development += 1,
                }
            }
        }
        Self { nodes }
    }

    /// Those that need none of the others. They count as placed from now on.
    fn ready(&mut self) -> Vec<usize> {
        let ready: Vec<usize> = (0..self.nodes.len()).filter(|&index| self.nodes[index].is_ready()).collect();
        for &index in &ready {
            self.nodes[index].placed = true;
        }
        ready
    }

    /// Those that were waiting only for `index`. They count as placed from now on.
    fn free_dependents(&mut self, index: usize) -> Vec<usize> {
        let dependents = std::mem::take(&mut self.nodes[index].dependents);
        let mut freed = Vec::new();
        for (dependent, kind) in dependents {
            let node = &mut self.nodes[dependent];
            match kind {
                DependencyKind::Runtime => node.open_runtime -= 1,
                DependencyKind::Development => node.open_development -= 1,
            }
            if node.is_ready() {
                node.placed = true;
                freed.push(dependent);
            }
        }
        freed
    }

    /// The first package that waits for development dependencies only. Asked when nothing else is left to place.
    fn break_development_cycle(&mut self, packages: &[&Package]) -> Option<usize> {
        let stuck = (0..self.nodes.len()).filter(|&i| !self.nodes[i].placed && self.nodes[i].open_runtime == 0);
        let first = stuck.min_by_key(|&index| &packages[index].id)?;
        self.nodes[first].placed = true;
        Some(first)
    }

    /// A cycle among what could not be placed: all of it waits for something else that could not be placed.
    fn cycle(&self, packages: &[&Package]) -> Vec<PackageId> {
        let mut path: Vec<usize> = Vec::new();
        let mut position: HashMap<usize, usize> = HashMap::new();
        let mut current = (0..self.nodes.len()).find(|&index| !self.nodes[index].placed);
        while let Some(index) = current {
            if let Some(&start) = position.get(&index) {
                return path[start..].iter().map(|&index| packages[index].id.clone()).collect();
            }
            position.insert(index, path.len());
            path.push(index);
            let mut needs = self.nodes[index].needs.iter();
            current = needs
                .find(|(needed, kind)| *kind == DependencyKind::Runtime && !self.nodes[*needed].placed)
                .map(|(needed, _)| *needed);
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixtures::{development, package, runtime};

    fn order(packages: &[Package]) -> Result<Vec<String>, Vec<String>> {
        let names = |ids: Vec<PackageId>| ids.into_iter().map(|id| id.name().to_owned()).collect::<Vec<_>>();
        match in_waves(&packages.iter().collect::<Vec<_>>()) {
            Ok(order) => Ok(names(order.into_iter().map(|package| package.id.clone()).collect())),
            Err(cycle) => Err(names(cycle)),
        }
    }

    #[test]
    fn what_is_needed_comes_first_and_ties_go_by_id() {
        let packages = [
            package("app", &[runtime("zlib"), runtime("mid")]),
            package("mid", &[runtime("zlib")]),
            package("zlib", &[]),
        ];
        assert_eq!(order(&packages).unwrap(), ["zlib", "mid", "app"]);
        let packages = [package("z", &[]), package("b", &[runtime("a")]), package("a", &[]), package("c", &[])];
        assert_eq!(order(&packages).unwrap(), ["a", "c", "z", "b"], "breadth first");
    }

    #[test]
    fn a_versioned_development_dependency_comes_first_where_it_can() {
        let packages = [package("app", &[development("tools", Some("1"))]), package("tools", &[])];
        assert_eq!(order(&packages).unwrap(), ["tools", "app"]);
        let packages = [package("app", &[development("tools", None)]), package("tools", &[])];
        assert_eq!(order(&packages).unwrap(), ["app", "tools"], "cargo drops it from what is published");
    }

    #[test]
    fn development_dependencies_never_make_a_cycle() {
        let packages = [
            package("a", &[development("a", Some("1")), development("b", Some("1"))]),
            package("b", &[runtime("a")]),
            package("c", &[runtime("b")]),
        ];
        assert_eq!(order(&packages).unwrap(), ["a", "b", "c"]);
    }

    #[test]
    fn packages_that_all_wait_for_development_dependencies_are_still_put_in_order() {
        let packages = [package("a", &[development("b", Some("1"))]), package("b", &[development("a", Some("1"))])];
        assert_eq!(order(&packages).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_cycle_is_named_without_what_merely_hangs_on_it() {
        let packages = [
            package("a", &[runtime("b")]),
            package("b", &[runtime("c")]),
            package("c", &[runtime("b")]),
            package("d", &[]),
        ];
        assert_eq!(order(&packages).unwrap_err(), ["b", "c"]);
    }

    #[test]
    fn a_dependency_of_two_kinds_counts_once_for_each() {
        let packages = [package("a", &[runtime("b"), development("b", Some("1"))]), package("b", &[])];
        assert_eq!(order(&packages).unwrap(), ["b", "a"]);
    }
}
