//! What each destination gets: artifacts and destinations brought together, by their filters.

use std::path::Path;
use std::sync::Arc;

use super::checksum_list::{is_list, list_of};
use super::destination::Taker;
use super::engine::{Earlier, Missing, Order};
use super::model::{Artifact, ArtifactKind, Finishing, Release, Shipment};
use super::pack::Packed;
use super::participant::Participant;
use super::report::{Delivery, Report, Status};
use super::resolve::Failure;
use crate::error::PathError;
use crate::target::Target;

/// The kinds of artifacts that there are once for each target.
const PER_TARGET: &[ArtifactKind] = &[ArtifactKind::Archive, ArtifactKind::Binary, ArtifactKind::Checksum];

/// The orders of one run, and entries for what a rule left out.
#[derive(Debug, Default)]
pub struct Dispatch {
    /// What is to be delivered.
    pub orders: Vec<Order>,
    /// What is not, because of a rule.
    pub skipped: Vec<Delivery>,
}

/// What a run was asked for, as far as it decides what goes where.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The report of an earlier run, of which only what did not succeed is done again.
    pub report: Option<&'a Report>,
    /// What is to be finished.
    pub finishing: Finishing,
    /// Whether the run is narrowed to some targets.
    pub narrowed: bool,
}

/// One order for each destination and release, as far as the destination takes anything of it.
pub fn dispatch(
    takers: &[Taker],
    packed: &[Packed],
    participants: &[Participant<'_>],
    terms: Terms<'_>,
    staging: &Path,
) -> Result<Dispatch, PathError> {
    let mut dispatch = Dispatch::default();
    let of = |release: &Release| participants.iter().find(|participant| *participant.id() == release.package);
    let pairs = packed.iter().filter_map(|packed| Some((packed, of(&packed.release)?)));
    for taker in takers {
        for (packed, participant) in pairs.clone().filter(|(_, participant)| taker.takes_from(participant)) {
            if !taker.takes_version(&packed.release) {
                dispatch.skipped.push(left_out(taker, &packed.release));
            } else if let Some(order) = order(taker, packed, participant, terms, staging)? {
                dispatch.orders.push(order);
            }
        }
    }
    if terms.finishing == Finishing::Never {
        dispatch.hold_back();
    }
    Ok(dispatch)
}

impl Dispatch {
    /// Leaves out what needs a release at a destination where this run leaves it open.
    fn hold_back(&mut self) {
        let key = |order: &Order| (order.shipment.release.package.clone(), order.shipment.release.tag.clone());
        let open: Vec<_> = self.orders.iter().filter(|order| order.unfinished.is_some()).collect();
        let open: Vec<_> = open.into_iter().map(|order| (order.destination.name.clone(), key(order))).collect();
        for order in std::mem::take(&mut self.orders) {
            let needed = open.iter().find(|(name, of)| order.destination.needs.contains(name) && *of == key(&order));
            match needed {
                None => self.orders.push(order),
                Some((name, _)) => {
                    let message = format!("it needs `{name}`, where `--no-finish` leaves the release open");
                    self.skipped.push(skipped(&order.destination.name, &order.shipment.release, message));
                }
            }
        }
    }
}

fn order(
    taker: &Taker,
    packed: &Packed,
    participant: &Participant<'_>,
    terms: Terms<'_>,
    staging: &Path,
) -> Result<Option<Order>, PathError> {
    let earlier = match terms.report.map(|report| earlier(taker, &packed.release, report)) {
        None => Earlier::default(),
        Some(Some(earlier)) => earlier,
        Some(None) => return Ok(None),
    };
    let mut artifacts: Vec<Artifact> =
        packed.artifacts.iter().filter(|artifact| taker.takes(artifact) && terms.takes(artifact)).cloned().collect();
    // A list names what this destination gets, and nothing else.
    if let Some(at) = artifacts.iter().position(is_list) {
        artifacts.remove(at);
        let folder = staging.join("lists").join(&taker.destination.name).join(packed.release.tag.replace('/', "-"));
        artifacts.extend(list_of(&artifacts, &folder)?);
    }
    let missing: Vec<Missing> =
        packed.failures.iter().filter(|failure| concerns(taker, failure, terms)).map(missing).collect();
    if artifacts.is_empty() && missing.is_empty() {
        return Ok(None);
    }
    Ok(Some(Order {
        destination: Arc::clone(&taker.destination),
        shipment: Shipment { release: Arc::clone(&packed.release), artifacts },
        missing,
        optional: packed.optional.clone(),
        unfinished: unfinished(taker, participant, terms),
        adds: terms.finishing != Finishing::Never,
        earlier,
    }))
}

fn concerns(taker: &Taker, failure: &Failure, terms: Terms<'_>) -> bool {
    let takes_target = failure.target.as_ref().is_none_or(|target| taker.takes_target(target));
    terms.take_target(failure.target.as_ref())
        && takes_target
        && failure.kinds.iter().any(|kind| taker.takes_kind(*kind))
}

fn missing(failure: &Failure) -> Missing {
    Missing {
        target: failure.target.clone(),
        item: failure.item.clone(),
        code: failure.code,
        message: failure.message.clone(),
        hint: failure.hint.clone(),
        retryable: failure.retryable,
    }
}

impl Terms<'_> {
    /// Whether it is for this run to deliver `artifact`: the list of checksums comes with the finish.
    fn takes(self, artifact: &Artifact) -> bool {
        let is_late = self.finishing == Finishing::Never && is_list(artifact);
        !is_late && self.take_target(artifact.target.as_ref())
    }

    /// What belongs to no target is not for each of the runs that have one target each.
    fn take_target(self, target: Option<&Target>) -> bool {
        target.is_some() || !self.narrowed || self.finishing != Finishing::Never
    }
}

/// Why this run leaves the release open. With `--target`, the rest of it may be anywhere: a run with all targets finishes it.
fn unfinished(taker: &Taker, participant: &Participant<'_>, terms: Terms<'_>) -> Option<String> {
    if terms.finishing == Finishing::Never {
        let backend = &taker.destination.backend;
        let may_be_open = backend.has_finish() || backend.takes_whole_release();
        return may_be_open.then(|| "left open by `--no-finish`; `sampo distribute --finish` finishes it".into());
    }
    if !participant.is_per_target() || !PER_TARGET.iter().any(|kind| taker.takes_kind(*kind)) {
        return None;
    }
    let absent: Vec<&str> = participant
        .configured_targets
        .iter()
        .filter(|target| taker.takes_target(target) && !participant.is_optional(target))
        .filter(|target| !participant.targets.contains(target))
        .map(Target::as_str)
        .collect();
    (!absent.is_empty())
        .then(|| format!("{} left out by `--target`; a run with all targets finishes the release", absent.join(", ")))
}

/// What `report` says about this order; none if everything succeeded, or it was no part of that run.
fn earlier(taker: &Taker, release: &Release, report: &Report) -> Option<Earlier> {
    let name = &taker.destination.name;
    let is_ours = |delivery: &&Delivery| {
        delivery.backend == *name && delivery.package == release.package && delivery.tag == release.tag
    };
    if report.has_not_begun() {
        return Some(Earlier::default());
    }
    report.problems().find(is_ours)?;
    let arrived = |delivery: &&Delivery| matches!(delivery.status, Status::Delivered | Status::Unchanged);
    let arrived = report.deliveries.iter().filter(is_ours).filter(arrived);
    let version = release.version.to_string();
    let artifacts = report.artifacts.iter();
    let artifacts = artifacts.filter(|artifact| artifact.package == release.package && artifact.version == version);
    Some(Earlier {
        arrived: arrived.map(|delivery| delivery.item.clone()).collect(),
        digests: artifacts.map(|artifact| (artifact.file.clone(), artifact.sha256)).collect(),
    })
}

fn left_out(taker: &Taker, release: &Release) -> Delivery {
    let kind = if release.is_prerelease() { "pre-releases" } else { "stable versions" };
    skipped(&taker.destination.name, release, format!("{kind} do not go there"))
}

/// An entry for a whole release that does not go to a backend now.
pub(super) fn skipped(backend: &str, release: &Release, message: String) -> Delivery {
    let mut delivery = Delivery::new(backend, release, &release.tag, Status::Skipped);
    delivery.message = Some(message);
    delivery
}
