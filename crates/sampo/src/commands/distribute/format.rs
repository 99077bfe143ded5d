//! How what was found is printed: for people or for programs.

use clap::ValueEnum;
use sampo_core::SampoError;

use crate::print;

/// What is printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    Text,
    /// The same as JSON.
    Json,
}

impl Format {
    /// Prints the one that was asked for.
    pub fn print(self, text: impl FnOnce() -> String, json: impl FnOnce() -> String) -> Result<(), SampoError> {
        match self {
            Self::Text => print::result(text()),
            Self::Json => print::line(json()),
        }
    }
}
