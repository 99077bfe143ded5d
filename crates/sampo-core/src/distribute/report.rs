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

mod table;

pub use table::human_bytes;

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
    #[error("`{}` has schema version {found}, this version of sampo reads {SCHEMA_VERSION}", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

impl Diagnose for ReportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::Invalid { .. } | Self::SchemaVersion { .. } | Self::DryRun { .. } => "report-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io(_) => None,
            Self::Invalid { .. } | Self::SchemaVersion { .. } | Self::DryRun { .. } => {
                Some("`sampo distribute --report FILE` writes one".into())
            }
        }
    }
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
        let text = fs::read_to_string(path).map_err(PathError::new("read", path))?;
        let report: Self =
            serde_json::from_str(&text).map_err(|source| ReportError::Invalid { path: path.to_owned(), source })?;
        if report.schema_version != SCHEMA_VERSION {
            return Err(ReportError::SchemaVersion { path: path.to_owned(), found: report.schema_version });
        }
        if report.dry_run {
            return Err(ReportError::DryRun { path: path.to_owned() });
        }
        Ok(report)
    }

    /// Writes it, replacing an older one.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        Ok(atomic::write(path, self.to_json() + "\n")?)
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has no value that JSON lacks")
    }

    /// The report as a table for people, at most `width` columns wide where that is possible. Statuses are coloured
    /// with ANSI sequences, which the caller drops where they do not belong.
    pub fn to_text(&self, width: usize) -> String {
        table::render(self, width)
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

    /// The names of the backends with a problem, sorted.
    pub fn failed_backends(&self) -> BTreeSet<&str> {
        self.problems().map(|delivery| delivery.backend.as_str()).collect()
    }

    /// Sorts everything and notes the command that retries what did not succeed. `file` is where the report will be.
    pub(crate) fn complete(&mut self, file: Option<&Path>) {
        let key = |delivery: &Delivery| (delivery.package.clone(), delivery.backend.clone(), delivery.item.clone());
        self.deliveries.sort_by_key(key);
        self.finishes.sort_by_key(key);
        let is_through = self.is_through();
        self.retry_command = (!is_through).then(|| self.retry_arguments(file));
    }

    /// The tags of the releases with something left to be tried.
    pub(crate) fn tags_to_retry(&self) -> BTreeSet<String> {
        if self.has_not_begun() {
            return self.releases.iter().map(|release| release.tag.clone()).collect();
        }
        self.problems().map(|delivery| delivery.tag.clone()).collect()
    }

    /// The backends with something left to be tried; all if there is none.
    pub(crate) fn backends_to_retry(&self) -> Vec<String> {
        if self.has_not_begun() {
            return self.backends.clone();
        }
        self.failed_backends().into_iter().map(str::to_owned).collect()
    }

    fn retry_arguments(&self, file: Option<&Path>) -> String {
        let mut words = vec!["sampo".to_owned(), "distribute".to_owned()];
        if let Some(file) = file {
            words.extend(["--retry".to_owned(), file.to_string_lossy().into_owned()]);
        } else {
            let mut add = |option: &str, values: Vec<String>| {
                words.extend(values.into_iter().flat_map(|value| [option.to_owned(), value]));
            };
            add("--tag", self.tags_to_retry().into_iter().collect());
            add("--target", self.targets.iter().map(ToString::to_string).collect());
            add("--backend", self.backends_to_retry());
            add("--from", self.from.iter().cloned().collect());
            let finishing = match self.finishing {
                Finishing::Usual => None,
                Finishing::Never => Some("--no-finish"),
                Finishing::Only => Some("--finish"),
            };
            words.extend(finishing.map(str::to_owned));
        }
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
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
