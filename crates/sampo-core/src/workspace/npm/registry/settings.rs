//! The settings of npm and Yarn, as far as they say where packages go and with which token.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::secret::Secret;
use crate::transaction;

mod yarn;

/// Where packages go unless something else is said.
const DEFAULT: &str = "https://registry.npmjs.org";

/// What was read, the strongest first, with the keys of `.npmrc`.
#[derive(Debug, Default)]
pub(super) struct Settings {
    entries: Vec<(String, Secret)>,
}

impl Settings {
    /// Reads the variables, then the files from `folder` up to `root`, then that of the user, as npm does. Yarn 2
    /// and later read their own files only.
    pub(super) fn read(root: &Path, folder: &Path, environment: &Environment, is_yarn: bool) -> Self {
        let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE")).map(PathBuf::from);
        let folders: Vec<PathBuf> =
            folder.ancestors().take_while(|folder| folder.starts_with(root)).map(Path::to_owned).collect();
        let text = |path: PathBuf| transaction::read(&path).ok().flatten();
        if is_yarn {
            let files = folders.iter().chain(&home).filter_map(|folder| text(folder.join(".yarnrc.yml")));
            return Self { entries: yarn::entries(files, environment) };
        }
        let names = environment.names().filter(|name| name.eq_ignore_ascii_case("npm_config_registry"));
        let variables = names.filter_map(|name| Some(("registry".to_owned(), environment.secret(name)?)));
        let files = folders.iter().map(|folder| folder.join(".npmrc")).chain(user_file(environment, home.as_deref()));
        let entries = files.filter_map(text).flat_map(|text| entries(&text, environment));
        Self { entries: variables.chain(entries).collect() }
    }

    /// The registry of the scope of the package `name`, if one is named.
    pub(super) fn of_scope(&self, name: &str) -> Option<&str> {
        let (scope, _) = name.split_once('/')?;
        self.get(&format!("{scope}:registry")).map(Secret::expose)
    }

    /// The registry of all other packages.
    pub(super) fn registry(&self) -> &str {
        self.get("registry").map_or(DEFAULT, Secret::expose)
    }

    /// The token for the registry at `address`: the one for the longest part of it, else the one for any registry, which
    /// only Yarn has.
    pub(super) fn token(&self, address: &str) -> Option<Secret> {
        let mut place = address.split_once(':')?.1.trim_end_matches('/');
        while place.len() > 2 {
            if let Some(token) = self.get(&format!("{place}/:_authToken")) {
                return Some(token.clone());
            }
            place = place.rsplit_once('/')?.0;
        }
        self.get(yarn::ANY_TOKEN).cloned()
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

fn user_file(environment: &Environment, home: Option<&Path>) -> Option<PathBuf> {
    let named = ["NPM_CONFIG_USERCONFIG", "npm_config_userconfig"].iter().find_map(|name| environment.get(name));
    named.map(PathBuf::from).or_else(|| Some(home?.join(".npmrc")))
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

/// `value` with the variables that it names: `${NAME}`, for npm also `${NAME?}`, for Yarn `${NAME-IF UNSET}` and
/// `${NAME:-IF EMPTY}`.
fn expanded(value: &str, environment: &Environment) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some((before, (name, after))) =
        rest.split_once("${").and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        result.push_str(before);
        let (name, otherwise) = name.split_once('-').unwrap_or((name, ""));
        result.push_str(environment.get(name.trim_end_matches(['?', ':'])).unwrap_or(otherwise));
        rest = after;
    }
    result + rest
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
        let settings = Settings::read(&root, &folder, &environment, false);
        assert_eq!(settings.registry(), "https://home.example");
        let of_scope = ["a", "@acme/a", "@other/a"].map(|name| settings.of_scope(name));
        assert_eq!(of_scope, [None, Some("https://acme.example/npm/"), None]);
        let token = |address: &str| settings.token(address).map(|token| token.expose().to_owned());
        assert_eq!(token("https://acme.example/npm/").as_deref(), Some("s3cret"));
        assert_eq!(token("https://home.example/deep/er/").as_deref(), Some("h0me"));
        assert_eq!(token("https://elsewhere.example/"), None);
        let redactor = crate::secret::Redactor::new(settings.tokens());
        assert_eq!(redactor.redact("s3cret h0me"), "*** ***");

        let named: Environment = [("NPM_CONFIG_REGISTRY", "https://named.example")].into_iter().collect();
        assert_eq!(Settings::read(&root, &folder, &named, false).registry(), "https://named.example");
        fs::remove_file(root.join(".npmrc")).unwrap();
        assert_eq!(Settings::read(&root, &folder, &Environment::default(), false).registry(), DEFAULT);
    }

    #[test]
    fn where_yarn_publishes_its_own_settings_count() {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path().join("repo");
        fs::create_dir_all(tree.path().join("home")).unwrap();
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join(".npmrc"), "registry=https://npm.example\n//npm.example/:_authToken=of-npm\n").unwrap();
        let ours = "npmRegistryServer: https://yarn.example\nnodeLinker: x\nnpmScopes:\n  acme:\n    \
                    npmPublishRegistry: https://acme.example/npm\n    npmAuthToken: \"${ACME_TOKEN-}\"\n  \
                    plain:\n    npmAlwaysAuth: true\n";
        fs::write(root.join(".yarnrc.yml"), ours).unwrap();
        let of_user = "npmRegistryServer: https://weaker.example\nnpmAuthToken: ${TOKEN:-h0me}\nnpmRegistries:\n  \
                       //other.example:\n    npmAuthToken: 0ther\n  https://third.example/:\n    \
                       npmAuthToken: th1rd\n";
        fs::write(tree.path().join("home/.yarnrc.yml"), of_user).unwrap();
        let home = tree.path().join("home");
        let environment: Environment =
            [("HOME", home.to_str().unwrap()), ("ACME_TOKEN", "s3cret")].into_iter().collect();
        let settings = Settings::read(&root, &root, &environment, true);
        assert_eq!(settings.registry(), "https://yarn.example");
        assert_eq!(settings.of_scope("@acme/a"), Some("https://acme.example/npm"));
        assert_eq!(settings.of_scope("@plain/a"), None);
        let table = [
            ("https://acme.example/npm/", "s3cret"),
            ("https://other.example/", "0ther"),
            ("https://third.example/", "th1rd"),
            ("https://yarn.example/", "h0me"),
        ];
        for (address, expected) in table {
            assert_eq!(settings.token(address).map(|token| token.expose().to_owned()).as_deref(), Some(expected));
        }
        let redactor = crate::secret::Redactor::new(settings.tokens());
        assert_eq!(redactor.redact("h0me s3cret 0ther th1rd"), "*** *** *** ***");
        let of_npm = Settings::read(&root, &root, &environment, false);
        assert_eq!((of_npm.registry(), of_npm.token("https://yarn.example/").is_none()), ("https://npm.example", true));
        fs::write(root.join(".yarnrc.yml"), "npmRegistryServer: [\n").unwrap();
        assert_eq!(Settings::read(&root, &root, &environment, true).registry(), "https://weaker.example");
    }
}
