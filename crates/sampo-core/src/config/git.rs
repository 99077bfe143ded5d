//! `[git]`: release branches, and how packages are tagged.

use std::fmt;

use semver::Version;
use serde::Deserialize;

use super::{ConfigError, NonBlank, Source, packages::Selection};
use crate::git::is_tag_name;
use crate::workspace::{Ecosystem, PackageId, Workspace};

/// `[git]`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GitConfig {
    /// The main release branch.
    pub default_branch: NonBlank,
    /// Further release branches, by their exact names.
    pub release_branches: Vec<NonBlank>,
    /// The tag of a release.
    pub tag_format: TagFormat,
    /// The package, by plain name or id, whose tags take the short format.
    pub short_tags: Option<NonBlank>,
    /// The short format.
    pub short_tags_format: TagFormat,
    /// Which packages that cannot be published get tags.
    pub tag_unpublished: Selection,
}

impl Default for GitConfig {
    fn default() -> Self {
        let format = |text: &str| TagFormat::parse(text).expect("the default formats are valid");
        Self {
            default_branch: NonBlank::from("main"),
            release_branches: Vec::new(),
            tag_format: format("{package_name}-v{version}"),
            short_tags: None,
            short_tags_format: format("v{version}"),
            tag_unpublished: Selection::All,
        }
    }
}

impl GitConfig {
    /// The tag of `package` at `version`.
    pub fn tag(&self, package: &PackageId, version: &str) -> String {
        self.format_for(package).render(package, version)
    }

    /// The version that `tag` gives `package`, if it is a tag of that package.
    pub fn version_in_tag(&self, tag: &str, package: &PackageId) -> Option<Version> {
        self.format_for(package).version_in(tag, package)
    }

    /// Whether `branch` may be released from.
    pub fn is_release_branch(&self, branch: &str) -> bool {
        std::iter::once(&self.default_branch).chain(&self.release_branches).any(|name| name.as_str() == branch)
    }

    /// An error unless `short_tags` names exactly one package.
    pub fn check_short_tags(&self, workspace: &Workspace, source: &Source) -> Result<(), ConfigError> {
        let Some(name) = &self.short_tags else { return Ok(()) };
        let found = workspace.resolve(name.as_str()).map(drop);
        found.map_err(|error| source.error_at_value(&["git", "short_tags"], format!("in `short_tags`: {error}")))
    }

    /// The format of the tags of `package`.
    pub fn format_for(&self, package: &PackageId) -> &TagFormat {
        let short = self.short_tags.as_ref().map(NonBlank::as_str);
        let is_short = short
            .is_some_and(|name| name == package.name() || name.parse::<PackageId>().is_ok_and(|id| id == *package));
        if is_short { &self.short_tags_format } else { &self.tag_format }
    }
}

/// A tag template such as `{package_name}-v{version}`.
///
/// Placeholders are `{ecosystem}`, `{package_name}` and `{version}`, the last of which is required.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TagFormat {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Ecosystem,
    PackageName,
    Version,
}

/// The text is not a tag template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a tag format: {reason}")]
pub struct TagFormatError {
    text: String,
    reason: String,
}

impl TagFormat {
    /// Checks and reads a template; blanks around it are dropped.
    pub fn parse(text: &str) -> Result<Self, TagFormatError> {
        let text = text.trim();
        let error = |reason: &str| TagFormatError { text: text.to_owned(), reason: reason.to_owned() };
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(['{', '}']).unwrap_or(rest.len());
            if end > 0 {
                parts.push(Part::Text(rest[..end].to_owned()));
                rest = &rest[end..];
                continue;
            }
            let inner = rest.strip_prefix('{').ok_or_else(|| error("there is a `}` without a `{`"))?;
            let (name, after) = inner.split_once('}').ok_or_else(|| error("a `{` is not closed"))?;
            if parts.last().is_some_and(|part| !matches!(part, Part::Text(_))) {
                return Err(error("there must be something between two placeholders"));
            }
            parts.push(match name {
                "ecosystem" => Part::Ecosystem,
                "package_name" => Part::PackageName,
                "version" => Part::Version,
                _ => {
                    let known = "`{ecosystem}`, `{package_name}` and `{version}`";
                    return Err(error(&format!("unknown placeholder `{{{name}}}`; known are {known}")));
                }
            });
            rest = after;
        }
        if !parts.contains(&Part::Version) {
            return Err(error("it must contain `{version}`"));
        }
        let format = Self { text: text.to_owned(), parts };
        let tag = format.render(&PackageId::new(Ecosystem::Cargo, "my-cli"), "1.2.0");
        if !is_tag_name(&tag) {
            return Err(error(&format!("git accepts no tag such as `{tag}`")));
        }
        Ok(format)
    }

    /// The tag of `package` at `version`.
    pub fn render(&self, package: &PackageId, version: &str) -> String {
        self.parts.iter().map(|part| part.render(package, version)).collect()
    }

    /// The version in `tag`, if this template makes exactly that tag for `package` at some SemVer version.
    pub fn version_in(&self, tag: &str, package: &PackageId) -> Option<Version> {
        let at = self.parts.iter().position(|part| *part == Part::Version)?;
        let prefix: String = self.parts[..at].iter().map(|part| part.render(package, "")).collect();
        let rest = tag.strip_prefix(&prefix)?;
        // With one placeholder the version is what the text around it leaves; the loop serves formats that repeat it.
        (1..=rest.len())
            .rev()
            .filter(|&end| rest.is_char_boundary(end))
            .map(|end| &rest[..end])
            .filter(|version| self.render(package, version) == tag)
            .find_map(|version| Version::parse(version).ok())
    }

    /// Whether two packages of one version get different tags.
    pub fn distinguishes_packages(&self) -> bool {
        self.parts.contains(&Part::PackageName)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Part {
    fn render<'a>(&'a self, package: &'a PackageId, version: &'a str) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Ecosystem => package.ecosystem().as_str(),
            Self::PackageName => package.name(),
            Self::Version => version,
        }
    }
}

impl TryFrom<String> for TagFormat {
    type Error = TagFormatError;

    fn try_from(text: String) -> Result<Self, TagFormatError> {
        Self::parse(&text)
    }
}

impl fmt::Display for TagFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl schemars::JsonSchema for TagFormat {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TagFormat".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"\{version\}",
            "description": "A tag template; placeholders: {ecosystem}, {package_name}, {version}",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> PackageId {
        PackageId::new(Ecosystem::Cargo, name)
    }

    #[test]
    fn a_tag_is_rendered_and_read_back() {
        let format = TagFormat::parse(" {ecosystem}/{package_name}@{version} ").unwrap();
        let tag = format.render(&package("a"), "1.2.3-rc.1");
        assert_eq!(tag, "cargo/a@1.2.3-rc.1");
        assert_eq!(format.version_in(&tag, &package("a")), Some(Version::parse("1.2.3-rc.1").unwrap()));
        assert_eq!(format.version_in(&tag, &package("b")), None);
    }

    #[test]
    fn a_name_that_looks_like_a_version_is_told_apart_by_the_known_packages() {
        let format = TagFormat::parse("{package_name}-v{version}").unwrap();
        assert_eq!(format.version_in("a-v1.2.3-v1.0.0", &package("a-v1.2.3")), Some(Version::new(1, 0, 0)));
        assert_eq!(format.version_in("a-v1.2.3-v1.0.0", &package("a")), Some(Version::parse("1.2.3-v1.0.0").unwrap()));
    }

    #[test]
    fn what_is_no_template_is_refused_with_the_reason() {
        let table = [
            ("", "it must contain `{version}`"),
            ("v", "it must contain `{version}`"),
            ("{version", "a `{` is not closed"),
            ("}{version}", "there is a `}` without a `{`"),
            ("my {version}", "git accepts no tag such as `my 1.2.0`"),
            ("-{version}", "git accepts no tag such as `-1.2.0`"),
            ("{package_name}..{version}", "git accepts no tag such as `my-cli..1.2.0`"),
            ("{package_name}~{version}", "git accepts no tag such as `my-cli~1.2.0`"),
            ("{package_name}{version}", "there must be something between two placeholders"),
            (
                "{name}-{version}",
                "unknown placeholder `{name}`; known are `{ecosystem}`, `{package_name}` and `{version}`",
            ),
        ];
        for (text, reason) in table {
            assert_eq!(TagFormat::parse(text).unwrap_err().reason, reason, "{text}");
        }
    }

    #[test]
    fn short_tags_belong_to_one_package_by_name_or_id() {
        for name in ["a", "cargo/a"] {
            let config = GitConfig { short_tags: Some(NonBlank::from(name)), ..GitConfig::default() };
            assert_eq!(config.tag(&package("a"), "1.0.0"), "v1.0.0");
            assert_eq!(config.tag(&package("b"), "1.0.0"), "b-v1.0.0");
            assert_eq!(config.version_in_tag("v1.0.0", &package("a")), Some(Version::new(1, 0, 0)));
            assert_eq!(config.version_in_tag("v1.0.0", &package("b")), None);
        }
    }
}
