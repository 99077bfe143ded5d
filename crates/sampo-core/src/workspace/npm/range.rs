//! Version ranges as npm reads them. Pre-releases are left to others: a range with one is not read.

use semver::Version;

/// Alternatives, each of bounds that must all hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range(Vec<Vec<Bound>>);

/// From `low` up to, but without, `high`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    low: Version,
    high: Option<Version>,
}

/// A version of which the end may be missing or be an `x`.
#[derive(Debug, Clone, Copy)]
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
}

impl Range {
    /// None if `text` is no range, or names a pre-release.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.split("||").map(|alternative| alternative_of(alternative.trim())).collect::<Option<_>>().map(Self)
    }

    /// Whether `version`, no pre-release, is in it.
    pub(super) fn contains(&self, version: &Version) -> bool {
        let holds = |bound: &Bound| *version >= bound.low && bound.high.as_ref().is_none_or(|high| version < high);
        self.0.iter().any(|bounds| bounds.iter().all(holds))
    }
}

fn alternative_of(text: &str) -> Option<Vec<Bound>> {
    if let Some((low, high)) = text.split_once(" - ") {
        let (low, high) = (Partial::parse(low.trim())?, Partial::parse(high.trim())?);
        return Some(vec![Bound { low: low.lowest(), high: high.next() }]);
    }
    comparators(text).into_iter().map(|comparator| bound_of(&comparator)).collect()
}

/// The parts of a set, each with the operator that a blank may separate from its version.
fn comparators(text: &str) -> Vec<String> {
    let mut comparators: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match comparators.last_mut().filter(|last| last.ends_with(['<', '>', '=', '^', '~'])) {
            Some(operator) => operator.push_str(word),
            None => comparators.push(word.to_owned()),
        }
    }
    if comparators.is_empty() { vec!["*".into()] } else { comparators }
}

fn bound_of(text: &str) -> Option<Bound> {
    let version = text.trim_start_matches(['<', '>', '=', '^', '~']);
    let partial = Partial::parse(version)?;
    let low = partial.lowest();
    let zero = Version::new(0, 0, 0);
    let bound = |low, high| Some(Bound { low, high });
    match &text[..text.len() - version.len()] {
        "" | "=" => bound(low, partial.next()),
        ">=" => bound(low, None),
        ">" => match partial.next() {
            Some(next) => bound(next, None),
            None => bound(zero.clone(), Some(zero)),
        },
        "<" => bound(zero, Some(low)),
        "<=" => bound(zero, partial.next()),
        "~" | "~>" => bound(low, Partial { patch: None, ..partial }.next()),
        "^" => bound(low, partial.next_breaking()),
        _ => None,
    }
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let mut numbers = [None; 3];
        let mut is_open = text.is_empty();
        for (place, part) in text.split('.').enumerate().filter(|_| !text.is_empty()) {
            let number = numbers.get_mut(place)?;
            match part {
                "x" | "X" | "*" => is_open = true,
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let value = digits.parse().ok()?;
                    *number = (!is_open).then_some(value);
                }
                _ => return None,
            }
        }
        let [major, minor, patch] = numbers;
        Some(Self { major, minor, patch })
    }

    fn lowest(self) -> Version {
        Version::new(self.major.unwrap_or(0), self.minor.unwrap_or(0), self.patch.unwrap_or(0))
    }

    /// The first version above all that it stands for; none if it stands for every version above.
    fn next(self) -> Option<Version> {
        match (self.major, self.minor, self.patch) {
            (Some(major), Some(minor), Some(patch)) => Some(Version::new(major, minor, patch.checked_add(1)?)),
            (Some(major), Some(minor), None) => Some(Version::new(major, minor.checked_add(1)?, 0)),
            (Some(major), None, _) => Some(Version::new(major.checked_add(1)?, 0, 0)),
            (None, ..) => None,
        }
    }

    /// The first version above it that may break what relies on it.
    fn next_breaking(self) -> Option<Version> {
        match (self.major, self.minor) {
            (Some(0), Some(0)) => self.next(),
            (Some(0), Some(_)) => Self { patch: None, ..self }.next(),
            _ => Self { minor: None, ..self }.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_npm_says_they_do() {
        let table = [
            ("^1.2.3", "1.9.0", "2.0.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1.0"),
            ("^0", "0.9.0", "1.0.0"),
            ("^1.x", "1.9.0", "2.0.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~> 1.2", "1.2.9", "1.3.0"),
            ("~1", "1.9.0", "2.0.0"),
            ("1.x", "1.9.0", "2.0.0"),
            ("1.2.*", "1.2.9", "1.3.0"),
            ("1", "1.9.0", "2.0.0"),
            ("v1.2", "1.2.0", "1.3.0"),
            ("= 1.2.3", "1.2.3", "1.2.4"),
            ("1.2.3+build", "1.2.3", "1.2.4"),
            (">=1.2 <2", "1.9.0", "2.0.0"),
            (">= 1.2 < 2.0.0", "1.2.0", "1.1.9"),
            (">1", "2.0.0", "1.9.0"),
            (">1.2.3", "1.2.4", "1.2.3"),
            ("<=1.2", "1.2.9", "1.3.0"),
            ("<2", "1.9.0", "2.0.0"),
            ("1.2 - 2.3", "2.3.9", "2.4.0"),
            ("1.2.3 - 2", "2.9.0", "3.0.0"),
            ("1.x || 3.x", "3.1.0", "2.0.0"),
        ];
        for (range, inside, outside) in table {
            let parsed = Range::parse(range).unwrap();
            assert!(parsed.contains(&inside.parse().unwrap()), "{range} {inside}");
            assert!(!parsed.contains(&outside.parse().unwrap()), "{range} {outside}");
        }
        for everything in ["", "*", "x", ">=0", "1 || *"] {
            assert!(Range::parse(everything).unwrap().contains(&Version::new(7, 1, 0)), "{everything}");
        }
        assert!(!Range::parse(">*").unwrap().contains(&Version::new(7, 1, 0)));
    }

    #[test]
    fn anything_else_is_no_range() {
        for text in
            ["latest", "^1.0.0-rc.1", "workspace:*", "1.2.3.4", "file:../a", "^^1", "1.2.3 latest", "github:a/b"]
        {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
