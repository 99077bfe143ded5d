//! Why what was built cannot be delivered.

use semver::Version;

use crate::distribute::platform::PlatformError;
use crate::error::{Diagnose, PathError};
use crate::target::Target;
use crate::template::TemplateError;
use crate::workspace::PackageId;

/// What was built cannot be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// An executable is in none of the places.
    #[error("`{package}` is not built for {target}: looked for {} in {}", quoted(binaries), places.join(", "))]
    Missing {
        /// The package.
        package: PackageId,
        /// The target.
        target: Target,
        /// The file names of its executables.
        binaries: Vec<String>,
        /// Where they were looked for, as people write it, with what is missing there.
        places: Vec<String>,
    },
    /// A glob of ready-made artifacts or files matches nothing.
    #[error("no file of `{package}`{} matches {}", for_target(target.as_ref()), globs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(" or "))]
    NoMatch {
        /// The package.
        package: PackageId,
        /// The target, if they belong to one.
        target: Option<Target>,
        /// The globs, with their values filled in.
        globs: Vec<String>,
    },
    /// Nobody knows which of two packages a file was built from.
    #[error("`{path}` may be a program of `{package}` or of `{other}`: both have one of this name")]
    Ambiguous {
        /// The file.
        path: String,
        /// The package that it was looked for.
        package: PackageId,
        /// The other one.
        other: PackageId,
    },
    /// What is there was built for another version.
    #[error("`{path}` was built for version {found}, not for {expected}")]
    Stale {
        /// The file.
        path: String,
        /// The version that it was built for.
        found: Version,
        /// The version that is released.
        expected: Version,
    },
    /// A file has no content.
    #[error("`{path}` is empty")]
    Empty {
        /// The file.
        path: String,
        /// Whether a build makes it, and not somebody who named it in `files`.
        is_built: bool,
    },
    /// A file lies outside the workspace.
    #[error("`{path}` leads out of the workspace, to `{real}`")]
    Outside {
        /// The file.
        path: String,
        /// Where it really is.
        real: String,
    },
    /// A binary is made for another platform, or is none.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A file cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
    /// A template cannot be rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A glob is none.
    #[error("`{glob}` is not a glob")]
    BadGlob {
        /// The text.
        glob: String,
        /// Why.
        source: glob::PatternError,
    },
    /// A name cannot be a file name everywhere.
    #[error("{origin} would be named `{}`, which cannot be delivered: {reason}", name.escape_debug())]
    BadName {
        /// The name.
        name: String,
        /// What has it.
        origin: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two artifacts of a release have the same name, or names that differ in case only.
    #[error("two artifacts are named `{name}`: {first} and {second}")]
    DuplicateName {
        /// The name.
        name: String,
        /// What has it first.
        first: String,
        /// What has it too.
        second: String,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

fn for_target(target: Option<&Target>) -> String {
    target.map(|target| format!(" for {target}")).unwrap_or_default()
}

impl ResolveError {
    /// Whether nothing at all may be delivered: the configuration is wrong, not one build.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Template(_) | Self::BadGlob { .. } | Self::BadName { .. } | Self::DuplicateName { .. })
    }

    /// Whether a build may help.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NoMatch { .. } | Self::Stale { .. })
    }
}

impl Diagnose for ResolveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::NoMatch { .. } => "artifact-missing",
            Self::Ambiguous { .. } => "artifact-ambiguous",
            Self::Stale { .. } => "artifact-stale",
            Self::Empty { .. } => "artifact-empty",
            Self::Outside { .. } => "artifact-outside",
            Self::Platform(error) => error.code(),
            Self::Io(error) => error.code(),
            Self::Template(_) | Self::BadGlob { .. } => "config-invalid",
            Self::BadName { .. } => "artifact-name",
            Self::DuplicateName { .. } => "artifact-duplicate",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { package, target, .. } => Some(format!(
                "build it with `sampo distribute build --package {} --target {target}`, or give `sampo distribute` the \
                 flag `--build`",
                package.name()
            )),
            Self::NoMatch { .. } => {
                Some("globs start at the root of the workspace; build first, or correct the glob".into())
            }
            Self::Ambiguous { package, .. } => Some(format!(
                "build it with `sampo distribute build --package {}`, which puts it into a folder of the package's own",
                package.name()
            )),
            Self::Empty { is_built: false, .. } => Some("make the file again, or take it out of `files`".into()),
            Self::Stale { .. } | Self::Empty { .. } => Some(
                "build it again with `sampo distribute build`, or give `sampo distribute` the flag `--build`".into(),
            ),
            Self::Outside { .. } => Some("copy the file instead of linking to it".into()),
            Self::Platform(error) => error.hint(),
            Self::Io(error) => error.hint(),
            Self::Template(_) | Self::BadGlob { .. } => None,
            Self::BadName { .. } => Some("change `name` in `[distribute.archive]`, or rename the file".into()),
            Self::DuplicateName { .. } => Some(
                "change `name` in `[distribute.archive]`, or rename a file; names that differ in case only collide too"
                    .into(),
            ),
        }
    }
}
