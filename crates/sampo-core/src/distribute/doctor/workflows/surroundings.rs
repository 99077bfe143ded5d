//! What a workflow is judged by: the configuration, the other workflows, and the repository's settings.

use std::path::Path;

use super::model::{Job, Workflow};
use crate::config::{BackendTable, Config};
use crate::distribute::backend::BackendType;
use crate::secret::TOKEN_VARIABLES;

/// What a workflow is judged by.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// Where built files are looked for, below the top folder.
    pub artifacts_folder: String,
    /// For each backend that needs a token, its name and the variables of which one must hold it.
    pub tokens: Vec<(String, Vec<String>)>,
    /// Whether the matrix has an entry for each target with all packages.
    pub is_grouped: bool,
    /// Whether a workflow that does not say what it may do may write, if that is known.
    pub may_write: Option<bool>,
}

impl Surroundings {
    /// `prefix` is the workspace's folder in its repository.
    pub fn of(
        config: &Config,
        prefix: &str,
        has_repository: bool,
        workflows: &[Workflow],
        may_write: Option<bool>,
    ) -> Self {
        let scripts = || workflows.iter().flat_map(|workflow| &workflow.jobs).flat_map(Job::scripts);
        let implied = has_repository && config.distribute.backends.is_empty();
        let implied = implied.then(|| ("github".to_owned(), TOKEN_VARIABLES.iter().map(ToString::to_string).collect()));
        let configured = config.distribute.backends.values().map(|table| (table.name().to_owned(), tokens(table)));
        Self {
            artifacts_folder: Path::new(prefix).join(&config.distribute.artifacts_dir).to_string_lossy().into_owned(),
            tokens: configured.chain(implied).filter(|(_, variables)| !variables.is_empty()).collect(),
            is_grouped: scripts().any(|script| script.contains("--group-by")),
            may_write,
        }
    }
}

fn tokens(table: &BackendTable) -> Vec<String> {
    BackendType::find(table).and_then(|kind| (kind.check)(table)).unwrap_or_default()
}

/// Whether these variables hold the token that every workflow has, unless something else is put into them.
pub(super) fn is_usual(variables: &[String]) -> bool {
    variables.iter().any(|variable| TOKEN_VARIABLES.contains(&variable.as_str()))
}
