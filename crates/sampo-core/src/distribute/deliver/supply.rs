//! Where the artifacts of a run come from: from this machine, from a destination, or from each destination itself.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::try_join_all;

use super::held::{HeldError, Holdings, Purpose};
use crate::config::Config;
use crate::distribute::checksum::Digest;
use crate::distribute::destination::Taker;
use crate::distribute::dispatch::skipped;
use crate::distribute::engine::stock::Stock;
use crate::distribute::model::{Artifact, ArtifactKind, Release};
use crate::distribute::pack::{self, Packed, Packing};
use crate::distribute::participant::Participant;
use crate::distribute::report::Delivery;
use crate::distribute::resolve::{Failure, Planned, Resolved, Search};
use crate::error::SampoError;

/// The artifacts of a run.
#[derive(Debug, Default)]
pub(super) struct Supply {
    pub lots: Vec<Lot>,
    /// What of them is not on this machine yet.
    pub stock: Stock,
    /// Entries for what there is nothing to do about.
    pub skipped: Vec<Delivery>,
}

/// Artifacts, and who gets them.
#[derive(Debug)]
pub(super) struct Lot {
    pub takers: Vec<Taker>,
    pub packed: Vec<Packed>,
}

/// Makes a supply of what destinations hold.
pub(super) struct Supplier<'a> {
    pub config: &'a Config,
    pub search: &'a Search<'a>,
    pub participants: &'a [Participant<'a>],
    pub holdings: Holdings<'a>,
    /// How files of this machine are made ready; it makes no checksum files.
    pub packing: &'a Packing,
}

impl Supplier<'_> {
    /// The artifacts that `source` holds, for `takers`. `may_be_open` says that this run finishes the source.
    pub async fn take_from_source(
        &self,
        source: &Taker,
        may_be_open: bool,
        takers: Vec<Taker>,
        releases: &[Arc<Release>],
        supply: &mut Supply,
    ) -> Result<(), SampoError> {
        let purpose = Purpose::Source { may_be_open };
        let ask = |(release, participant)| self.holdings.of(&source.destination, release, participant, purpose);
        let mut all = Vec::new();
        for (packed, stock) in try_join_all(self.pairs(releases).map(ask)).await?.into_iter().flatten() {
            supply.stock.extend(stock);
            all.push(self.with_checksums(packed, &source.destination.name)?);
        }
        supply.lots.push(Lot { takers, packed: all });
        Ok(())
    }

    /// What `taker` holds itself, so that it can be finished, and the files of no target that lie on this machine.
    pub async fn take_from_itself(
        &self,
        taker: &Taker,
        releases: &[Arc<Release>],
        supply: &mut Supply,
    ) -> Result<(), SampoError> {
        let (mut all, mut asked) = (Vec::new(), Vec::new());
        let destination = &taker.destination;
        for (release, participant) in self.pairs(releases) {
            if !taker.takes_from(participant) || !taker.takes_version(release) {
                all.push(Packed::nothing(release, participant));
                continue;
            }
            asked.push((release, participant, self.files(participant)?));
        }
        let ask = asked.iter().map(|(release, participant, (files, _))| {
            self.holdings.of(destination, release, participant, Purpose::Finish { files })
        });
        let held = try_join_all(ask).await?;
        for ((release, participant, (files, failures)), held) in asked.into_iter().zip(held) {
            let held = held.map(|(packed, stock)| {
                supply.stock.extend(stock);
                packed
            });
            let needs_all = held.is_none() && destination.backend.takes_whole_release();
            let can_tell = held.is_some();
            let mut packed = self.pack(release, participant, files, failures, held).await?;
            if needs_all {
                let error = HeldError::NeedsArtifacts { from: destination.name.clone() };
                let failure = Failure::new(participant.id(), None, participant.optional, &error);
                packed.artifacts.clear();
                packed.failures = vec![failure.of_whole_release(&release.tag)];
            }
            if !can_tell && packed.artifacts.is_empty() && packed.failures.is_empty() {
                supply.skipped.push(cannot_tell(taker, release));
            }
            all.push(self.with_checksums(packed, &destination.name)?);
        }
        supply.lots.push(Lot { takers: vec![taker.clone()], packed: all });
        Ok(())
    }

    fn pairs<'b>(
        &'b self,
        releases: &'b [Arc<Release>],
    ) -> impl Iterator<Item = (&'b Arc<Release>, &'b Participant<'b>)> {
        releases.iter().filter_map(|release| {
            let participant = self.participants.iter().find(|participant| *participant.id() == release.package)?;
            Some((release, participant))
        })
    }

    /// The files of no target that lie on this machine. One that cannot be delivered is a failure of its own.
    fn files(&self, participant: &Participant<'_>) -> Result<(Vec<Planned>, Vec<Failure>), SampoError> {
        let (mut files, mut failures) = (Vec::<Planned>::new(), Vec::new());
        for glob in participant.files {
            match self.search.files_of(glob) {
                Ok(found) => files.extend(found),
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => failures.push(Failure::new(participant.id(), None, participant.optional, &error)),
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files.dedup_by(|a, b| a.name == b.name);
        Ok((files, failures))
    }

    /// What is held, and those of `files` that are not.
    async fn pack(
        &self,
        release: &Arc<Release>,
        participant: &Participant<'_>,
        mut files: Vec<Planned>,
        mut failures: Vec<Failure>,
        held: Option<Packed>,
    ) -> Result<Packed, SampoError> {
        let (mut artifacts, of_held) = held.map(|held| (held.artifacts, held.failures)).unwrap_or_default();
        failures.extend(of_held);
        files.retain(|file| artifacts.iter().all(|artifact| artifact.name != file.name));
        let resolved = Resolved {
            release: Arc::clone(release),
            artifacts: files,
            failures,
            optional: participant.optional.to_vec(),
        };
        let mut packed = pack::pack(vec![resolved], self.packing).await?.remove(0);
        packed.artifacts.append(&mut artifacts);
        Ok(packed)
    }

    /// Checksum files are made of the digests, so that each destination gets those that the configuration says.
    fn with_checksums(&self, mut packed: Packed, from: &str) -> Result<Packed, SampoError> {
        let (mut others, listed): (Vec<Artifact>, Vec<Artifact>) =
            packed.artifacts.into_iter().partition(|artifact| artifact.kind == ArtifactKind::Checksum);
        let folder = self.folder(from, &packed.release);
        let made = pack::checksum_files(&listed, self.config.distribute.checksums, &folder)?;
        others.retain(|other| made.iter().all(|made| made.name != other.name));
        packed.artifacts = [listed, made, others].concat();
        packed.artifacts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(packed)
    }

    fn folder(&self, from: &str, release: &Release) -> PathBuf {
        let place = Digest::of(format!("{from} {} {}", release.package, release.tag));
        self.packing.folder.join("checksums").join(place.to_string())
    }
}

fn cannot_tell(taker: &Taker, release: &Release) -> Delivery {
    let message = "it cannot tell what it holds: the reports of the runs that delivered count";
    skipped(&taker.destination.name, release, message.into())
}
