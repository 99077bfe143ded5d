//! The answers of `sampo distribute init`: what options say, then what somebody says, then what the workspace suggests.

use sampo_core::SampoError;
use sampo_core::config::distribute::ArchiveFormat;
use sampo_core::distribute::setup::{Answers, Ci, NewBackend, Placement, ReadyMade, Setup, Standing};

use super::arguments::{Arguments, Backend};
use super::prompts;
use crate::exit::Usage;

impl Arguments {
    /// What the options say, then what somebody answers; without anybody, what is suggested.
    pub fn answers(&self, setup: &Setup) -> anyhow::Result<Answers> {
        let asks = !self.yes;
        let suggested = setup.suggestion()?;
        let ready_made = match &self.package {
            Some(name) => Some(self.ready_made(setup, name)?),
            None if asks && setup.lacks_programs()? => Some(prompts::ready_made(setup)?),
            None => None,
        };
        let targets = match self.target.as_slice() {
            [] if asks && setup.lacks_targets()? => prompts::targets(&suggested.targets)?,
            [] => suggested.targets,
            targets => targets.to_vec(),
        };
        let archive = match self.archive {
            None if asks && ready_made.is_none() && setup.is_new() => prompts::archive()?,
            archive => archive.map(ArchiveFormat::from),
        };
        let backends = match self.backend.as_slice() {
            [] if asks && setup.lacks_backends() => prompts::backends(setup.repository().is_some())?,
            [] => suggested.backends,
            kinds => self.backends(kinds)?,
        };
        let needs_repository = backends.contains(&NewBackend::GithubRelease) && setup.repository().is_none();
        let repository = match &self.repository {
            None if asks && needs_repository => Some(prompts::repository()?),
            repository => repository.clone(),
        };
        let mut answers = Answers {
            targets,
            backends,
            archive,
            ready_made,
            ci: setup.suggested_ci(repository.as_ref().or(setup.repository())),
            repository,
            placement: Placement { name: self.workflow.clone(), replace: self.force },
            binstall: !self.no_binstall,
        };
        self.add_pipeline(setup, &mut answers, asks)?;
        if asks && !self.binstall && !self.no_binstall {
            answers.binstall = prompts::binstall(&setup.plan(&Answers { ci: Ci::None, ..answers.clone() })?)?;
        }
        Ok(answers)
    }

    fn ready_made(&self, setup: &Setup, name: &str) -> Result<ReadyMade, SampoError> {
        let package = setup.workspace().resolve(name)?.id.clone();
        let artifacts = self.artifacts.clone().unwrap_or_else(|| setup.usual_artifacts(&package));
        Ok(ReadyMade { package, artifacts, build: self.build.clone() })
    }

    fn backends(&self, kinds: &[Backend]) -> anyhow::Result<Vec<NewBackend>> {
        let stray = [("--path", Backend::Directory, &self.path), ("--run", Backend::Command, &self.run)];
        if let Some((option, ..)) = stray.iter().find(|(_, kind, value)| value.is_some() && !kinds.contains(kind)) {
            return Err(Usage(format!("`{option}` belongs to a backend that is not asked for")).into());
        }
        kinds.iter().map(|kind| self.backend(*kind)).collect()
    }

    fn backend(&self, kind: Backend) -> anyhow::Result<NewBackend> {
        Ok(match kind {
            Backend::GithubRelease => NewBackend::GithubRelease,
            Backend::Directory => {
                let path = self.path.clone().unwrap_or_else(|| NewBackend::USUAL_PATH.to_owned());
                NewBackend::Directory { path }
            }
            Backend::Command => match &self.run {
                Some(run) => NewBackend::Command { run: run.clone() },
                None if self.yes => return Err(Usage("`--backend command` needs `--run COMMAND`".into()).into()),
                None => prompts::command()?,
            },
        })
    }

    fn add_pipeline(&self, setup: &Setup, answers: &mut Answers, asks: bool) -> anyhow::Result<()> {
        let is_there = |standing: &Standing| matches!(standing, Standing::Written | Standing::Distributes { .. });
        answers.ci = match self.ci {
            Some(service) => service.into(),
            None if asks && !is_there(&setup.standing(answers.ci, &answers.placement)?) => prompts::ci(answers.ci)?,
            None => answers.ci,
        };
        match setup.standing(answers.ci, &answers.placement)? {
            Standing::Occupied { path, free } if asks && !self.force => {
                prompts::occupied(&path, free, answers)?;
            }
            Standing::Releases { path } if asks && !self.force => prompts::occupied(&path, None, answers)?,
            _ => {}
        }
        Ok(())
    }
}
