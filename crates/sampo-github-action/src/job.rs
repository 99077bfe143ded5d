//! One run of the Action: what it was asked for, and what it leaves to the steps and the people that come after it.

use std::process::ExitCode;
use std::sync::Arc;

use sampo_core::SampoError;
use sampo_core::distribute::{Caller, check_backends};
use sampo_core::error::chain;
use sampo_core::event::Reporter;
use sampo_core::interrupt::{self, Interrupt};
use sampo_core::project::Project;
use sampo_core::release::{branch, recover};

use crate::annotations::{self, Log};
use crate::inputs::Inputs;
use crate::outputs::Outputs;
use crate::summary::Summary;

/// The variable that says to everything that runs from now on which branch the release is made from.
const RELEASE_BRANCH: &str = "SAMPO_RELEASE_BRANCH";

/// One run of the Action.
pub struct Job {
    /// What it was asked for.
    pub inputs: Inputs,
    /// What the next steps are told, also if it fails.
    pub outputs: Outputs,
    /// What people are told on the page of the run.
    pub summary: Summary,
    /// Where events go.
    pub reporter: Arc<dyn Reporter>,
    has_failed: bool,
}

/// How a mode came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself; whatever failed on the way was told with [`Job::fail`].
    Through,
    /// By a signal.
    Interrupted,
}

impl Ending {
    /// That of a mode that did what it could do for `caller`.
    pub fn of(caller: &Caller) -> Self {
        if caller.cancellation.is_cancelled() { Self::Interrupted } else { Self::Through }
    }
}

impl Job {
    /// A run that begins.
    pub fn new(inputs: Inputs) -> Self {
        let (outputs, summary) = (Outputs::default(), Summary::default());
        Self { inputs, outputs, summary, reporter: Arc::new(Log), has_failed: false }
    }

    /// The repository, in good order again if a release was killed.
    pub async fn open(&self) -> anyhow::Result<Project> {
        self.inputs.warn_of_strangers(&*self.reporter);
        // Before anything is done that nobody could be told of.
        Outputs::probe(self.inputs.environment()).map_err(SampoError::from)?;
        let folder = self.inputs.working_directory()?;
        recover(&folder, &*self.reporter)?;
        let project = Project::open(&folder, self.inputs.environment().clone(), &*self.reporter).await?;
        // A backend's mistake is better found by a release than after the tags are pushed.
        check_backends(&project.config).map_err(SampoError::from)?;
        Ok(project)
    }

    /// The same on a branch that releases are made from, which everything that runs from now on is told.
    pub async fn open_for_release(&self) -> anyhow::Result<Project> {
        let mut project = self.open().await?;
        let branch = branch::check(&project.git(), &project.config.git, &project.environment).await;
        project.environment.add(RELEASE_BRANCH, branch.map_err(SampoError::from)?);
        Ok(project)
    }

    /// Somebody who sees what happens, and may interrupt it.
    pub fn attended(&self) -> (Interrupt, Caller) {
        let interrupt = Interrupt::listen(Arc::clone(&self.reporter));
        let caller = Caller { reporter: Arc::clone(&self.reporter), cancellation: interrupt.token() };
        (interrupt, caller)
    }

    /// Tells of a failure that does not keep the rest from being done. The run fails in the end.
    pub fn fail(&mut self, error: &(dyn std::error::Error + 'static), code: Option<&str>, hint: Option<&str>) {
        self.fail_saying(code, &chain(error), hint);
    }

    /// The same for a failure that was put into words before.
    pub fn fail_saying(&mut self, code: Option<&str>, message: &str, hint: Option<&str>) {
        annotations::error(code, message, hint);
        self.summary.add_failure(code, message, hint);
        self.has_failed = true;
    }

    /// The same for an error of core.
    pub fn fail_with(&mut self, error: impl Into<SampoError>) {
        let error = error.into();
        self.fail(&error, Some(error.code()), error.hint().as_deref());
    }

    /// The run fails in the end, for reasons that were told already.
    pub fn mark_as_failed(&mut self) {
        self.has_failed = true;
    }

    /// Tells how it ended, writes what others wait for, and says what the process ends with.
    pub fn end(mut self, ended: anyhow::Result<Ending>) -> ExitCode {
        let ending = match ended {
            Ok(ending) => ending,
            Err(error) => {
                match error.downcast::<SampoError>() {
                    Ok(error) => self.fail_with(error),
                    Err(error) => self.fail(error.as_ref(), None, None),
                }
                Ending::Through
            }
        };
        self.summary.write(self.inputs.environment(), &*self.reporter);
        if let Err(error) = self.outputs.write(self.inputs.environment(), &*self.reporter) {
            self.fail_with(error);
        }
        match ending {
            Ending::Interrupted => ExitCode::from(interrupt::EXIT_CODE),
            Ending::Through if self.has_failed => ExitCode::FAILURE,
            Ending::Through => ExitCode::SUCCESS,
        }
    }
}
