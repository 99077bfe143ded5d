//! A repository that Sampo looks after: its root, its configuration and its packages, read once.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::environment::Environment;
use crate::error::{PathError, SampoError};
use crate::git::Git;
use crate::workspace::{Workspace, find_root};

/// Everything that a command needs to know before it begins.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `.sampo/`, absolute.
    pub root: PathBuf,
    /// The configuration, checked.
    pub config: Config,
    /// The packages.
    pub workspace: Workspace,
    /// The environment variables of the run.
    pub environment: Environment,
}

impl Project {
    /// Reads the repository that `folder` belongs to.
    pub async fn open(folder: &Path, environment: Environment) -> Result<Self, SampoError> {
        let folder = std::path::absolute(folder).map_err(PathError::new("find", folder))?;
        let root = find_root(&folder)?;
        let config = Config::load(&root)?;
        let workspace = Workspace::discover(&root).await?;
        Ok(Self { root, config, workspace, environment })
    }

    /// Git in the root.
    pub fn git(&self) -> Git {
        Git::new(&self.root)
    }
}
