//! The settings of npm and Yarn, as far as they say where packages go and with which token.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::secret::Secret;
use crate::transaction;

/// Where packages go unless something else is said.
const DEFAULT: &str = "https://registry.npmjs.org";

/// What was read, the strongest first.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The keys and values of `.npmrc`.
    entries: Vec<(String, Secret)>,
    /// From `.yarnrc.yml`, where there is one.
    yarn_registry: Option<String>,
}

impl Settings {
    /// Reads the variables, then the files from `folder` up to `root`, then that of the user, as npm does.
    pub(super) fn read(root: &Path, folder: &Path, environment: &Environment) -> Self {
        let names = environment.names().filter(|name| name.eq_ignore_ascii_case("npm_config_registry"));
        let variables = names.filter_map(|name| Some(("registry".to_owned(), environment.secret(name)?)));
        let folders =
            folder.ancestors().take_while(|folder| folder.starts_with(root)).map(|folder| folder.join(".npmrc"));
        let files = folders.chain(user_file(environment)).filter_map(|path| transaction::read(&path).ok().flatten());
        let entries = files.flat_map(|text| entries(&text, environment));
        Self { entries: variables.chain(entries).collect(), yarn_registry: yarn_registry(root) }
    }

    /// The registry of the package `name`: that of its scope, else that of all.
    pub(super) fn registry(&self, name: &str) -> String {
        let scope = name.split_once('/').map(|(scope, _)| format!("{scope}:registry"));
        let of_scope = scope.and_then(|key| self.get(&key));
        let address = of_scope.map(|address| address.expose().to_owned());
        address
            .or_else(|| self.yarn_registry.clone())
            .or_else(|| self.get("registry").map(|address| address.expose().to_owned()))
            .unwrap_or_else(|| DEFAULT.to_owned())
    }

    /// The token for the registry at `address`: the one for the longest part of it.
    pub(super) fn token(&self, address: &str) -> Option<Secret> {
        let mut place = address.split_once(':')?.1.trim_end_matches('/');
        while place.len() > 2 {
            if let Some(token) = self.get(&format!("{place}/:_authToken")) {
                return Some(token.clone());
            }
            place = place.rsplit_once('/')?.0;
        }
        None
    }

    /// Every token, so that none is shown.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Secret> + '_ {
        let is_secret = |key: &str| ["_authToken", "_auth", "_password"].iter().any(|end| key.ends_with(end));
        self.entries.iter().filter(move |(key, _)| is_secret(key)).map(|(_, value)| value.clone())
    }

    fn get(&self, key: &str) -> Option<&Secret> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }
}

fn user_file(environment: &Environment) -> Option<PathBuf> {
    let named = ["NPM_CONFIG_USERCONFIG", "npm_config_userconfig"].iter().find_map(|name| environment.get(name));
    let home = || environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
    named.map(PathBuf::from).or_else(|| Some(Path::new(home()?).join(".npmrc")))
}

/// The lines `KEY = VALUE` of a file, with `${NAME}` replaced.
fn entries(text: &str, environment: &Environment) -> Vec<(String, Secret)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let pair = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        Some((key.trim().to_owned(), Secret::new(expanded(value, environment))))
    };
    lines.filter_map(pair).collect()
}

fn expanded(value: &str, environment: &Environment) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        result.push_str(before);
        result.push_str(environment.get(name.trim_end_matches('?')).unwrap_or_default());
        rest = after;
    }
    result + rest
}

fn yarn_registry(root: &Path) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct YarnSettings {
        npm_publish_registry: Option<String>,
        npm_registry_server: Option<String>,
    }
    let text = transaction::read(&root.join(".yarnrc.yml")).ok().flatten()?;
    let settings: YarnSettings = serde_saphyr::from_str(&text).ok()?;
    settings.npm_publish_registry.or(settings.npm_registry_server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn registries_and_tokens_are_those_that_npm_would_use() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("repo/packages/a");
        fs::create_dir_all(&folder).unwrap();
        let home = tree.path().join("home");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join(".npmrc"), "registry=https://home.example\n//home.example/:_authToken=h0me\n").unwrap();
        let text = "# ours\n@acme:registry = \"https://acme.example/npm/\"\n; old\n//acme.example/npm/:_authToken=${ACME_TOKEN}\n";
        fs::write(tree.path().join("repo/.npmrc"), text).unwrap();
        let environment: Environment =
            [("HOME", home.to_str().unwrap()), ("ACME_TOKEN", "s3cret")].into_iter().collect();
        let root = tree.path().join("repo");
        let settings = Settings::read(&root, &folder, &environment);
        assert_eq!(settings.registry("a"), "https://home.example");
        assert_eq!(settings.registry("@acme/a"), "https://acme.example/npm/");
        assert_eq!(settings.registry("@other/a"), "https://home.example");
        let token = |address: &str| settings.token(address).map(|token| token.expose().to_owned());
        assert_eq!(token("https://acme.example/npm/").as_deref(), Some("s3cret"));
        assert_eq!(token("https://home.example/deep/er/").as_deref(), Some("h0me"));
        assert_eq!(token("https://elsewhere.example/"), None);
        let redactor = crate::secret::Redactor::new(settings.tokens());
        assert_eq!(redactor.redact("s3cret h0me"), "*** ***");

        let named: Environment = [("NPM_CONFIG_REGISTRY", "https://named.example")].into_iter().collect();
        assert_eq!(Settings::read(&root, &folder, &named).registry("a"), "https://named.example");
        fs::remove_file(root.join(".npmrc")).unwrap();
        assert_eq!(Settings::read(&root, &folder, &Environment::default()).registry("a"), DEFAULT);
        fs::write(root.join(".yarnrc.yml"), "npmRegistryServer: https://yarn.example\nnodeLinker: x\n").unwrap();
        assert_eq!(Settings::read(&root, &folder, &Environment::default()).registry("a"), "https://yarn.example");
    }
}
