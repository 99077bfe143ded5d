//! What became of a publication, as a document for programs.

use serde::Serialize;

use super::{Plan, PublishError, Step, Tagging, Upload};
use crate::error::{Diagnose, chain};
use crate::workspace::PackageId;

/// The format that this version writes.
const SCHEMA_VERSION: u32 = 1;

/// What was published and tagged, or would be. `schemas/publish-report.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PublishReport {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// Whether nothing was to be changed.
    pub dry_run: bool,
    /// The commit at HEAD.
    pub commit: String,
    /// Every package that takes part, in the order of the work.
    pub packages: Vec<ReportedPackage>,
    /// Why the run ended early; null if it did not.
    pub error: Option<ReportedError>,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReportedPackage {
    /// The package's id.
    pub package: PackageId,
    /// Its version.
    pub version: String,
    /// Its tag.
    pub tag: String,
    /// Whether its registry has it.
    pub upload: Upload,
    /// Whether its tag exists.
    pub tagging: Tagging,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReportedError {
    /// Its stable name.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do about it; null where nothing sensible can be said.
    pub hint: Option<String>,
}

impl PublishReport {
    /// The report of `plan` as far as it was carried out.
    pub fn new(plan: &Plan, dry_run: bool, error: Option<&PublishError>) -> Self {
        let package = |step: &Step| ReportedPackage {
            package: step.package.clone(),
            version: step.version.clone(),
            tag: step.tag.clone(),
            upload: step.upload,
            tagging: step.tagging,
        };
        let error = error.map(|error| ReportedError {
            code: error.code().to_owned(),
            message: chain(error),
            hint: error.hint(),
        });
        Self {
            schema_version: SCHEMA_VERSION,
            dry_run,
            commit: plan.commit.clone(),
            packages: plan.steps.iter().map(package).collect(),
            error,
        }
    }

    /// The report as JSON, for people to read too.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has no value that JSON lacks")
    }
}
