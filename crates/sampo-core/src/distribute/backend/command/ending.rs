//! What it means that a command ended as it did.

use std::process::ExitStatus;

use crate::distribute::backend::{BackendError, Presence};
use crate::error::{Diagnose, chain};
use crate::process::{Output, ProcessError, last_words};
use crate::template::TemplateError;

/// The exit status that means: worth trying again (`EX_TEMPFAIL` of sysexits.h).
const TEMPORARY_FAILURE: i32 = 75;
/// The exit statuses with which a shell says that a program cannot be run, or that there is none.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Whether `run` delivered.
pub(super) fn delivered(output: &Output) -> Result<(), BackendError> {
    if output.status.success() {
        return Ok(());
    }
    let message = format!("the command {}", ending(output));
    Err(match output.status.code() {
        Some(TEMPORARY_FAILURE) => BackendError::transient("command-failed", message),
        Some(NOT_FOUND) => BackendError::new("command-failed", message)
            .with_hint("with this status a shell says that there is no such program: is it installed, and on PATH?"),
        Some(NOT_EXECUTABLE) => BackendError::new("command-failed", message)
            .with_hint("with this status a shell says that it may not run the program: is it executable?"),
        _ => BackendError::new("command-failed", message),
    })
}

/// What `check` says about what is there. A check that did not run says nothing.
pub(super) fn presence(output: &Output) -> Result<Presence, BackendError> {
    let failed = || format!("`check` {}", ending(output));
    match output.status.code() {
        Some(0) => Ok(Presence::Identical),
        Some(TEMPORARY_FAILURE) => Err(BackendError::transient("check-failed", failed())),
        None | Some(NOT_EXECUTABLE | NOT_FOUND) => Err(BackendError::new("check-failed", failed()).with_hint(
            "`check` must end with status 0 if it is there, and with any other one but 75, 126 and 127 if it is not",
        )),
        Some(_) => Ok(Presence::Absent),
    }
}

/// A command that was not run, or not to its end.
pub(super) fn not_run(error: &ProcessError) -> BackendError {
    let (code, message) = (error.code(), chain(error));
    let failure = match error {
        ProcessError::TimedOut { .. } | ProcessError::Cancelled { .. } => BackendError::transient(code, message),
        _ => BackendError::new(code, message),
    };
    BackendError { hint: error.hint(), ..failure }
}

/// A template cannot be rendered for this very artifact.
pub(super) fn invalid(error: TemplateError) -> BackendError {
    BackendError::new("config-invalid", error.to_string())
}

/// How a command ended, and its last words.
fn ending(output: &Output) -> String {
    let ended = status(output.status);
    let said = last_words(&output.stderr, &output.stdout);
    if said.is_empty() { ended } else { format!("{ended}: {said}") }
}

fn status(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with status {code}"),
        None => format!("was ended by a {status}"),
    }
}
