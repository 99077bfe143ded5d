//! Which backend publishes a release on GitHub, once its artifacts have arrived there.

use super::Ground;
use super::backend::github_release::GithubReleaseConfig;
use super::backend::{BackendConfig, BackendContext};
use super::destination::{Taker, takers};
use super::expected::expected;
use super::model::Release;
use crate::error::SampoError;
use crate::project::Project;

/// The backends that deliver to the releases of the repository itself.
pub(crate) struct Publishers<'a> {
    project: &'a Project,
    ground: &'a Ground<'a>,
    known: Vec<Publisher>,
}

/// One of them.
pub(crate) struct Publisher {
    taker: Taker,
    /// How it makes releases.
    pub config: GithubReleaseConfig,
}

impl<'a> Publishers<'a> {
    /// Those that are configured; without any backend, the one that there is then.
    pub fn of(project: &'a Project, ground: &'a Ground<'a>, context: &BackendContext) -> Result<Self, SampoError> {
        let mut known = Vec::new();
        for taker in takers(&project.config, &project.workspace, context, &[])? {
            let config = match project.config.distribute.backends.get(&taker.destination.name) {
                Some(table) if table.kind == GithubReleaseConfig::TYPE => table.own()?,
                Some(_) => continue,
                None => GithubReleaseConfig::default(),
            };
            if config.is_of(context)? {
                known.push(Publisher { taker, config });
            }
        }
        Ok(Self { project, ground, known })
    }

    /// Whether the backend of this name is one of them.
    pub fn include(&self, backend: &str) -> bool {
        self.known.iter().any(|publisher| publisher.name() == backend)
    }

    /// The first one that gets anything of `release`; none if nothing of it is ever delivered to GitHub.
    pub fn of_release(&self, release: &Release) -> Result<Option<&Publisher>, SampoError> {
        let mut participants = self.ground.participants.iter();
        let Some(participant) = participants.find(|participant| *participant.id() == release.package) else {
            return Ok(None);
        };
        for publisher in &self.known {
            let taker = &publisher.taker;
            let takes = taker.takes_from(participant) && taker.takes_version(release);
            if takes && !expected(&self.project.config, taker, participant, release, &participant.targets)?.is_empty() {
                return Ok(Some(publisher));
            }
        }
        Ok(None)
    }
}

impl Publisher {
    /// Its configured name.
    pub fn name(&self) -> &str {
        &self.taker.destination.name
    }
}
