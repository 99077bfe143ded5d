//! The outputs of the Action: collected while it runs and written at its end, also where it fails.

use std::path::{Path, PathBuf};

use sampo_core::environment::Environment;
use sampo_core::error::PathError;
use sampo_core::event::{Event, Reporter};
use sampo_core::github_output;
use sampo_core::release::plan_file::ReleasePlan;

/// The runner takes one megabyte from a job, counted in UTF-16; this leaves room for the other outputs.
const LONGEST_PLAN: usize = 900_000;

/// What the following steps are told.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Whether a pull request was prepared, or versions and changelogs written.
    pub released: bool,
    /// Whether something was published, tagged or pushed.
    pub published: bool,
    /// Whether everything was delivered, or there already.
    pub distributed: bool,
    /// What must be built now, as the matrix of a job; empty if nothing must.
    pub build_matrix: String,
    /// The releases that this is about.
    pub release_plan: Option<ReleasePlan>,
    /// Where the report of a delivery is.
    pub distribute_report: Option<PathBuf>,
    /// The backends with something that did not succeed.
    pub failed_backends: Vec<String>,
    /// One entry for each of them, as the matrix of a job; empty if there is none.
    pub retry_matrix: String,
}

impl Outputs {
    /// The names of all outputs, in the order in which they are written.
    pub const NAMES: [&str; 9] = [
        "released",
        "published",
        "distributed",
        "build-needed",
        "build-matrix",
        "release-plan",
        "distribute-report",
        "failed-backends",
        "retry-matrix",
    ];

    /// Fails if [`write`](Self::write) could not.
    pub fn probe(environment: &Environment) -> Result<(), PathError> {
        file(environment).map_or(Ok(()), github_output::probe)
    }

    /// Appends all of them to the file that the runner reads; without one there is nobody to tell.
    pub fn write(&self, environment: &Environment, reporter: &dyn Reporter) -> Result<(), PathError> {
        let Some(path) = file(environment) else { return Ok(()) };
        let values = self.values(reporter);
        let outputs: Vec<(&str, &str)> = Self::NAMES.into_iter().zip(values.iter().map(String::as_str)).collect();
        github_output::append(path, &outputs)
    }

    fn values(&self, reporter: &dyn Reporter) -> [String; 9] {
        let plan = self.release_plan.as_ref().filter(|plan| !plan.releases.is_empty());
        let report = self.distribute_report.as_ref().map(|path| path.to_string_lossy().into_owned());
        [
            self.released.to_string(),
            self.published.to_string(),
            self.distributed.to_string(),
            (!self.build_matrix.is_empty()).to_string(),
            self.build_matrix.clone(),
            plan.map(|plan| line(plan, reporter)).unwrap_or_default(),
            report.unwrap_or_default(),
            serde_json::to_string(&self.failed_backends).expect("a list of names is JSON"),
            self.retry_matrix.clone(),
        ]
    }
}

fn file(environment: &Environment) -> Option<&Path> {
    environment.get("GITHUB_OUTPUT").map(Path::new)
}

/// The plan on one line, without its notes where they are too long for an output.
fn line(plan: &ReleasePlan, reporter: &dyn Reporter) -> String {
    let text = |plan: &ReleasePlan| serde_json::to_string(plan).expect("a plan has no value that JSON lacks");
    let whole = text(plan);
    if whole.encode_utf16().count() * 2 <= LONGEST_PLAN {
        return whole;
    }
    let message = "the output `release-plan` is too long for the runner, so that it leaves out the changelogs";
    reporter.report(Event::Warning { message, hint: None });
    let mut plan = plan.clone();
    for release in &mut plan.releases {
        release.changelog = None;
    }
    text(&plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sampo_core::event::Recorder;
    use sampo_core::release::plan_file::PlannedRelease;

    fn plan(changelog: String) -> ReleasePlan {
        let release = PlannedRelease {
            package: "cargo/a".parse().unwrap(),
            version: "1.0.0".into(),
            previous_version: None,
            bump: None,
            tag: "a-v1.0.0".into(),
            prerelease: false,
            changelog: Some(changelog),
            has_artifacts: false,
        };
        ReleasePlan::new(None, vec![release])
    }

    #[test]
    fn a_plan_that_the_runner_would_drop_leaves_out_its_notes() {
        let recorder = Recorder::default();
        let short = line(&plan("ä".repeat(400_000)), &recorder);
        assert!(short.contains("äää") && recorder.events().is_empty());
        let long = line(&plan("ä".repeat(450_000)), &recorder);
        assert!(long.contains("\"changelog\":null") && recorder.events()[0].contains("too long"), "{long:.100}");
    }

    #[test]
    fn every_output_is_written_whatever_happened() {
        let values = Outputs::default().values(&Recorder::default());
        let expected = ["false", "false", "false", "false", "", "", "", "[]", ""];
        assert_eq!(values, expected);
    }
}
