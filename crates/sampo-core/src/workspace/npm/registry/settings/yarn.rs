//! The settings of Yarn 2 and later, in the words of `.npmrc`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{DEFAULT, expanded};
use crate::environment::Environment;
use crate::secret::Secret;

/// The key of the token that goes to every registry without one of its own.
pub(super) const ANY_TOKEN: &str = "_authToken";

/// `.yarnrc.yml`, as far as it says where packages go and with which token.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct YarnSettings {
    npm_publish_registry: Option<String>,
    npm_registry_server: Option<String>,
    npm_auth_token: Option<String>,
    npm_registries: BTreeMap<String, YarnSettings>,
    npm_scopes: BTreeMap<String, YarnSettings>,
}

/// What the files say, the strongest first. One that cannot be read says nothing: Yarn itself will complain.
pub(super) fn entries(texts: impl Iterator<Item = String>, environment: &Environment) -> Vec<(String, Secret)> {
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let variables = YarnSettings {
        npm_publish_registry: variable("YARN_NPM_PUBLISH_REGISTRY"),
        npm_registry_server: variable("YARN_NPM_REGISTRY_SERVER"),
        npm_auth_token: variable("YARN_NPM_AUTH_TOKEN"),
        ..YarnSettings::default()
    };
    let files = texts.filter_map(|text| serde_saphyr::from_str::<YarnSettings>(&text).ok());
    let settings: Vec<YarnSettings> = std::iter::once(variables).chain(files).collect();
    let all: Vec<&YarnSettings> = settings.iter().collect();
    let registry = registry_among(&all);
    let mut entries = Vec::new();
    let mut add = |key: String, value: &str| entries.push((key, Secret::new(expanded(value, environment))));
    for (name, scopes) in named(&all, |settings| &settings.npm_scopes) {
        let of_scope = registry_among(&scopes);
        let place = place(&expanded(of_scope.or(registry).unwrap_or(DEFAULT), environment)).to_owned();
        if let Some(address) = of_scope {
            add(format!("@{name}:registry"), address);
        }
        if let Some(token) = token_among(&scopes) {
            add(format!("{place}/:{ANY_TOKEN}"), token);
        }
    }
    for (name, registries) in named(&all, |settings| &settings.npm_registries) {
        if let Some(token) = token_among(&registries) {
            add(format!("{}/:{ANY_TOKEN}", place(name)), token);
        }
    }
    if let Some(registry) = registry {
        add("registry".to_owned(), registry);
    }
    if let Some(token) = token_among(&all) {
        add(ANY_TOKEN.to_owned(), token);
    }
    entries
}

/// The settings of each name, from every file.
fn named<'a>(
    all: &[&'a YarnSettings],
    of: impl Fn(&'a YarnSettings) -> &'a BTreeMap<String, YarnSettings>,
) -> BTreeMap<&'a str, Vec<&'a YarnSettings>> {
    let mut names: BTreeMap<&str, Vec<&YarnSettings>> = BTreeMap::new();
    for (name, settings) in all.iter().flat_map(|settings| of(settings)) {
        names.entry(name).or_default().push(settings);
    }
    names
}

/// Where packages are published to counts more than where they come from.
fn registry_among<'a>(all: &[&'a YarnSettings]) -> Option<&'a str> {
    let published = all.iter().find_map(|settings| settings.npm_publish_registry.as_deref());
    published.or_else(|| all.iter().find_map(|settings| settings.npm_registry_server.as_deref()))
}

fn token_among<'a>(all: &[&'a YarnSettings]) -> Option<&'a str> {
    all.iter().find_map(|settings| settings.npm_auth_token.as_deref())
}

/// An address without its scheme, as tokens are filed.
fn place(address: &str) -> &str {
    address.find("//").map_or(address, |start| &address[start..]).trim_end_matches('/')
}
