//! Why what a destination holds cannot be used.

use crate::distribute::backend::{BackendError, NOT_SUPPORTED};
use crate::distribute::checksum::{Digest, SUMS_FILE, SumsError};
use crate::error::{Diagnose, PathError};
use crate::target::Target;

/// What a destination holds cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::distribute::deliver) enum HeldError {
    /// It does not say what it holds.
    #[error("`{from}` does not tell what it holds of `{tag}`")]
    Unavailable { from: String, tag: String, source: BackendError },
    /// It knows no such release.
    #[error("`{from}` holds no release `{tag}`")]
    NoRelease { from: String, tag: String },
    /// It has a part of the release at most.
    #[error("the release `{tag}` is not finished in `{from}`")]
    Unfinished { from: String, tag: String },
    /// It lacks something that the release must have.
    #[error("`{what}` is not in `{from}`")]
    Missing { what: String, from: String, tag: String, target: Option<Target> },
    /// It has a part of the file.
    #[error("`{name}` is only half stored in `{from}`")]
    Incomplete { name: String, from: String },
    /// It tells two digests of one file.
    #[error("`{name}` in `{from}` has SHA-256 {found}, and its `{SUMS_FILE}` says {listed}")]
    Corrupt { name: String, from: String, found: Digest, listed: Digest },
    /// Its list of checksums is none.
    #[error("`{SUMS_FILE}` in `{from}` cannot be understood")]
    List { from: String, source: SumsError },
    /// The name leads elsewhere, or is no name on some systems.
    #[error("`{from}` holds a file named `{name}`, which cannot be delivered: {reason}")]
    Name { name: String, from: String, reason: &'static str },
    /// It takes the whole release at once, and cannot tell what it has.
    #[error("`{from}` is run once for the whole release, and needs all of its artifacts")]
    NeedsArtifacts { from: String },
    /// A file cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] BackendError),
    /// A file on this machine cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl HeldError {
    /// Whether the destination may answer otherwise later on.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { source, .. } | Self::Fetch(source) if source.is_retryable())
    }
}

impl Diagnose for HeldError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { source, .. } | Self::Fetch(source) => source.code,
            Self::NoRelease { .. } => "source-missing",
            Self::Unfinished { .. } => "source-unfinished",
            Self::Missing { .. } | Self::NeedsArtifacts { .. } => "artifact-missing",
            Self::Incomplete { .. } => "artifact-incomplete",
            Self::Corrupt { .. } | Self::List { .. } => "artifact-corrupt",
            Self::Name { .. } => "artifact-name",
            Self::Io(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unavailable { source, .. } if source.code == NOT_SUPPORTED => {
                "take them from a backend that tells what it holds: a `github-release` or a `directory`".into()
            }
            Self::Unavailable { source, .. } | Self::Fetch(source) => return source.hint.clone(),
            Self::Io(error) => return error.hint(),
            Self::NoRelease { from, tag } => {
                format!("deliver it there first: `sampo distribute --tag {tag} --backend {from}`")
            }
            Self::Unfinished { from, tag } => {
                format!("finish it first: `sampo distribute --finish --tag {tag} --backend {from}`")
            }
            Self::Missing { from, tag, target: Some(target), .. } => format!(
                "deliver it where it was built: `sampo distribute --tag {tag} --target {target} --backend {from}`"
            ),
            Self::Missing { from, tag, target: None, .. } => {
                format!("deliver it from where the file is: `sampo distribute --tag {tag} --backend {from}`")
            }
            Self::Incomplete { .. } => "wait until whoever uploads it is through, or deliver it again".into(),
            Self::Corrupt { .. } | Self::List { .. } => {
                "find out which of the two is right; `--replace` puts the right ones in place".into()
            }
            Self::Name { .. } => "remove it there, or rename it".into(),
            Self::NeedsArtifacts { .. } => {
                "take them from a backend that holds them: `sampo distribute --finish --from BACKEND`".into()
            }
        })
    }
}
