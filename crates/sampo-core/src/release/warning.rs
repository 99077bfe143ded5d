//! What the user should know of a plan, and is no error.

use super::ranges;

/// Something that is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<(String, Option<String>)> for Warning {
    fn from((message, hint): (String, Option<String>)) -> Self {
        Self { message, hint }
    }
}

impl From<&ranges::UncoveredRange> for Warning {
    fn from(range: &ranges::UncoveredRange) -> Self {
        Self { message: range.to_string(), hint: Some(range.advice.into()) }
    }
}
