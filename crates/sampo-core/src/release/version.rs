//! How a version rises.

use std::path::PathBuf;

use semver::Version;

use crate::changeset::Level;
use crate::error::Diagnose;
use crate::workspace::PackageId;

/// A package cannot get a new version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// It has none.
    #[error("`{package}` has no version in `{}`", manifest.display())]
    Missing {
        /// The package.
        package: PackageId,
        /// Its manifest.
        manifest: PathBuf,
    },
    /// Its version is not SemVer.
    #[error("the version `{version}` of `{package}` is not a SemVer version")]
    NotSemver {
        /// The package.
        package: PackageId,
        /// Its version.
        version: String,
        /// What is wrong with it.
        source: semver::Error,
    },
    /// The next version has a number that versions cannot hold.
    #[error("the version {version} of `{package}` cannot rise by a {level}")]
    TooLarge {
        /// The package.
        package: PackageId,
        /// Its version.
        version: String,
        /// How much it should have risen.
        level: Level,
    },
    /// It is in a pre-release.
    #[error("`{package}` is at the pre-release {version}, and pre-releases are not supported yet")]
    Prerelease {
        /// The package.
        package: PackageId,
        /// Its version.
        version: String,
    },
}

impl Diagnose for VersionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::NotSemver { .. } | Self::TooLarge { .. } => "version-invalid",
            Self::Prerelease { .. } => "prerelease-unsupported",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::NotSemver { .. } => Some("write a version such as `1.2.3`".into()),
            Self::TooLarge { .. } => Some("write a version with smaller numbers by hand".into()),
            Self::Prerelease { package, .. } => Some(format!(
                "set a version without a pre-release part in its manifest, or leave `{package}` out with `ignore` below `[packages]`"
            )),
        }
    }
}

/// The version of `package` behind its next release.
pub(super) fn next(package: &PackageId, version: &str, level: Level) -> Result<Version, VersionError> {
    let current = parse(version).map_err(|source| VersionError::NotSemver {
        package: package.clone(),
        version: version.to_owned(),
        source,
    })?;
    if !current.pre.is_empty() {
        return Err(VersionError::Prerelease { package: package.clone(), version: version.to_owned() });
    }
    raised(&current, level).ok_or_else(|| VersionError::TooLarge {
        package: package.clone(),
        version: version.to_owned(),
        level,
    })
}

/// A version; `1` and `1.4` mean `1.0.0` and `1.4.0`.
pub(super) fn parse(text: &str) -> Result<Version, semver::Error> {
    let text = text.trim();
    Version::parse(text).or_else(|error| {
        let is_short = text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        match text.split('.').count() {
            1 if is_short => Version::parse(&format!("{text}.0.0")),
            2 if is_short => Version::parse(&format!("{text}.0")),
            _ => Err(error),
        }
    })
}

/// Plain arithmetic, also below 1.0.0; build metadata is dropped. None if a number would become too large.
fn raised(version: &Version, level: Level) -> Option<Version> {
    let Version { major, minor, patch, .. } = *version;
    Some(match level {
        Level::Patch => Version::new(major, minor, patch.checked_add(1)?),
        Level::Minor => Version::new(major, minor.checked_add(1)?, 0),
        Level::Major => Version::new(major.checked_add(1)?, 0, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Ecosystem;

    fn next(version: &str, level: Level) -> Result<String, VersionError> {
        super::next(&PackageId::new(Ecosystem::Cargo, "a"), version, level).map(|version| version.to_string())
    }

    #[test]
    fn versions_rise_by_plain_arithmetic() {
        let table = [
            ("0.3.7", Level::Major, "1.0.0"),
            ("0.3.7", Level::Minor, "0.4.0"),
            ("0.0.4", Level::Patch, "0.0.5"),
            ("1.2.3+build.7", Level::Patch, "1.2.4"),
            ("1.4", Level::Minor, "1.5.0"),
            ("2", Level::Patch, "2.0.1"),
        ];
        for (version, level, expected) in table {
            assert_eq!(next(version, level).unwrap(), expected, "{version} {level}");
        }
    }

    #[test]
    fn other_versions_are_refused_by_name() {
        assert_eq!(next("1.0.0-rc.1", Level::Patch).unwrap_err().code(), "prerelease-unsupported");
        for version in ["", "x", "1.", "1.2.3.4", "1.-2"] {
            assert_eq!(next(version, Level::Patch).unwrap_err().code(), "version-invalid", "{version}");
        }
    }

    #[test]
    fn a_number_that_cannot_rise_is_refused() {
        let error = next("1.18446744073709551615.0", Level::Minor).unwrap_err();
        assert_eq!(error.to_string(), "the version 1.18446744073709551615.0 of `cargo/a` cannot rise by a minor");
        assert_eq!(next("1.18446744073709551615.0", Level::Patch).unwrap(), "1.18446744073709551615.1");
    }
}
