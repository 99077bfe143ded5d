//! `status`: what stands at every destination of every package, and what is missing. Needs no built file.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::backend::{BackendError, Inventory};
use super::destination::takers;
use super::model::Release;
use super::select::{self, Nothing, Selected, Selection};
use super::site::{Answer, Asking, Site, sites};
use super::{Caller, Choice, Ground};
use crate::error::SampoError;
use crate::project::Project;
use crate::workspace::PackageId;

mod table;

const SCHEMA_VERSION: u32 = 1;

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which releases; unless they are named, the current version of every package, tagged or not.
    pub choice: Choice,
    /// Only these backends, by name; all if none is named.
    pub backends: Vec<String>,
    /// Requests at the same time, instead of the configured number.
    pub jobs: Option<NonZeroUsize>,
}

/// What was found.
#[derive(Debug)]
pub enum Outcome {
    /// There was nothing to look at.
    Nothing(Nothing),
    /// What stands where.
    Found(Status),
}

/// What stands where. `schemas/distribute-status.schema.json` describes the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "DistributeStatus")]
pub struct Status {
    /// The version of this format: 1.
    pub schema_version: u32,
    /// The releases that were looked for, sorted by package.
    pub releases: Vec<ReleaseStatus>,
}

/// One release at all its destinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReleaseStatus {
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The git tag, or the one that it would get.
    pub tag: String,
    /// Whether this clone has the tag.
    pub tagged: bool,
    /// Whether the version is a pre-release.
    pub prerelease: bool,
    /// Its destinations.
    pub destinations: Vec<Standing>,
}

/// One release at one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Standing {
    /// The configured name of the backend.
    pub backend: String,
    /// Where that is, for people; null if the configuration does not tell.
    pub place: Option<String>,
    /// How much of the release is there.
    pub state: State,
    /// How many of the files that must be there are there.
    pub present: usize,
    /// How many must be there.
    pub expected: usize,
    /// The names, or globs, of those that are missing.
    pub missing: Vec<String>,
    /// The names of files that were begun and not finished.
    pub incomplete: Vec<String>,
    /// The names, or globs, of files that are missing and may be.
    pub optional: Vec<String>,
    /// The names of files that the configuration knows nothing of.
    pub extra: Vec<String>,
    /// The stable name of why the destination could not be asked.
    pub code: Option<String>,
    /// Why the state is what it is, where that needs words.
    pub message: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How much of a release is at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Everything, and users can fetch it.
    Complete,
    /// Everything, but it was not made visible: a draft, a folder without a manifest.
    Unfinished,
    /// Some of it.
    Incomplete,
    /// Nothing.
    Absent,
    /// The destination cannot tell.
    Unknown,
    /// The destination could not be asked.
    Unreachable,
    /// A rule about versions keeps the release from it.
    LeftOut,
}

/// Looks at every destination of every chosen release. A destination that cannot be asked says so in its own entry.
pub async fn status(project: &Project, request: &Request, caller: &Caller) -> Result<Outcome, SampoError> {
    let ground = Ground::of(project, &request.choice).await?;
    let context = ground.backend_context(project, caller)?;
    let takers = takers(&project.config, &project.workspace, &context, &request.backends)?;
    let scene = ground.scene(project, caller);
    let releases = match &request.choice.selection {
        Selection::AtHead | Selection::All => select::untagged(&scene)?,
        selection => match select::select(selection, &scene).await? {
            Selected::Releases(releases) => releases,
            Selected::Nothing(nothing) => return Ok(Outcome::Nothing(nothing)),
        },
    };
    if releases.is_empty() {
        let message = "no package has anything to distribute".into();
        return Ok(Outcome::Nothing(Nothing { message, hint: None }));
    }
    let tags: HashSet<String> = ground.git.tags().await?.into_iter().map(|tag| tag.name).collect();
    let releases: Vec<Arc<Release>> = releases.into_iter().map(Arc::new).collect();
    let sites = sites(&project.config, &takers, &ground.participants, &releases)?;
    let jobs = request.jobs.unwrap_or(project.config.distribute.jobs);
    let asking = Asking::new(&takers, caller, jobs, &project.root);
    let strays = request.choice.packages.is_empty();
    let standings = join_all(sites.iter().map(|site| standing(site, &asking, strays))).await;
    let of = |release: &Arc<Release>| {
        let standings = sites.iter().zip(&standings).filter(|(site, _)| Arc::ptr_eq(&site.release, release));
        standings.map(|(_, standing)| standing.clone()).collect()
    };
    let releases = releases.iter().map(|release| ReleaseStatus {
        package: release.package.clone(),
        version: release.version.to_string(),
        tag: release.tag.clone(),
        tagged: release.commit.is_some() || tags.contains(&release.tag),
        prerelease: release.is_prerelease(),
        destinations: of(release),
    });
    Ok(Outcome::Found(Status { schema_version: SCHEMA_VERSION, releases: releases.collect() }))
}

/// What one destination says about one release. With `strays`, what nobody expects there is named.
async fn standing(site: &Site<'_>, asking: &Asking, strays: bool) -> Standing {
    if let Some(reason) = site.left_out() {
        return Standing { message: Some(reason), ..Standing::new(site, State::LeftOut) };
    }
    match site.ask(asking).await {
        Answer::Holds(None) => Standing::of_inventory(site, &Inventory { held: Vec::new(), finished: false }, strays),
        Answer::Holds(Some(inventory)) => Standing::of_inventory(site, &inventory, strays),
        Answer::Mute(error) => Standing::failed(site, State::Unknown, error),
        Answer::Failed(error) => Standing::failed(site, State::Unreachable, error),
    }
}

impl Standing {
    fn new(site: &Site<'_>, state: State) -> Self {
        Self {
            backend: site.backend_name().to_owned(),
            place: site.place.clone().ok(),
            state,
            present: 0,
            expected: site.expected.iter().filter(|expected| !expected.optional).count(),
            missing: Vec::new(),
            incomplete: Vec::new(),
            optional: Vec::new(),
            extra: Vec::new(),
            code: None,
            message: None,
            hint: None,
        }
    }

    fn failed(site: &Site<'_>, state: State, error: BackendError) -> Self {
        let BackendError { code, message, hint, .. } = error;
        Self { code: Some(code.to_owned()), message: Some(message), hint, ..Self::new(site, state) }
    }

    fn of_inventory(site: &Site<'_>, inventory: &Inventory, strays: bool) -> Self {
        let mut standing = Self::new(site, State::Absent);
        let names = inventory.held.iter().map(|held| held.name.as_str());
        let is_complete = |name: &str| inventory.held.iter().any(|held| held.name == name && held.complete);
        for expected in &site.expected {
            let found = expected.name.among(names.clone());
            let (whole, begun): (Vec<&str>, Vec<&str>) = found.iter().partition(|name| is_complete(name));
            standing.incomplete.extend(begun.iter().map(ToString::to_string));
            match (found.is_empty(), expected.optional) {
                (true, true) => standing.optional.push(expected.name.label()),
                (true, false) => standing.missing.push(expected.name.label()),
                (false, optional) => {
                    standing.expected += usize::from(optional);
                    standing.present += usize::from(!whole.is_empty() && begun.is_empty());
                }
            }
        }
        if strays {
            standing.extra = names.filter(|name| site.is_stray(name)).map(str::to_owned).collect();
        }
        standing.state = match (standing.present, inventory.finished) {
            (0, _) if standing.incomplete.is_empty() && inventory.held.is_empty() => State::Absent,
            (present, _) if present < standing.expected => State::Incomplete,
            (_, true) => State::Complete,
            (_, false) => State::Unfinished,
        };
        if standing.state == State::Incomplete && !inventory.finished {
            standing.message = Some("it was not made visible yet".into());
        }
        standing
    }
}

impl Status {
    /// As indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a status has no value that JSON lacks")
    }

    /// As a table for people. Coloured with ANSI sequences, which the caller drops where they do not belong.
    pub fn to_text(&self) -> String {
        table::render(self)
    }
}
