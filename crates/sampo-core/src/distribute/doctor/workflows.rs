//! The files in `.github/workflows`: those that use Sampo, and what in them would keep a release from getting through.
//!
//! Much of a workflow is only known when it runs. What an expression or a workflow elsewhere decides is left alone.

use std::path::Path;

use super::configuration::Plan;
use crate::distribute::columns::listed;
use crate::distribute::finding::{Check, Finding};
use crate::distribute::place::Place;
use crate::project::Project;

mod artifacts;
mod checkout;
mod credentials;
mod matrix;
mod model;
mod permissions;
mod pins;
mod role;
mod runners;
mod surroundings;

pub(super) use role::Role;

use model::{Job, Workflow};
use surroundings::Surroundings;

/// Where GitHub looks for them.
const FOLDER: &str = ".github/workflows";
/// Longer files than any that people write, in bytes.
const LONGEST: u64 = 1024 * 1024;
/// More files than any repository has.
const MOST: usize = 500;

/// What was read, sorted by name.
#[derive(Debug, Default)]
pub(super) struct Files {
    workflows: Vec<Workflow>,
    unread: Vec<Finding>,
}

impl Files {
    /// Whether a job of any workflow does this.
    pub fn have(&self, role: Role) -> bool {
        self.workflows.iter().flat_map(|workflow| &workflow.jobs).any(|job| job.does(role))
    }
}

/// What a workflow is for, as far as Sampo goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::distribute) enum Purpose {
    /// It delivers, whatever else it does.
    Distribution,
    /// It prepares or publishes releases, and delivers nothing.
    Release,
    /// Something else.
    Other,
}

/// What a workflow of this text is for.
pub(in crate::distribute) fn purpose(text: &str) -> Purpose {
    let jobs = Workflow::parse("", text).map(|workflow| workflow.jobs).unwrap_or_default();
    let does = |roles: &[Role]| jobs.iter().any(|job| job.does_any(roles));
    match (does(&[Role::Distribute]), does(&[Role::Auto, Role::Release, Role::Publish])) {
        (true, _) => Purpose::Distribution,
        (false, true) => Purpose::Release,
        (false, false) => Purpose::Other,
    }
}

/// Reads every workflow below `top`, the top folder of a repository. What cannot be read is told, and nothing more is made of it.
pub(super) fn read(top: &Path) -> Files {
    let entries = std::fs::read_dir(top.join(FOLDER)).into_iter().flatten().flatten();
    let is_yaml = |name: &String| name.ends_with(".yml") || name.ends_with(".yaml");
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(is_yaml);
    names.sort();
    names.truncate(MOST);
    let mut files = Files::default();
    for name in names {
        match read_file(top, &name) {
            Ok(workflow) => files.workflows.extend(workflow),
            Err(reason) => {
                let finding = Check::WorkflowFiles.warning("it cannot be read, and GitHub may not read it either");
                files.unread.push(finding.because(reason).about(name));
            }
        }
    }
    files
}

fn read_file(top: &Path, name: &str) -> Result<Option<Workflow>, String> {
    let path = top.join(FOLDER).join(name);
    let metadata = path.metadata().map_err(|error| error.to_string())?;
    // Reading a pipe would wait for somebody who writes.
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    Workflow::parse(name, &text).map(|workflow| Some(workflow).filter(Workflow::uses_sampo))
}

/// What is to be said about the workflows; `may_write` is what a workflow may that does not say it, if that is known.
pub(super) fn findings(
    project: &Project,
    plan: &Plan<'_>,
    place: &Place,
    files: &Files,
    may_write: Option<bool>,
) -> Vec<Finding> {
    let mut findings = files.unread.clone();
    let Place { root, prefix, .. } = place;
    let surroundings =
        Surroundings::of(&project.config, prefix, plan.repository.is_some(), &files.workflows, may_write);
    if !prefix.is_empty() && root.join(FOLDER).is_dir() {
        findings.push(
            Check::WorkflowFiles
                .warning(format!("GitHub does not look for workflows in `{prefix}{FOLDER}`"))
                .fix(format!("move them to `{FOLDER}` in the top folder of the repository")),
        );
    }
    if files.workflows.is_empty() && plan.repository.is_some() {
        findings.push(Check::WorkflowFiles.note(format!("no workflow in `{FOLDER}` uses Sampo")));
    }
    for workflow in &files.workflows {
        findings.extend(examine(workflow, &surroundings).into_iter().map(|finding| finding.about(&workflow.file)));
    }
    findings
}

fn examine(workflow: &Workflow, surroundings: &Surroundings) -> Vec<Finding> {
    let jobs: Vec<&Job> = workflow.jobs.iter().filter(|job| job.uses_sampo()).collect();
    let names: Vec<String> = jobs.iter().map(|job| format!("`{}`", job.id)).collect();
    let mut findings = vec![Check::WorkflowFiles.ok(format!("Sampo is used in {}", listed(&names)))];
    for job in jobs {
        findings.extend(permissions::findings(workflow, job, surroundings));
        findings.extend(checkout::findings(job));
        findings.extend(credentials::findings(workflow, job, surroundings));
        findings.extend(artifacts::findings(job, surroundings));
        findings.extend(runners::findings(job));
        findings.extend(pins::findings(job));
    }
    // A job of the matrix may build without Sampo.
    findings.extend(workflow.jobs.iter().flat_map(|job| matrix::findings(workflow, job)));
    findings
}

#[cfg(test)]
#[path = "workflows/workflow_tests.rs"]
mod tests;
