//! How the version of each package stands: released, just begun as a pre-release, or waiting to be released.

use std::cell::OnceCell;
use std::collections::HashSet;

use semver::Version;

use super::version::{self, Standing, VersionError, has_same_numbers, is_number};
use crate::changeset::{Changeset, Level};
use crate::config::Config;
use crate::release::changelog;
use crate::release::input::{Aim, Input};
use crate::workspace::{Package, PackageId};

/// The versions of a workspace; each changelog is read once, and only where it matters.
pub(super) struct Standings<'a> {
    input: &'a Input<'a>,
    /// What a changeset names that a pre-release has taken up.
    kept: HashSet<&'a PackageId>,
    known: Vec<OnceCell<(Version, Standing)>>,
}

impl<'a> Standings<'a> {
    pub(super) fn new(input: &'a Input<'a>, kept: &'a [Changeset]) -> Self {
        Self {
            input,
            kept: kept.iter().flat_map(|changeset| &changeset.entries).map(|entry| &entry.package).collect(),
            known: vec![OnceCell::new(); input.workspace.packages.len()],
        }
    }

    /// The version of a package behind its next release.
    pub(super) fn next(&self, package: usize, level: Level) -> Result<Version, VersionError> {
        let id = &self.input.workspace.packages[package].id;
        let (current, standing) = self.of(package)?;
        let (current, standing) = match self.input.aim {
            Aim::Next => (current.clone(), *standing),
            Aim::Stable => version::stable(current, *standing),
        };
        let is_taken = |version: &Version| is_tagged(id, version, self.input.config, self.input.tags);
        version::next(&current, standing, level, is_taken).map_err(|refusal| refusal.of(id, &current, level))
    }

    /// Whether a package has left its pre-releases, and nothing was released since.
    pub(super) fn has_left_unreleased(&self, package: usize) -> bool {
        self.of(package).is_ok_and(|(version, standing)| version.pre.is_empty() && *standing == Standing::Waiting)
    }

    fn of(&self, package: usize) -> Result<&(Version, Standing), VersionError> {
        let known = &self.known[package];
        if let Some(known) = known.get() {
            return Ok(known);
        }
        let package = &self.input.workspace.packages[package];
        let missing = || VersionError::Missing { package: package.id.clone(), manifest: package.manifest.clone() };
        let written = package.version.as_deref().ok_or_else(missing)?;
        let version = version::of(package, written)?;
        let standing = self.judge(package, &version);
        Ok(known.get_or_init(|| (version, standing)))
    }

    fn judge(&self, package: &Package, version: &Version) -> Standing {
        // A changelog that cannot be read fails where it is to be written.
        let changelog = (self.input.read)(&changelog::path(package)).ok().flatten();
        let newest = changelog.as_deref().and_then(changelog::newest);
        let is_kept = || self.kept.contains(&package.id);
        judge(version, newest.as_ref(), is_kept, || is_tagged(&package.id, version, self.input.config, self.input.tags))
    }
}

fn is_tagged(package: &PackageId, version: &Version, config: &Config, tags: &HashSet<String>) -> bool {
    !tags.is_empty() && tags.contains(&config.git.tag(package, &version.to_string()))
}

/// `newest` is the version on top of the changelog.
fn judge(
    version: &Version,
    newest: Option<&Version>,
    is_kept: impl FnOnce() -> bool,
    is_tagged: impl FnOnce() -> bool,
) -> Standing {
    match newest {
        Some(newest) if !newest.pre.is_empty() && has_same_numbers(newest, version) => {
            let is_released = newest.pre == version.pre || is_tagged();
            if is_released { Standing::Released } else { Standing::Waiting }
        }
        _ if version.pre.is_empty() => Standing::Released,
        Some(newest) if newest.pre.is_empty() && has_same_numbers(newest, version) => Standing::Begun,
        // The changelog does not say.
        _ if is_kept() || version.pre.rsplit('.').next().is_some_and(is_number) => Standing::Released,
        _ => Standing::Begun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changelog_then_the_kept_changesets_tell_how_a_version_stands() {
        use Standing::{Begun, Released, Waiting};
        let table = [
            ("1.0.0", None, false, false, Released),
            ("1.0.0", Some("1.0.0"), true, false, Released),
            ("1.1.0", Some("1.1.0-rc.2"), true, false, Waiting),
            ("1.1.0", Some("1.1.0-rc.2"), true, true, Released),
            ("1.2.0", Some("1.1.0-rc.2"), true, false, Released),
            ("1.0.0-alpha", None, false, false, Begun),
            ("1.0.0-alpha", None, true, false, Released),
            ("1.0.0-alpha.1", None, false, false, Released),
            ("1.0.0-alpha", Some("0.9.0"), false, false, Begun),
            ("1.0.0-rc.1", Some("1.0.0"), true, false, Begun),
            ("1.0.1-alpha", Some("1.0.1-alpha"), false, false, Released),
            ("1.1.0-beta", Some("1.1.0-alpha.2"), false, false, Waiting),
            ("1.1.0-beta", Some("1.1.0-alpha.2"), false, true, Released),
        ];
        for (version, newest, is_kept, is_tagged, expected) in table {
            let newest = newest.map(|newest| Version::parse(newest).unwrap());
            let found = judge(&Version::parse(version).unwrap(), newest.as_ref(), || is_kept, || is_tagged);
            assert_eq!(found, expected, "{version} after {newest:?}");
        }
    }
}
