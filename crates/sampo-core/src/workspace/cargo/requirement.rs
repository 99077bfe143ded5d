//! One version requirement of a manifest: whether it follows the package that it names, and how.

use semver::{Comparator, Op, Version, VersionReq};

use crate::workspace::files::Rules;

/// What a requirement becomes once the package that it names stands at `version`; none if it stays as it is.
///
/// A pin, that is a full version (`1.2.3`, `=1.2.3`), follows; a range stays, because it says what its author
/// still accepts. `[workspace.dependencies]` also has shorthands that follow, `1` and `1.2`.
pub(super) fn followed(written: &str, version: &Version, place: Place) -> Option<String> {
    let next = match form(written, place)? {
        Form::Full => version.to_string(),
        Form::Exact => format!("={version}"),
        // A shorthand accepts no pre-release.
        _ if !version.pre.is_empty() => version.to_string(),
        Form::Major => version.major.to_string(),
        Form::MajorMinor => format!("{}.{}", version.major, version.minor),
    };
    (next != written.trim()).then_some(next)
}

/// The one version that a pin names.
pub(super) fn pinned(written: &str) -> Option<Version> {
    let written = written.trim();
    Version::parse(written.strip_prefix('=').unwrap_or(written).trim()).ok()
}

/// Whether the requirement follows every release of the package that it names.
pub(super) fn follows(written: &str, place: Place) -> bool {
    form(written, place).is_some()
}

/// Whether `version` satisfies the requirement; none if that cannot be judged, as where a range holds a pre-release:
/// it then means more of them than it accepts.
pub(super) fn covers(written: &str, version: &Version) -> Option<bool> {
    let requirement = VersionReq::parse(written.trim()).ok()?;
    let has_prerelease = requirement.comparators.iter().any(|comparator| !comparator.pre.is_empty());
    match requirement.matches(version) {
        true if has_prerelease => None,
        matches => Some(matches),
    }
}

/// Where a requirement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a package's own manifest.
    Package,
    /// In `[workspace.dependencies]`.
    Workspace,
    /// In a manifest of what is no member, which a release never changes.
    Outside,
}

impl Place {
    /// How requirements are read there.
    pub(super) fn rules(self) -> &'static Rules {
        match self {
            Self::Package => &Rules {
                followed: |written, version| followed(written, version, Self::Package),
                covers,
                advice: ADVICE,
            },
            Self::Workspace => &Rules {
                followed: |written, version| followed(written, version, Self::Workspace),
                covers,
                advice: ADVICE,
            },
            Self::Outside => &Rules { followed: |_, _| None, covers, advice: ADVICE },
        }
    }
}

/// How to get out of a range that leaves out a version.
const ADVICE: &str = "write the current version in full, such as `1.2.3`: it follows each release in a package of the workspace; or widen the range, such as `>=1.2, <3`";

enum Form {
    Full,
    Exact,
    Major,
    MajorMinor,
}

fn form(written: &str, place: Place) -> Option<Form> {
    if place == Place::Outside {
        return None;
    }
    let written = written.trim();
    if Version::parse(written).is_ok() {
        return Some(Form::Full);
    }
    if written.strip_prefix('=').is_some_and(|version| Version::parse(version.trim()).is_ok()) {
        return Some(Form::Exact);
    }
    if place == Place::Package || !written.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match VersionReq::parse(written).ok()?.comparators.as_slice() {
        [Comparator { op: Op::Caret, minor: None, .. }] => Some(Form::Major),
        [Comparator { op: Op::Caret, patch: None, .. }] => Some(Form::MajorMinor),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_follow_and_ranges_stay() {
        let table = [
            ("1.2.3", Some("2.0.1"), Some("2.0.1")),
            ("1.2.3-rc.1", Some("2.0.1"), Some("2.0.1")),
            ("=1.2.3", Some("=2.0.1"), Some("=2.0.1")),
            ("= 1.2.3", Some("=2.0.1"), Some("=2.0.1")),
            ("2.0.1", None, None),
            ("1", None, Some("2")),
            ("1.2", None, Some("2.0")),
            ("2.0", None, None),
            ("=1.2", None, None),
            ("^1.2.3", None, None),
            ("~1.2", None, None),
            ("1.2.*", None, None),
            ("1, <3", None, None),
            (">=1, <3", None, None),
            ("*", None, None),
            ("nonsense", None, None),
        ];
        for (written, package, workspace) in table {
            let version = Version::new(2, 0, 1);
            assert_eq!(followed(written, &version, Place::Package).as_deref(), package, "{written}");
            assert_eq!(followed(written, &version, Place::Workspace).as_deref(), workspace, "{written}");
        }
    }

    #[test]
    fn a_shorthand_names_a_pre_release_in_full() {
        let version = Version::parse("2.0.0-rc.1").unwrap();
        for written in ["1", "1.2"] {
            assert_eq!(followed(written, &version, Place::Workspace).as_deref(), Some("2.0.0-rc.1"));
        }
    }

    #[test]
    fn a_range_is_judged_unless_it_holds_a_pre_release_and_accepts_the_version() {
        let table = [
            ("^1.2", "1.3.0", Some(true)),
            ("1", "2.0.0", Some(false)),
            ("*", "7.0.0", Some(true)),
            ("1.0.0-rc.1", "1.0.0", None),
            ("1", "1.1.0-rc.1", Some(false)),
            ("^1.1.0-rc.1", "1.1.0-rc.2", None),
            ("^1.1.0-rc.1", "1.2.0-rc.1", Some(false)),
            ("nonsense", "1.0.0", None),
        ];
        for (written, version, expected) in table {
            assert_eq!(covers(written, &Version::parse(version).unwrap()), expected, "{written} {version}");
        }
    }
}
