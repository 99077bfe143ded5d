//! One entry of a dependency section: whether it follows the package that it names, and how.

use semver::Version;

use super::range::Range;
use crate::workspace::files::Rules;

/// How npm and its relatives read what is written behind a dependency.
pub(super) static RULES: Rules = Rules {
    followed,
    covers,
    advice: "write a range that covers every step, such as `>=1.0.0`, or a version that follows, such as `1.2.3` or `workspace:1.2.3`; outside of groups `^1.0.0` and `~1.0.0` follow as well",
};

/// The kinds of specifiers that a release tells apart.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// A full version, or an empty text: follows each release.
    Pin,
    /// One version behind `^` or `~`, which stays in front of its successor.
    Sliding(char),
    /// A range that gives way to the new version once it does not cover it.
    Giving,
    /// A range that stays as it is: several bounds, or `<` and `>`.
    Staying,
    /// Every version.
    Any,
    /// `workspace:` with a pin, `^` or `~`: follows each release behind this prefix.
    Workspace(&'static str),
    /// `workspace:*`.
    WorkspaceAny,
    /// A tag, a path, an address, a catalog: not a version at all.
    Elsewhere,
}

/// What `written` becomes once the package that it names stands at `version`; none if it stays as it is.
pub(super) fn followed(written: &str, version: &Version) -> Option<String> {
    let is_left_out = || covers(written, version) != Some(true);
    let next = match kind(written) {
        Kind::Pin => version.to_string(),
        Kind::Sliding(operator) if is_left_out() => format!("{operator}{version}"),
        Kind::Giving if is_left_out() => version.to_string(),
        Kind::Workspace(operator) => format!("workspace:{operator}{version}"),
        Kind::Sliding(_) | Kind::Giving | Kind::Staying | Kind::Any | Kind::WorkspaceAny | Kind::Elsewhere => {
            return None;
        }
    };
    (next != written).then_some(next)
}

/// Whether `version` satisfies it; none if that cannot be judged: it is no range, or a pre-release is involved.
pub(super) fn covers(written: &str, version: &Version) -> Option<bool> {
    let range = Range::parse(written).filter(|_| version.pre.is_empty())?;
    Some(range.contains(version))
}

/// Whether it is rewritten at every release, so that it always fits.
pub(super) fn follows(written: &str) -> bool {
    matches!(kind(written), Kind::Pin | Kind::Workspace(_)) || is_exact(written)
}

/// Whether it names no version, so that nobody can tell whether it fits.
pub(super) fn is_elsewhere(written: &str) -> bool {
    kind(written) == Kind::Elsewhere
}

/// Whether only the workspace that it is written in can resolve it.
pub(super) fn is_local(written: &str) -> bool {
    ["workspace:", "catalog:"].iter().any(|protocol| written.trim_start().starts_with(protocol))
}

fn kind(written: &str) -> Kind {
    let written = written.trim();
    if let Some(rest) = written.strip_prefix("workspace:") {
        return workspace_kind(rest.trim());
    }
    match written.chars().next() {
        None => Kind::Pin,
        _ if is_version(written) => Kind::Pin,
        Some('*' | 'x' | 'X') if written.len() == 1 => Kind::Any,
        Some(operator @ ('^' | '~')) if is_single(&written[1..]) => Kind::Sliding(operator),
        Some(first) if first.is_ascii_digit() || "v=".contains(first) => {
            let is_compound = written.contains("||") || (written.contains(' ') && !written.contains(" - "));
            match Range::parse(written) {
                Some(_) if !is_compound || is_exact(written) => Kind::Giving,
                Some(_) => Kind::Staying,
                None if is_exact(written) => Kind::Giving,
                None => Kind::Elsewhere,
            }
        }
        Some(_) if Range::parse(written).is_some() || is_bounded(written) => Kind::Staying,
        Some(_) => Kind::Elsewhere,
    }
}

fn workspace_kind(rest: &str) -> Kind {
    match rest.chars().next() {
        Some('*') if rest.len() == 1 => Kind::WorkspaceAny,
        None => Kind::Workspace(""),
        Some('^') if rest.len() == 1 || is_single(&rest[1..]) => Kind::Workspace("^"),
        Some('~') if rest.len() == 1 || is_single(&rest[1..]) => Kind::Workspace("~"),
        _ if is_version(rest) => Kind::Workspace(""),
        _ => Kind::Elsewhere,
    }
}

/// `1.2.3`, `v1.2.3-rc.1`.
fn is_version(text: &str) -> bool {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).is_ok()
}

/// `=1.2.3`.
fn is_exact(written: &str) -> bool {
    written.trim().strip_prefix('=').is_some_and(|version| is_version(version.trim()))
}

/// One version, full or shortened, pre-release or not, and nothing else.
fn is_single(text: &str) -> bool {
    let text = text.trim();
    let is_partial =
        || !text.is_empty() && !text.contains(['|', ' ', '<', '>', '=', '^', '~']) && Range::parse(text).is_some();
    is_version(text) || is_partial()
}

/// Bounds with a pre-release in them, which are no range here.
fn is_bounded(written: &str) -> bool {
    let mut words = written.split(['|', ' ']).filter(|word| !word.is_empty());
    words.all(|word| is_version(word.trim_start_matches(['<', '>', '=', '^', '~'])) || Range::parse(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_follows_as_the_table_says() {
        let table = [
            ("1.2.3", Some("2.0.1")),
            ("v1.2.3", Some("2.0.1")),
            ("1.2.3-rc.1", Some("2.0.1")),
            ("", Some("2.0.1")),
            ("2.0.1", None),
            ("^2.0.0", None),
            ("2.x", None),
            (">=1", None),
            ("1 || 2", None),
            ("1.0.0 - 3.0.0", None),
            ("^1.0.0", Some("^2.0.1")),
            ("^1", Some("^2.0.1")),
            ("^1.0.0-rc.1", Some("^2.0.1")),
            ("~2.0.0", None),
            ("~1.4.0", Some("~2.0.1")),
            (">1 <2", None),
            ("<2", None),
            ("*", None),
            ("x", None),
            ("file:../a", None),
            ("link:../a", None),
            ("portal:../a", None),
            ("npm:a@1.0.0", None),
            ("git+ssh://example.com/a.git#v1.0.0", None),
            ("https://example.com/a.tgz", None),
            ("catalog:", None),
            ("catalog:next", None),
            ("latest", None),
            ("owner/repo", None),
            ("workspace:*", None),
            ("workspace:^", Some("workspace:^2.0.1")),
            ("workspace:^1.0.0", Some("workspace:^2.0.1")),
            ("workspace:~", Some("workspace:~2.0.1")),
            ("workspace:~1.0.0", Some("workspace:~2.0.1")),
            ("workspace:1.0.0", Some("workspace:2.0.1")),
            ("workspace:", Some("workspace:2.0.1")),
            ("workspace:../x", None),
            ("workspace:b@^1.0.0", None),
            ("workspace:^1 || ^2", None),
            ("1.x", Some("2.0.1")),
            ("=1.2.3", Some("2.0.1")),
            ("= 1.2.3", Some("2.0.1")),
            ("1.0.0 - 1.9.0", Some("2.0.1")),
            ("^1.0.0 || ^1.5.0", None),
            ("~1.0.0 <1.5", None),
            ("1.0.0 || 1.5.0", None),
        ];
        for (written, expected) in table {
            assert_eq!(followed(written, &Version::new(2, 0, 1)).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn a_pre_release_is_followed_by_pins_and_by_caret_and_tilde() {
        let table = [
            ("1.0.0", Some("2.0.0-rc.1")),
            ("^2.0.0-rc.0", Some("^2.0.0-rc.1")),
            ("~1.0.0", Some("~2.0.0-rc.1")),
            ("workspace:^1.0.0", Some("workspace:^2.0.0-rc.1")),
            (">=1", None),
            (">=1.0.0-rc.1 <3", None),
            ("*", None),
        ];
        for (written, expected) in table {
            let version = "2.0.0-rc.1".parse().unwrap();
            assert_eq!(followed(written, &version).as_deref(), expected, "{written}");
            assert_eq!(covers(written, &version), None, "{written}");
        }
    }

    #[test]
    fn what_names_no_version_is_told_apart_from_ranges() {
        for written in
            ["catalog:", "latest", "file:../a", "owner/repo", "workspace:../x", "portal:../a", "1.2.3 latest"]
        {
            assert!(is_elsewhere(written), "{written}");
        }
        for written in ["", "*", "1.x", "^1.0.0-rc.1", ">=1.0.0-rc.1 <3", "workspace:*", "workspace:^", "1 || 2"] {
            assert!(!is_elsewhere(written), "{written}");
        }
        for written in ["1.2.3", "v1.2.3", "", "=1.2.3", "workspace:^1.0.0"] {
            assert!(follows(written), "{written}");
        }
    }
}
