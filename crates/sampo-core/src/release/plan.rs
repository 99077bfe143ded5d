//! What a release changes, as a value: new versions, changelog entries, and the full text of every file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use semver::Version;

use super::cause::{self, Cause};
use super::entry::{self, Entry, Heading, Reason};
use super::input::Input;
use super::intake::Taken;
use super::warning::Warning;
use crate::SampoError;
use crate::changeset::{FOLDER, KEPT_FOLDER, Level, Pending};
use crate::config::Config;
use crate::config::changelog::AutomaticEntries;
use crate::config::packages::BumpDependents;
use crate::release::changelog::{self, Section};
use crate::release::graph::Graph;
use crate::release::plan_file::{PlannedRelease, ReleasePlan};
use crate::release::standing::Standings;
use crate::release::{automatic, intake, levels, ranges, version};
use crate::transaction::Change;
use crate::workspace::files::{Moves, WorkspaceFiles};
use crate::workspace::{Package, PackageId, Workspace};

/// The releases that wait, and what they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is released, sorted by package.
    pub releases: Vec<Release>,
    /// What the user should know before it happens.
    pub warnings: Vec<Warning>,
    /// Every changeset that was looked at.
    pub pending: Pending,
    /// Changesets that stay where they are because every package in them is ignored.
    pub left: Vec<PathBuf>,
    /// Changesets that stay where they are because nobody has written their message yet.
    pub silent: Vec<PathBuf>,
    /// Changesets that pre-releases have taken up, and whose packages have not left them.
    pub kept: usize,
    changes: Vec<Change>,
}

/// One package and its next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The package.
    pub package: PackageId,
    /// Its name for people.
    pub display_name: String,
    /// The version in its manifest.
    pub old_version: String,
    /// The version to come.
    pub new_version: Version,
    /// How much it rises.
    pub level: Level,
    /// Why.
    pub cause: Cause,
    /// What its readers learn, in the order of the changelog's sources: changesets by file name, then automatic entries.
    pub entries: Vec<Entry>,
    /// The new section of its changelog, in Markdown, without its heading.
    pub changelog: String,
}

impl Plan {
    /// Whether there is nothing to release.
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty()
    }

    /// Why nothing is released, as a phrase.
    pub fn why_empty(&self) -> String {
        match (self.left.len(), self.silent.len()) {
            (0, 0) if self.kept > 0 => format!(
                "there is no changeset in `{FOLDER}`; the {} in `{KEPT_FOLDER}` wait for `sampo pre exit`",
                self.kept
            ),
            (0, 0) => format!("there is no changeset in `{FOLDER}`"),
            (left, 0) => format!("the {left} pending changeset(s) only name packages that are left out"),
            (0, silent) => format!("the {silent} pending changeset(s) have no message"),
            (left, silent) => format!(
                "of the pending changesets, {left} only name packages that are left out, and {silent} have no message"
            ),
        }
    }

    /// Every file that changes, in the order in which they are written: changesets go last.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The packages that are released, with their new versions.
    pub fn versions(&self) -> Vec<(PackageId, Version)> {
        self.releases.iter().map(|release| (release.package.clone(), release.new_version.clone())).collect()
    }

    /// The plan as the next step of a pipeline reads it. `commit` is that of the releases, once there is one.
    pub fn to_file(
        &self,
        config: &Config,
        commit: Option<String>,
        has_artifacts: impl Fn(&PackageId) -> bool,
    ) -> ReleasePlan {
        let planned = |release: &Release| {
            let version = release.new_version.to_string();
            PlannedRelease {
                tag: config.git.tag(&release.package, &version),
                version,
                previous_version: Some(release.old_version.clone()),
                bump: Some(release.level),
                prerelease: !release.new_version.pre.is_empty(),
                changelog: Some(release.changelog.clone()).filter(|changelog| !changelog.is_empty()),
                has_artifacts: has_artifacts(&release.package),
                package: release.package.clone(),
            }
        };
        ReleasePlan::new(commit, self.releases.iter().map(planned).collect())
    }
}

/// What changesets say of the packages that take part.
struct Noted<'a> {
    levels: Vec<Option<Level>>,
    entries: Vec<Vec<Entry>>,
    consumed: Vec<Taken<'a>>,
    left: Vec<PathBuf>,
}

/// Plans the release of everything that is pending. The same input gives the same plan.
pub(super) fn make(input: &Input<'_>, pending: &Pending) -> Result<Plan, SampoError> {
    let Input { workspace, config, .. } = *input;
    let takes_part: Vec<bool> = workspace
        .packages
        .iter()
        .map(|package| (package.version.is_some() || package.publishable) && !config.packages.ignores(package))
        .collect();
    let groups = config.packages.groups(workspace, config.source())?;
    let mut noted = note(input, intake::taken(input, pending), &takes_part);
    let mut plan = Plan {
        releases: Vec::new(),
        warnings: Vec::new(),
        pending: pending.clone(),
        left: std::mem::take(&mut noted.left),
        silent: pending.without_message.clone(),
        kept: pending.kept.len(),
        changes: Vec::new(),
    };
    plan.warnings.extend(pending.without_message.iter().map(|path| warn_of_silence(path, &workspace.root)));
    if noted.consumed.is_empty() {
        return Ok(plan);
    }
    let files = WorkspaceFiles::read(workspace, input.read)?;
    for files in files.each() {
        files.check(workspace)?;
    }
    let graph = Graph::new(workspace, &files, groups, &takes_part);
    let standings = Standings::new(input, &pending.kept);
    let released = next_versions(config, &graph, &standings, &noted.levels)?;
    let uncovered = ranges::check(workspace, &graph, &files, |package| {
        released[package].as_ref().map(|(_, version)| version.clone())
    })?;
    plan.warnings.extend(uncovered.iter().map(Warning::from));
    let is_named: Vec<bool> = noted.levels.iter().map(Option::is_some).collect();
    let causes = cause::causes(&graph, &released, &is_named);
    if config.changelog.automatic_entries == AutomaticEntries::List {
        let automatic = automatic::entries(workspace, &graph, &released, &causes);
        for (entries, automatic) in noted.entries.iter_mut().zip(automatic) {
            entries.extend(automatic);
        }
    }
    let versions = moves(workspace, &released);
    plan.warnings.extend(files.each().flat_map(|files| files.remarks(&versions)).map(Warning::from));
    plan.changes = files.changes(workspace, &versions);
    let releases = workspace.packages.iter().zip(released).zip(causes).zip(noted.entries);
    for (((package, release), cause), entries) in releases {
        let Some((level, new)) = release else { continue };
        let (release, change) = release_of(input, package, level, cause, new, entries)?;
        plan.releases.push(release);
        plan.changes.push(change);
    }
    let is_prereleased = |package: &PackageId| versions.get(package).is_some_and(|(_, new)| !new.pre.is_empty());
    plan.changes.extend(intake::changes(input, &noted.consumed, is_prereleased)?);
    Ok(plan)
}

fn note<'a>(input: &Input<'_>, taken: Vec<Taken<'a>>, takes_part: &[bool]) -> Noted<'a> {
    let workspace = input.workspace;
    let count = workspace.packages.len();
    let index: HashMap<&PackageId, usize> =
        workspace.packages.iter().enumerate().map(|(index, package)| (&package.id, index)).collect();
    let mut noted =
        Noted { levels: vec![None; count], entries: vec![Vec::new(); count], consumed: Vec::new(), left: Vec::new() };
    for taken in taken {
        let mut is_used = false;
        for entry in &taken.entries {
            let Some(&package) = index.get(&entry.package).filter(|package| takes_part[**package]) else { continue };
            is_used = true;
            noted.levels[package] = noted.levels[package].max(Some(entry.level));
            noted.entries[package].push(Entry {
                heading: entry.tag.clone().map_or(Heading::Level(entry.level), Heading::Tag),
                text: taken.changeset.message.clone(),
                reason: Reason::Changeset(taken.changeset.path.clone()),
                credit: input.credits.get(&taken.changeset.path).cloned(),
            });
        }
        if is_used { noted.consumed.push(taken) } else { noted.left.push(taken.changeset.path.clone()) }
    }
    noted
}

/// The level and next version of each package that is released.
fn next_versions(
    config: &Config,
    graph: &Graph,
    standings: &Standings<'_>,
    direct: &[Option<Level>],
) -> Result<Vec<Option<(Level, Version)>>, SampoError> {
    let joins = |dependent: usize, place: usize, level: Level| {
        if config.packages.bump_dependents == BumpDependents::Always {
            return true;
        }
        let need = &graph.dependencies[dependent][place];
        let share_a_group =
            graph.linked.group(dependent).is_some() && graph.linked.group(dependent) == graph.linked.group(need.on);
        let Ok(version) = standings.next(need.on, level) else { return true };
        share_a_group
            || standings.has_left_unreleased(dependent)
            || need.requirement.changes_with(&version)
            || need.requirement.covers(&version) != Some(true)
    };
    let levels = levels::spread(graph, direct, joins);
    let next = |(package, level): (usize, Option<Level>)| {
        level.map(|level| Ok((level, standings.next(package, level)?))).transpose()
    };
    levels.into_iter().enumerate().map(next).collect()
}

fn moves(workspace: &Workspace, released: &[Option<(Level, Version)>]) -> Moves {
    let packages = workspace.packages.iter().zip(released);
    let moved = packages.filter_map(|(package, release)| Some((package, release.as_ref()?)));
    moved
        .map(|(package, (_, new))| (package.id.clone(), (package.version.clone().unwrap_or_default(), new.clone())))
        .collect()
}

fn release_of(
    input: &Input<'_>,
    package: &Package,
    level: Level,
    cause: Cause,
    new_version: Version,
    entries: Vec<Entry>,
) -> Result<(Release, Change), SampoError> {
    let old_version = package.version.clone().unwrap_or_default();
    let path = changelog::path(package);
    let before = (input.read)(&path)?;
    let section = Section {
        name: package.id.name(),
        old: &version::parse(&old_version).unwrap_or(Version::new(0, 0, 0)),
        new: &new_version,
        date: input.date.as_deref(),
        groups: entry::grouped(&entries),
    };
    let after = changelog::with(before.as_deref(), section);
    let release = Release {
        package: package.id.clone(),
        display_name: input.workspace.display_name(&package.id),
        old_version,
        level,
        cause,
        entries,
        changelog: changelog::section(&after, &new_version).unwrap_or_default(),
        new_version,
    };
    Ok((release, Change { path, before, after: Some(after) }))
}

fn warn_of_silence(path: &Path, root: &Path) -> Warning {
    let path = path.strip_prefix(root).unwrap_or(path);
    Warning {
        message: format!("`{}` has no message and is left out", path.display()),
        hint: Some("write below the second `---` what readers of the changelog should learn".into()),
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "plan_properties.rs"]
mod properties;
