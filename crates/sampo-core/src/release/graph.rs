//! The packages of a workspace as numbers: who depends on whom, and which versions move together.

use std::collections::HashMap;

use crate::config::packages::Groups;
use crate::workspace::files::{Requirement, WorkspaceFiles};
use crate::workspace::{Ecosystem, PackageId, Workspace};

/// Packages by their place in [`Workspace::packages`].
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// What each package needs of others in the workspace.
    pub(super) dependencies: Vec<Vec<Dependency>>,
    /// Which packages call for a release when this one has one, and by which of their dependencies.
    pub(super) dependents: Vec<Vec<(usize, usize)>>,
    /// Groups whose members all share one level: those configured, and packages that inherit one version.
    pub(super) fixed: Membership,
    /// Groups whose released members share one level.
    pub(super) linked: Membership,
    /// Whether a package is in a configured `fixed` group.
    pub(super) is_fixed: Vec<bool>,
}

/// One dependency of a package.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) on: usize,
    pub(super) requirement: Requirement,
}

/// Disjoint groups of packages.
#[derive(Debug, Default)]
pub(super) struct Membership {
    groups: Vec<Vec<usize>>,
    of: Vec<Option<usize>>,
}

impl Membership {
    /// Groups that share a member become one.
    fn new(packages: usize, groups: impl IntoIterator<Item = Vec<usize>>) -> Self {
        let mut membership = Self { groups: Vec::new(), of: vec![None; packages] };
        for members in groups {
            let mut touched: Vec<usize> = members.iter().filter_map(|&member| membership.of[member]).collect();
            touched.sort_unstable();
            touched.dedup();
            let mut merged: Vec<usize> =
                touched.into_iter().flat_map(|group| std::mem::take(&mut membership.groups[group])).collect();
            merged.extend(members);
            merged.sort_unstable();
            merged.dedup();
            for &member in &merged {
                membership.of[member] = Some(membership.groups.len());
            }
            membership.groups.push(merged);
        }
        membership
    }

    /// The number of the group of `package`.
    pub(super) fn group(&self, package: usize) -> Option<usize> {
        self.of[package]
    }

    /// The members of the group of `package`, itself included; none without a group.
    pub(super) fn companions(&self, package: usize) -> &[usize] {
        self.of[package].map_or(&[], |group| &self.groups[group])
    }

    /// How many groups there are, emptied ones included.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }
}

impl Graph {
    /// The graph of the packages that take part; the others pass nothing on and belong to no group.
    pub(crate) fn new(
        workspace: &Workspace,
        files: &WorkspaceFiles,
        (fixed, linked): (Groups, Groups),
        takes_part: &[bool],
    ) -> Self {
        let count = workspace.packages.len();
        let index: HashMap<&PackageId, usize> =
            workspace.packages.iter().enumerate().map(|(index, package)| (&package.id, index)).collect();
        let numbers = |groups: Groups| -> Vec<Vec<usize>> {
            let number = |id: &PackageId| index.get(id).copied().filter(|&package| takes_part[package]);
            groups.iter().map(|group| group.iter().filter_map(number).collect()).collect()
        };
        let dependencies: Vec<Vec<Dependency>> = workspace
            .packages
            .iter()
            .map(|package| {
                let requirements = files.of(&package.id).requirements(package).into_iter();
                requirements.map(|requirement| Dependency { on: index[&requirement.package], requirement }).collect()
            })
            .collect();
        let (fixed, linked) = (numbers(fixed), numbers(linked));
        let mut is_fixed = vec![false; count];
        for &member in fixed.iter().flatten() {
            is_fixed[member] = true;
        }
        let inheriting = Ecosystem::ALL.iter().map(|&ecosystem| {
            let inherits = |package: &usize| {
                let id = &workspace.packages[*package].id;
                id.ecosystem() == ecosystem && takes_part[*package] && files.of(id).inherits_version(id)
            };
            (0..count).filter(inherits).collect()
        });
        Self {
            dependents: dependents(&dependencies, takes_part),
            dependencies,
            fixed: Membership::new(count, fixed.into_iter().chain(inheriting)),
            linked: Membership::new(count, linked),
            is_fixed,
        }
    }
}

fn dependents(dependencies: &[Vec<Dependency>], takes_part: &[bool]) -> Vec<Vec<(usize, usize)>> {
    let mut dependents = vec![Vec::new(); dependencies.len()];
    for (package, needs) in dependencies.iter().enumerate().filter(|(package, _)| takes_part[*package]) {
        for (place, need) in needs.iter().enumerate() {
            if need.on != package && takes_part[need.on] && need.requirement.passes_releases_on {
                dependents[need.on].push((package, place));
            }
        }
    }
    dependents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_with_a_common_member_become_one() {
        let membership = Membership::new(6, [vec![0, 1], vec![2, 3], vec![5, 1, 3]]);
        assert_eq!(membership.companions(0), [0, 1, 2, 3, 5]);
        assert_eq!(membership.group(2), membership.group(5));
        assert!(membership.companions(4).is_empty());
    }
}
