//! `doctor`: what would go wrong, told before it does. It looks, asks and compares, and never writes anything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Caller;
use super::finding::{Check, Finding, Level};
use super::place::Place;
use crate::environment::Environment;
use crate::error::SampoError;
use crate::event::Reporter;
use crate::project::Project;

mod backends;
mod configuration;
mod git;
mod github;
mod machines;
mod targets;
mod text;
mod workflows;

pub(super) use workflows::{Purpose, purpose};

const SCHEMA_VERSION: u32 = 1;
/// How long one party may take to answer its questions.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Only these packages, by name or id; all if none is named.
    pub packages: Vec<String>,
    /// Only these backends, by name; all if none is named.
    pub backends: Vec<String>,
    /// Ask nobody over the network.
    pub offline: bool,
}

/// What was found. `schemas/distribute-diagnosis.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "DistributeDiagnosis")]
pub struct Diagnosis {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// Whether the network was left out.
    pub offline: bool,
    /// The answers, by area.
    pub findings: Vec<Finding>,
}

/// Where questions are asked, and how.
#[derive(Debug, Clone, Copy)]
struct Circumstances {
    /// Whether anybody may be asked over the network.
    is_online: bool,
    /// Whether this is CI, where what is missing will be missing when it counts.
    is_ci: bool,
}

impl Circumstances {
    fn of(environment: &Environment, request: &Request) -> Self {
        let is_set = |name| environment.get(name).is_some_and(|value| value != "false");
        Self { is_online: !request.offline, is_ci: is_set("CI") || is_set("GITHUB_ACTIONS") }
    }
}

/// Looks at everything that a release of the repository around `folder` will need. What is wrong is a finding; an error
/// is that something was asked for which there is not.
pub async fn diagnose(
    folder: &Path,
    environment: Environment,
    request: &Request,
    caller: &Caller,
) -> Result<Diagnosis, SampoError> {
    let circumstances = Circumstances::of(&environment, request);
    let warnings = configuration::Warnings::default();
    let project = match Project::open(folder, environment, &warnings).await {
        Ok(project) => project,
        Err(error) => {
            let rest = "nothing else is looked at before the configuration and the packages can be read";
            let finding = Check::Configuration.failed(&error).because(rest);
            return Ok(Diagnosis::new(request, vec![finding]));
        }
    };
    let reporter: Arc<dyn Reporter> = Arc::clone(&caller.reporter);
    let plan = configuration::Plan::of(&project, request, reporter).await?;
    let place = Place::of(&project.root, &project.git()).await;
    let files = workflows::read(&place.top);
    let (git, backends, github) = tokio::join!(
        git::findings(&project, &plan, circumstances),
        backends::findings(&project, &plan, circumstances),
        github::findings(&project, &plan, &files, circumstances),
    );
    let mut findings = warnings.into_findings();
    findings.extend(configuration::findings(&project, &plan));
    findings.extend(targets::findings(&project, &plan).await);
    findings.extend(git);
    findings.extend(backends);
    findings.extend(github.findings);
    findings.extend(workflows::findings(&project, &plan, &place, &files, github.workflows_may_write));
    Ok(Diagnosis::new(request, findings))
}

impl Diagnosis {
    /// Sorts by area and tells nothing twice.
    fn new(request: &Request, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| finding.area);
        let mut told: Vec<Finding> = Vec::new();
        for finding in findings {
            let is_same = |other: &Finding| {
                (other.check, &other.subject, &other.title) == (finding.check, &finding.subject, &finding.title)
            };
            if !told.iter().any(is_same) {
                told.push(finding);
            }
        }
        Self { schema_version: SCHEMA_VERSION, offline: request.offline, findings: told }
    }

    /// How many findings are of this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// The worst that was found.
    pub fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// As indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a diagnosis has no value that JSON lacks")
    }

    /// As lines for people, at most `width` wide where words allow it. Coloured with ANSI sequences, which the caller drops
    /// where they do not belong.
    pub fn to_text(&self, width: usize) -> String {
        text::render(self, width)
    }
}

#[cfg(test)]
#[path = "doctor/doctor_tests.rs"]
mod tests;
