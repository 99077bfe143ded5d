//! What is left for people to do once the files are written.

use super::Plan;
use super::pipeline::Ci;
use super::pipeline::rendering::published;
use crate::config::Config;
use crate::github::Addresses;
use crate::workspace::{Ecosystem, Workspace};

/// In the order in which they are done.
pub(super) fn of(plan: &Plan, config: &Config, workspace: &Workspace, ci: Ci, github: &Addresses) -> Vec<String> {
    if plan.changes.is_empty() {
        return Vec::new();
    }
    let mut steps = vec!["look at the changes, then commit and push them".to_owned()];
    let published = published(config, workspace);
    let place = match ci {
        Ci::Github => "under Settings, Secrets and variables, Actions",
        Ci::Gitlab => "under Settings, CI/CD, Variables, masked and protected",
        Ci::None => "",
    };
    if ci == Ci::Github {
        steps.push("allow Actions to create pull requests, under Settings, Actions, General".to_owned());
    }
    if ci == Ci::Github && github.is_enterprise_server() {
        steps.push(
            "take version `v3` of the artifact actions, without `overwrite`: your server has no later one".into(),
        );
    }
    if ci == Ci::Gitlab {
        steps.push(format!("add `RELEASE_TOKEN` {place}: a project access token that may push tags"));
    }
    if ci != Ci::None && published.contains(&Ecosystem::Cargo) {
        steps.push(format!("add `CARGO_REGISTRY_TOKEN` {place}: the token that crates are published with"));
    }
    if ci != Ci::None && published.contains(&Ecosystem::Npm) {
        steps.push(format!("add `NPM_TOKEN` {place}, unless the registry trusts the workflow"));
    }
    steps.push("run `sampo distribute doctor`, which looks for what would go wrong".to_owned());
    steps
}
