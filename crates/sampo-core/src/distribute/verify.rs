//! `verify`: re-reads every destination as a user would, and compares what is there with what must be.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::join_all;

use super::deliver::{DeliverError, staging_folder};
use super::destination::takers;
use super::dispatch::{Terms, dispatch};
use super::engine::Order;
use super::model::{Release, Shipment};
use super::pack::Packed;
use super::report::Report;
use super::select::{self, Nothing, Selected};
use super::site::{Asking, Site, sites};
use super::{Caller, Choice, Ground};
use crate::atomic;
use crate::error::{Diagnose, SampoError, chain};
use crate::event::Event;
use crate::project::Project;

mod evidence;
mod given;
mod judge;
mod markdown;
mod observe;
mod table;
mod verification;

use evidence::Evidence;
use given::{Given, Wanted, pack_local};
use observe::{Closely, Seen, observe};
pub use verification::{
    Against, Check, CheckStatus, Inspection, Truth, Verdict, Verification, VerifiedRelease, Visibility,
};

/// What is to be verified, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which releases, and what of them.
    pub choice: Choice,
    /// Only these backends, by name; all if none is named.
    pub backends: Vec<String>,
    /// What is taken for the truth.
    pub standard: Standard,
    /// Download every file, even where the destination itself computes digests of what it holds.
    pub download: bool,
    /// Where to write what was found.
    pub report: Option<PathBuf>,
    /// Requests at the same time, instead of the configured number.
    pub jobs: Option<NonZeroUsize>,
}

/// What is taken for the truth about the artifacts of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standard {
    /// The files on this machine if a release has all of them here, else the checksums at its destinations.
    Best,
    /// The files on this machine, which must be there.
    Files,
    /// The checksums that the destinations publish.
    Checksums,
    /// The report of an earlier run.
    Report(PathBuf),
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// There was nothing to verify.
    Nothing(Nothing),
    /// What was found.
    Done(Box<Verification>),
}

/// Releases cannot be compared with what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Not every file of a release is on this machine.
    #[error("`{tag}` cannot be compared with files on this machine: {reason}")]
    FilesMissing {
        /// The release's tag.
        tag: String,
        /// What is missing.
        reason: String,
    },
    /// The report is about other releases.
    #[error("the report `{}` knows no artifact of `{tag}`", path.display())]
    Unreported {
        /// The release's tag.
        tag: String,
        /// The report.
        path: PathBuf,
    },
}

impl Diagnose for VerifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::FilesMissing { .. } => "files-missing",
            Self::Unreported { .. } => "report-unrelated",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::FilesMissing { .. } => {
                "bring the files of the build back, or compare with the checksums at the destinations: `--against checksums`"
                    .into()
            }
            Self::Unreported { .. } => "take the report of the run that delivered it, or select its releases with `--tag`".into(),
        })
    }
}

/// Compares what stands at every destination with what must be there. Changes nothing anywhere. Errors mean that nothing
/// was looked at; a destination that cannot be asked is a finding.
pub async fn verify(project: &Project, request: &Request, caller: &Caller) -> Result<Outcome, SampoError> {
    let ground = Ground::of(project, &request.choice).await?;
    let context = ground.backend_context(project, caller)?;
    let takers = takers(&project.config, &project.workspace, &context, &request.backends)?;
    let releases = match select::select(&request.choice.selection, &ground.scene(project, caller)).await? {
        Selected::Nothing(nothing) => return Ok(Outcome::Nothing(nothing)),
        Selected::Releases(releases) => releases.into_iter().map(Arc::new).collect::<Vec<_>>(),
    };
    let sites = sites(&project.config, &takers, &ground.participants, &releases)?;
    if sites.is_empty() {
        let names = takers.iter().map(|taker| taker.destination.name.clone()).collect();
        return Err(DeliverError::NothingTaken { names }.into());
    }
    if let Some(path) = &request.report {
        // Found now, an unwritable path costs nothing.
        atomic::probe(path)?;
    }
    let staging = staging_folder(project)?;
    let jobs = request.jobs.unwrap_or(project.config.distribute.jobs);
    let packed = match request.standard {
        Standard::Checksums | Standard::Report(_) => Vec::new(),
        Standard::Best | Standard::Files => {
            let required = request.standard == Standard::Files;
            pack_local(project, &ground.participants, &releases, required, (staging.path(), jobs), caller).await?
        }
    };
    let orders = dispatch(&takers, &packed, &ground.participants, Terms::default(), staging.path())?.orders;
    let work = Work { sites, packed, orders, asking: Asking::new(&takers, caller, jobs, staging.path()), request };
    let verification = work.verify(&releases, caller).await?;
    if let Some(Err(error)) = request.report.as_deref().map(|path| verification.write(path)) {
        // What was found is still worth knowing.
        let message = format!("the report is not written: {}", chain(&error));
        caller.reporter.report(Event::Warning { message: &message, hint: None });
    }
    Ok(Outcome::Done(Box::new(verification)))
}

/// A verification under way.
struct Work<'a> {
    sites: Vec<Site<'a>>,
    packed: Vec<Packed>,
    orders: Vec<Order>,
    asking: Asking,
    request: &'a Request,
}

impl Work<'_> {
    async fn verify(&self, releases: &[Arc<Release>], caller: &Caller) -> Result<Verification, SampoError> {
        let given = self.given(releases)?;
        let verified = join_all(releases.iter().zip(&given).map(|(release, given)| self.release(release, given)));
        Ok(Verification {
            schema_version: verification::SCHEMA_VERSION,
            releases: verified.await,
            cancelled: caller.cancellation.is_cancelled(),
        })
    }

    /// What is known of each release beforehand.
    fn given(&self, releases: &[Arc<Release>]) -> Result<Vec<Given>, SampoError> {
        if let Standard::Report(path) = &self.request.standard {
            let report = Report::read(path)?;
            let given = releases.iter().map(|release| Given::reported(&report, release, path));
            return Ok(given.collect::<Result<_, _>>()?);
        }
        let packed = |release: &Arc<Release>| self.packed.iter().find(|packed| packed.release == *release);
        Ok(releases.iter().map(|release| packed(release).map_or_else(Given::nothing, Given::packed)).collect())
    }

    /// One release at all its destinations: what one of them says counts for the others.
    async fn release(&self, release: &Arc<Release>, given: &Given) -> VerifiedRelease {
        let sites: Vec<&Site<'_>> = self.sites.iter().filter(|site| site.release == *release).collect();
        let wanted: Vec<Vec<Wanted>> = sites.iter().map(|site| given.wanted(site)).collect();
        let digests = given.digests();
        let seen = join_all(sites.iter().zip(&wanted).map(|(site, wanted)| {
            let is_wanted = |name: &str| wanted.iter().any(|wanted| wanted.name.fits(name));
            let closely = Closely { download: self.request.download, given: &digests, shipment: self.shipment(site) };
            async move { observe(site, is_wanted, &closely, &self.asking).await }
        }));
        let seen: Vec<Seen> = seen.await;
        let pairs: Vec<(&Site<'_>, &Seen)> = sites.iter().copied().zip(&seen).collect();
        let evidence = Evidence::gather(given, &pairs);
        // Packages may share a place, and those that were not asked for have files there too.
        let strays = self.request.choice.packages.is_empty();
        let inspect = |((site, seen), wanted): (&(&Site<'_>, &Seen), &Vec<Wanted>)| {
            judge::inspect(site, seen, wanted, &evidence, strays)
        };
        VerifiedRelease {
            package: release.package.clone(),
            version: release.version.to_string(),
            tag: release.tag.clone(),
            truth: given.truth,
            destinations: pairs.iter().zip(&wanted).map(inspect).collect(),
        }
    }

    /// What is delivered there, if its files are on this machine.
    fn shipment(&self, site: &Site<'_>) -> Option<&Shipment> {
        let is_ours =
            |order: &&Order| order.destination.name == site.backend_name() && order.shipment.release == site.release;
        self.orders.iter().find(is_ours).map(|order| &order.shipment)
    }
}
