//! The time of a run, which `SOURCE_DATE_EPOCH` may fix, so that the same input gives the same files on any day.

use chrono::{DateTime, Utc};

use crate::environment::Environment;
use crate::error::Diagnose;

const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The variable holds no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{VARIABLE}` is `{0}`, which is no number of seconds since 1970-01-01")]
pub struct ClockError(String);

impl Diagnose for ClockError {
    fn code(&self) -> &'static str {
        "environment-invalid"
    }

    fn hint(&self) -> Option<String> {
        Some(format!("set it to a number, such as that of `date +%s`, or unset it: `unset {VARIABLE}`"))
    }
}

/// The time in `SOURCE_DATE_EPOCH`, in seconds since 1970-01-01 UTC, else that of the machine.
pub fn now(environment: &Environment) -> Result<DateTime<Utc>, ClockError> {
    let Some(text) = environment.get(VARIABLE) else { return Ok(Utc::now()) };
    let time = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.ok_or_else(|| ClockError(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_fixes_the_time_and_is_refused_if_it_holds_none() {
        let at = |text: &str| now(&[(VARIABLE, text)].into_iter().collect());
        assert_eq!(at("1795348800").unwrap().to_rfc3339(), "2026-11-22T12:00:00+00:00");
        for text in ["yesterday", "1e9", "99999999999999999"] {
            assert_eq!(at(text).unwrap_err().code(), "environment-invalid");
        }
    }
}
