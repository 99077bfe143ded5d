//! What each destination gets: artifacts and destinations brought together, by their filters.

use std::path::Path;
use std::sync::Arc;

use super::checksum_list::{is_list, list_of};
use super::destination::Taker;
use super::engine::{Earlier, Missing, Order};
use super::model::{Artifact, ArtifactKind, Release, Shipment};
use super::pack::Packed;
use super::participant::Participant;
use super::report::{Delivery, Report, Status};
use super::resolve::Failure;
use crate::error::PathError;

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

/// One order for each destination and release, as far as the destination takes anything of it. With the report of an
/// earlier run, only where something did not succeed then.
pub fn dispatch(
    takers: &[Taker],
    packed: &[Packed],
    participants: &[Participant<'_>],
    report: Option<&Report>,
    staging: &Path,
) -> Result<Dispatch, PathError> {
    let mut dispatch = Dispatch::default();
    let of = |release: &Release| participants.iter().find(|participant| *participant.id() == release.package);
    let pairs = packed.iter().filter_map(|packed| Some((packed, of(&packed.release)?)));
    for taker in takers {
        for (packed, participant) in pairs.clone().filter(|(_, participant)| taker.takes_from(participant)) {
            if !taker.takes_version(&packed.release) {
                dispatch.skipped.push(left_out(taker, &packed.release));
            } else if let Some(order) = order(taker, packed, participant, report, staging)? {
                dispatch.orders.push(order);
            }
        }
    }
    Ok(dispatch)
}

fn order(
    taker: &Taker,
    packed: &Packed,
    participant: &Participant<'_>,
    report: Option<&Report>,
    staging: &Path,
) -> Result<Option<Order>, PathError> {
    let earlier = match report.map(|report| earlier(taker, &packed.release, report)) {
        None => Earlier::default(),
        Some(Some(earlier)) => earlier,
        Some(None) => return Ok(None),
    };
    let mut artifacts: Vec<Artifact> =
        packed.artifacts.iter().filter(|artifact| taker.takes(artifact)).cloned().collect();
    // A list names what this destination gets, and nothing else.
    if let Some(at) = artifacts.iter().position(is_list) {
        artifacts.remove(at);
        let folder = staging.join("lists").join(&taker.destination.name).join(packed.release.tag.replace('/', "-"));
        artifacts.extend(list_of(&artifacts, &folder)?);
    }
    let missing: Vec<Missing> =
        packed.failures.iter().filter(|failure| concerns(taker, failure)).map(missing).collect();
    if artifacts.is_empty() && missing.is_empty() {
        return Ok(None);
    }
    Ok(Some(Order {
        destination: Arc::clone(&taker.destination),
        shipment: Shipment { release: Arc::clone(&packed.release), artifacts },
        missing,
        optional: packed.optional.clone(),
        unfinished: unfinished(taker, participant),
        earlier,
    }))
}

fn concerns(taker: &Taker, failure: &Failure) -> bool {
    match &failure.target {
        Some(target) => {
            taker.takes_target(target)
                && (taker.takes_kind(ArtifactKind::Archive) || taker.takes_kind(ArtifactKind::Binary))
        }
        None => taker.takes_kind(ArtifactKind::File),
    }
}

fn missing(failure: &Failure) -> Missing {
    let name = failure.package.name();
    Missing {
        target: failure.target.clone(),
        item: failure.target.as_ref().map_or_else(|| name.to_owned(), |target| format!("{name}-{target}")),
        code: failure.code,
        message: failure.message.clone(),
        hint: failure.hint.clone(),
    }
}

/// With `--target`, the rest of the release may be anywhere: a run with all targets finishes it.
fn unfinished(taker: &Taker, participant: &Participant<'_>) -> Option<String> {
    if !participant.is_per_target() || !PER_TARGET.iter().any(|kind| taker.takes_kind(*kind)) {
        return None;
    }
    let absent: Vec<&str> = participant
        .configured_targets
        .iter()
        .filter(|target| taker.takes_target(target) && !participant.is_optional(target))
        .filter(|target| !participant.targets.contains(target))
        .map(crate::target::Target::as_str)
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
    let mut delivery = Delivery::new(&taker.destination.name, release, &release.tag, Status::Skipped);
    let kind = if release.is_prerelease() { "pre-releases" } else { "stable versions" };
    delivery.message = Some(format!("{kind} do not go there"));
    delivery
}
