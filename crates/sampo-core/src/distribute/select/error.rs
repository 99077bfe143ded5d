//! Why releases cannot be selected.

use crate::error::Diagnose;
use crate::git::GitError;
use crate::workspace::PackageId;

/// Releases cannot be selected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// A tag fits the format of no package.
    #[error("the tag `{tag}` belongs to no package: tags look like {formats}")]
    UnknownTag {
        /// The tag asked for.
        tag: String,
        /// The configured formats, for people.
        formats: String,
        /// The most similar tag that exists.
        nearest: Option<String>,
    },
    /// A tag belongs to a package that takes no part, or that `--package` leaves out.
    #[error("the tag `{tag}` belongs to `{package}`, which is not among the packages to distribute")]
    NotDistributed {
        /// The tag.
        tag: String,
        /// Its package.
        package: PackageId,
    },
    /// A tag could be one of several packages.
    #[error("the tag `{tag}` could belong to several packages: {}", packages.join(", "))]
    AmbiguousTag {
        /// The tag.
        tag: String,
        /// Their ids.
        packages: Vec<String>,
    },
    /// A tag exists neither here nor on the remote.
    #[error("there is no tag `{tag}`{}", if *asked_remote { ", neither here nor on the remote `origin`" } else { ", and no remote `origin` that could have it" })]
    MissingTag {
        /// The tag.
        tag: String,
        /// Whether there is a remote, which was asked.
        asked_remote: bool,
    },
    /// Tags are missing here, and the remote cannot be asked.
    #[error("tags are missing in this clone, and those of the remote cannot be listed")]
    RemoteTags {
        /// Why.
        source: GitError,
    },
    /// Tags are known, but this clone lacks the commits that they stand for.
    #[error("this clone lacks the commits of {}", tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", "))]
    MissingCommits {
        /// The tags.
        tags: Vec<String>,
        /// What git said.
        source: GitError,
    },
    /// The remote does not have a tag as it stands here.
    #[error("the tag `{tag}` {}", if *moved { "stands at another commit on the remote `origin`" } else { "is not on the remote `origin`" })]
    NotPushed {
        /// The tag.
        tag: String,
        /// Whether the remote has it at another commit.
        moved: bool,
    },
    /// A plan names a version that is none.
    #[error("the release plan gives `{package}` the version `{version}`")]
    PlanVersion {
        /// The package.
        package: PackageId,
        /// The text.
        version: String,
        /// Why it is no version.
        source: semver::Error,
    },
    /// A plan gives a release a tag that stands for something else.
    #[error(
        "the release plan gives `{package}` {version} the tag `{tag}`, which does not stand for it: expected `{expected}`"
    )]
    PlanTag {
        /// The package.
        package: PackageId,
        /// The version.
        version: semver::Version,
        /// The tag in the plan.
        tag: String,
        /// The tag that the configured format gives it.
        expected: String,
    },
}

impl Diagnose for SelectError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTag { .. } => "unknown-tag",
            Self::NotDistributed { .. } => "not-distributed",
            Self::AmbiguousTag { .. } => "ambiguous-tag",
            Self::MissingTag { .. } | Self::RemoteTags { .. } | Self::MissingCommits { .. } => "tag-missing",
            Self::NotPushed { .. } => "tag-not-pushed",
            Self::PlanVersion { .. } | Self::PlanTag { .. } => "plan-invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        const FETCH: &str =
            "run `git fetch --tags`; in a GitHub workflow give `actions/checkout` the input `fetch-depth: 0`";
        match self {
            Self::UnknownTag { nearest, .. } => nearest.as_ref().map(|tag| format!("did you mean `{tag}`?")),
            Self::NotDistributed { package, .. } => Some(format!(
                "leave out `--package`, or give `[distribute.packages.\"{package}\"]` the `artifacts` or `files` to deliver"
            )),
            Self::AmbiguousTag { .. } => Some("say which with `--package`".into()),
            Self::MissingTag { asked_remote: true, .. } => {
                Some("check the name; `sampo publish` makes the tags of current versions, and `git push --tags` brings them to the remote".into())
            }
            Self::MissingTag { asked_remote: false, .. } => {
                Some("check the name; `sampo publish` makes the tags of current versions".into())
            }
            Self::RemoteTags { .. } | Self::MissingCommits { .. } => Some(FETCH.into()),
            Self::NotPushed { tag, moved: false } => Some(format!("run `git push origin {tag}`")),
            Self::NotPushed { tag, moved: true } => {
                Some(format!("take the remote's with `git fetch origin --force tag {tag}`, or release a new version"))
            }
            Self::PlanVersion { .. } | Self::PlanTag { .. } => {
                Some("write it with `sampo release --plan FILE` or `sampo publish --plan FILE`".into())
            }
        }
    }
}
