//! What the configuration alone tells: who takes part, where it goes, under which names, and in how many jobs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::Request;
use crate::config::Repository;
use crate::distribute::backend::{BackendContext, Pace};
use crate::distribute::columns::listed;
use crate::distribute::destination::{self, Taker, takers};
use crate::distribute::expected::{Naming, expected};
use crate::distribute::finding::{Check, Finding};
use crate::distribute::model::Release;
use crate::distribute::participant::{Participant, narrow, participants};
use crate::distribute::{binstall, matrix, naming, select};
use crate::error::SampoError;
use crate::event::{Event, Reporter};
use crate::project::Project;
use crate::transaction;

/// The code of an error about what was asked for, and not about what is configured.
const UNKNOWN_BACKEND: &str = "unknown-backend";

/// What a release of everything would be, as far as the configuration allows one.
pub(super) struct Plan<'a> {
    pub participants: Vec<Participant<'a>>,
    pub releases: Vec<Arc<Release>>,
    pub takers: Vec<Taker>,
    pub repository: Option<Repository>,
    /// What kept parts of it from being made.
    mistakes: Vec<Finding>,
}

impl<'a> Plan<'a> {
    /// The plan for what was asked for, which must exist.
    pub async fn of(project: &'a Project, request: &Request, reporter: Arc<dyn Reporter>) -> Result<Self, SampoError> {
        let mut mistakes = Vec::new();
        let mut admit = |error: SampoError| mistakes.push(Check::Configuration.failed(&error));
        if let Err(error) = destination::check_backends(&project.config) {
            admit(error.into());
        }
        let participants = match participants(&project.config, &project.workspace) {
            Ok(all) => narrow(all, &project.workspace, &request.packages, &[])?,
            Err(error) => {
                admit(error.into());
                Vec::new()
            }
        };
        let git = project.git();
        let repository = crate::repository::repository(&project.config, &project.environment, &git).await;
        let repository = repository.unwrap_or_default();
        let releases = match releases(project, &participants, repository.clone()) {
            Ok(releases) => releases,
            Err(error) => {
                admit(error);
                Vec::new()
            }
        };
        let takers = match destinations(project, request, repository.clone(), reporter) {
            Err(error) if error.code() == UNKNOWN_BACKEND => return Err(error),
            Err(error) => {
                admit(error);
                Vec::new()
            }
            Ok(takers) => takers,
        };
        Ok(Self { participants, releases, takers, repository, mistakes })
    }

    /// The participant that a release is one of.
    fn participant(&self, release: &Release) -> Option<&Participant<'a>> {
        self.participants.iter().find(|participant| *participant.id() == release.package)
    }

    /// The releases that `taker` gets, with the names of its artifacts where they are known beforehand.
    pub fn prospects(&self, project: &Project, taker: &Taker) -> (Vec<Arc<Release>>, Vec<String>) {
        let (mut releases, mut names) = (Vec::new(), Vec::new());
        for release in &self.releases {
            let Some(participant) = self.participant(release).filter(|participant| taker.takes_from(participant))
            else {
                continue;
            };
            releases.push(Arc::clone(release));
            let all = expected(&project.config, taker, participant, release, participant.configured_targets);
            names.extend(all.into_iter().flatten().filter_map(|expected| match expected.name {
                Naming::Exactly { name, .. } => Some(name),
                Naming::Matching(_) => None,
            }));
        }
        (releases, names)
    }
}

/// The current version of every participant.
fn releases(
    project: &Project,
    participants: &[Participant<'_>],
    repository: Option<Repository>,
) -> Result<Vec<Arc<Release>>, SampoError> {
    let git = project.git();
    let scene = select::Scene {
        config: &project.config,
        workspace: &project.workspace,
        participants,
        git: &git,
        repository,
        notes: &|_, _| None,
        reporter: &crate::event::Silent,
    };
    Ok(select::untagged(&scene)?.into_iter().map(Arc::new).collect())
}

fn destinations(
    project: &Project,
    request: &Request,
    repository: Option<Repository>,
    reporter: Arc<dyn Reporter>,
) -> Result<Vec<Taker>, SampoError> {
    let context = BackendContext {
        root: project.root.clone(),
        repository,
        environment: Arc::new(project.environment.clone()),
        reporter,
        token_variables: destination::token_variables(&project.config)?.into(),
        limits: Arc::default(),
        pace: Pace::default(),
    };
    takers(&project.config, &project.workspace, &context, &request.backends)
}

/// What the configuration tells.
pub(super) fn findings(project: &Project, plan: &Plan<'_>) -> Vec<Finding> {
    let mut findings = plan.mistakes.clone();
    if findings.is_empty() {
        findings.push(Check::Configuration.ok("`.sampo/config.toml` resolves"));
    }
    findings.extend(interrupted(&project.root));
    findings.push(packages(plan));
    findings.extend(versions(plan));
    findings.extend(destinations_used(plan));
    findings.extend(names(project, plan));
    findings.extend(build_matrix(plan));
    findings.extend(found_by_binstall(project, plan));
    findings
}

fn interrupted(root: &Path) -> Option<Finding> {
    transaction::is_unfinished(root).then(|| {
        Check::Interrupted
            .warning("a run is changing files, or was killed half-way: versions may be half changed")
            .fix("`sampo status` takes back what a killed one has left")
    })
}

fn packages(plan: &Plan<'_>) -> Finding {
    let ids: Vec<String> = plan.participants.iter().map(|participant| format!("`{}`", participant.id())).collect();
    match ids.len() {
        0 => Check::Packages
            .warning("no package has anything to distribute")
            .fix("a package takes part once it has a program, or a table `[distribute.packages.\"…\"]` with `artifacts` or `files`"),
        _ => Check::Packages.ok(format!("distributed: {}", listed(&ids))),
    }
}

fn versions(plan: &Plan<'_>) -> Vec<Finding> {
    let is_planned = |participant: &&Participant<'_>| {
        plan.releases.is_empty() || plan.releases.iter().any(|release| release.package == *participant.id())
    };
    let left_out = plan.participants.iter().filter(|participant| !is_planned(participant));
    let finding = |participant: &Participant<'_>| {
        let version = participant.package.version.as_deref().unwrap_or("none");
        Check::Packages
            .warning(format!("its version is no semantic version: {version}"))
            .fix("give it one such as 0.1.0")
            .about(participant.id().to_string())
    };
    left_out.map(finding).collect()
}

/// A package that no backend takes, and a backend that takes no package, are mistakes in filters.
fn destinations_used(plan: &Plan<'_>) -> Vec<Finding> {
    if plan.participants.is_empty() || plan.takers.is_empty() {
        return Vec::new();
    }
    let idle = plan.takers.iter().filter(|taker| !plan.participants.iter().any(|package| taker.takes_from(package)));
    let idle = idle.map(|taker| {
        Check::Destinations
            .warning("it takes none of the packages")
            .fix("look at its `packages`, and at `backends` of the packages")
            .about(&taker.destination.name)
    });
    let lost = plan.participants.iter().filter(|package| !plan.takers.iter().any(|taker| taker.takes_from(package)));
    let lost = lost.map(|package| {
        Check::Destinations
            .warning("no backend takes it")
            .fix("look at its `backends`, and at `packages` of the backends")
            .about(package.id().to_string())
    });
    let findings: Vec<Finding> = idle.chain(lost).collect();
    match findings.is_empty() {
        false => findings,
        true => {
            let names: Vec<String> = plan.takers.iter().map(|taker| format!("`{}`", taker.destination.name)).collect();
            vec![Check::Destinations.ok(format!("every package has somewhere to go: {}", listed(&names)))]
        }
    }
}

/// Names that are no file names somewhere, and names that two artifacts of one release share.
fn names(project: &Project, plan: &Plan<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for release in &plan.releases {
        let Some(participant) = plan.participant(release) else { continue };
        let mut known = BTreeMap::new();
        for target in &participant.targets {
            let names = match naming::built_names(&project.config, participant, release, target) {
                Ok(names) => names,
                Err(error) => {
                    findings.push(Check::ArtifactNames.error(error.to_string()).about(release.package.to_string()));
                    continue;
                }
            };
            for name in names {
                let finding = match (naming::defect(&name), known.insert(naming::collision_key(&name), target)) {
                    (Some(reason), _) => format!("`{name}` is no name for a file: {reason}"),
                    (None, Some(other)) => format!("`{name}` is the name for {other} and for {target}"),
                    (None, None) => continue,
                };
                let fix = "correct `name` in `[distribute.archive]`; `{{ target }}` tells the platforms apart";
                findings.push(Check::ArtifactNames.error(finding).fix(fix).about(release.package.to_string()));
            }
        }
    }
    if findings.is_empty() && !plan.releases.is_empty() {
        findings.push(Check::ArtifactNames.ok("the names of artifacts are fit for every file system"));
    }
    findings
}

fn build_matrix(plan: &Plan<'_>) -> Option<Finding> {
    let jobs: usize = plan.participants.iter().map(|participant| participant.targets.len()).sum();
    match jobs {
        0 => None,
        1..=matrix::GITHUB_LIMIT => {
            let noun = if jobs == 1 { "job" } else { "jobs" };
            Some(Check::BuildMatrix.ok(format!("a release of everything is built in {jobs} {noun}")))
        }
        _ => {
            let limit = matrix::GITHUB_LIMIT;
            let title =
                format!("a release of everything would be built in {jobs} jobs, and GitHub takes at most {limit}");
            let fix = "use `sampo distribute matrix --group-by target`: one job per target builds all its packages";
            Some(Check::BuildMatrix.warning(title).fix(fix))
        }
    }
}

fn found_by_binstall(project: &Project, plan: &Plan<'_>) -> Vec<Finding> {
    let advice = plan.participants.iter().filter_map(|participant| {
        let advice = binstall::advice(&project.config, participant)?;
        let manifest = participant.package.manifest.strip_prefix(&project.root).unwrap_or(Path::new("Cargo.toml"));
        let fix = format!("add to `{}` before it is published:\n\n{}", manifest.display(), advice.lines);
        Some(Check::Binstall.warning(advice.reason).fix(fix).about(advice.package.to_string()))
    });
    advice.collect()
}

/// Collects what opening the repository warns of.
#[derive(Default)]
pub(super) struct Warnings(Mutex<Vec<Finding>>);

impl Reporter for Warnings {
    fn report(&self, event: Event<'_>) {
        let Event::Warning { message, hint } = event else { return };
        let finding = Finding { fix: hint.map(str::to_owned), ..Check::Configuration.warning(message) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }
}

impl Warnings {
    pub fn into_findings(self) -> Vec<Finding> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
