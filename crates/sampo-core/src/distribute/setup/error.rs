//! Why nothing can be set up as it was asked for.

use std::path::PathBuf;

use crate::error::{Diagnose, PathError};
use crate::target::Target;
use crate::workspace::PackageId;

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// No package builds a program, and nobody said what else is delivered.
    #[error("no package here builds a program")]
    NoPrograms {
        /// The packages that there are.
        packages: Vec<PackageId>,
    },
    /// Programs are to be delivered to the releases of a repository that nobody named.
    #[error("nothing says which GitHub repository the releases belong to")]
    NoRepository,
    /// A target has most likely been misspelt.
    #[error("`{target}` is a target that few have heard of")]
    Misspelt {
        /// The target.
        target: Target,
        /// A usual one that is spelt nearly like it.
        meant: &'static str,
    },
    /// A backend would not be accepted as it was asked for.
    #[error("a backend of the type `{kind}` cannot be set up: {reason}")]
    Backend {
        /// Its type.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file of the user's is where the pipeline would stand.
    #[error("`{}` is there already, and does something else", path.display())]
    Occupied {
        /// The file, below the root.
        path: PathBuf,
        /// A file that would be free, if any may be chosen.
        free: Option<String>,
    },
    /// What was named is not a file in the folder of workflows.
    #[error("`{0}` is not the name of a workflow file")]
    WorkflowName(String),
    /// A file is not TOML, although others could read it.
    #[error("`{}` is not TOML", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml_edit::TomlError>,
    },
    /// A file could not be read.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl Diagnose for SetupError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoPrograms { .. } => "no-programs",
            Self::NoRepository => "repository-unknown",
            Self::Misspelt { .. } => "target-misspelt",
            Self::Occupied { .. } => "workflow-exists",
            Self::WorkflowName(_) => "workflow-name",
            Self::Backend { .. } | Self::Toml { .. } => "config-invalid",
            Self::Io(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPrograms { packages } => {
                let package = packages.first().map(ToString::to_string).unwrap_or_default();
                let others = if packages.len() > 1 { " (or another package)" } else { "" };
                format!(
                    "does something else build them? Then name the package{others} and its files: `--package {package} \
                     --artifacts 'dist/*-{{{{ target }}}}/*' --build COMMAND`; or write it into `.sampo/config.toml`:\n\n\
                     [distribute.packages.\"{package}\"]\nbuild = \"COMMAND {{{{ target }}}}\"\n\
                     artifacts = [\"dist/*-{{{{ target }}}}/*\"]"
                )
            }
            Self::NoRepository => "add the remote `origin`, name it with `--repository OWNER/NAME`, or deliver to \
                                   something else, such as `--backend directory`"
                .into(),
            Self::Misspelt { target, meant } => {
                format!("did you mean `{meant}`? If not, write `{target}` into `targets` in `.sampo/config.toml`")
            }
            Self::Occupied { free, .. } => {
                let elsewhere = free.as_ref().map(|name| format!("`--workflow {name}` writes a file beside it, "));
                format!(
                    "{}`--force` replaces it (`--force --dry-run` shows how), and `--ci none` writes none",
                    elsewhere.unwrap_or_default()
                )
            }
            Self::WorkflowName(_) => "name a file such as `sampo.yml`: it is written to `.github/workflows`".into(),
            Self::Backend { hint, .. } => return hint.clone(),
            Self::Toml { .. } | Self::Io(_) => return None,
        })
    }
}
