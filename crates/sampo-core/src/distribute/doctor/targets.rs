//! The platforms: whether machines are known for them and will be there, and what this machine can build.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::configuration::Plan;
use super::machines;
use crate::config::Config;
use crate::distribute::columns::listed;
use crate::distribute::finding::{Check, Finding};
use crate::distribute::participant::Participant;
use crate::process::Command;
use crate::project::Project;
use crate::target::Target;
use crate::workspace::Ecosystem;

/// Beyond this, rustup is not worth waiting for.
const RUSTUP: Duration = Duration::from_secs(10);

/// What is to be said about the targets.
pub(super) async fn findings(project: &Project, plan: &Plan<'_>) -> Vec<Finding> {
    let targets: BTreeSet<&Target> = plan.participants.iter().flat_map(|participant| &participant.targets).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let mut findings = runners(&project.config, &targets);
    findings.extend(optional(plan));
    let is_cargo_build = |participant: &&Participant<'_>| {
        participant.build.is_none() && participant.id().ecosystem() == Ecosystem::Cargo
    };
    let by_cargo = plan.participants.iter().filter(is_cargo_build);
    let built_here: BTreeSet<&Target> = by_cargo.flat_map(|participant| &participant.targets).collect();
    if !built_here.is_empty() {
        findings.extend(installed(&built_here, installed_targets(project).await.as_deref()));
    }
    findings
}

/// Whether a machine is known for every target, and will be there.
fn runners(config: &Config, targets: &BTreeSet<&Target>) -> Vec<Finding> {
    let mut users: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for &target in targets {
        let configured = config.distribute.runners.get(target).map(String::as_str);
        match configured.or_else(|| target.default_runner()) {
            Some(label) => users.entry(label).or_default().push(format!("`{target}`")),
            None => findings.push(
                Check::Runners
                    .error(format!("no runner is known to build `{target}`"))
                    .because("`sampo distribute matrix` fails")
                    .fix(format!("name one:\n\n[distribute.runners]\n{target} = \"{}\"", target.similar_runner())),
            ),
        }
    }
    findings.extend(users.iter().filter_map(|(label, users)| machines::finding(Check::Runners, label, &listed(users))));
    if findings.is_empty() {
        findings.push(Check::Runners.ok(format!("a runner is known for each target ({})", targets.len())));
    }
    findings
}

/// Which targets may be missing: a release is finished without them.
fn optional(plan: &Plan<'_>) -> Vec<Finding> {
    let with_any = plan.participants.iter().filter(|participant| !participant.optional.is_empty());
    let finding = |participant: &Participant<'_>| {
        let names: Vec<String> = participant.optional.iter().map(|target| format!("`{target}`")).collect();
        let is_all = participant.targets.iter().all(|target| participant.is_optional(target));
        let finding = match is_all {
            true => Check::OptionalTargets
                .warning("every target may be missing: a release is finished even if nothing was built")
                .fix("take those out of `optional` that users count on"),
            false => Check::OptionalTargets.note(format!("a release is finished without {}", listed(&names))),
        };
        finding.about(participant.id().to_string())
    };
    with_any.map(finding).collect()
}

/// What this machine can build, which matters to those who build here.
fn installed(targets: &BTreeSet<&Target>, installed: Option<&[String]>) -> Option<Finding> {
    let installed = installed?;
    let missing: Vec<&str> =
        targets.iter().map(|target| target.as_str()).filter(|target| !installed.iter().any(|i| i == target)).collect();
    Some(match missing.as_slice() {
        [] => Check::InstalledTargets.ok("the standard library of every target is installed here"),
        missing => {
            let names: Vec<String> = missing.iter().map(|target| format!("`{target}`")).collect();
            Check::InstalledTargets
                .note(format!("this machine has no standard library for {}", listed(&names)))
                .fix(format!("to build for them here:\n\nrustup target add {}", missing.join(" ")))
        }
    })
}

/// The targets that rustup has installed for the toolchain of the repository; none if it does not tell.
async fn installed_targets(project: &Project) -> Option<Vec<String>> {
    let command = Command::new("rustup", ["target", "list", "--installed"]).in_folder(&project.root);
    // A toolchain that is missing is not to be fetched by a question.
    let command = command.env("RUSTUP_AUTO_INSTALL", "0").without_tokens().timeout(RUSTUP);
    let output = command.run().await.ok().filter(|output| output.status.success())?;
    Some(output.stdout.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
