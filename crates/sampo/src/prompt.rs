//! Questions on the terminal.

use std::io::{self, IsTerminal};

use inquire::InquireError;
use sampo_core::SampoError;
use sampo_core::error::Diagnose;

/// The user left a question without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cancelled: nothing was written")]
pub struct Cancelled;

/// There is nobody to ask for what is missing on the command line.
#[derive(Debug, thiserror::Error)]
#[error("there is no terminal to ask on")]
struct NobodyToAsk {
    missing: Vec<&'static str>,
}

impl Diagnose for NobodyToAsk {
    fn code(&self) -> &'static str {
        "terminal-missing"
    }

    fn hint(&self) -> Option<String> {
        Some(format!("give {} on the command line", self.missing.join(", ")))
    }
}

/// Whether somebody sits there to answer.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Fails if something is missing on the command line and nobody can be asked for it.
pub fn check(missing: &[&'static str]) -> Result<(), SampoError> {
    let is_possible = missing.is_empty() || can_ask();
    if is_possible { Ok(()) } else { Err(NobodyToAsk { missing: missing.to_vec() }.into()) }
}

/// The answer to a question; [`Cancelled`] after Escape or Ctrl-C.
pub fn answer<T>(asked: Result<T, InquireError>) -> anyhow::Result<T> {
    asked.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Cancelled.into(),
        error => error.into(),
    })
}
