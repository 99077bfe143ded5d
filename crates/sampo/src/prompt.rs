//! Questions on the terminal.

use std::io::{self, IsTerminal};

use inquire::InquireError;

/// The user left a question without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cancelled: nothing was written")]
pub struct Cancelled;

/// Whether somebody sits there to answer.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The answer to a question; [`Cancelled`] after Escape or Ctrl-C.
pub fn answer<T>(asked: Result<T, InquireError>) -> anyhow::Result<T> {
    asked.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Cancelled.into(),
        error => error.into(),
    })
}
