//! What the files of a release are, told by their names alone, and what is missing among them.

use super::checksum::SUMS_FILE;
use super::expected::{Expected, Naming, artifact_of_sidecar, of_release};
use super::model::{ArtifactKind, Release};
use super::naming;
use super::participant::Participant;
use super::resolve::ResolveError;
use crate::config::Config;
use crate::target::Target;

/// Everything that a release may have, for any of its targets.
#[derive(Debug)]
pub struct Catalogue(Vec<Expected>);

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its kind.
    pub kind: ArtifactKind,
    /// The target it was built for; none for a file of no target, and where the name does not tell.
    pub target: Option<Target>,
}

impl Catalogue {
    /// The files of `release`, for every target that its package has.
    pub fn of(config: &Config, participant: &Participant<'_>, release: &Release) -> Result<Self, ResolveError> {
        of_release(config, participant, release, participant.configured_targets).map(Self)
    }

    /// What the file `name` is; nothing if the configuration does not know such a file.
    pub fn identify(&self, name: &str) -> Option<Identity> {
        if name == SUMS_FILE {
            return Some(Identity { kind: ArtifactKind::Checksum, target: None });
        }
        let fitting: Vec<&Expected> = self.0.iter().filter(|expected| expected.name.fits(name)).collect();
        let exact = fitting.iter().find(|expected| matches!(expected.name, Naming::Exactly { .. }));
        let Some(expected) = exact.or_else(|| likeliest(&fitting, name)).or(fitting.first()) else {
            let of = self.identify(artifact_of_sidecar(name)?)?;
            return Some(Identity { kind: ArtifactKind::Checksum, ..of });
        };
        // One pattern may be for several targets, and then only the name itself can tell.
        let is_sure = exact.is_some() || fitting.len() == 1 || mentions(expected, name);
        let target = expected.target.clone().filter(|_| is_sure);
        let kind = match expected.kinds {
            // It was there instead of executables.
            [ArtifactKind::Binary] if naming::archive_format_of(name).is_some() => ArtifactKind::Archive,
            [kind] => *kind,
            _ => kind_of(name, target.as_ref()),
        };
        Some(Identity { kind, target })
    }

    /// What is missing where `names` are all the files that there are, apart from checksums: they are made anew.
    pub fn lacks<'a>(&'a self, targets: &'a [Target], names: &'a [&'a str]) -> impl Iterator<Item = &'a Expected> {
        let is_asked = |expected: &&Expected| expected.target.as_ref().is_none_or(|target| targets.contains(target));
        let is_made = |expected: &&Expected| expected.kinds == [ArtifactKind::Checksum];
        self.0.iter().filter(is_asked).filter(move |expected| !is_made(expected) && !self.is_among(expected, names))
    }

    fn is_among(&self, expected: &Expected, names: &[&str]) -> bool {
        expected.name.among(names.iter().copied()).into_iter().any(|name| {
            let target = self.identify(name).and_then(|identity| identity.target);
            target.is_none() || target == expected.target
        })
    }
}

/// Of several patterns that a name fits, the one for the target whose name stands in it.
fn likeliest<'a, 'b>(fitting: &'b [&'a Expected], name: &str) -> Option<&'b &'a Expected> {
    let named = fitting.iter().filter(|expected| mentions(expected, name));
    named.max_by_key(|expected| expected.target.as_ref().map(|target| target.as_str().len()))
}

fn mentions(expected: &Expected, name: &str) -> bool {
    expected.target.as_ref().is_some_and(|target| name.contains(target.as_str()))
}

/// A ready-made artifact is an executable if nothing but that follows its target; nobody looks into it.
fn kind_of(name: &str, target: Option<&Target>) -> ArtifactKind {
    let is_binary = match target.and_then(|target| name.split_once(target.as_str())) {
        Some((_, rest)) => matches!(rest, "" | ".exe"),
        None => name.ends_with(".exe"),
    };
    if is_binary { ArtifactKind::Binary } else { ArtifactKind::Archive }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
