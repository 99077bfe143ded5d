//! What an examination found: one answer to one question, with what to do about it. Data only.

use serde::{Deserialize, Serialize};

use crate::error::{SampoError, chain};

pub(super) mod answers;

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// What was asked about; a stable name.
    pub check: Check,
    /// Where that belongs.
    pub area: Area,
    /// How bad it is.
    pub level: Level,
    /// What it is about: a backend, a package, a workflow's file; null if that is the whole repository.
    pub subject: Option<String>,
    /// The answer, as a sentence without a full stop.
    pub title: String,
    /// More about it.
    pub detail: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// Good to know, or not to be found out from here.
    Note,
    /// It may go wrong.
    Warning,
    /// It will go wrong.
    Error,
}

impl Level {
    /// The name in documents and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// The file `.sampo/config.toml`, and what follows from it alone.
    Configuration,
    /// The platforms and the machines that build for them.
    Targets,
    /// This clone and its remote.
    Git,
    /// The places to deliver to.
    Backends,
    /// The repository on GitHub.
    Github,
    /// The files in `.github/workflows`.
    Workflows,
}

impl Area {
    /// The heading on the screen.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Targets => "Targets",
            Self::Git => "Git",
            Self::Backends => "Backends",
            Self::Github => "GitHub",
            Self::Workflows => "Workflows",
        }
    }
}

/// Every question that is asked; its name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The configuration can be read, and everything in it resolves.
    Configuration,
    /// No release was killed half-way.
    Interrupted,
    /// Something is distributed.
    Packages,
    /// Every package goes somewhere, and every backend gets something.
    Destinations,
    /// The names of artifacts are fit for every destination.
    ArtifactNames,
    /// A release of everything fits into one build matrix.
    BuildMatrix,
    /// `cargo binstall` finds the archives.
    Binstall,
    /// A machine is known for every target, and will be there.
    Runners,
    /// Which targets may be missing.
    OptionalTargets,
    /// Which targets can be built on this machine.
    InstalledTargets,
    /// There is a git repository with a commit.
    Repository,
    /// History and tags are there.
    CheckoutDepth,
    /// Releases are made from this branch.
    Branch,
    /// Git knows in whose name to make tags.
    Identity,
    /// The remote answers.
    Remote,
    /// The remote is the configured repository.
    Origin,
    /// The tags of current versions stand where they should.
    Tags,
    /// The credentials of a backend are there.
    Credentials,
    /// A backend's credentials are accepted, and may do what is needed.
    Access,
    /// What a backend delivers to or with is there.
    Place,
    /// The discussion category exists.
    Discussions,
    /// GitHub answers.
    Github,
    /// The repository takes changes.
    Archived,
    /// The default branch is a release branch.
    DefaultBranch,
    /// Whether published releases can be changed.
    ImmutableReleases,
    /// Workflows may open pull requests.
    PullRequests,
    /// The workflow files can be read, and one of them uses Sampo.
    WorkflowFiles,
    /// The jobs have the permissions that they need.
    WorkflowPermissions,
    /// The jobs check out all that they need.
    WorkflowCheckout,
    /// The credentials of backends reach the job that delivers.
    WorkflowCredentials,
    /// The job that pushes has credentials to push with.
    WorkflowPush,
    /// A job with a build matrix is skipped when there is nothing to build.
    WorkflowMatrix,
    /// One failed build does not stop the others.
    WorkflowFailFast,
    /// Built files arrive where they are looked for.
    WorkflowArtifacts,
    /// The machines of jobs will be there.
    WorkflowRunners,
    /// Actions do not change unnoticed.
    WorkflowPins,
}

impl Check {
    /// Where it belongs.
    pub fn area(self) -> Area {
        match self {
            Self::Configuration
            | Self::Interrupted
            | Self::Packages
            | Self::Destinations
            | Self::ArtifactNames
            | Self::BuildMatrix
            | Self::Binstall => Area::Configuration,
            Self::Runners | Self::OptionalTargets | Self::InstalledTargets => Area::Targets,
            Self::Repository
            | Self::CheckoutDepth
            | Self::Branch
            | Self::Identity
            | Self::Remote
            | Self::Origin
            | Self::Tags => Area::Git,
            Self::Credentials | Self::Access | Self::Place | Self::Discussions => Area::Backends,
            Self::Github | Self::Archived | Self::DefaultBranch | Self::ImmutableReleases | Self::PullRequests => {
                Area::Github
            }
            Self::WorkflowFiles
            | Self::WorkflowPermissions
            | Self::WorkflowCheckout
            | Self::WorkflowCredentials
            | Self::WorkflowPush
            | Self::WorkflowMatrix
            | Self::WorkflowFailFast
            | Self::WorkflowArtifacts
            | Self::WorkflowRunners
            | Self::WorkflowPins => Area::Workflows,
        }
    }

    /// It is as it should be.
    pub fn ok(self, title: impl Into<String>) -> Finding {
        self.finding(Level::Ok, title)
    }

    /// Good to know.
    pub fn note(self, title: impl Into<String>) -> Finding {
        self.finding(Level::Note, title)
    }

    /// It may go wrong.
    pub fn warning(self, title: impl Into<String>) -> Finding {
        self.finding(Level::Warning, title)
    }

    /// It will go wrong.
    pub fn error(self, title: impl Into<String>) -> Finding {
        self.finding(Level::Error, title)
    }

    /// It goes wrong as `error` says.
    pub fn failed(self, error: &SampoError) -> Finding {
        Finding { fix: error.hint(), ..self.error(chain(error)) }
    }

    /// An answer of that level.
    pub fn finding(self, level: Level, title: impl Into<String>) -> Finding {
        let (title, area) = (title.into(), self.area());
        Finding { check: self, area, level, subject: None, title, detail: None, fix: None }
    }
}

impl Finding {
    /// The same about `subject`.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// The same with more words.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}
