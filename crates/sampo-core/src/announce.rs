//! Releases on GitHub for what was published: each tag gets one, with notes and assets.
//!
//! They are made by the backend of `distribute` that fills such releases, so that both agree about whatever stands
//! there: a release is a draft until everything that belongs to it has arrived. One whose artifacts are still to be
//! delivered stays a draft, and the delivery publishes it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::distribute::backend::github_release::GithubReleaseConfig;
use crate::distribute::backend::{BackendContext, BackendError, Pace};
use crate::distribute::engine::{self, Destination, Earlier, Order};
use crate::distribute::model::{Artifact, Shipment};
use crate::distribute::publishing::{Publisher, Publishers};
use crate::distribute::{Caller, Ground};
use crate::error::{Diagnose, SampoError};
use crate::event::{Event, Reporter};
use crate::github::{Github, Releases};
use crate::project::Project;
use crate::publish::Plan;

mod assets;
mod discussions;
mod releases;
mod report;

pub use assets::{AssetError, AssetPatterns};
pub use discussions::{Discussions, discuss};
pub use report::{Entry, Problem, Report, State};

use assets::Found;
use releases::{Tagged, tagged};

/// The destination of releases that no backend fills. No backend can have this name.
const GITHUB: &str = "GitHub releases";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The files to attach.
    pub assets: AssetPatterns,
    /// Which releases are to be discussed, and where.
    pub discussions: Discussions,
    /// Look, change nothing.
    pub dry_run: bool,
}

/// Releases cannot be made at all.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// Nobody says where they belong.
    #[error("nothing says in which GitHub repository to make releases")]
    RepositoryUnknown,
    /// GitHub would not let them be made.
    #[error(transparent)]
    Refused(BackendError),
}

impl Diagnose for AnnounceError {
    fn code(&self) -> &'static str {
        match self {
            Self::RepositoryUnknown => "repository-unknown",
            Self::Refused(error) => error.code,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::RepositoryUnknown => {
                Some("set `repository = \"OWNER/NAME\"` under `[github]`, or GITHUB_REPOSITORY".into())
            }
            Self::Refused(error) => error.hint.clone(),
        }
    }
}

/// Fails if what `plan` is to publish could not get its releases: nobody says where, the token may not write there, or
/// the files that are there already cannot be their assets. Better found before anything is published.
pub async fn check(project: &Project, plan: &Plan, request: &Request, caller: &Caller) -> Result<(), SampoError> {
    let ground = Ground::whole(project).await?;
    let repository = ground.repository.clone().ok_or(AnnounceError::RepositoryUnknown)?;
    let mut tagged = tagged(project, plan, &repository, true).await?;
    tagged.retain(|tagged| tagged.is_at_head);
    let desk = Desk::at(project, &ground, request, caller, Pace::default())?;
    let orders = desk.orders(&tagged, desk.assets(&tagged).await?.artifacts)?;
    let mut destinations: Vec<_> = orders.iter().map(|order| Arc::clone(&order.destination)).collect();
    engine::Plan::new(orders)?;
    destinations.sort_by(|a, b| a.name.cmp(&b.name));
    destinations.dedup_by(|a, b| a.name == b.name);
    for destination in destinations.iter().filter(|_| !request.dry_run) {
        match destination.backend.check().await {
            // It may be over by the time that it matters.
            Err(error) if !error.is_retryable() => return Err(AnnounceError::Refused(error).into()),
            _ => {}
        }
    }
    Ok(())
}

/// Makes sure that every tag of `plan` has its release on GitHub, as far as that is for the publisher to do. A dry run
/// includes the tags that are still to be made. What is there already keeps its title and notes.
///
/// Errors mean that nothing was done; what goes wrong afterwards concerns one tag and is in the report.
pub async fn announce(
    project: &Project,
    plan: &Plan,
    request: &Request,
    caller: &Caller,
) -> Result<Report, SampoError> {
    announce_at(project, plan, request, caller, Pace::default()).await
}

async fn announce_at(
    project: &Project,
    plan: &Plan,
    request: &Request,
    caller: &Caller,
    pace: Pace,
) -> Result<Report, SampoError> {
    let ground = Ground::whole(project).await?;
    let repository = ground.repository.clone().ok_or(AnnounceError::RepositoryUnknown)?;
    let github = Github::of_environment(&project.environment)?;
    let mut tagged = tagged(project, plan, &repository, request.dry_run).await?;
    leave_out_announced(&mut tagged, &github.releases(&repository)).await;
    let desk = Desk::at(project, &ground, request, caller, pace)?;
    let Found { artifacts, unmatched } = desk.assets(&tagged).await?;
    desk.warn_of_unmatched(unmatched);
    let orders = desk.orders(&tagged, artifacts)?;
    let outcomes = engine::Plan::new(orders)?.carry_out(&desk.options()).await;
    let page = |tag: &str| github.releases(&repository).page_address(tag);
    let mut report = Report::new(&tagged, &outcomes, request.dry_run, page);
    desk.warn_of_missing_assets(&tagged, &report);
    let due = report.to_discuss(&tagged);
    let opened = discussions::open_at(project, &due, &request.discussions, request.dry_run, caller, pace).await;
    for entry in &mut report.entries {
        entry.discussion = opened.get(&entry.tag).cloned();
    }
    Ok(report)
}

/// Leaves out what was announced at an earlier commit: one question instead of one for each package. Whatever it does
/// not tell is asked for one by one.
async fn leave_out_announced(tagged: &mut Vec<Tagged>, releases: &Releases<'_>) {
    if tagged.iter().all(|tagged| tagged.is_at_head) {
        return;
    }
    let recent = releases.recent().await.unwrap_or_default();
    let is_public = |tag: &str| recent.iter().any(|entry| !entry.draft && entry.tag_name == tag);
    tagged.retain(|tagged| tagged.is_at_head || !is_public(&tagged.release.tag));
}

/// Where orders are written.
struct Desk<'a> {
    project: &'a Project,
    request: &'a Request,
    publishers: Publishers<'a>,
    context: BackendContext,
    caller: &'a Caller,
}

impl<'a> Desk<'a> {
    fn at(
        project: &'a Project,
        ground: &'a Ground<'a>,
        request: &'a Request,
        caller: &'a Caller,
        pace: Pace,
    ) -> Result<Self, SampoError> {
        let context = BackendContext { pace, ..ground.backend_context(project, caller)? };
        Ok(Self { project, request, publishers: Publishers::of(project, ground, &context)?, context, caller })
    }

    /// One order for each release, with its assets. Those that one backend fills have one destination.
    fn orders(&self, tagged: &[Tagged], assets: Vec<Vec<Artifact>>) -> Result<Vec<Order>, SampoError> {
        let mut assets = assets.into_iter();
        let mut destinations: Vec<Arc<Destination>> = Vec::new();
        let mut orders = Vec::new();
        for Tagged { release, is_at_head } in tagged {
            let publisher = self.publishers.of_release(release)?;
            let name = publisher.map_or(GITHUB, Publisher::name);
            let destination = match destinations.iter().find(|known| known.name == name) {
                Some(known) => Arc::clone(known),
                None => {
                    let made = Arc::new(self.destination(publisher)?);
                    destinations.push(Arc::clone(&made));
                    made
                }
            };
            orders.push(Order {
                destination,
                shipment: Shipment { release: Arc::clone(release), artifacts: assets.next().unwrap_or_default() },
                missing: Vec::new(),
                optional: Vec::new(),
                earlier: Earlier::default(),
                unfinished: self.unfinished(publisher, *is_at_head),
                adds: true,
            });
        }
        Ok(orders)
    }

    /// What makes releases as `publisher` would.
    fn destination(&self, publisher: Option<&Publisher>) -> Result<Destination, SampoError> {
        let config = publisher.map(|publisher| publisher.config.clone()).unwrap_or_default();
        let bounds = &self.project.config.distribute;
        Ok(Destination {
            name: publisher.map_or(GITHUB, Publisher::name).to_owned(),
            backend: GithubReleaseConfig::announcing(config, &self.context)?,
            needs: Vec::new(),
            retries: bounds.retries,
            stall_timeout: bounds.stall_timeout,
            max_wait: bounds.max_wait,
            jobs: None,
        })
    }

    /// Why the release stays a draft.
    fn unfinished(&self, publisher: Option<&Publisher>, is_at_head: bool) -> Option<String> {
        if let Some(publisher) = publisher {
            return Some(format!(
                "a draft until `sampo distribute` has delivered its artifacts to `{}`",
                publisher.name()
            ));
        }
        let lacks_assets = !is_at_head && !self.request.assets.is_empty();
        lacks_assets.then(|| "a draft until a run at the tagged commit has added its assets".into())
    }

    /// Says which drafts have to wait for their assets.
    fn warn_of_missing_assets(&self, tagged: &[Tagged], report: &Report) {
        if self.request.assets.is_empty() {
            return;
        }
        let is_elsewhere = |tag: &str| tagged.iter().any(|tagged| !tagged.is_at_head && tagged.release.tag == tag);
        for entry in &report.entries {
            if is_elsewhere(&entry.tag) && entry.url.is_none() && entry.state != State::Failed {
                let message = format!("the release `{}` stays a draft: its tag is not at HEAD", entry.tag);
                let hint = "run the workflow again at the tagged commit, whose files belong to the release";
                self.caller.reporter.report(Event::Warning { message: &message, hint: Some(hint) });
            }
        }
    }

    /// The assets of each release. Those of another commit than the one that is checked out cannot be had here.
    async fn assets(&self, tagged: &[Tagged]) -> Result<Found, SampoError> {
        let here = tagged.iter().map(|tagged| tagged.is_at_head.then_some(&*tagged.release)).collect::<Vec<_>>();
        self.request.assets.find(&self.project.root, &here).await
    }

    fn warn_of_unmatched(&self, unmatched: Vec<(String, Vec<String>)>) {
        for (pattern, tags) in unmatched {
            let message = format!("`{pattern}` of `release-assets` matches no file for {}", in_backticks(&tags));
            self.caller.reporter.report(Event::Warning { message: &message, hint: None });
        }
    }

    fn options(&self) -> engine::Options {
        engine::Options {
            jobs: self.project.config.distribute.jobs,
            dry_run: self.request.dry_run,
            replace: false,
            fail_fast: false,
            pace: self.context.pace,
            cancellation: self.caller.cancellation.clone(),
            reporter: Arc::new(WithoutDeliveries(Arc::clone(&self.caller.reporter))),
            // Only lists of checksums are made on the way, and here there is none.
            staging: PathBuf::new(),
            stock: Arc::default(),
        }
    }
}

/// Passes on everything but how single deliveries end: the report tells that for each release.
struct WithoutDeliveries(Arc<dyn Reporter>);

impl Reporter for WithoutDeliveries {
    fn report(&self, event: Event<'_>) {
        if !matches!(event, Event::DeliveryFinished { .. }) {
            self.0.report(event);
        }
    }
}

fn in_backticks(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "announce/fault_tests.rs"]
mod fault_tests;
#[cfg(test)]
#[path = "announce/announce_tests.rs"]
mod tests;
