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
    NoRepository {
        /// The host of the remote `origin`, if there is one.
        host: Option<String>,
    },
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
        /// The file, below the top folder.
        path: PathBuf,
        /// A file that would be free, if any may be chosen.
        free: Option<String>,
    },
    /// A workflow releases already, and ours would do it again beside it.
    #[error("`{}` releases already, and delivers nothing", path.display())]
    Releases {
        /// The file, below the top folder.
        path: PathBuf,
    },
    /// A pipeline would have to be in another folder than the workspace, which this one cannot.
    #[error("a pipeline of GitLab is written for the top folder of a repository, and `.sampo` is in `{folder}`")]
    BelowTop {
        /// The folder, below the top one.
        folder: String,
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
            Self::NoRepository { .. } => "repository-unknown",
            Self::Misspelt { .. } => "target-misspelt",
            Self::Occupied { .. } | Self::Releases { .. } => "workflow-exists",
            Self::BelowTop { .. } => "workspace-below-top",
            Self::WorkflowName(_) => "workflow-name",
            Self::Backend { .. } | Self::Toml { .. } => "config-invalid",
            Self::Io(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPrograms { packages } => {
                let package = packages.first().map(ToString::to_string).unwrap_or_default();
                // As TOML has it between quotes.
                let package = package.escape_debug();
                let others = if packages.len() > 1 { " (or another package)" } else { "" };
                format!(
                    "does something else build them? Then name the package{others} and its files: `--package {package} \
                     --artifacts 'dist/*-{{{{ target }}}}/*' --build COMMAND`; or write it into `.sampo/config.toml`:\n\n\
                     [distribute.packages.\"{package}\"]\nbuild = \"COMMAND {{{{ target }}}}\"\n\
                     artifacts = [\"dist/*-{{{{ target }}}}/*\"]"
                )
            }
            Self::NoRepository { host } => {
                let origin = match host {
                    Some(host) => format!(
                        "the remote `origin` is at `{host}`: if that is GitHub Enterprise, set \
                         `GITHUB_SERVER_URL=https://{host}`"
                    ),
                    None => "add the remote `origin`".to_owned(),
                };
                format!(
                    "{origin}; or name one with `--repository OWNER/NAME`, or deliver to something else, such as \
                     `--backend directory`"
                )
            }
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
            Self::Releases { path } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!(
                    "`--workflow {name} --force` replaces it (with `--dry-run` it shows how); or `--ci none`, and add \
                     the jobs `build` and `distribute` to it: see docs/ci.md"
                )
            }
            Self::BelowTop { folder } => {
                format!("`--ci none` writes none; write it by hand, with `cd {folder}` before each `sampo`")
            }
            Self::WorkflowName(_) => "name a file such as `sampo.yml`: it is written to `.github/workflows`".into(),
            Self::Backend { hint, .. } => return hint.clone(),
            Self::Toml { .. } | Self::Io(_) => return None,
        })
    }
}
