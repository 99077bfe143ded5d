//! `[packages]`: which packages take part, and how their versions move together.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::{ConfigError, Source};
use crate::workspace::{Package, PackageId, Workspace};

/// `[packages]`.
#[derive(Debug, Clone, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PackagesConfig {
    /// Leave out packages that cannot be published.
    pub ignore_unpublished: bool,
    /// Leave out packages that match one of these patterns.
    pub ignore: Vec<Pattern>,
    /// Groups whose members always share one level.
    #[serde(deserialize_with = "groups")]
    pub fixed: Vec<Vec<String>>,
    /// Groups whose affected members share one level.
    #[serde(deserialize_with = "groups")]
    pub linked: Vec<Vec<String>>,
    /// When a dependent of a released package is released too.
    pub bump_dependents: BumpDependents,
    /// npm packages that are staged for approval.
    pub npm_stage: Selection,
}

/// When a dependent of a released package is released too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BumpDependents {
    /// Always.
    #[default]
    Always,
    /// Only if its requirement does not cover the new version, or its manifest changes anyway.
    OutOfRange,
}

/// A pattern for packages: `*` stands for any run of characters, also with `/` in it; nothing else is special.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id, the plain name or the path below the root of `package` matches, as a whole.
    pub fn matches(&self, package: &Package) -> bool {
        [package.id.to_string().as_str(), package.id.name(), &package.path].iter().any(|text| self.matches_text(text))
    }

    fn matches_text(&self, text: &str) -> bool {
        let Some((prefix, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(prefix) else { return false };
        let mut pieces: Vec<&str> = rest.split('*').collect();
        let suffix = pieces.pop().unwrap_or_default();
        for piece in pieces {
            let Some(at) = text.find(piece) else { return false };
            text = &text[at + piece.len()..];
        }
        text.ends_with(suffix)
    }
}

impl From<&str> for Pattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

/// `true`, `false`, or the packages that match patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Every package.
    All,
    /// No package.
    #[default]
    None,
    /// Packages that match one of these.
    Matching(Vec<Pattern>),
}

impl Selection {
    /// Whether `package` is among them.
    pub fn contains(&self, package: &Package) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Matching(patterns) => patterns.iter().any(|pattern| pattern.matches(package)),
        }
    }
}

impl Selection {
    /// The patterns, if there are any.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::All | Self::None => &[],
            Self::Matching(patterns) => patterns,
        }
    }
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SelectionVisitor;

        impl<'de> Visitor<'de> for SelectionVisitor {
            type Value = Selection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false`, or an array of package patterns")
            }

            fn visit_bool<E: Error>(self, all: bool) -> Result<Selection, E> {
                Ok(if all { Selection::All } else { Selection::None })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Selection, A::Error> {
                let mut patterns = Vec::new();
                while let Some(pattern) = items.next_element()? {
                    patterns.push(pattern);
                }
                Ok(Selection::Matching(patterns))
            }
        }

        deserializer.deserialize_any(SelectionVisitor)
    }
}

impl schemars::JsonSchema for Selection {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selection".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "oneOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}

/// An array of groups, each an array of names. The usual mistake is to write one group without its own brackets.
fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<String>>, D::Error> {
    struct Group(Vec<String>);
    struct GroupVisitor;

    impl<'de> Visitor<'de> for GroupVisitor {
        type Value = Group;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a group of packages; each group is an array of its own: `[[\"a\", \"b\"]]`")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Group, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = items.next_element()? {
                members.push(member);
            }
            Ok(Group(members))
        }
    }

    impl<'de> Deserialize<'de> for Group {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_seq(GroupVisitor)
        }
    }

    Ok(Vec::<Group>::deserialize(deserializer)?.into_iter().map(|group| group.0).collect())
}

/// Groups of packages, by id.
pub type Groups = Vec<Vec<PackageId>>;

impl PackagesConfig {
    /// Whether `package` is left out of everything.
    pub fn ignores(&self, package: &Package) -> bool {
        (self.ignore_unpublished && !package.publishable) || self.ignore.iter().any(|pattern| pattern.matches(package))
    }

    pub(super) fn check(&self, source: &Source) -> Result<(), ConfigError> {
        for (key, groups) in [("fixed", &self.fixed), ("linked", &self.linked)] {
            if let Some(index) = groups.iter().position(Vec::is_empty) {
                let message = format!("a group in `{key}` has no member");
                return Err(source.error_at(&["packages", key, &index.to_string()], message));
            }
        }
        Ok(())
    }

    /// The `fixed` and `linked` groups as ids. Every member must be exactly one package, and stand in one group only.
    pub fn groups(&self, workspace: &Workspace, source: &Source) -> Result<(Groups, Groups), ConfigError> {
        let mut homes = BTreeMap::new();
        let mut mistakes = Vec::new();
        let mut resolve = |key: &'static str, groups: &[Vec<String>]| -> Groups {
            let mut resolved = Vec::new();
            for (index, group) in groups.iter().enumerate() {
                let mut members = Vec::new();
                for (place, name) in group.iter().enumerate() {
                    match member(name, Home { key, index }, workspace, &mut homes) {
                        Ok(id) => members.push(id),
                        Err(message) => {
                            let path = ["packages", key, &index.to_string(), &place.to_string()];
                            mistakes.push(source.error_at(&path, message));
                        }
                    }
                }
                resolved.push(members);
            }
            resolved
        };
        let groups = (resolve("fixed", &self.fixed), resolve("linked", &self.linked));
        ConfigError::all(mistakes)?;
        Ok(groups)
    }
}

/// The group that a package belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Home {
    key: &'static str,
    index: usize,
}

/// The package that `name` means in the group `home`; the error says why it cannot be a member.
fn member(
    name: &str,
    home: Home,
    workspace: &Workspace,
    homes: &mut BTreeMap<PackageId, Home>,
) -> Result<PackageId, String> {
    let key = home.key;
    let id = workspace.resolve(name).map_err(|error| format!("in `{key}`: {error}"))?.id.clone();
    let places = match homes.insert(id.clone(), home) {
        None => return Ok(id),
        Some(other) if other == home => "twice in this group".to_owned(),
        Some(other) if other.key == key => format!("in two groups of `{key}`"),
        Some(other) => format!("in `{}` and in `{key}`", other.key),
    };
    Err(format!("`{id}` stands {places}: a package belongs to one group"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_run_and_patterns_are_anchored() {
        let table = [
            ("core", "core", true),
            ("core", "core-utils", false),
            ("core*", "core-utils", true),
            ("*utils", "core-utils", true),
            ("a*b*c", "a/x/b/y/c", true),
            ("a*b*b", "ab", false),
            ("*", "", true),
            ("cargo/*", "cargo/a", true),
            ("Core", "core", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(Pattern::from(pattern).matches_text(text), expected, "{pattern} {text}");
        }
    }
}
