//! A release as a document for programs: what was noted, what comes of it, and why.

use std::collections::HashSet;
use std::path::Path;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::entry::Reason;
use super::{Cause, Plan, Release};
use crate::changeset::{Changeset, Entry, Level};
use crate::project::Project;
use crate::workspace::{PackageId, Workspace};

/// The format that this version writes.
const SCHEMA_VERSION: u32 = 1;

/// What waits for a release, or was released. `schemas/release-report.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseReport {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// Whether the releases were made; otherwise they would be.
    pub released: bool,
    /// The changesets that were pending, and those that pre-releases have taken up, sorted by file name.
    pub changesets: Vec<ReportedChangeset>,
    /// The releases, sorted by package.
    pub releases: Vec<ReportedRelease>,
    /// Packages whose current version is a pre-release.
    pub prereleases: Vec<ReportedPrerelease>,
    /// What somebody should look at.
    pub warnings: Vec<ReportedWarning>,
}

/// One changeset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedChangeset {
    /// Its file below the root, with forward slashes.
    pub file: String,
    /// Whether it is part of the release.
    pub state: ChangesetState,
    /// The packages that it names; none where nobody has written its message.
    pub packages: Vec<ReportedEntry>,
    /// Its message, in Markdown; null where nobody has written it.
    pub message: Option<String>,
}

/// Whether a changeset is part of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangesetState {
    /// It is.
    Used,
    /// A pre-release has taken it up, and it waits for the stable version.
    Kept,
    /// Every package in it is left out by the configuration.
    Ignored,
    /// Nobody has written its message.
    WithoutMessage,
}

/// One package of a changeset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedEntry {
    /// The package's id.
    pub package: PackageId,
    /// How much its version rises at least.
    pub bump: Level,
    /// The category; null where there are none.
    pub tag: Option<String>,
}

/// One package at its new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedRelease {
    /// The package's id.
    pub package: PackageId,
    /// Its name for people.
    pub name: String,
    /// The version before.
    pub old_version: String,
    /// The version released.
    pub new_version: String,
    /// How much it rises.
    pub bump: Level,
    /// Why.
    pub cause: Cause,
    /// The files of the changesets that name it.
    pub changesets: Vec<String>,
    /// The git tag to come.
    pub tag: String,
    /// Whether the new version is a pre-release.
    pub prerelease: bool,
    /// The section of its changelog, in Markdown, without its heading.
    pub changelog: String,
}

/// A package in a pre-release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedPrerelease {
    /// The package's id.
    pub package: PackageId,
    /// Its name for people.
    pub name: String,
    /// Its current version.
    pub version: String,
}

/// Something that is no error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedWarning {
    /// What it is.
    pub message: String,
    /// What to do about it; null where nothing sensible can be said.
    pub hint: Option<String>,
}

impl ReleaseReport {
    /// The report of `plan`, whose changes were made if `released`.
    pub fn new(project: &Project, plan: &Plan, released: bool) -> Self {
        let root = &project.workspace.root;
        let warning = |warning: &super::warning::Warning| ReportedWarning {
            message: warning.message.clone(),
            hint: warning.hint.clone(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            released,
            changesets: changesets(plan, root),
            releases: plan.releases.iter().map(|release| reported(project, release)).collect(),
            prereleases: prereleases(&project.workspace),
            warnings: plan.warnings.iter().map(warning).collect(),
        }
    }

    /// The report as JSON, for people to read too.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has no value that JSON lacks")
    }
}

fn changesets(plan: &Plan, root: &Path) -> Vec<ReportedChangeset> {
    let entry =
        |entry: &Entry| ReportedEntry { package: entry.package.clone(), bump: entry.level, tag: entry.tag.clone() };
    let used: HashSet<&Path> = plan.releases.iter().flat_map(sources).collect();
    let reported = |changeset: &Changeset, otherwise: ChangesetState| ReportedChangeset {
        file: shown(&changeset.path, root),
        state: if used.contains(changeset.path.as_path()) { ChangesetState::Used } else { otherwise },
        packages: changeset.entries.iter().map(entry).collect(),
        message: Some(changeset.message.clone()),
    };
    let pending = plan.pending.changesets.iter().map(|changeset| reported(changeset, ChangesetState::Ignored));
    let kept = plan.pending.kept.iter().map(|changeset| reported(changeset, ChangesetState::Kept));
    let silent = plan.pending.without_message.iter().map(|path| ReportedChangeset {
        file: shown(path, root),
        state: ChangesetState::WithoutMessage,
        packages: Vec::new(),
        message: None,
    });
    let mut all: Vec<ReportedChangeset> = pending.chain(kept).chain(silent).collect();
    all.sort_by(|a, b| a.file.cmp(&b.file));
    all
}

fn reported(project: &Project, release: &Release) -> ReportedRelease {
    let new_version = release.new_version.to_string();
    let changesets = sources(release).map(|path| shown(path, &project.workspace.root));
    ReportedRelease {
        package: release.package.clone(),
        name: release.display_name.clone(),
        old_version: release.old_version.clone(),
        bump: release.level,
        cause: release.cause,
        changesets: changesets.collect(),
        tag: project.config.git.tag(&release.package, &new_version),
        prerelease: !release.new_version.pre.is_empty(),
        changelog: release.changelog.clone(),
        new_version,
    }
}

/// The files of the changesets that name it.
fn sources(release: &Release) -> impl Iterator<Item = &Path> {
    release.entries.iter().filter_map(|entry| match &entry.reason {
        Reason::Changeset(path) => Some(path.as_path()),
        Reason::UpdatedDependencies | Reason::FixedGroup => None,
    })
}

fn prereleases(workspace: &Workspace) -> Vec<ReportedPrerelease> {
    let in_prerelease = workspace.packages.iter().filter_map(|package| {
        let version = package.version.clone()?;
        let is_prerelease = Version::parse(&version).is_ok_and(|version| !version.pre.is_empty());
        is_prerelease.then(|| ReportedPrerelease {
            package: package.id.clone(),
            name: workspace.display_name(&package.id),
            version,
        })
    });
    in_prerelease.collect()
}

/// `path` below `root`, with forward slashes.
fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
