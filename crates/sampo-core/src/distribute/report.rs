//! What became of every delivery: for people as text, for programs as JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checksum::Digest;
use super::model::{Artifact, ArtifactKind, Finishing, Release};
use super::pack::Packed;
use crate::atomic;
use crate::error::{Diagnose, PathError};
pub use crate::event::Status;
use crate::target::Target;
use crate::workspace::PackageId;

mod again;
mod content;
mod markdown;
#[cfg(test)]
mod samples;
mod table;

pub use again::RunOptions;
pub use content::{Detail, human_bytes};

/// The format that this version writes and reads.
const SCHEMA_VERSION: u32 = 1;

/// The outcome of one run. `schemas/distribute-report.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// Whether nothing was changed, only looked at.
    pub dry_run: bool,
    /// Whether the run was ended before it was through.
    pub cancelled: bool,
    /// The targets that the run was narrowed to; all if there is none.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// The backends that the run was narrowed to; all if there is none.
    #[serde(default)]
    pub backends: Vec<String>,
    /// The backend that the artifacts were taken from; null if they were files on the machine.
    #[serde(default)]
    pub from: Option<String>,
    /// What the run was to do about the finish of its releases.
    #[serde(default)]
    pub finishing: Finishing,
    /// The releases that were selected, sorted by package.
    pub releases: Vec<ReportedRelease>,
    /// The artifacts of these releases.
    pub artifacts: Vec<ReportedArtifact>,
    /// One entry for each item at each destination.
    pub deliveries: Vec<Delivery>,
    /// One entry for each release at each destination: whether it was made visible.
    pub finishes: Vec<Delivery>,
    /// The shell command that retries what did not succeed; null if everything did.
    pub retry_command: Option<String>,
}

/// A release in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReportedRelease {
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The git tag.
    pub tag: String,
    /// The full hash of the tagged commit.
    pub commit: Option<String>,
    /// Whether the version is a pre-release.
    pub prerelease: bool,
}

/// An artifact in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReportedArtifact {
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The file name.
    pub file: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// The target it was built for.
    pub target: Option<Target>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
}

/// What became of one item at one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Delivery {
    /// The configured name of the backend.
    pub backend: String,
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The git tag.
    pub tag: String,
    /// The target, if the item belongs to one.
    pub target: Option<Target>,
    /// The item's name at the destination.
    pub item: String,
    /// How it ended.
    pub status: Status,
    /// How many times it was tried.
    pub attempts: u32,
    /// Its size in bytes.
    pub bytes: u64,
    /// How long it took, in milliseconds, waits included.
    pub duration_ms: u64,
    /// Where users fetch it.
    pub url: Option<String>,
    /// The stable name of what went wrong.
    pub code: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether trying again can help.
    pub retryable: bool,
}

/// How a run ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything stands at its destination, or would after a real run.
    Success,
    /// Some deliveries did not succeed.
    Partial,
    /// No delivery succeeded.
    Failure,
    /// The run was ended early.
    Cancelled,
}

/// A report cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] PathError),
    /// It is not a report.
    #[error("`{}` is not a report of `sampo distribute`", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// It tells what would have happened, so that there is nothing to try again.
    #[error("`{}` is the report of a dry run", path.display())]
    DryRun {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a version that uses another format.
    #[error("`{}` has the schema version {found}, and this version of sampo reads {SCHEMA_VERSION}", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It is meant for people.
    #[error("`{}` is a report for people, which cannot be read again", path.display())]
    Markdown {
        /// The file.
        path: PathBuf,
    },
}

impl Diagnose for ReportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::SchemaVersion { .. } => "report-version",
            Self::Invalid { .. } | Self::DryRun { .. } | Self::Markdown { .. } => "report-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io(_) => None,
            Self::SchemaVersion { found, .. } if *found > SCHEMA_VERSION.into() => {
                Some("use the version of sampo that wrote it, or a newer one".into())
            }
            Self::SchemaVersion { .. } => Some("use the version of sampo that wrote it".into()),
            Self::Markdown { .. } => Some("`sampo distribute --report FILE.json` writes one that can".into()),
            Self::Invalid { .. } | Self::DryRun { .. } => {
                Some("`sampo distribute --report FILE.json` writes one".into())
            }
        }
    }
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Header {
    schema_version: u64,
}

impl Report {
    /// A report of these releases with nothing delivered yet.
    pub fn new(dry_run: bool, releases: &[Release], targets: Vec<Target>, backends: Vec<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            dry_run,
            cancelled: false,
            targets,
            backends,
            from: None,
            finishing: Finishing::default(),
            releases: releases.iter().map(ReportedRelease::of).collect(),
            artifacts: Vec::new(),
            deliveries: Vec::new(),
            finishes: Vec::new(),
            retry_command: None,
        }
    }

    /// Adds the artifacts of these releases; one that several destinations hold is one artifact.
    pub(crate) fn add_artifacts(&mut self, packed: &[Packed]) {
        for Packed { release, artifacts, .. } in packed {
            for artifact in artifacts.iter().map(|artifact| ReportedArtifact::of(release, artifact)) {
                if !self.artifacts.contains(&artifact) {
                    self.artifacts.push(artifact);
                }
            }
        }
    }

    /// Reads the report of a real run.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        if Self::is_markdown(path) {
            return Err(ReportError::Markdown { path: path.to_owned() });
        }
        let bytes = fs::read(path).map_err(PathError::new("read", path))?;
        let invalid = |source| ReportError::Invalid { path: path.to_owned(), source };
        // Another version may have other keys, so that its number is read first.
        let Header { schema_version: found } = serde_json::from_slice(&bytes).map_err(invalid)?;
        if found != u64::from(SCHEMA_VERSION) {
            return Err(ReportError::SchemaVersion { path: path.to_owned(), found });
        }
        let report: Self = serde_json::from_slice(&bytes).map_err(invalid)?;
        if report.dry_run {
            return Err(ReportError::DryRun { path: path.to_owned() });
        }
        Ok(report)
    }

    /// Whether a report at `path` is one for people: its name ends as those of Markdown do.
    pub fn is_markdown(path: &Path) -> bool {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        matches!(ending.as_deref(), Some("md" | "markdown"))
    }

    /// Writes it, replacing an older one: as Markdown if the name ends in `.md`, otherwise as JSON.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        let text = if Self::is_markdown(path) { self.to_markdown(Detail::Brief) } else { self.to_json() + "\n" };
        Ok(atomic::write(path, text)?)
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has no value that JSON lacks")
    }

    /// The report as a table for people, at most `width` columns wide where that is possible. Statuses are coloured
    /// with ANSI sequences, which the caller drops where they do not belong.
    pub fn to_text(&self, width: usize, detail: Detail) -> String {
        table::render(self, width, detail)
    }

    /// What of [`to_text`](Self::to_text) is about one backend.
    pub fn part_to_text(&self, backend: &str, width: usize, detail: Detail) -> String {
        table::part(self, backend, width, detail)
    }

    /// The end of [`to_text`](Self::to_text): what went wrong, all of it in numbers, and how to try again.
    pub fn conclusion(&self, detail: Detail) -> String {
        table::conclusion(self, detail)
    }

    /// The report as Markdown, short enough for the summary of a job on GitHub. Names, addresses and messages are shown
    /// as they are, whatever they contain.
    pub fn to_markdown(&self, detail: Detail) -> String {
        markdown::render(self, detail)
    }

    /// Whether nothing is left to be tried again.
    pub fn is_through(&self) -> bool {
        !self.has_not_begun() && self.problems().next().is_none()
    }

    /// Whether the run was ended before its first delivery, so that everything is to be tried.
    pub fn has_not_begun(&self) -> bool {
        self.cancelled && self.deliveries.is_empty() && self.finishes.is_empty()
    }

    /// How the run ended as a whole.
    pub fn verdict(&self) -> Verdict {
        if self.cancelled {
            return Verdict::Cancelled;
        }
        if self.problems().next().is_none() {
            return Verdict::Success;
        }
        let arrived = |delivery: &Delivery| !delivery.status.is_problem() && delivery.status != Status::Skipped;
        if self.deliveries.iter().any(arrived) { Verdict::Partial } else { Verdict::Failure }
    }

    /// What did not succeed, deliveries first.
    pub fn problems(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().chain(&self.finishes).filter(|delivery| delivery.status.is_problem())
    }

    /// The names of all backends that something was delivered to, or should have been, sorted.
    pub fn seen_backends(&self) -> BTreeSet<&str> {
        self.deliveries.iter().chain(&self.finishes).map(|delivery| delivery.backend.as_str()).collect()
    }

    /// The names of the backends with a problem, sorted.
    pub fn failed_backends(&self) -> BTreeSet<&str> {
        self.problems().map(|delivery| delivery.backend.as_str()).collect()
    }

    /// Sorts everything and notes the command that retries what did not succeed.
    pub(crate) fn complete(&mut self, options: &RunOptions<'_>) {
        let key = |delivery: &Delivery| (delivery.package.clone(), delivery.backend.clone(), delivery.item.clone());
        self.deliveries.sort_by_key(key);
        self.finishes.sort_by_key(key);
        self.retry_command = (!self.is_through()).then(|| self.retry_line(options));
    }
}

impl ReportedRelease {
    fn of(release: &Release) -> Self {
        Self {
            package: release.package.clone(),
            version: release.version.to_string(),
            tag: release.tag.clone(),
            commit: release.commit.clone(),
            prerelease: release.is_prerelease(),
        }
    }
}

impl ReportedArtifact {
    /// `artifact` as one of `release`.
    pub fn of(release: &Release, artifact: &Artifact) -> Self {
        Self {
            package: release.package.clone(),
            version: release.version.to_string(),
            file: artifact.name.clone(),
            kind: artifact.kind,
            target: artifact.target.clone(),
            bytes: artifact.bytes,
            sha256: artifact.sha256,
        }
    }
}

impl Delivery {
    /// An entry for `item` of `release` at `backend`, not yet tried.
    pub fn new(backend: &str, release: &Release, item: &str, status: Status) -> Self {
        Self {
            backend: backend.to_owned(),
            package: release.package.clone(),
            version: release.version.to_string(),
            tag: release.tag.clone(),
            target: None,
            item: item.to_owned(),
            status,
            attempts: 0,
            bytes: 0,
            duration_ms: 0,
            url: None,
            code: None,
            message: None,
            hint: None,
            retryable: false,
        }
    }
}

#[cfg(test)]
#[path = "report/report_tests.rs"]
mod tests;
