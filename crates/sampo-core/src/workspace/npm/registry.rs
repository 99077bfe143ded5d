//! Publishing npm packages: the registry itself tells what it has, the package manager of the repository uploads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use semver::Version;

use super::manifest::{Dependency, PublishConfig};
use super::{Manifest, members, specifier};
use crate::environment::Environment;
use crate::error::PathError;
use crate::event::{Event, Reporter};
use crate::process::{Command, Output, ProcessError, last_lines};
use crate::secret::Redactor;
use crate::transaction;
use crate::workspace::registry::{Registry, RegistryContext, RegistryError, Uploaded};
use crate::workspace::{DependencyKind, Package, PackageId};

mod command;
mod manager;
mod name;
mod settings;

use command::Publication;
use manager::Manager;
use settings::Settings;

/// How long the registry may take to answer a question.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The environment variables that may hold a token.
const TOKENS: [&str; 7] = [
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "NPM_CONFIG_TOKEN",
    "npm_config_token",
    "BUN_CONFIG_TOKEN",
    "YARN_NPM_AUTH_TOKEN",
    "NPM_ID_TOKEN",
];

/// The registries of npm packages.
pub(super) struct NpmRegistry {
    root: PathBuf,
    environment: Environment,
    arguments: Vec<String>,
    staged: Vec<PackageId>,
    reporter: Arc<dyn Reporter>,
    client: reqwest::Client,
}

impl NpmRegistry {
    pub(super) fn new(context: RegistryContext<'_>) -> Self {
        Self {
            root: context.root.to_owned(),
            environment: context.environment.clone(),
            arguments: context.arguments,
            staged: context.staged,
            reporter: context.reporter,
            client: client(QUESTION_TIMEOUT),
        }
    }

    fn folder<'a>(&'a self, package: &'a Package) -> &'a Path {
        package.manifest.parent().unwrap_or(&self.root)
    }

    fn settings(&self, package: &Package) -> Settings {
        let is_yarn = self.manager(package) == Manager::Yarn;
        Settings::read(&self.root, self.folder(package), &self.environment, is_yarn)
    }

    fn redactor(&self, settings: &Settings) -> Redactor {
        let variables = TOKENS.iter().filter_map(|name| self.environment.secret(name));
        Redactor::new(variables.chain(settings.tokens()))
    }

    fn manifest(&self, package: &Package) -> Result<Option<Manifest>, PathError> {
        let text = transaction::read(&self.folder(package).join(members::MANIFEST))?.unwrap_or_default();
        Ok(Manifest::parse(&package.manifest, text).ok())
    }

    fn manager(&self, package: &Package) -> Manager {
        Manager::of(&self.root, self.folder(package), &|path: &Path| transaction::read(path).ok().flatten())
    }

    /// The one that uploads: the manager itself, or npm for what Bun cannot.
    fn uploader(&self, package: &Package) -> Manager {
        match self.manager(package) {
            Manager::Bun if self.stages(package) || self.has_trusted_publishing() => Manager::Npm,
            manager => manager,
        }
    }

    /// What only the workspace can resolve has to be replaced by whoever publishes.
    fn check_ranges(&self, package: &Package) -> Result<(), RegistryError> {
        let manager = self.manager(package);
        if manager.replaces_local_ranges() {
            return Ok(());
        }
        let manifest = self.manifest(package)?;
        let dependencies = manifest.into_iter().flat_map(|manifest| manifest.dependencies);
        let needed = dependencies.filter(|dependency| dependency.kind == DependencyKind::Runtime);
        for Dependency { name, specifier, .. } in needed {
            if let Some(written) = specifier.map(|literal| literal.value).filter(|written| specifier::is_local(written))
            {
                return Err(RegistryError::LocalRange { dependency: name, written, tool: manager.name() });
            }
        }
        Ok(())
    }

    /// Where `package` is published to: nobody can tell Yarn 1 and Bun another registry than that of the scope.
    fn address(&self, package: &Package, settings: &Settings) -> String {
        let forwarded = command::option_value(&self.arguments, "--registry");
        let own = package.registry.as_deref();
        let of_scope = settings.of_scope(package.id.name());
        let order = match self.uploader(package) {
            Manager::Npm | Manager::Pnpm | Manager::Yarn => [forwarded, own, of_scope],
            Manager::YarnClassic => [own, of_scope, forwarded],
            Manager::Bun => [of_scope, forwarded, own],
        };
        let address = order.into_iter().flatten().next().unwrap_or_else(|| settings.registry());
        format!("{}/", address.trim_end_matches('/'))
    }

    /// The versions that the registry at `address` has of a package are the keys of `versions`.
    async fn ask(&self, package: &Package, settings: &Settings) -> Result<bool, RegistryError> {
        let address = self.address(package, settings);
        let url = format!("{address}{}", package.id.name().replace('/', "%2f"));
        let unreachable = |source: reqwest::Error| RegistryError::Unreachable {
            address: shown(&address),
            source: source.without_url().into(),
        };
        let mut request = self.client.get(url).header("accept", "application/vnd.npm.install-v1+json");
        let token = settings
            .token(&address)
            .or_else(|| ["NPM_TOKEN", "NODE_AUTH_TOKEN"].iter().find_map(|name| self.environment.secret(name)));
        if let Some(token) = &token {
            request = request.bearer_auth(token.expose());
        }
        let answer = request.send().await.map_err(unreachable)?;
        match answer.status().as_u16() {
            200 => {
                let document: serde_json::Value = answer.json().await.map_err(unreachable)?;
                let version = package.version.as_deref().unwrap_or_default();
                Ok(document["versions"].get(version).is_some())
            }
            404 => Ok(false),
            401 | 403 if token.is_none() => self.ask_npm(package, &address).await,
            status => Err(RegistryError::Answer { address: shown(&address), status }),
        }
    }

    /// Asks through npm, which may know credentials that nobody else does.
    async fn ask_npm(&self, package: &Package, address: &str) -> Result<bool, RegistryError> {
        let specification = format!("{}@{}", package.id.name(), package.version.as_deref().unwrap_or_default());
        let command = self.command(Manager::Npm.program(), ["view", &specification, "version", "--registry", address]);
        let output = command.in_folder(self.folder(package)).timeout(QUESTION_TIMEOUT * 6).run().await?;
        match output.status.success() {
            true => Ok(!output.stdout.trim().is_empty()),
            false if output.stderr.contains("E404") => Ok(false),
            false => Err(failure("npm view", &output).into()),
        }
    }

    fn command<const N: usize>(&self, program: &str, words: [&str; N]) -> Command {
        let command = Command::new(program, words).adding(&self.environment).without_tokens();
        command.env("NO_UPDATE_NOTIFIER", "1")
    }

    /// The manager of `package`, and what it publishes.
    fn publication(&self, package: &Package, is_dry_run: bool) -> Result<(Manager, Publication), PathError> {
        let manifest = self.manifest(package)?;
        let PublishConfig { registry, access, tag } =
            manifest.map(|manifest| manifest.publish_config).unwrap_or_default();
        let publication = Publication {
            name: package.id.name().to_owned(),
            version: package.version.clone().unwrap_or_default(),
            registry,
            access,
            tag,
            is_dry_run,
            is_staged: self.staged.contains(&package.id),
        };
        Ok((self.manager(package), publication))
    }

    /// Runs the publish command of `package`, its output shown as it comes.
    async fn publish(&self, package: &Package, is_dry_run: bool) -> Result<Output, RegistryError> {
        let (manager, publication) = self.publication(package, is_dry_run)?;
        if publication.is_staged {
            self.require_staging(self.uploader(package), package).await?;
        }
        let uploader = self.uploader(package);
        let packed = if uploader == manager { None } else { Some(self.pack(package).await?) };
        let manager = uploader;
        let mut words = command::words(manager, &publication, &self.arguments);
        if let Some((_, archive)) = &packed {
            words.push(archive.to_string_lossy().into_owned());
        }
        let settings = self.settings(package);
        let label = self.label(manager, &publication);
        let (reporter, source) = (Arc::clone(&self.reporter), label.clone());
        let mut command = self.command(manager.program(), []).in_folder(self.folder(package)).labelled(label);
        for word in words {
            command = command.argument(word);
        }
        let command = command
            .redacted_by(self.redactor(&settings))
            .on_line(move |line| reporter.report(Event::Output { source: &source, line }));
        Ok(command.run().await?)
    }

    fn label(&self, manager: Manager, publication: &Publication) -> String {
        let dry = if publication.is_dry_run { " --dry-run" } else { "" };
        format!("{} publish {}{dry}", manager.name(), publication.name)
    }

    /// Bun cannot use the credentials of a trusted publisher, npm can: the archive is made by the one and uploaded by
    /// the other.
    async fn pack(&self, package: &Package) -> Result<(tempfile::TempDir, PathBuf), RegistryError> {
        let folder = tempfile::tempdir().map_err(PathError::new("make a folder in", std::env::temp_dir()))?;
        let command = self.command(Manager::Bun.program(), ["pm", "pack", "--destination"]).argument(folder.path());
        command.in_folder(self.folder(package)).run_to_success().await?;
        let entries = std::fs::read_dir(folder.path()).map_err(PathError::new("read", folder.path()))?;
        let mut archives = entries.flatten().map(|entry| entry.path());
        let archive = archives.find(|path| path.extension().is_some_and(|extension| extension == "tgz"));
        let archive = archive.ok_or_else(|| RegistryError::NothingPacked { package: package.id.clone() })?;
        Ok((folder, archive))
    }

    fn has_trusted_publishing(&self) -> bool {
        let is_set = |name: &str| self.environment.get(name).is_some();
        let has_token = ["NPM_CONFIG_TOKEN", "npm_config_token", "BUN_CONFIG_TOKEN"].into_iter().any(is_set);
        let has_identity = is_set("NPM_ID_TOKEN")
            || (is_set("ACTIONS_ID_TOKEN_REQUEST_URL") && is_set("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
        has_identity && !has_token
    }

    async fn require_staging(&self, manager: Manager, package: &Package) -> Result<(), RegistryError> {
        self.require(manager, manager.stages_from(), package).await
    }

    async fn require(&self, manager: Manager, needed: Version, package: &Package) -> Result<(), RegistryError> {
        match self.version_of(manager, package).await? {
            Some(found) if found >= needed => Ok(()),
            found => Err(RegistryError::Outdated { tool: manager.name(), found, needed }),
        }
    }

    /// The version of the manager as it runs beside `package`.
    async fn version_of(&self, manager: Manager, package: &Package) -> Result<Option<Version>, RegistryError> {
        let command = self.command(manager.program(), ["--version"]).in_folder(self.folder(package));
        let output = command.run_to_success().await?;
        Ok(Version::parse(output.stdout.trim()).ok())
    }

    /// Whether the manager of `package` can rehearse.
    async fn can_rehearse(&self, package: &Package) -> Result<bool, RegistryError> {
        let manager = self.manager(package);
        Ok(match manager {
            Manager::YarnClassic => false,
            Manager::Yarn => {
                self.version_of(manager, package).await?.is_some_and(|found| found >= manager::YARN_REHEARSES_FROM)
            }
            Manager::Npm | Manager::Pnpm | Manager::Bun => true,
        })
    }
}

#[async_trait]
impl Registry for NpmRegistry {
    fn check(&self, package: &Package) -> Result<(), RegistryError> {
        name::check(package.id.name()).map_err(|reason| RegistryError::Name { reason })?;
        self.check_ranges(package)
    }

    async fn has(&self, package: &Package) -> Result<bool, RegistryError> {
        self.ask(package, &self.settings(package)).await
    }

    async fn rehearse(&self, packages: &[&Package]) -> Result<(), RegistryError> {
        let mut skipped = Vec::new();
        for package in packages {
            if !self.can_rehearse(package).await? {
                skipped.push(format!("`{}`", package.id.name()));
                continue;
            }
            let output = self.publish(package, true).await?;
            if !output.status.success() {
                return Err(failure(&format!("publish {} --dry-run", package.id.name()), &output).into());
            }
        }
        if !skipped.is_empty() {
            let message = format!("not rehearsed, since this Yarn cannot: {}", skipped.join(", "));
            let hint = format!("Yarn {} and later can", manager::YARN_REHEARSES_FROM);
            self.reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
        }
        Ok(())
    }

    async fn upload(&self, package: &Package) -> Result<Uploaded, RegistryError> {
        let output = self.publish(package, false).await?;
        let is_staged = self.staged.contains(&package.id);
        match output.status.success() {
            true if is_staged => Ok(Uploaded::Staged),
            true => Ok(Uploaded::Now),
            false if says_that_it_exists(&output) => Ok(Uploaded::Before),
            false => Err(failure(&format!("publish {}", package.id.name()), &output).into()),
        }
    }

    fn only_rehearses(&self) -> bool {
        command::is_dry_run(&self.arguments)
    }

    fn stages(&self, package: &Package) -> bool {
        self.staged.contains(&package.id)
    }

    fn advice(&self, error: &RegistryError) -> Option<&'static str> {
        let RegistryError::Process(ProcessError::Failed { output, .. }) = error else { return None };
        let says = |words: &[&str]| words.iter().any(|word| output.contains(word));
        if says(&["EOTP"]) {
            return Some("the registry wants a one-time password: use a token for automation, or trusted publishing");
        }
        says(&["ENEEDAUTH", "E401", "YN0033", "YN0041", "missing authentication", "Unauthorized"]).then_some(
            "log in with `npm login`, or let `.npmrc` name a token: `//HOST/:_authToken=${NPM_TOKEN}`; then run `sampo publish` again",
        )
    }
}

/// What asks registries, and gives up one that does not answer within `limit`.
fn client(limit: Duration) -> reqwest::Client {
    reqwest::Client::builder().timeout(limit).build().unwrap_or_default()
}

/// An address without the credentials that may stand in it.
fn shown(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[start..])
        }
        None => address.to_owned(),
    }
}

/// The words of npm, of Yarn, and of registries that are asked nevertheless.
fn says_that_it_exists(output: &Output) -> bool {
    let phrases =
        ["cannot publish over", "previously published version", "already present", "EPUBLISHCONFLICT", "E409"];
    let said = [&output.stderr, &output.stdout];
    said.iter().any(|text| phrases.iter().any(|phrase| text.to_lowercase().contains(&phrase.to_lowercase())))
}

/// A failure with what the tool said from its first error on: what it printed before has been shown already. npm and Bun
/// complain on standard error, Yarn on standard output.
fn failure(label: &str, output: &Output) -> ProcessError {
    let said = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let start = ["npm error", "npm ERR!"].iter().find_map(|mark| said.find(mark)).unwrap_or(0);
    ProcessError::Failed { label: label.to_owned(), status: output.status, output: last_lines(&said[start..], 20) }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
