//! What is wanted: the answers to the questions of `distribute init`, from a person, from options, or as suggested.

use std::path::Path;

use crate::config::distribute::ArchiveFormat;
use crate::config::{self, Config, ConfigError, Repository};
use crate::distribute::destination::check_backends;
use crate::error::Diagnose;
use crate::target::Target;
use crate::workspace::PackageId;

use super::SetupError;
use super::configuration::add_backend;
use super::pipeline::{Ci, Placement};
use super::toml_file::TomlFile;

/// The systems of most users, each of which GitHub has a runner for.
pub const USUAL_TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// The same as targets.
pub(super) fn usual_targets() -> Vec<Target> {
    USUAL_TARGETS.iter().map(|triple| triple.parse().expect("each of them is a target")).collect()
}

/// What is wanted, apart from what is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The GitHub repository, where nothing else says which it is.
    pub repository: Option<Repository>,
    /// Targets to add.
    pub targets: Vec<Target>,
    /// Backends to add.
    pub backends: Vec<NewBackend>,
    /// How programs are packed for every system but Windows, if not as usual.
    pub archive: Option<ArchiveFormat>,
    /// A package whose artifacts something else makes.
    pub ready_made: Option<ReadyMade>,
    /// Whose pipeline is written.
    pub ci: Ci,
    /// Where it is written.
    pub placement: Placement,
    /// Whether manifests get what `cargo binstall` must be told.
    pub binstall: bool,
}

impl Default for Answers {
    /// Nothing to add, but what `cargo binstall` must be told.
    fn default() -> Self {
        Self {
            repository: None,
            targets: Vec::new(),
            backends: Vec::new(),
            archive: None,
            ready_made: None,
            ci: Ci::None,
            placement: Placement::default(),
            binstall: true,
        }
    }
}

impl Answers {
    /// Fails if a target or a backend is not what anybody can have meant.
    pub(super) fn check(&self) -> Result<(), SetupError> {
        let unlikely = self.targets.iter().find_map(|target| Some((target, target.meant()?)));
        if let Some((target, meant)) = unlikely.filter(|(target, _)| target.default_runner().is_none()) {
            return Err(SetupError::Misspelt { target: target.clone(), meant });
        }
        self.backends.iter().try_for_each(NewBackend::check)
    }
}

/// A backend to be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewBackend {
    /// The releases of the GitHub repository.
    GithubRelease,
    /// A folder.
    Directory {
        /// The template of a release's folder.
        path: String,
    },
    /// A command of the user's.
    Command {
        /// The line.
        run: String,
    },
}

impl NewBackend {
    /// The folder that is suggested for a `directory`.
    pub const USUAL_PATH: &'static str = "site/{{ crate }}/{{ version }}";

    /// The value of `type`, and the name unless that is taken.
    pub(super) fn kind_and_name(&self) -> (&'static str, &'static str) {
        match self {
            Self::GithubRelease => ("github-release", "github"),
            Self::Directory { .. } => ("directory", "site"),
            Self::Command { .. } => ("command", "upload"),
        }
    }

    /// The key that its type needs, if any.
    pub(super) fn setting(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::GithubRelease => None,
            Self::Directory { path } => Some(("path", path)),
            Self::Command { run } => Some(("run", run)),
        }
    }

    /// Fails if its type would not accept it.
    pub fn check(&self) -> Result<(), SetupError> {
        let read = |text: String| Config::parse(Path::new(config::PATH), text);
        let refused = |error: ConfigError| SetupError::Backend {
            kind: self.kind_and_name().0,
            reason: error.without_places(),
            hint: error.hint(),
        };
        let mut file = TomlFile::empty();
        add_backend(&mut file, self, &read(String::new()).map_err(refused)?);
        read(file.into_text()).and_then(|config| check_backends(&config)).map_err(refused)
    }
}

/// A package whose artifacts are made by a build of its own, such as an npm package that is compiled into programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyMade {
    /// The package.
    pub package: PackageId,
    /// The glob of its artifacts for a target, a template.
    pub artifacts: String,
    /// The command that makes them.
    pub build: Option<String>,
}
