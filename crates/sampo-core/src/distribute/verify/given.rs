//! What the artifacts of a release are, as far as somebody other than its destinations can say.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use super::VerifyError;
use super::verification::{Against, Truth};
use crate::distribute::Caller;
use crate::distribute::checksum::{Digest, SUMS_FILE};
use crate::distribute::expected::Naming;
use crate::distribute::model::Release;
use crate::distribute::pack::{self, Packed, Packing};
use crate::distribute::participant::Participant;
use crate::distribute::report::{Report, ReportedArtifact};
use crate::distribute::resolve::{Resolved, Search};
use crate::distribute::site::Site;
use crate::error::SampoError;
use crate::project::Project;
use crate::target::Target;

/// What is known of the artifacts of one release beforehand.
#[derive(Debug)]
pub(super) struct Given {
    pub truth: Truth,
    artifacts: Vec<ReportedArtifact>,
}

/// One file that must be at a destination.
#[derive(Debug)]
pub(super) struct Wanted {
    pub name: Naming,
    pub target: Option<Target>,
    pub optional: bool,
}

impl Given {
    /// Nothing: the destinations must speak for themselves.
    pub fn nothing() -> Self {
        Self { truth: Truth::Checksums, artifacts: Vec::new() }
    }

    /// What was packed anew.
    pub fn packed(packed: &Packed) -> Self {
        let artifacts = packed.artifacts.iter().map(|artifact| ReportedArtifact::of(&packed.release, artifact));
        Self { truth: Truth::Files, artifacts: artifacts.collect() }
    }

    /// What `report` says about `release`.
    pub fn reported(report: &Report, release: &Release, path: &Path) -> Result<Self, VerifyError> {
        let version = release.version.to_string();
        let is_of_release =
            |artifact: &&ReportedArtifact| artifact.package == release.package && artifact.version == version;
        let artifacts: Vec<ReportedArtifact> = report.artifacts.iter().filter(is_of_release).cloned().collect();
        if artifacts.is_empty() {
            return Err(VerifyError::Unreported { tag: release.tag.clone(), path: path.to_owned() });
        }
        Ok(Self { truth: Truth::Report, artifacts })
    }

    /// The digests that are known by name. That of the list is none of them: each destination has its own.
    pub fn digests(&self) -> BTreeMap<&str, Digest> {
        let known = self.artifacts.iter().filter(|artifact| artifact.file != SUMS_FILE);
        known.map(|artifact| (artifact.file.as_str(), artifact.sha256)).collect()
    }

    pub fn against(&self) -> Against {
        match self.truth {
            Truth::Files => Against::Files,
            Truth::Report => Against::Report,
            Truth::Checksums => Against::Checksums,
        }
    }

    /// What must be at `site`: what is known by name, and what the configuration says about everything else.
    pub fn wanted(&self, site: &Site<'_>) -> Vec<Wanted> {
        let Participant { targets, .. } = site.participant;
        let is_asked_for = |target: Option<&Target>| target.is_none_or(|target| targets.contains(target));
        let named = self.artifacts.iter().filter(|artifact| {
            artifact.file != SUMS_FILE
                && site.taker.takes_kind(artifact.kind)
                && artifact.target.as_ref().is_none_or(|target| site.taker.takes_target(target))
                && is_asked_for(artifact.target.as_ref())
        });
        let named = named.map(|artifact| Wanted {
            name: Naming::exactly(&artifact.file),
            optional: artifact.target.as_ref().is_some_and(|target| site.participant.is_optional(target)),
            target: artifact.target.clone(),
        });
        let is_covered = |target: &Option<Target>| self.artifacts.iter().any(|artifact| artifact.target == *target);
        let others =
            site.expected.iter().filter(|expected| expected.name.fits(SUMS_FILE) || !is_covered(&expected.target));
        let others = others.map(|expected| Wanted {
            name: expected.name.clone(),
            target: expected.target.clone(),
            optional: expected.optional,
        });
        named.chain(others).collect()
    }
}

/// Packs the releases of which every required file is on this machine. With `required`, one that lacks any is an error.
pub(super) async fn pack_local(
    project: &Project,
    participants: &[Participant<'_>],
    releases: &[Arc<Release>],
    required: bool,
    (staging, jobs): (&Path, NonZeroUsize),
    caller: &Caller,
) -> Result<Vec<Packed>, SampoError> {
    let search = Search::new(&project.config, &project.workspace);
    let resolved = search.resolve(participants, releases.to_vec())?;
    let (whole, partial): (Vec<Resolved>, Vec<Resolved>) = resolved.into_iter().partition(is_whole);
    if let Some(lacking) = partial.first().filter(|_| required) {
        let reasons = lacking.failures.iter().map(|failure| failure.message.clone());
        let reason = reasons.take(1).next().unwrap_or_else(|| "nothing of it is on this machine".into());
        return Err(VerifyError::FilesMissing { tag: lacking.release.tag.clone(), reason }.into());
    }
    let packing = Packing::of(caller, staging, jobs, project.config.distribute.checksums);
    Ok(pack::pack(whole, &packing).await?)
}

fn is_whole(resolved: &Resolved) -> bool {
    !resolved.artifacts.is_empty() && resolved.failures.iter().all(|failure| failure.optional)
}
