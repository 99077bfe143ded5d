//! Why publishing ends early.

use crate::error::Diagnose;
use crate::git::GitError;
use crate::release::branch::BranchError;
use crate::workspace::{PackageId, RegistryError};

/// Publishing cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// This is no branch to release from.
    #[error(transparent)]
    Branch(#[from] BranchError),
    /// Git is missing, has no repository here, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Several packages render one tag.
    #[error("the tag `{tag}` would stand for several packages: {}", in_backticks(packages))]
    TagConflict {
        /// The tag.
        tag: String,
        /// The packages.
        packages: Vec<PackageId>,
    },
    /// Git would refuse the tag.
    #[error("`{tag}`, the tag of `{package}`, is not a name that git accepts for a tag")]
    InvalidTag {
        /// The tag.
        tag: String,
        /// Its package.
        package: PackageId,
    },
    /// The commit at HEAD does not hold what is to be published.
    #[error("the commit at HEAD does not hold {}", held_instead(versions))]
    Uncommitted {
        /// Each package whose version it does not hold.
        versions: Vec<UncommittedVersion>,
    },
    /// Git made all tags but these.
    #[error("could not be tagged: {}", tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", "))]
    Tags {
        /// The missing tags.
        tags: Vec<String>,
    },
    /// A package is not fit for its registry.
    #[error("`{package}` cannot be published")]
    Unfit {
        /// The package.
        package: PackageId,
        /// Why.
        source: Box<RegistryError>,
    },
    /// A pattern of `npm_stage` chooses nothing.
    #[error("`{pattern}` in `npm_stage` matches no npm package that is published")]
    NothingStaged {
        /// The pattern.
        pattern: String,
    },
    /// A package cannot be used once it is published.
    #[error("packages to publish depend on packages that are not: {}", dependencies(missing))]
    UnpublishableDependencies {
        /// Each package with the one that it needs.
        missing: Vec<(PackageId, PackageId)>,
    },
    /// No order of upload is possible.
    #[error("packages depend on each other in a circle: {}", circle(packages))]
    Cycle {
        /// Each needs the next, the last one the first.
        packages: Vec<PackageId>,
    },
    /// The registry's own tool found something wrong before anything was uploaded.
    #[error("the packages are not ready to be published")]
    Rehearsal {
        /// What it said.
        source: Box<RegistryError>,
        /// What to do about it, where its words tell.
        advice: Option<&'static str>,
    },
    /// The run was to end.
    #[error("publishing was ended before every package was looked after")]
    Cancelled,
    /// The upload failed.
    #[error("`{package}` {version} could not be published")]
    Upload {
        /// The package.
        package: PackageId,
        /// Its version.
        version: String,
        /// What the tool said.
        source: Box<RegistryError>,
        /// What to do about it, where its words tell.
        advice: Option<&'static str>,
    },
}

/// A version that stands in a manifest, but not in the one of the commit at HEAD.
#[derive(Debug)]
pub struct UncommittedVersion {
    /// The package.
    pub package: PackageId,
    /// The version in its manifest.
    pub version: String,
    /// The version in the commit; none if it has no such manifest.
    pub committed: Option<String>,
}

impl Diagnose for PublishError {
    fn code(&self) -> &'static str {
        match self {
            Self::Branch(error) => error.code(),
            Self::Git(error) => error.code(),
            Self::TagConflict { .. } => "tag-conflict",
            Self::InvalidTag { .. } => "tag-invalid",
            Self::Uncommitted { .. } => "release-uncommitted",
            Self::Tags { .. } => "tag-failed",
            Self::Unfit { source, .. } => source.code(),
            Self::NothingStaged { .. } => "stage-unmatched",
            Self::UnpublishableDependencies { .. } => "dependency-unpublishable",
            Self::Cycle { .. } => "dependency-cycle",
            Self::Rehearsal { .. } => "publish-refused",
            Self::Cancelled => "cancelled",
            Self::Upload { .. } => "publish-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Branch(error) => error.hint(),
            Self::Git(error) => error.hint(),
            Self::TagConflict { .. } => {
                Some("set `tag_format = \"{ecosystem}-{package_name}-v{version}\"` in `[git]`".into())
            }
            Self::InvalidTag { .. } => Some("change `tag_format` in `[git]`".into()),
            Self::Uncommitted { .. } => Some("commit the release first".into()),
            Self::Tags { .. } => Some("mend what git said; then run `sampo publish` again at this commit".into()),
            Self::UnpublishableDependencies { .. } => Some(
                "let the dependency be published and not ignored, or keep the dependent from the registry too (`publish = false` for a crate, `\"private\": true` for an npm package)".into(),
            ),
            Self::Cycle { .. } => Some("break the circle; only development dependencies may close one".into()),
            Self::Unfit { source, .. } => source.hint(),
            Self::NothingStaged { .. } => Some("correct the pattern, or remove it".into()),
            Self::Cancelled => Some("run it again: it goes on from here".into()),
            Self::Rehearsal { source, advice } => advice.map(str::to_owned).or_else(|| source.hint()),
            Self::Upload { source, advice, .. } => Some(advice.map(str::to_owned).or_else(|| source.hint()).unwrap_or_else(|| {
                "what was published before it is tagged; run `sampo publish` again to go on from here".into()
            })),
        }
    }
}

fn in_backticks(packages: &[PackageId]) -> String {
    packages.iter().map(|package| format!("`{package}`")).collect::<Vec<_>>().join(", ")
}

fn held_instead(versions: &[UncommittedVersion]) -> String {
    let one = |UncommittedVersion { package, version, committed }: &UncommittedVersion| match committed {
        Some(committed) => format!("`{package}` {version}, but {committed}"),
        None => format!("`{package}` {version}"),
    };
    versions.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn dependencies(missing: &[(PackageId, PackageId)]) -> String {
    missing.iter().map(|(package, needed)| format!("`{package}` on `{needed}`")).collect::<Vec<_>>().join(", ")
}

fn circle(packages: &[PackageId]) -> String {
    let closed = packages.iter().chain(packages.first());
    closed.map(|package| format!("`{package}`")).collect::<Vec<_>>().join(" → ")
}
