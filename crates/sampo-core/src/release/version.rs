//! How a version rises, before, during and after pre-releases.

use std::path::PathBuf;

use semver::{Prerelease, Version};

use crate::changeset::Level;
use crate::error::Diagnose;
use crate::workspace::{Package, PackageId};

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
    /// A pre-release of numbers only has no label that could go on with other numbers.
    #[error("the pre-release {version} of `{package}` has no label, and cannot rise by a {level}")]
    NoLabel {
        /// The package.
        package: PackageId,
        /// Its version.
        version: String,
        /// How much it should have risen.
        level: Level,
    },
}

impl Diagnose for VersionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::NotSemver { .. } | Self::TooLarge { .. } => "version-invalid",
            Self::NoLabel { .. } => "prerelease-label",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::NotSemver { .. } => Some("write a version such as `1.2.3`".into()),
            Self::TooLarge { .. } => Some("write a version with smaller numbers by hand".into()),
            Self::NoLabel { package, .. } => {
                Some(format!("give it one with `sampo pre enter LABEL --package {package}`"))
            }
        }
    }
}

/// How a version relates to what was released before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was released.
    Released,
    /// A pre-release was begun, and no release has been made in it: its numbers are those of the last stable version.
    Begun,
    /// Pre-releases have led to its numbers, and itself was not released: it left them, or took another label.
    Waiting,
}

/// The version behind `current` for a change of `level`; `is_taken` tells of a version whether it was released.
///
/// A change that the numbers already stand for, which 1.1.0-alpha does for every minor since 1.0.0, changes no number.
pub(super) fn next(
    current: &Version,
    standing: Standing,
    level: Level,
    is_taken: impl Fn(&Version) -> bool,
) -> Result<Version, Refusal> {
    let is_stable = current.pre.is_empty();
    if standing == Standing::Begun || (is_stable && standing == Standing::Released) {
        return raised(current, level, current.pre.clone());
    }
    if level > implied(current) {
        let label = without_counter(&current.pre);
        return if label.is_empty() && !is_stable { Err(Refusal::NoLabel) } else { raised(current, level, label) };
    }
    let mut next = Version { build: semver::BuildMetadata::EMPTY, ..current.clone() };
    let mut is_new = standing == Standing::Waiting;
    while !is_new {
        next.pre = counted(&next.pre).ok_or(Refusal::TooLarge)?;
        is_new = !is_taken(&next);
    }
    Ok(next)
}

/// The same version without its pre-release, and how that stands.
pub(super) fn stable(current: &Version, standing: Standing) -> (Version, Standing) {
    let standing = match standing {
        _ if current.pre.is_empty() => standing,
        Standing::Begun => Standing::Released,
        Standing::Released | Standing::Waiting => Standing::Waiting,
    };
    (Version::new(current.major, current.minor, current.patch), standing)
}

/// Why there is no next version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    TooLarge,
    NoLabel,
}

impl Refusal {
    /// The error for `package`, which cannot rise by `level`.
    pub(super) fn of(self, package: &PackageId, version: &Version, level: Level) -> VersionError {
        let (package, version) = (package.clone(), version.to_string());
        match self {
            Self::TooLarge => VersionError::TooLarge { package, version, level },
            Self::NoLabel => VersionError::NoLabel { package, version, level },
        }
    }
}

/// The label that pre-releases share, whatever their number: the first part that is not numeric, in lower case.
pub(crate) fn label(pre: &Prerelease) -> Option<String> {
    pre.split('.').find(|part| !part.is_empty() && !is_number(part)).map(str::to_ascii_lowercase)
}

/// Whether both are x.y.z of the same numbers.
pub(crate) fn has_same_numbers(a: &Version, b: &Version) -> bool {
    (a.major, a.minor, a.patch) == (b.major, b.minor, b.patch)
}

/// The largest change that the numbers of a version stand for.
fn implied(version: &Version) -> Level {
    match (version.minor, version.patch) {
        (0, 0) => Level::Major,
        (_, 0) => Level::Minor,
        _ => Level::Patch,
    }
}

/// The next in a row: `alpha`, `alpha.1`, `alpha.2`.
fn counted(pre: &Prerelease) -> Option<Prerelease> {
    let next = match pre.rsplit_once('.').unwrap_or(("", pre)) {
        ("", number) if is_number(number) => (number.parse::<u64>().ok()?.checked_add(1)?).to_string(),
        (label, number) if is_number(number) => format!("{label}.{}", number.parse::<u64>().ok()?.checked_add(1)?),
        _ => format!("{pre}.1"),
    };
    Prerelease::new(&next).ok()
}

fn without_counter(pre: &Prerelease) -> Prerelease {
    let label = pre.split('.').collect::<Vec<_>>();
    let end = label.iter().rposition(|part| !is_number(part)).map_or(0, |last| last + 1);
    Prerelease::new(&label[..end].join(".")).expect("parts of a pre-release make one")
}

/// Whether a part of a pre-release counts.
pub(super) fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The version `written` in the manifest of `package`.
pub(crate) fn of(package: &Package, written: &str) -> Result<Version, VersionError> {
    parse(written).map_err(|source| VersionError::NotSemver {
        package: package.id.clone(),
        version: written.to_owned(),
        source,
    })
}

/// A version; `1` and `1.4` mean `1.0.0` and `1.4.0`.
pub(crate) fn parse(text: &str) -> Result<Version, semver::Error> {
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

/// Plain arithmetic, also below 1.0.0; build metadata is dropped.
fn raised(version: &Version, level: Level, pre: Prerelease) -> Result<Version, Refusal> {
    let Version { major, minor, patch, .. } = *version;
    let plus_one = |number: u64| number.checked_add(1).ok_or(Refusal::TooLarge);
    let numbers = match level {
        Level::Patch => Version::new(major, minor, plus_one(patch)?),
        Level::Minor => Version::new(major, plus_one(minor)?, 0),
        Level::Major => Version::new(plus_one(major)?, 0, 0),
    };
    Ok(Version { pre, ..numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(version: &str, standing: Standing, level: Level) -> Result<String, Refusal> {
        super::next(&parse(version).unwrap(), standing, level, |_| false).map(|version| version.to_string())
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
            assert_eq!(next(version, Standing::Released, level).unwrap(), expected, "{version} {level}");
        }
    }

    #[test]
    fn the_first_pre_release_raises_the_numbers_and_keeps_the_label() {
        let table = [
            ("1.0.0-alpha", Level::Minor, "1.1.0-alpha"),
            ("2.0.0-beta", Level::Patch, "2.0.1-beta"),
            ("1.2.3-alpha", Level::Patch, "1.2.4-alpha"),
            ("1.2.3-rc.1", Level::Major, "2.0.0-rc.1"),
        ];
        for (version, level, expected) in table {
            assert_eq!(next(version, Standing::Begun, level).unwrap(), expected, "{version} {level}");
        }
    }

    #[test]
    fn further_pre_releases_count_until_a_change_asks_for_other_numbers() {
        let table = [
            ("1.1.0-alpha", Level::Minor, Ok("1.1.0-alpha.1")),
            ("1.1.0-alpha.1", Level::Patch, Ok("1.1.0-alpha.2")),
            ("1.1.0-alpha.9+x", Level::Patch, Ok("1.1.0-alpha.10")),
            ("1.1.0-1", Level::Minor, Ok("1.1.0-2")),
            ("2.0.0-rc.1.2", Level::Major, Ok("2.0.0-rc.1.3")),
            ("1.1.0-alpha.1", Level::Major, Ok("2.0.0-alpha")),
            ("1.1.1-rc.1.2", Level::Minor, Ok("1.2.0-rc")),
            ("1.1.0-1", Level::Major, Err(Refusal::NoLabel)),
            ("1.1.0-a.18446744073709551615", Level::Patch, Err(Refusal::TooLarge)),
        ];
        for (version, level, expected) in table {
            assert_eq!(next(version, Standing::Released, level), expected.map(str::to_owned), "{version} {level}");
        }
    }

    #[test]
    fn a_version_that_waits_is_released_as_it_is_unless_a_change_asks_for_more() {
        let table = [
            ("1.1.0", Level::Minor, "1.1.0"),
            ("1.1.0", Level::Patch, "1.1.0"),
            ("1.1.0", Level::Major, "2.0.0"),
            ("1.1.0-beta", Level::Minor, "1.1.0-beta"),
            ("1.1.0-beta", Level::Major, "2.0.0-beta"),
        ];
        for (version, level, expected) in table {
            assert_eq!(next(version, Standing::Waiting, level).unwrap(), expected, "{version} {level}");
        }
    }

    #[test]
    fn a_number_that_was_given_is_not_given_again() {
        let taken = |version: &Version| ["alpha.1", "alpha.2"].contains(&version.pre.as_str());
        let version = Version::parse("1.1.0-alpha").unwrap();
        let next = super::next(&version, Standing::Released, Level::Patch, taken).unwrap();
        assert_eq!(next.to_string(), "1.1.0-alpha.3");
    }

    #[test]
    fn without_its_pre_release_a_version_waits_once_a_release_has_led_to_it() {
        let of = |version: &str, standing| stable(&Version::parse(version).unwrap(), standing);
        assert_eq!(of("1.1.0-rc.2", Standing::Released), (Version::new(1, 1, 0), Standing::Waiting));
        assert_eq!(of("1.0.0-rc", Standing::Begun), (Version::new(1, 0, 0), Standing::Released));
        assert_eq!(of("1.0.0", Standing::Released), (Version::new(1, 0, 0), Standing::Released));
    }

    #[test]
    fn labels_are_compared_without_numbers_and_case() {
        let of = |pre: &str| label(&Prerelease::new(pre).unwrap());
        assert_eq!(of("beta.3"), of("BETA"));
        assert_eq!(of("1.rc.2").as_deref(), Some("rc"));
        assert_eq!(of("7"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn other_versions_are_refused() {
        for version in ["", "x", "1.", "1.2.3.4", "1.-2"] {
            assert!(parse(version).is_err(), "{version}");
        }
    }

    #[test]
    fn a_number_that_cannot_rise_is_refused() {
        let largest = "1.18446744073709551615.0";
        assert_eq!(next(largest, Standing::Released, Level::Minor), Err(Refusal::TooLarge));
        assert_eq!(next(largest, Standing::Released, Level::Patch).unwrap(), "1.18446744073709551615.1");
    }

    proptest::proptest! {
        #[test]
        fn a_version_never_falls_back_and_reaches_what_is_asked(
            numbers in (0u64..3, 0u64..3, 0u64..3),
            pre in proptest::sample::select(vec!["", "alpha", "rc.1", "a.b.7"]),
            levels in proptest::collection::vec(proptest::sample::select(Level::ALL.to_vec()), 1..6),
        ) {
            let stable = Version::new(numbers.0, numbers.1, numbers.2);
            let mut version = Version { pre: Prerelease::new(pre).unwrap(), ..stable.clone() };
            let mut standing = if pre.is_empty() { Standing::Released } else { Standing::Begun };
            for &level in &levels {
                let next = super::next(&version, standing, level, |_| false).unwrap();
                proptest::prop_assert!(next > version, "{} after {}", next, version);
                proptest::prop_assert_eq!(label(&next.pre), label(&version.pre));
                (version, standing) = (next, Standing::Released);
            }
            // Where there were pre-releases, the stable version at their end is that of the highest change alone.
            let (end, standing) = super::stable(&version, standing);
            if !pre.is_empty() {
                let highest = *levels.iter().max().unwrap();
                let expected = super::next(&stable, Standing::Released, highest, |_| false).unwrap();
                proptest::prop_assert!(end >= expected && end > stable, "{} for {}", end, expected);
                proptest::prop_assert_eq!(standing, Standing::Waiting);
            }
        }
    }
}
