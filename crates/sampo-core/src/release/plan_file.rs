//! The release plan as JSON: what one step of a pipeline tells the next about the releases it made.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::changeset::Level;
use crate::error::{Diagnose, PathError};
use crate::workspace::PackageId;

/// The format that this version writes and reads.
const SCHEMA_VERSION: u32 = 1;

/// The releases of one commit. `schemas/release-plan.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasePlan {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// The commit of the releases; null while it does not exist yet.
    pub commit: Option<String>,
    /// The releases, sorted by package.
    pub releases: Vec<PlannedRelease>,
}

/// One package at its new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedRelease {
    /// The package's id.
    pub package: PackageId,
    /// The version released.
    pub version: String,
    /// The version before; null if unknown, as it is for a first release.
    pub previous_version: Option<String>,
    /// How much it rose; null if unknown.
    pub bump: Option<Level>,
    /// The git tag.
    pub tag: String,
    /// Whether the version is a pre-release.
    pub prerelease: bool,
    /// The section of the changelog, in Markdown, without its heading; null if there is none.
    pub changelog: Option<String>,
    /// Whether `sampo distribute` has something to build and deliver for it.
    pub has_artifacts: bool,
}

/// A release plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] PathError),
    /// It is not a release plan.
    #[error("`{}` is not a release plan", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
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

impl Diagnose for PlanFileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io(error) => error.code(),
            Self::Invalid { .. } | Self::SchemaVersion { .. } => "plan-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        Some("write it with `sampo release --plan FILE` or `sampo publish --plan FILE`".into())
    }
}

impl ReleasePlan {
    /// A plan for these releases.
    pub fn new(commit: Option<String>, mut releases: Vec<PlannedRelease>) -> Self {
        releases.sort_by(|a, b| a.package.cmp(&b.package));
        Self { schema_version: SCHEMA_VERSION, commit, releases }
    }

    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self, PlanFileError> {
        let text = fs::read_to_string(path).map_err(PathError::new("read", path))?;
        let plan: Self =
            serde_json::from_str(&text).map_err(|source| PlanFileError::Invalid { path: path.to_owned(), source })?;
        if plan.schema_version != SCHEMA_VERSION {
            return Err(PlanFileError::SchemaVersion { path: path.to_owned(), found: plan.schema_version });
        }
        Ok(plan)
    }

    /// Writes it, replacing an older one.
    pub fn write(&self, path: &Path) -> Result<(), PlanFileError> {
        let mut text = serde_json::to_string_pretty(self).expect("a plan has no value that JSON lacks");
        text.push('\n');
        Ok(atomic::write(path, text)?)
    }
}
