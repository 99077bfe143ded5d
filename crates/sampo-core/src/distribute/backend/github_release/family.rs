//! The releases of one package among those of a repository, told by their tags.

use semver::Version;

use crate::distribute::model::Release;

/// What the tags of one package have around their version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    is_main: bool,
    /// None if the tag of the release does not contain its version.
    affixes: Option<(String, String)>,
}

impl Family {
    /// The package of `release`.
    pub(super) fn of(release: &Release) -> Self {
        let affixes = release.tag.rsplit_once(&release.version.to_string());
        let affixes = affixes.map(|(prefix, suffix)| (prefix.to_owned(), suffix.to_owned()));
        Self { is_main: is_main(&release.tag), affixes }
    }

    /// The version that `tag` gives this package, if it is a tag of it.
    pub(super) fn version(&self, tag: &str) -> Option<Version> {
        let (prefix, suffix) = self.affixes.as_ref()?;
        Version::parse(tag.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())?).ok()
    }

    /// Whether no higher stable version of the package is among these published tags.
    pub(super) fn is_highest<'a>(&self, version: &Version, published: impl IntoIterator<Item = &'a str>) -> bool {
        let higher = |other: Version| other.pre.is_empty() && other > *version;
        !published.into_iter().filter_map(|tag| self.version(tag)).any(higher)
    }

    /// Whether a release of the package may take the place of the repository's latest one: from its own package, and
    /// from another one only if it is the main one.
    pub(super) fn may_follow(&self, latest: Option<&str>) -> bool {
        self.affixes.is_some() && latest.is_none_or(|tag| self.version(tag).is_some() || self.is_main)
    }

    /// The tag of the highest version below `version` among these.
    pub(super) fn previous<'a>(
        &self,
        version: &Version,
        published: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let versions = published.into_iter().filter_map(|tag| Some((self.version(tag)?, tag)));
        versions.filter(|(other, _)| other < version).max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, tag)| tag)
    }
}

/// Whether `tag` names no package (`v1.2.0`), as those of a repository's main package do.
pub(super) fn is_main(tag: &str) -> bool {
    Version::parse(tag.strip_prefix('v').unwrap_or(tag)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::backend::github_release::driver::release;

    fn leads(tag: &str, published: &[&str], latest: Option<&str>) -> bool {
        let release = release(tag);
        let family = Family::of(&release);
        family.is_highest(&release.version, published.iter().copied()) && family.may_follow(latest)
    }

    #[test]
    fn latest_goes_to_the_highest_stable_version_and_is_taken_from_no_other_package() {
        let table: &[(&str, &[&str], Option<&str>, bool)] = &[
            ("app-v1.2.0", &[], None, true),
            ("app-v1.2.0", &["app-v1.1.0"], Some("app-v1.1.0"), true),
            ("app-v1.2.0", &["app-v2.0.0"], Some("app-v2.0.0"), false),
            ("app-v1.2.0", &["app-v2.0.0-rc.1", "app-v1.1.0"], Some("app-v1.1.0"), true),
            ("app-v1.2.0", &["lib-v3.0.0"], Some("lib-v3.0.0"), false),
            ("app-v1.2.0", &["v3.0.0"], Some("v3.0.0"), false),
            ("v1.2.0", &["lib-v3.0.0"], Some("lib-v3.0.0"), true),
            ("v1.2.0", &["v1.10.0"], Some("v1.10.0"), false),
        ];
        for (tag, published, latest, expected) in table {
            assert_eq!(leads(tag, published, *latest), *expected, "{tag} {published:?} {latest:?}");
        }
    }

    #[test]
    fn the_previous_release_is_the_next_lower_of_the_same_package() {
        let release = release("app-v1.2.0");
        let published = ["app-v1.1.0", "app-v1.1.9", "app-v1.3.0", "lib-v1.1.99", "v1.1.99"];
        assert_eq!(Family::of(&release).previous(&release.version, published), Some("app-v1.1.9"));
        assert_eq!(Family::of(&release).previous(&release.version, ["lib-v1.0.0"]), None);
    }
}
