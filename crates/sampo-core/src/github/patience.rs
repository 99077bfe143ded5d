//! Asking again where that can help, and after which wait: for what is good to have, and not worth a long one.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::error::GithubError;
use super::{Call, Github};

/// How often a question is asked.
const ATTEMPTS: u32 = 3;
/// The wait after the first failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Whoever asks for a longer wait is not asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Github {
    /// Sends `call`, which only asks, again after a failure that may pass, and reads its answer.
    pub async fn fetch_patiently<T: DeserializeOwned>(&self, call: &Call) -> Result<T, GithubError> {
        let mut attempt = 1;
        loop {
            match self.fetch(call.clone()).await {
                Err(error) => match wait(&error, attempt) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(error),
                },
                answer => return answer,
            }
            attempt += 1;
        }
    }
}

/// How long to wait after the failure of attempt number `attempt`, from 1; none if it was the last one.
pub(crate) fn wait(error: &GithubError, attempt: u32) -> Option<Duration> {
    match error {
        GithubError::RateLimited { wait, .. } => (attempt < ATTEMPTS && *wait <= LONGEST_WAIT).then_some(*wait),
        error if error.is_ambiguous() => wait_after(attempt),
        _ => None,
    }
}

/// The same after a failure of which it is known that it may pass.
pub(crate) fn wait_after(attempt: u32) -> Option<Duration> {
    (attempt < ATTEMPTS).then(|| FIRST_WAIT * (1 << (attempt - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_soon_is_worth_another_question() {
        let network = || GithubError::Network { action: "look".into(), reason: "no route".into() };
        let limited = |seconds| GithubError::RateLimited {
            action: "look".into(),
            message: "slow down".into(),
            wait: Duration::from_secs(seconds),
            is_named: true,
        };
        let unknown = GithubError::NotFound { action: "look".into(), message: String::new(), variable: None };
        let table = [
            (network(), 1, Some(Duration::from_millis(250))),
            (network(), 2, Some(Duration::from_millis(500))),
            (network(), 3, None),
            (limited(2), 1, Some(Duration::from_secs(2))),
            (limited(60), 1, None),
            (unknown, 1, None),
        ];
        for (error, attempt, expected) in table {
            assert_eq!(wait(&error, attempt), expected, "{error} {attempt}");
        }
    }
}
