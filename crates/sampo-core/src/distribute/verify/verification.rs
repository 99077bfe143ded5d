//! What a verification found: for programs as JSON, and as one verdict.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::distribute::backend::BackendError;
use crate::distribute::checksum::Digest;
use crate::error::PathError;
use crate::target::Target;
use crate::workspace::PackageId;

pub(super) const SCHEMA_VERSION: u32 = 1;

/// What stands at every destination, compared with what should. `schemas/distribute-verification.schema.json` describes
/// the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verification {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// Whether the run was ended before it was through.
    pub cancelled: bool,
    /// The releases that were selected, sorted by package.
    pub releases: Vec<VerifiedRelease>,
}

/// One release at all its destinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct VerifiedRelease {
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The git tag.
    pub tag: String,
    /// What was taken for the truth.
    pub truth: Truth,
    /// Its destinations.
    pub destinations: Vec<Inspection>,
}

/// What was taken for the truth about the artifacts of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// The built files on this machine, packed anew.
    Files,
    /// The report of the run that delivered it.
    Report,
    /// The checksums that the destinations publish, and that they agree.
    Checksums,
}

/// One release at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Inspection {
    /// The configured name of the backend.
    pub backend: String,
    /// Where that is, for people; null if the configuration does not tell.
    pub place: Option<String>,
    /// Whether users can fetch the release there.
    pub visibility: Visibility,
    /// The stable name of why the destination could not be asked.
    pub code: Option<String>,
    /// Why the visibility is what it is, where that needs words.
    pub message: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// One entry for each file, sorted by name.
    pub checks: Vec<Check>,
}

/// Whether users can fetch a release from a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// They can, as far as the configuration means them to.
    Visible,
    /// It was not made visible: a draft, a folder without a manifest that agrees with it.
    Unfinished,
    /// Nothing of the release is there.
    Absent,
    /// The destination cannot tell. This is no problem.
    Unknown,
    /// The destination could not be asked.
    Unreachable,
    /// A rule about versions keeps the release from it. This is no problem.
    LeftOut,
}

/// One file at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Check {
    /// Its name, or the glob that names it in the configuration.
    pub item: String,
    /// The target, if it belongs to one.
    pub target: Option<Target>,
    /// What is wrong with it, if anything.
    pub status: CheckStatus,
    /// Its size in bytes, where it is there.
    pub bytes: Option<u64>,
    /// The digest of what is there.
    pub sha256: Option<Digest>,
    /// The digest that it should have.
    pub expected_sha256: Option<Digest>,
    /// What that digest was taken from.
    pub against: Option<Against>,
    /// The stable name of what kept it from being checked.
    pub code: Option<String>,
    /// What is wrong with it, for people.
    pub message: Option<String>,
}

/// What is wrong with a file, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Nothing: it is there, complete, and what it should be.
    Identical,
    /// It is not there.
    Missing,
    /// It is something else, or destinations differ and nothing says which of them is right.
    Different,
    /// Its upload was begun and has not ended.
    Incomplete,
    /// It is listed, but cannot be downloaded.
    Unreachable,
    /// It holds checksums that do not fit what stands beside it.
    Inconsistent,
    /// It is there, and nothing says what it should be.
    Unverified,
    /// The destination cannot tell. This is no problem.
    Unknown,
    /// Its target is optional, and it is not there. This is no problem.
    LeftOut,
    /// The configuration knows nothing of it. This is no problem, but worth a look.
    Extra,
}

/// What a digest was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The file on this machine.
    Files,
    /// The report.
    Report,
    /// A checksum file of the release.
    Checksums,
    /// The destination's own record of what was delivered, such as a manifest.
    Record,
    /// The same file at another destination.
    Agreement,
    /// The backend's own `check`.
    Check,
}

/// How a verification ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All that must be there is there, complete, visible and identical.
    Sound,
    /// Some of it is not.
    Flawed,
    /// None of it is, or nothing could be looked at.
    Failure,
    /// The run was ended early.
    Cancelled,
}

impl CheckStatus {
    /// The name in JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Incomplete => "incomplete",
            Self::Unreachable => "unreachable",
            Self::Inconsistent => "inconsistent",
            Self::Unverified => "unverified",
            Self::Unknown => "unknown",
            Self::LeftOut => "left-out",
            Self::Extra => "extra",
        }
    }

    /// Whether somebody has to do something about it.
    pub fn is_problem(self) -> bool {
        !matches!(self, Self::Identical | Self::Unknown | Self::LeftOut | Self::Extra)
    }
}

impl Visibility {
    /// The name in JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Unfinished => "unfinished",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::LeftOut => "left-out",
        }
    }

    /// Whether somebody has to do something about it.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Unfinished | Self::Absent | Self::Unreachable)
    }
}

impl Inspection {
    /// Whether somebody has to do something about it.
    pub fn is_flawed(&self) -> bool {
        self.visibility.is_problem() || self.checks.iter().any(|check| check.status.is_problem())
    }
}

impl Check {
    pub(super) fn new(item: impl Into<String>, status: CheckStatus) -> Self {
        Self {
            item: item.into(),
            target: None,
            status,
            bytes: None,
            sha256: None,
            expected_sha256: None,
            against: None,
            code: None,
            message: None,
        }
    }

    pub(super) fn failed(item: impl Into<String>, status: CheckStatus, error: &BackendError) -> Self {
        Self { code: Some(error.code.to_owned()), message: Some(error.message.clone()), ..Self::new(item, status) }
    }

    pub(super) fn because(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }
}

impl Verification {
    /// How it ended as a whole.
    pub fn verdict(&self) -> Verdict {
        if self.cancelled {
            return Verdict::Cancelled;
        }
        let inspections = || self.releases.iter().flat_map(|release| &release.destinations);
        let checks = || inspections().flat_map(|inspection| &inspection.checks);
        let flawed = inspections().any(Inspection::is_flawed);
        let found = checks().any(|check| check.status == CheckStatus::Identical);
        let wanted = inspections().any(|inspection| inspection.visibility != Visibility::LeftOut);
        match (flawed, found) {
            (false, true) => Verdict::Sound,
            (false, false) if !wanted => Verdict::Sound,
            (true, true) => Verdict::Flawed,
            (_, false) => Verdict::Failure,
        }
    }

    /// As indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a verification has no value that JSON lacks")
    }

    /// As text for people. Coloured with ANSI sequences, which the caller drops where they do not belong.
    pub fn to_text(&self) -> String {
        super::table::render(self)
    }

    /// As Markdown, short enough for the summary of a job on GitHub. Names and messages are shown as they are.
    pub fn to_markdown(&self) -> String {
        super::markdown::render(self)
    }

    /// The names of the backends where something is not as it should be, sorted.
    pub fn flawed_backends(&self) -> BTreeSet<&str> {
        let inspections = self.releases.iter().flat_map(|release| &release.destinations);
        inspections.filter(|inspection| inspection.is_flawed()).map(|inspection| inspection.backend.as_str()).collect()
    }

    /// Writes the JSON, replacing an older one.
    pub fn write(&self, path: &Path) -> Result<(), PathError> {
        atomic::write(path, self.to_json() + "\n")
    }
}
