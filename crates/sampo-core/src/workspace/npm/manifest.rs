//! One `package.json`, as far as discovery and a release read and change it.

use std::path::{Path, PathBuf};

use super::json::Json;
use crate::workspace::edits::Literal;
use crate::workspace::{DependencyKind, WorkspaceError};

/// The dependency sections, in the order in which the first entry for a package counts.
const SECTIONS: [(&str, DependencyKind); 4] = [
    ("dependencies", DependencyKind::Runtime),
    ("peerDependencies", DependencyKind::Runtime),
    ("optionalDependencies", DependencyKind::Runtime),
    ("devDependencies", DependencyKind::Development),
];

/// A manifest: its text, and what is in it.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// None if it is missing or blank.
    pub(super) name: Option<String>,
    /// None if it is missing or blank.
    pub(super) version: Option<Literal>,
    pub(super) is_private: bool,
    pub(super) dependencies: Vec<Dependency>,
    /// `workspaces`: patterns for the folders of members.
    pub(super) workspaces: Vec<String>,
    pub(super) publish_config: PublishConfig,
}

/// `publishConfig`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PublishConfig {
    pub(super) registry: Option<String>,
    pub(super) access: Option<String>,
    pub(super) tag: Option<String>,
}

/// An entry of a dependency section, or of the bundled ones, which have no specifier.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) kind: DependencyKind,
    pub(super) specifier: Option<Literal>,
}

impl Manifest {
    pub(super) fn parse(path: &Path, text: String) -> Result<Self, WorkspaceError> {
        let invalid = |message: String| WorkspaceError::PackageJson { path: path.to_owned(), message };
        let json = Json::parse(&text).map_err(|error| invalid(error.to_string()))?;
        if !matches!(json, Json::Object(_)) {
            return Err(invalid("expected an object".into()));
        }
        let string = |name: &str| match json.get(name) {
            None => Ok(None),
            Some(Json::String(literal)) => Ok(Some(literal.clone()).filter(|literal| !literal.value.trim().is_empty())),
            Some(_) => Err(invalid(format!("`{name}` is not a string"))),
        };
        Ok(Self {
            path: path.to_owned(),
            name: string("name")?.map(|literal| literal.value),
            version: string("version")?,
            is_private: matches!(json.get("private"), Some(Json::Bool(true))),
            dependencies: dependencies(&json),
            workspaces: workspaces(&json).map_err(invalid)?,
            publish_config: publish_config(&json),
            text,
        })
    }

    /// Whether it is a package that can be released: one with a name, and with a version unless it can do without.
    pub(super) fn is_package(&self) -> bool {
        self.name.is_some() && !(self.is_private && self.version.is_none())
    }
}

/// The entries of every section of `owner`: a manifest, or what a lock file remembers of one.
pub(super) fn sections(owner: &Json) -> impl Iterator<Item = Dependency> + '_ {
    let sections = SECTIONS.iter().filter_map(|(name, kind)| Some((owner.get(name)?, *kind)));
    sections.flat_map(|(section, kind)| {
        section.members().iter().map(move |(name, value)| Dependency {
            name: name.clone(),
            kind,
            specifier: value.literal().cloned(),
        })
    })
}

fn dependencies(json: &Json) -> Vec<Dependency> {
    let bundled = ["bundledDependencies", "bundleDependencies"].into_iter().filter_map(|name| json.get(name));
    let bundled = bundled.flat_map(Json::items).filter_map(Json::as_str).map(|name| Dependency {
        name: name.to_owned(),
        kind: DependencyKind::Runtime,
        specifier: None,
    });
    sections(json).chain(bundled).collect()
}

/// A list, or an object with `packages`.
fn workspaces(json: &Json) -> Result<Vec<String>, String> {
    let list = match json.get("workspaces") {
        None => return Ok(Vec::new()),
        Some(object @ Json::Object(_)) => match object.get("packages") {
            None => return Ok(Vec::new()),
            Some(list) => list,
        },
        Some(list) => list,
    };
    let Json::Array(items) = list else { return Err("`workspaces` is not a list of patterns".into()) };
    let pattern = |item: &Json| item.as_str().map(str::to_owned);
    items.iter().map(pattern).collect::<Option<_>>().ok_or_else(|| "`workspaces` is not a list of patterns".into())
}

fn publish_config(json: &Json) -> PublishConfig {
    let Some(config) = json.get("publishConfig") else { return PublishConfig::default() };
    let scope = json.get("name").and_then(Json::as_str).and_then(|name| Some(name.split_once('/')?.0));
    let string = |name: &str| Some(config.get(name)?.as_str()?.trim().to_owned()).filter(|text| !text.is_empty());
    let registry = scope.and_then(|scope| string(&format!("{scope}:registry"))).or_else(|| string("registry"));
    PublishConfig { registry, access: string("access"), tag: string("tag") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest, WorkspaceError> {
        Manifest::parse(Path::new("package.json"), text.to_owned())
    }

    #[test]
    fn every_section_is_read() {
        let manifest = parse(
            r#"{ "name": "b", "version": "1.0.0", "bundledDependencies": ["e"],
               "devDependencies": { "d": "^1" }, "dependencies": { "a": "1.0.0", "odd": 7 },
               "optionalDependencies": { "c": "~1" }, "peerDependencies": { "p": "workspace:^" } }"#,
        )
        .unwrap();
        let shown = |dependency: &Dependency| {
            let specifier = dependency.specifier.as_ref().map_or("-", |literal| &literal.value);
            format!("{} {specifier} {:?}", dependency.name, dependency.kind)
        };
        let read: Vec<String> = manifest.dependencies.iter().map(shown).collect();
        let expected = [
            "a 1.0.0 Runtime",
            "odd - Runtime",
            "p workspace:^ Runtime",
            "c ~1 Runtime",
            "d ^1 Development",
            "e - Runtime",
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn workspaces_are_a_list_or_an_object_with_one() {
        assert_eq!(parse(r#"{ "workspaces": ["a", "b/*"] }"#).unwrap().workspaces, ["a", "b/*"]);
        assert_eq!(parse(r#"{ "workspaces": { "packages": ["a"], "nohoist": [] } }"#).unwrap().workspaces, ["a"]);
        for text in [r#"{ "workspaces": "a" }"#, r#"{ "workspaces": { "packages": [1] } }"#] {
            let error = parse(text).unwrap_err().to_string();
            assert_eq!(error, "`package.json` cannot be read as a manifest: `workspaces` is not a list of patterns");
        }
    }

    #[test]
    fn the_registry_of_the_scope_counts_before_the_one_for_all() {
        let registry = |name: &str| {
            let config = r#"{ "registry": "https://all", "@s:registry": "https://s" }"#;
            let text = format!(r#"{{ "name": "{name}", "publishConfig": {config} }}"#);
            parse(&text).unwrap().publish_config.registry.unwrap()
        };
        assert_eq!(["a", "@s/a", "@t/a"].map(registry), ["https://all", "https://s", "https://all"]);
    }

    #[test]
    fn a_broken_manifest_is_named_with_its_place() {
        let table = [
            ("{", "1:2: expected a string, found the end of the file"),
            ("[]", "expected an object"),
            (r#"{ "name": 1 }"#, "`name` is not a string"),
            (r#"{ "version": null }"#, "`version` is not a string"),
        ];
        for (text, expected) in table {
            let expected = format!("`package.json` cannot be read as a manifest: {expected}");
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
