//! The repository that a command works on.

use std::path::PathBuf;

use sampo_core::SampoError;
use sampo_core::config::Config;
use sampo_core::error::PathError;
use sampo_core::workspace::{Workspace, find_root};

/// The configuration and the packages of the repository around the current folder.
#[derive(Debug)]
pub struct Project {
    /// What `.sampo/config.toml` says.
    pub config: Config,
    /// Its packages.
    pub workspace: Workspace,
}

impl Project {
    /// Finds the root and reads everything in it.
    pub async fn open() -> Result<Self, SampoError> {
        let root = find_root(&current_folder()?)?;
        let config = Config::load(&root)?;
        let workspace = Workspace::discover(&root).await?;
        Ok(Self { config, workspace })
    }
}

/// The folder in which sampo was started.
pub fn current_folder() -> Result<PathBuf, SampoError> {
    Ok(std::env::current_dir().map_err(PathError::new("open", "."))?)
}
