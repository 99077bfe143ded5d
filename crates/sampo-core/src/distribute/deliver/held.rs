//! The artifacts of a release as a destination holds them, instead of as files on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::join_all;

use crate::config::Config;
use crate::distribute::backend::{BackendError, Held, Inventory, NOT_SUPPORTED, Progress};
use crate::distribute::catalogue::{Catalogue, Identity};
use crate::distribute::checksum::{Digest, SUMS_FILE, Sums};
use crate::distribute::engine::Destination;
use crate::distribute::engine::attempt::Attempts;
use crate::distribute::engine::run::Run;
use crate::distribute::engine::stock::{self, Stock};
use crate::distribute::model::{Artifact, ArtifactKind, Release};
use crate::distribute::naming;
use crate::distribute::pack::Packed;
use crate::distribute::participant::Participant;
use crate::distribute::resolve::{Failure, Planned};
use crate::error::{PathError, SampoError};
use crate::event::DeliveryLabel;
use crate::target::Target;

mod error;

pub(super) use error::HeldError;

/// How destinations are asked for what they hold.
pub(super) struct Holdings<'a> {
    pub config: &'a Config,
    /// Every package that takes part, whatever the run is narrowed to: they may share a tag.
    pub all: &'a [Participant<'a>],
    pub run: Run<'static>,
}

/// Why a destination is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// Others are to get what it holds, whoever put it there. It must be finished, unless this run finishes it.
    Source { may_be_open: bool },
    /// It is to be finished, with these files of this machine. What does not belong to the release is left alone.
    Finish { files: &'a [Planned] },
}

impl Purpose<'_> {
    fn is_finish(self) -> bool {
        matches!(self, Self::Finish { .. })
    }

    fn files(&self) -> &[Planned] {
        match self {
            Self::Source { .. } => &[],
            Self::Finish { files } => files,
        }
    }
}

/// One release at one destination.
struct Place<'a> {
    holdings: &'a Holdings<'a>,
    from: &'a Destination,
    release: &'a Release,
    participant: &'a Participant<'a>,
    catalogue: Catalogue,
    /// The catalogues of the packages that share the tag, and whether they come first.
    others: Vec<(Catalogue, bool)>,
}

impl Holdings<'_> {
    /// What `from` holds of `release`, and how its bytes are had. What it should hold and does not is among the
    /// failures. None if it is to be finished and can never tell.
    pub async fn of(
        &self,
        from: &Arc<Destination>,
        release: &Arc<Release>,
        participant: &Participant<'_>,
        purpose: Purpose<'_>,
    ) -> Result<Option<(Packed, Stock)>, SampoError> {
        let place = Place {
            holdings: self,
            from,
            release,
            participant,
            catalogue: Catalogue::of(self.config, participant, release)?,
            others: self.others(participant, release)?,
        };
        let (mut packed, mut stock) = (Packed::nothing(release, participant), Stock::default());
        match place.take(purpose).await {
            Err(HeldError::Unavailable { source, .. }) if purpose.is_finish() && source.code == NOT_SUPPORTED => {
                return Ok(None);
            }
            Err(error) => packed.failures.push(place.failure(None, &error).of_whole_release(&release.tag)),
            Ok(Taken { artifacts, failures }) => {
                for (artifact, held) in artifacts {
                    if !artifact.path.exists() {
                        stock.promise(from, release, held, artifact.path.clone());
                    }
                    packed.artifacts.push(artifact);
                }
                packed.failures = failures;
            }
        }
        Ok(Some((packed, stock)))
    }

    fn others(&self, participant: &Participant<'_>, release: &Release) -> Result<Vec<(Catalogue, bool)>, SampoError> {
        let version = release.version.to_string();
        let shares_tag = |other: &&Participant<'_>| {
            other.id() != participant.id() && self.config.git.tag(other.id(), &version) == release.tag
        };
        let others = self.all.iter().filter(shares_tag).map(|other| {
            let release = Release { package: other.id().clone(), ..release.clone() };
            Ok((Catalogue::of(self.config, other, &release)?, other.id() < participant.id()))
        });
        others.collect()
    }
}

/// What is taken of an inventory.
#[derive(Default)]
struct Taken {
    artifacts: Vec<(Artifact, Held)>,
    failures: Vec<Failure>,
}

impl Place<'_> {
    async fn take(&self, purpose: Purpose<'_>) -> Result<Taken, HeldError> {
        let inventory = self.inventory(purpose).await?;
        let sums = if purpose.is_finish() { Sums::default() } else { self.sums(&inventory).await? };
        let meant: Vec<(&Held, Identity)> = inventory
            .held
            .iter()
            .filter(|held| held.name != SUMS_FILE)
            .filter_map(|held| Some((held, self.identify(&held.name, purpose)?)))
            .filter(|(_, identity)| self.is_asked_for(identity.target.as_ref()))
            .collect();
        let mut taken = Taken::default();
        let artifacts = join_all(meant.into_iter().map(|(held, identity)| self.artifact(held, identity, &sums))).await;
        for result in artifacts {
            match result {
                Ok(artifact) => taken.artifacts.push(artifact),
                Err(failure) => taken.failures.push(failure),
            }
        }
        let there = inventory.held.iter().map(|held| &held.name).chain(purpose.files().iter().map(|file| &file.name));
        let names: Vec<&str> = there.map(String::as_str).collect();
        for lacking in self.catalogue.lacks(&self.participant.targets, &names) {
            let (item, target) = (lacking.name.label(), lacking.target.clone());
            let (from, tag) = (self.from.name.clone(), self.release.tag.clone());
            let error = HeldError::Missing { what: item.clone(), from, tag, target: target.clone() };
            let failure = self.failure(target, &error);
            taken.failures.push(Failure { item, kinds: lacking.kinds.to_vec(), ..failure });
        }
        Ok(taken)
    }

    async fn inventory(&self, purpose: Purpose<'_>) -> Result<Inventory, HeldError> {
        let from = || self.from.name.clone();
        let tag = || self.release.tag.clone();
        let inventory = self.ask("inventory", async || self.from.backend.inventory(self.release).await).await;
        let inventory = inventory.map_err(|source| HeldError::Unavailable { from: from(), tag: tag(), source })?;
        match (inventory, purpose) {
            (None, Purpose::Finish { .. }) => Ok(Inventory { held: Vec::new(), finished: false }),
            (None, Purpose::Source { .. }) => Err(HeldError::NoRelease { from: from(), tag: tag() }),
            (Some(inventory), Purpose::Source { may_be_open: false }) if !inventory.finished => {
                Err(HeldError::Unfinished { from: from(), tag: tag() })
            }
            (Some(inventory), _) => Ok(inventory),
        }
    }

    /// The list of checksums that stands there.
    async fn sums(&self, inventory: &Inventory) -> Result<Sums, HeldError> {
        let list = inventory.held.iter().find(|held| held.name == SUMS_FILE && held.complete);
        let Some(list) = list else { return Ok(Sums::default()) };
        let path = self.path("lists", SUMS_FILE);
        self.fetch(list, &path).await?;
        let text = std::fs::read_to_string(&path).map_err(PathError::new("read", &path))?;
        Sums::parse(&text).map_err(|source| HeldError::List { from: self.from.name.clone(), source })
    }

    /// What a file is that stands there; nothing if it is none of this release's.
    fn identify(&self, name: &str, purpose: Purpose<'_>) -> Option<Identity> {
        let known = self.catalogue.identify(name);
        if known.is_some() || purpose.is_finish() {
            return known;
        }
        // Of packages that share a tag, the first one has what none of them knows.
        let is_theirs = self.others.iter().any(|(other, is_first)| *is_first || other.identify(name).is_some());
        (!is_theirs).then_some(Identity { kind: ArtifactKind::File, target: None })
    }

    fn is_asked_for(&self, target: Option<&Target>) -> bool {
        target.is_none_or(|target| self.participant.targets.contains(target))
    }

    async fn artifact(&self, held: &Held, identity: Identity, sums: &Sums) -> Result<(Artifact, Held), Failure> {
        let Identity { kind, target } = identity;
        match self.digest(held, sums).await {
            Err(error) => {
                let failure = self.failure(target, &error);
                Err(Failure { item: held.name.clone(), kinds: vec![kind], ..failure })
            }
            Ok(sha256) => {
                let path = self.path("held", &held.name);
                Ok((Artifact { name: held.name.clone(), kind, target, bytes: held.bytes, sha256, path }, held.clone()))
            }
        }
    }

    /// The digest that a file must have: as the destination tells it and its list says, else that of its bytes.
    async fn digest(&self, held: &Held, sums: &Sums) -> Result<Digest, HeldError> {
        let (name, from) = (&held.name, &self.from.name);
        if let Some(reason) = naming::defect(name) {
            return Err(HeldError::Name { name: name.escape_debug().to_string(), from: from.clone(), reason });
        }
        if !held.complete {
            return Err(HeldError::Incomplete { name: name.clone(), from: from.clone() });
        }
        match (held.sha256, sums.get(name)) {
            (Some(found), Some(listed)) if found != listed => {
                Err(HeldError::Corrupt { name: name.clone(), from: from.clone(), found, listed })
            }
            (Some(digest), _) | (None, Some(digest)) => Ok(digest),
            (None, None) => self.fetch(held, &self.path("held", name)).await,
        }
    }

    async fn fetch(&self, held: &Held, path: &Path) -> Result<Digest, HeldError> {
        let request = async || stock::fetch(self.from, self.release, held, path, &Progress::default()).await;
        self.ask(&held.name, request).await.map_err(HeldError::Fetch)
    }

    /// Asks the destination with the patience that a delivery has.
    async fn ask<T>(&self, item: &str, request: impl AsyncFn() -> Result<T, BackendError>) -> Result<T, BackendError> {
        let (package, version) = (self.release.package.to_string(), self.release.version.to_string());
        let label = DeliveryLabel { backend: &self.from.name, package: &package, version: &version, item };
        Attempts { destination: self.from, run: &self.holdings.run, label }.run(|| request()).await.1
    }

    /// Where a file lies on this machine once it was fetched.
    fn path(&self, folder: &str, name: &str) -> PathBuf {
        let place = Digest::of(format!("{} {} {}", self.from.name, self.release.package, self.release.tag));
        self.holdings.run.options.staging.join(folder).join(place.to_string()).join(name)
    }

    fn failure(&self, target: Option<Target>, error: &HeldError) -> Failure {
        let failure = Failure::new(self.participant.id(), target, self.participant.optional, error);
        Failure { retryable: error.is_retryable(), ..failure }
    }
}
