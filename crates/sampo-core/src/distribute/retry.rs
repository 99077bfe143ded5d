//! Whether to try again, and when: one decision, apart from the waiting.

use std::time::Duration;

use super::backend::Retry;

/// The bounds of trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts may follow the first one.
    pub retries: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub backoff: Duration,
    /// The longest wait; a destination that asks for more is left to a later run.
    pub max_wait: Duration,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait that long, then try again.
    Wait(Duration),
    /// Do not try again in this run.
    GiveUp,
    /// The destination asks for a longer wait than this run allows.
    TooLong(Duration),
}

/// What follows when attempt number `attempt` (from 1) failed. `jitter`, from 0 to 1, spreads simultaneous waits.
pub fn after(retry: Retry, attempt: u32, policy: &RetryPolicy, jitter: f64) -> Next {
    match retry {
        Retry::Never => Next::GiveUp,
        Retry::After(wait) => asked(wait, attempt, policy),
        Retry::AtLeast(wait) => asked(doubled(wait, attempt), attempt, policy),
        Retry::Later if attempt > policy.retries => Next::GiveUp,
        Retry::Later => {
            // Between half and all of it, so that clients that failed together do not return together.
            let wait = doubled(policy.backoff, attempt).min(policy.max_wait);
            Next::Wait(wait.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0))
        }
    }
}

/// The destination says how long: asking sooner only prolongs a ban, so that there is no shorter wait instead.
fn asked(wait: Duration, attempt: u32, policy: &RetryPolicy) -> Next {
    match wait {
        wait if wait > policy.max_wait => Next::TooLong(wait),
        _ if attempt > policy.retries => Next::GiveUp,
        wait => Next::Wait(wait),
    }
}

/// `first`, doubled with each attempt after the first.
fn doubled(first: Duration, attempt: u32) -> Duration {
    first.saturating_mul(1 << attempt.saturating_sub(1).min(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { retries: 4, backoff: Duration::from_secs(1), max_wait: Duration::from_secs(60) };

    #[test]
    fn each_failure_has_one_consequence() {
        let seconds = Duration::from_secs;
        let millis = Duration::from_millis;
        let table = [
            (Retry::Never, 1, 1.0, Next::GiveUp),
            (Retry::Later, 1, 1.0, Next::Wait(seconds(1))),
            (Retry::Later, 1, 0.0, Next::Wait(millis(500))),
            (Retry::Later, 3, 1.0, Next::Wait(seconds(4))),
            (Retry::Later, 4, 0.5, Next::Wait(seconds(6))),
            (Retry::Later, 5, 1.0, Next::GiveUp),
            (Retry::After(seconds(30)), 1, 0.0, Next::Wait(seconds(30))),
            (Retry::After(seconds(30)), 5, 0.0, Next::GiveUp),
            (Retry::After(seconds(61)), 1, 0.0, Next::TooLong(seconds(61))),
            (Retry::After(seconds(61)), 5, 0.0, Next::TooLong(seconds(61))),
            (Retry::AtLeast(seconds(15)), 1, 0.0, Next::Wait(seconds(15))),
            (Retry::AtLeast(seconds(15)), 3, 1.0, Next::Wait(seconds(60))),
            (Retry::AtLeast(seconds(15)), 4, 1.0, Next::TooLong(seconds(120))),
            (Retry::AtLeast(seconds(1)), 5, 0.0, Next::GiveUp),
        ];
        for (retry, attempt, jitter, expected) in table {
            assert_eq!(after(retry, attempt, &POLICY, jitter), expected, "{retry:?} {attempt} {jitter}");
        }
    }

    #[test]
    fn a_wait_never_exceeds_the_longest() {
        let policy = RetryPolicy { retries: u32::MAX, ..POLICY };
        assert_eq!(after(Retry::Later, 1000, &policy, 1.0), Next::Wait(Duration::from_secs(60)));
    }
}
