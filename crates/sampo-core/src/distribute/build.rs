//! Builds a package for a target, and puts the result where the next step looks for it first.

use std::borrow::Borrow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::build_stamp::{BuildStamp, Outdated};
use super::model::Release;
use super::participant::Participant;
use super::resolve::{Failure, ResolveError, Search, build_folder, cargo_folder};
use crate::atomic;
use crate::config::Config;
use crate::environment::Environment;
use crate::error::{Diagnose, PathError};
use crate::event::{Event, Reporter};
use crate::process::{Command, ProcessError};
use crate::shell::Shell;
use crate::target::Target;
use crate::template::TemplateError;
use crate::workspace::{PackageId, Workspace};

/// What builds share.
#[derive(Clone)]
pub struct Builder<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The packages.
    pub workspace: &'a Workspace,
    /// Where the values of tokens are read, to keep them out of the output.
    pub environment: &'a Environment,
    /// The environment variables that hold tokens: builds do not get them.
    pub token_variables: &'a [String],
    /// The commit that is checked out, where there is one: nothing is built for a release of another.
    pub head: Option<String>,
    /// Where to tell what happens.
    pub reporter: Arc<dyn Reporter>,
    /// Ends the running build, and starts no further one.
    pub cancellation: CancellationToken,
}

/// How the build of one (package, target) ended.
#[derive(Debug)]
pub struct Built {
    /// The package.
    pub package: PackageId,
    /// The target.
    pub target: Target,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// A build failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The command failed.
    #[error("`{package}` cannot be built for {target}")]
    Command {
        /// The package.
        package: PackageId,
        /// The target.
        target: Target,
        /// What it said.
        source: ProcessError,
    },
    /// Another commit than that of the release is checked out.
    #[error("`{tag}` is not built: another commit is checked out")]
    WrongCommit {
        /// The release's tag.
        tag: String,
    },
    /// Nothing says how to build it.
    #[error("nothing says how `{package}` is built")]
    NoCommand {
        /// The package.
        package: PackageId,
    },
    /// The command succeeded, but its result is not there, or is unfit.
    #[error("the build ended well, but its result cannot be used")]
    Result(#[source] ResolveError),
    /// A file cannot be copied.
    #[error(transparent)]
    Io(#[from] PathError),
    /// The command's template cannot be rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Diagnose for BuildError {
    fn code(&self) -> &'static str {
        match self {
            Self::Command { source: ProcessError::Cancelled { .. }, .. } => "cancelled",
            Self::Command { .. } => "build-failed",
            Self::WrongCommit { .. } => "build-wrong-commit",
            Self::NoCommand { .. } => "build-unconfigured",
            Self::Result(error) => error.code(),
            Self::Io(error) => error.code(),
            Self::Template(_) => "config-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Command { target, source, .. } => toolchain_hint(target, source).or_else(|| source.hint()),
            Self::Result(error) if error.is_missing() => Some(
                "let the command put its results into `$SAMPO_ARTIFACTS_DIR/$SAMPO_CRATE-$SAMPO_TARGET/`, or name them \
                 in `artifacts`"
                    .into(),
            ),
            Self::Result(error) => error.hint(),
            Self::WrongCommit { tag } => {
                Some(format!("run `git checkout {tag}` first, or build in a `git worktree add ../build {tag}`"))
            }
            Self::NoCommand { package } => Some(format!("set `build` in `[distribute.packages.\"{package}\"]` to a command")),
            Self::Io(error) => error.hint(),
            Self::Template(_) => None,
        }
    }
}

/// What is missing on this machine, where the compiler's words tell.
fn toolchain_hint(target: &Target, error: &ProcessError) -> Option<String> {
    let ProcessError::Failed { output, .. } = error else { return None };
    if output.contains("cannot create the lock file") {
        return Some("there is no `Cargo.lock`: run `cargo generate-lockfile` and commit it".into());
    }
    if output.contains("--locked was passed") {
        return Some("`Cargo.lock` does not fit the manifests: run `cargo update --workspace` and commit it".into());
    }
    if output.contains("could not find specification for target") {
        return target.meant().map(|meant| format!("did you mean `{meant}`? Correct it in `targets`"));
    }
    if output.contains("E0463") || output.contains("target may not be installed") {
        return Some(format!("the standard library for this target is missing: run `rustup target add {target}`"));
    }
    if output.contains("linking with") || output.contains("linker `") {
        return Some(format!(
            "this machine cannot link for {target}: build it on a machine of that kind (see `sampo distribute matrix`), \
             or set `build` in `[distribute]` to a command that can, such as `cargo zigbuild`"
        ));
    }
    None
}

impl Builder<'_> {
    /// Builds each of `releases` for the targets of its participant, one after the other, as their output is read by
    /// people. A failed build fails its (package, target) alone. After a cancellation the rest is left out.
    pub async fn build_all(&self, participants: &[Participant<'_>], releases: &[Release]) -> Vec<Built> {
        self.build_unless(participants, releases, |_, _, _| false).await
    }

    /// The same, without what `is_built` already.
    pub async fn build_unless<R: Borrow<Release>>(
        &self,
        participants: &[Participant<'_>],
        releases: &[R],
        is_built: impl Fn(&Participant<'_>, &Release, &Target) -> bool,
    ) -> Vec<Built> {
        let mut all = Vec::new();
        for release in releases.iter().map(Borrow::borrow) {
            let index = participants.binary_search_by(|participant| participant.id().cmp(&release.package));
            let Ok(participant) = index.map(|index| &participants[index]) else { continue };
            for target in &participant.targets {
                if self.cancellation.is_cancelled() {
                    return all;
                }
                if !is_built(participant, release, target) {
                    all.push(self.build_one(participant, release, target).await);
                }
            }
        }
        all
    }

    /// Builds `release` for `target`.
    pub async fn build_one(&self, participant: &Participant<'_>, release: &Release, target: &Target) -> Built {
        let package = release.package.clone();
        let failure = self.build(participant, release, target).await.err();
        let failure = failure.map(|error| Failure::new(&package, Some(target.clone()), participant.optional, &error));
        Built { package, target: target.clone(), failure }
    }

    /// Runs the build; afterwards everything that is delivered is in one of the places that are searched.
    async fn build(&self, participant: &Participant<'_>, release: &Release, target: &Target) -> Result<(), BuildError> {
        if release.commit.as_ref().is_some_and(|commit| self.head.as_ref() != Some(commit)) {
            return Err(BuildError::WrongCommit { tag: release.tag.clone() });
        }
        let artifacts = self.workspace.root.join(&self.config.distribute.artifacts_dir);
        fs::create_dir_all(&artifacts).map_err(PathError::new("make", &artifacts))?;
        let names: Vec<String> =
            participant.binaries.iter().map(|name| format!("{name}{}", target.executable_suffix())).collect();
        let folder = build_folder(self.config, &self.workspace.root, participant, target);
        let outdated = Outdated::find(&folder, &release.version, &names)?;
        let command = self.command(participant, release, target, &artifacts)?;
        let message = format!("building {} {} for {target}", release.package, release.version);
        self.reporter.report(Event::Step { message: &message });
        command.run_to_success().await.map_err(|source| BuildError::Command {
            package: release.package.clone(),
            target: target.clone(),
            source,
        })?;
        self.collect(participant, target)?;
        // What the build left alone stays what it was: of an older version.
        if outdated.is_gone() {
            BuildStamp::write(&folder, &release.version, &names)?;
        }
        let search = Search::new(self.config, self.workspace);
        search.locate(participant, release, target).map(drop).map_err(BuildError::Result)
    }

    fn command(
        &self,
        participant: &Participant<'_>,
        release: &Release,
        target: &Target,
        artifacts: &Path,
    ) -> Result<Command, BuildError> {
        let crate_name = release.package.name();
        let command = match participant.build {
            Some(line) => line.command(Shell::Sh, &release.variables_for(Some(target)))?,
            None => {
                let words = release.package.ecosystem().build_command(crate_name, target.as_str());
                let [program, arguments @ ..] = words.as_slice() else {
                    return Err(BuildError::NoCommand { package: release.package.clone() });
                };
                Command::new(program, arguments)
            }
        };
        let tokens = || self.token_variables.iter().map(String::as_str);
        let command = tokens().fold(command.adding(self.environment), Command::without_env);
        let source = format!("build {crate_name} {target}");
        let reporter = Arc::clone(&self.reporter);
        Ok(command
            .labelled(&source)
            .in_folder(&self.workspace.root)
            .env("SAMPO_PACKAGE", release.package.to_string())
            .env("SAMPO_CRATE", crate_name)
            .env("SAMPO_VERSION", release.version.to_string())
            .env("SAMPO_TAG", &release.tag)
            .env("SAMPO_TARGET", target.as_str())
            .env("SAMPO_ARTIFACTS_DIR", artifacts)
            .redacted_by(self.environment.redactor(tokens()))
            .cancelled_by(self.cancellation.clone())
            .on_line(move |line| reporter.report(Event::Output { source: &source, line })))
    }

    /// Copies what Cargo built to the folder that is handed on to the next job. What a command of the user's has put
    /// there itself stays, unless Cargo's is newer.
    fn collect(&self, participant: &Participant<'_>, target: &Target) -> Result<(), PathError> {
        let Some(built) = cargo_folder(self.workspace, target) else { return Ok(()) };
        let folder = build_folder(self.config, &self.workspace.root, participant, target);
        let suffix = target.executable_suffix();
        let pairs: Vec<(PathBuf, PathBuf)> = participant
            .binaries
            .iter()
            .map(|name| format!("{name}{suffix}"))
            .map(|name| (built.join(&name), folder.join(&name)))
            .collect();
        let is_complete = participant.artifacts.is_empty() && pairs.iter().all(|(from, _)| from.is_file());
        let is_news = participant.build.is_none() || pairs.iter().any(|(from, to)| modified(from) > modified(to));
        if is_complete && is_news {
            for (from, to) in &pairs {
                copy(from, to).map_err(PathError::new("copy", from))?;
            }
        }
        Ok(())
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Under a temporary name first: the folder may be read while it is filled.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = atomic::temporary_file_in(folder)?;
    io::copy(&mut fs::File::open(from)?, &mut file)?;
    file.as_file().set_permissions(fs::metadata(from)?.permissions())?;
    file.persist(to).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(all(test, unix))]
#[path = "build_tests.rs"]
mod tests;
