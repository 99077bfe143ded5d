//! `command`: the user's own program delivers, and perhaps tells what is already there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use super::{Backend, BackendConfig, BackendContext, BackendError, Presence, Progress, Prospect, Receipt, Survey};
use crate::config::{BackendTable, CommandLine, ConfigError};
use crate::distribute::finding::Finding;
use crate::distribute::model::{Artifact, ArtifactKind, Item, Release, Shipment};
use crate::error::SampoError;
use crate::event::Event;
use crate::process::Output;
use crate::shell::Shell;
use crate::template::{ArtifactScope, Template, Variables};

mod ending;
mod examination;
mod surroundings;

use ending::{invalid, not_run};
pub use surroundings::ArtifactList;

/// How much of each output stream is kept: enough for its last lines, and nothing that a talkative command could fill.
const KEPT: usize = 64 * 1024;
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
    /// Ends with status 0 if it is already there, and with any other one but 75, 126 and 127 if it is not.
    check: Option<CommandLine<ArtifactScope>>,
    /// The shell that runs what is a string.
    #[serde(default)]
    shell: Shell,
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
        let checks = [self.check_variables(table), self.check_shell(table), self.check_names(table)];
        ConfigError::all(checks.into_iter().flatten())
    }

    fn build(self, table: &BackendTable, context: &BackendContext) -> Result<Box<dyn Backend>, SampoError> {
        Ok(Box::new(CommandBackend { name: table.name().to_owned(), config: self, context: context.clone() }))
    }
}

impl Config {
    /// The commands, by their keys.
    fn lines(&self) -> impl Iterator<Item = (&'static str, &CommandLine<ArtifactScope>)> {
        std::iter::once(("run", &self.run)).chain(self.check.as_ref().map(|check| ("check", check)))
    }

    /// One artifact has no name where a command runs once for all of them.
    fn check_variables(&self, table: &BackendTable) -> Vec<ConfigError> {
        if self.per == Per::Artifact {
            return Vec::new();
        }
        let in_lines =
            self.lines().flat_map(|(key, line)| line.templates().iter().map(move |template| (key, template)));
        let others = self.env.values().map(|value| ("env", value));
        let others = others.chain(self.outputs_url.iter().map(|url| ("outputs_url", url)));
        let stray = |(key, template): (&str, &Template<ArtifactScope>)| {
            let variable = ["artifact", "path", "sha256", "target"].into_iter().find(|name| template.uses(name))?;
            let message = format!(
                "`{variable}` means nothing with `per = \"release\"`: the file in `SAMPO_ARTIFACTS` lists all artifacts"
            );
            Some(table.error(Some(key), message))
        };
        in_lines.chain(others).filter_map(stray).collect()
    }

    /// A shell runs what is written for it.
    fn check_shell(&self, table: &BackendTable) -> Vec<ConfigError> {
        let shell = self.shell.as_str();
        let is_line = |line: &CommandLine<ArtifactScope>| matches!(line, CommandLine::Shell(_));
        if self.shell != Shell::default() && !self.lines().any(|(_, line)| is_line(line)) {
            let message = format!("`{shell}` has nothing to run: an array runs without a shell");
            return vec![table.error(Some("shell"), message)];
        }
        let has_lines = |line: &CommandLine<ArtifactScope>| match line {
            CommandLine::Shell(line) => line.source().trim_end().contains('\n'),
            CommandLine::Arguments(_) => false,
        };
        let refused = self.lines().filter(|(_, line)| !self.shell.takes_lines() && has_lines(line));
        refused.map(|(key, _)| table.error(Some(key), format!("`{shell}` runs no more than one line"))).collect()
    }

    /// Environment variables have names, and those of Sampo mean what they say.
    fn check_names(&self, table: &BackendTable) -> Vec<ConfigError> {
        let names =
            self.env.keys().map(|name| ("env", name)).chain(self.pass_env.iter().map(|name| ("pass_env", name)));
        let defect = |(key, name): (&str, &String)| {
            let reason = if name.is_empty() || name.contains(['=', '\0']) {
                "is no name for an environment variable"
            } else if name.starts_with("SAMPO_") {
                "is set by Sampo itself: names that begin with `SAMPO_` are its own"
            } else {
                return None;
            };
            Some(table.error(Some(key), format!("`{name}` {reason}")))
        };
        names.filter_map(defect).collect()
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
        let list = if artifact.is_none() { Some(ArtifactList::write(shipment)?) } else { None };
        let variables = Self::variables(&shipment.release, artifact);
        let command = line.command(self.config.shell, &variables).map_err(invalid)?;
        let command = self.surrounded(command, shipment, artifact, list.as_ref(), &variables)?;
        let (name, reporter) = (self.name.clone(), Arc::clone(&self.context.reporter));
        let secrets = self.context.token_variables.iter().chain(&self.config.pass_env).map(String::as_str);
        command
            .in_folder(self.context.root.join(&self.config.working_directory))
            .timeout(self.config.timeout)
            .redacted_by(self.context.environment.redactor(secrets))
            .capture(KEPT)
            .as_plain_text()
            .on_line(move |line| reporter.report(Event::Output { source: &name, line }))
            .run()
            .await
            .map_err(|error| not_run(&error))
    }

    async fn check_item(&self, shipment: &Shipment, item: &Item) -> Result<Presence, BackendError> {
        match &self.config.check {
            Some(check) => ending::presence(&self.run(check, shipment, item.artifact.as_ref()).await?),
            None => Ok(Presence::Unknown),
        }
    }
}

#[async_trait]
impl Backend for CommandBackend {
    fn destination(&self, release: &Release) -> Result<String, BackendError> {
        Ok(format!("command `{}` for {}", self.name, release.tag))
    }

    async fn check(&self) -> Result<(), BackendError> {
        self.config.pass_env.iter().try_for_each(|name| self.passed(name).map(drop))
    }

    async fn examine(&self, prospect: &Prospect) -> Vec<Finding> {
        self.examination(prospect)
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
        ending::delivered(&ticking(running, progress).await?)?;
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

#[cfg(all(test, unix))]
#[path = "command/command_tests.rs"]
mod tests;
