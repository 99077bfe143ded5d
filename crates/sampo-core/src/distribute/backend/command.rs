//! `command`: the user's own program delivers, and perhaps tells what is already there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::{Backend, BackendConfig, BackendContext, BackendError, Presence, Progress, Receipt, Survey};
use crate::config::{BackendTable, CommandLine, ConfigError};
use crate::distribute::model::{Artifact, ArtifactKind, Item, Release, Shipment};
use crate::error::{Diagnose, SampoError, chain};
use crate::event::Event;
use crate::process::{Command, Output, ProcessError, last_lines};
use crate::template::{ArtifactScope, Template, TemplateError, Variables};

/// The exit status that means: worth trying again (`EX_TEMPFAIL` of sysexits.h).
const TEMPORARY_FAILURE: i32 = 75;
/// The exit statuses with which a shell says that there is no such program, or that it cannot be run.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;
/// How many lines of a failed command's output stand in the report.
const REPORTED_LINES: usize = 20;
/// How many checks run at the same time.
const CHECKS: usize = 4;
/// How often a running command counts as progress: it has a timeout of its own, and may well be silent.
const TICK: Duration = Duration::from_secs(1);

/// The keys of a `command` backend.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CommandConfig")]
pub struct Config {
    /// Delivers. A string runs in the shell, an array runs as it is.
    run: CommandLine<ArtifactScope>,
    /// Ends with status 0 if it is already there, and with any other one but 126 and 127 if it is not.
    check: Option<CommandLine<ArtifactScope>>,
    /// Whether it runs once for each artifact, or once for the release.
    #[serde(default)]
    per: Per,
    /// More environment variables.
    #[serde(default)]
    env: BTreeMap<String, Template<ArtifactScope>>,
    /// Variables that are handed on although they hold credentials of Sampo's own; their values are kept from output.
    #[serde(default)]
    pass_env: Vec<String>,
    /// Where it runs, below the root.
    #[serde(default)]
    working_directory: PathBuf,
    /// How long it may take.
    #[serde(default = "ten_minutes", deserialize_with = "crate::config::distribute::positive_duration")]
    #[schemars(with = "String")]
    timeout: Duration,
    /// Where users will fetch an artifact, for the report.
    outputs_url: Option<Template<ArtifactScope>>,
}

/// What a command runs once for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Per {
    #[default]
    Artifact,
    Release,
}

fn ten_minutes() -> Duration {
    Duration::from_secs(600)
}

impl BackendConfig for Config {
    const TYPE: &'static str = "command";
    const ARTIFACTS: &'static [ArtifactKind] = &[ArtifactKind::Archive, ArtifactKind::Binary, ArtifactKind::File];
    /// Only the user's program knows what may be repeated: status 75 and timeouts are, as often as is configured.
    const RETRIES: Option<u32> = Some(0);

    fn check(&self, table: &BackendTable) -> Result<(), ConfigError> {
        let mut templates: Vec<(&str, &Template<ArtifactScope>)> =
            self.env.values().map(|value| ("env", value)).collect();
        for (key, line) in [("run", Some(&self.run)), ("check", self.check.as_ref())] {
            templates.extend(line.into_iter().flat_map(CommandLine::templates).map(|template| (key, template)));
        }
        let of_one_artifact = ["artifact", "path", "sha256", "target"];
        for (key, template) in templates {
            if let (Per::Release, Some(variable)) = (self.per, of_one_artifact.iter().find(|name| template.uses(name)))
            {
                let message = format!(
                    "`{variable}` means nothing with `per = \"release\"`: the file in `SAMPO_ARTIFACTS` lists all artifacts"
                );
                return Err(table.error(Some(key), message));
            }
        }
        Ok(())
    }

    fn build(self, table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        Ok(Box::new(CommandBackend { name: table.name().to_owned(), config: self, context: context.clone() }))
    }
}

struct CommandBackend {
    name: String,
    config: Config,
    context: BackendContext,
}

impl std::fmt::Debug for CommandBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandBackend").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One artifact in the file that `SAMPO_ARTIFACTS` names.
#[derive(Debug, Serialize)]
struct ListedArtifact<'a> {
    name: &'a str,
    path: &'a std::path::Path,
    kind: ArtifactKind,
    target: Option<&'a str>,
    bytes: u64,
    sha256: String,
}

impl CommandBackend {
    fn variables(release: &Release, artifact: Option<&Artifact>) -> Variables {
        match artifact {
            Some(artifact) => artifact.variables(release),
            None => {
                let mut variables = release.variables_for(None);
                variables.set("artifact", "").set("path", "").set("sha256", "");
                variables
            }
        }
    }

    async fn run(
        &self,
        line: &CommandLine<ArtifactScope>,
        shipment: &Shipment,
        artifact: Option<&Artifact>,
    ) -> Result<Output, BackendError> {
        let list = self.list_artifacts(shipment, artifact)?;
        let variables = Self::variables(&shipment.release, artifact);
        let mut command = line.command(&variables).map_err(invalid)?;
        command = self.with_environment(command, shipment, artifact, &variables)?;
        if let Some(list) = &list {
            command = command.env("SAMPO_ARTIFACTS", list.path());
        }
        let (name, reporter) = (self.name.clone(), Arc::clone(&self.context.reporter));
        let secrets = self.context.token_variables.iter().chain(&self.config.pass_env).map(String::as_str);
        let redactor = self.context.environment.redactor(secrets);
        command
            .in_folder(self.context.root.join(&self.config.working_directory))
            .timeout(self.config.timeout)
            .redacted_by(redactor)
            .on_line(move |line| reporter.report(Event::Output { source: &name, line }))
            .run()
            .await
            .map_err(|error| not_run(&error))
    }

    fn with_environment(
        &self,
        mut command: Command,
        shipment: &Shipment,
        artifact: Option<&Artifact>,
        variables: &Variables,
    ) -> Result<Command, BackendError> {
        for name in self.context.token_variables.iter().filter(|name| !self.config.pass_env.contains(name)) {
            command = command.without_env(name);
        }
        for name in &self.config.pass_env {
            let value = self.context.environment.get(name).ok_or_else(|| {
                BackendError::new("credentials-missing", format!("the environment variable `{name}` is not set"))
                    .with_hint(format!("set `{name}`, or take it out of `pass_env` of the backend `{}`", self.name))
            })?;
            command = command.env(name, value);
        }
        let release = &shipment.release;
        command = command
            .env("SAMPO_BACKEND", &self.name)
            .env("SAMPO_PACKAGE", release.package.to_string())
            .env("SAMPO_CRATE", release.package.name())
            .env("SAMPO_ECOSYSTEM", release.package.ecosystem().as_str())
            .env("SAMPO_VERSION", release.version.to_string())
            .env("SAMPO_TAG", &release.tag)
            .env("SAMPO_COMMIT", release.commit.as_deref().unwrap_or_default());
        if let Some(artifact) = artifact {
            command = command
                .env("SAMPO_TARGET", artifact.target.as_ref().map(ToString::to_string).unwrap_or_default())
                .env("SAMPO_ARTIFACT", &artifact.path)
                .env("SAMPO_ARTIFACT_NAME", &artifact.name)
                .env("SAMPO_ARTIFACT_KIND", artifact.kind.as_str())
                .env("SAMPO_ARTIFACT_SHA256", artifact.sha256.to_string());
        }
        for (name, template) in &self.config.env {
            command = command.env(name, template.render(variables).map_err(invalid)?);
        }
        Ok(command)
    }

    /// The file with all artifacts of the release, for a command that runs once for it. Gone when dropped.
    fn list_artifacts(
        &self,
        shipment: &Shipment,
        artifact: Option<&Artifact>,
    ) -> Result<Option<tempfile::NamedTempFile>, BackendError> {
        if artifact.is_some() {
            return Ok(None);
        }
        let listed: Vec<ListedArtifact<'_>> = shipment
            .artifacts
            .iter()
            .map(|artifact| ListedArtifact {
                name: &artifact.name,
                path: &artifact.path,
                kind: artifact.kind,
                target: artifact.target.as_ref().map(crate::target::Target::as_str),
                bytes: artifact.bytes,
                sha256: artifact.sha256.to_string(),
            })
            .collect();
        let unwritable =
            |error: std::io::Error| BackendError::new("io", format!("cannot write the list of artifacts: {error}"));
        let file =
            tempfile::Builder::new().prefix("sampo-artifacts-").suffix(".json").tempfile().map_err(unwritable)?;
        serde_json::to_writer_pretty(file.as_file(), &listed).map_err(|error| unwritable(error.into()))?;
        Ok(Some(file))
    }

    async fn check_item(&self, shipment: &Shipment, item: &Item) -> Result<Presence, BackendError> {
        let Some(check) = &self.config.check else { return Ok(Presence::Unknown) };
        let output = self.run(check, shipment, item.artifact.as_ref()).await?;
        match output.status.code() {
            Some(0) => Ok(Presence::Identical),
            None | Some(NOT_EXECUTABLE | NOT_FOUND) => Err(check_failed(&output)),
            Some(_) => Ok(Presence::Absent),
        }
    }
}

#[async_trait]
impl Backend for CommandBackend {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        Ok(format!("command `{}` for {}", self.name, release.tag))
    }

    fn items(&self, shipment: &Shipment) -> Result<Vec<Item>, BackendError> {
        Ok(match self.config.per {
            Per::Artifact => shipment.artifacts.iter().map(Item::of).collect(),
            Per::Release if shipment.artifacts.is_empty() => Vec::new(),
            Per::Release => vec![Item { name: shipment.release.tag.clone(), artifact: None }],
        })
    }

    fn takes_whole_release(&self) -> bool {
        self.config.per == Per::Release
    }

    /// A `check` may look into the artifact that it is told about.
    fn surveys_files(&self) -> bool {
        self.config.check.is_some()
    }

    fn has_finish(&self) -> bool {
        false
    }

    async fn survey(&self, shipment: &Shipment, items: &[Item]) -> Result<Survey, BackendError> {
        let checks: Vec<BoxFuture<'_, _>> = items.iter().map(|item| self.check_item(shipment, item).boxed()).collect();
        let presences = stream::iter(checks).buffered(CHECKS).try_collect().await?;
        Ok(Survey { presences, finished: true, warnings: Vec::new() })
    }

    async fn deliver(
        &self,
        shipment: &Shipment,
        item: &Item,
        _found: &Presence,
        progress: &Progress,
    ) -> Result<Receipt, BackendError> {
        let artifact = item.artifact.as_ref();
        let running = self.run(&self.config.run, shipment, artifact);
        let output = ticking(running, progress).await?;
        if !output.status.success() {
            return Err(failure(&output));
        }
        let variables = Self::variables(&shipment.release, artifact);
        let url = self.config.outputs_url.as_ref().map(|url| url.render(&variables)).transpose().map_err(invalid)?;
        Ok(Receipt { url })
    }

    fn download_url(&self, release: &Release, artifact: &Artifact) -> Option<String> {
        self.config.outputs_url.as_ref()?.render(&artifact.variables(release)).ok()
    }
}

async fn ticking<T>(running: impl Future<Output = T>, progress: &Progress) -> T {
    tokio::pin!(running);
    let mut interval = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            ended = &mut running => return ended,
            _ = interval.tick() => progress.tick(),
        }
    }
}

fn failure(output: &Output) -> BackendError {
    let message = format!("the command {}", ending(output));
    match output.status.code() {
        Some(TEMPORARY_FAILURE) => BackendError::transient("command-failed", message),
        _ => BackendError::new("command-failed", message),
    }
}

/// A check that did not run says nothing about what is there.
fn check_failed(output: &Output) -> BackendError {
    BackendError::new("check-failed", format!("`check` {}", ending(output)))
        .with_hint("`check` must end with status 0 if it is there, and with any other one but 126 and 127 if it is not")
}

/// How a command ended, and its last words.
fn ending(output: &Output) -> String {
    let ended = status(output.status);
    let mut said = last_lines(&output.stderr, REPORTED_LINES);
    if said.is_empty() {
        said = last_lines(&output.stdout, REPORTED_LINES);
    }
    if said.is_empty() { ended } else { format!("{ended}: {said}") }
}

fn status(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with status {code}"),
        None => format!("was ended by a {status}"),
    }
}

fn not_run(error: &ProcessError) -> BackendError {
    let (code, message) = (error.code(), chain(error));
    let failure = match error {
        ProcessError::TimedOut { .. } | ProcessError::Cancelled { .. } => BackendError::transient(code, message),
        _ => BackendError::new(code, message),
    };
    BackendError { hint: error.hint(), ..failure }
}

fn invalid(error: TemplateError) -> BackendError {
    BackendError::new("config-invalid", error.to_string())
}

#[cfg(all(test, unix))]
#[path = "command/command_tests.rs"]
mod tests;
