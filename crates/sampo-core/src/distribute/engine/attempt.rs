//! One request to a backend, tried until it succeeds, cannot, or may no longer.

use std::future::Future;
use std::time::Duration;

use rand::RngExt;
use tokio_util::sync::CancellationToken;

use super::{Destination, Options};
use crate::distribute::backend::{BackendError, Progress, Retry};
use crate::distribute::retry::{self, Next, RetryPolicy};
use crate::event::{DeliveryLabel, Event};

/// How often a running attempt is looked at.
const WATCH: Duration = Duration::from_millis(200);
/// How long a running attempt may go on after the run was cancelled.
const GRACE: Duration = Duration::from_secs(10);

/// The code of everything that a cancelled run did not do.
pub(super) const CANCELLED: &str = "cancelled";

/// What an attempt needs to know of the run.
#[derive(Clone, Copy)]
pub(super) struct Attempts<'a> {
    pub destination: &'a Destination,
    pub options: &'a Options,
    pub label: DeliveryLabel<'a>,
}

impl Attempts<'_> {
    /// Calls `request` until it succeeds or trying again is over; also tells how many attempts there were.
    pub async fn run<T, F>(&self, mut request: impl FnMut(Progress) -> F) -> (u32, Result<T, BackendError>)
    where
        F: Future<Output = Result<T, BackendError>>,
    {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let progress = Progress::default();
            let result = self.watched(request(progress.clone()), &progress, 0).await;
            let error = match result {
                Ok(value) => return (attempt, Ok(value)),
                Err(error) => error,
            };
            if let Err(error) = self.pause(attempt, error).await {
                return (attempt, Err(error));
            }
        }
    }

    /// Waits for the next attempt, or gives `error` back if there is none.
    pub async fn pause(&self, attempt: u32, error: BackendError) -> Result<(), BackendError> {
        let Destination { retries, max_wait, .. } = *self.destination;
        let policy = RetryPolicy { retries, backoff: self.options.pace.backoff, max_wait };
        let jitter = rand::rng().random_range(0.0..=1.0);
        match retry::after(error.retry, attempt, &policy, jitter) {
            Next::GiveUp => Err(error),
            Next::TooLong(wait) => {
                let wait = humantime::format_duration(Duration::from_secs(wait.as_secs()));
                let hint = format!("try again in {wait}, or allow longer waits with `max_wait`");
                Err(error.with_hint(hint))
            }
            Next::Wait(wait) => {
                let reason = &error.message;
                self.options.reporter.report(Event::Retrying { delivery: self.label, attempt, wait, reason });
                tokio::select! {
                    () = tokio::time::sleep(wait) => Ok(()),
                    () = self.options.cancellation.cancelled() => Err(error),
                }
            }
        }
    }

    /// Ends an attempt that makes no progress, or that goes on for too long after the run was cancelled.
    /// `bytes` is what there is to send, for the progress events; 0 for none.
    pub async fn watched<T>(
        &self,
        request: impl Future<Output = Result<T, BackendError>>,
        progress: &Progress,
        bytes: u64,
    ) -> Result<T, BackendError> {
        tokio::pin!(request);
        let stall = self.destination.stall_timeout;
        let mut still = Stillness::default();
        let given_up = grace_after(&self.options.cancellation);
        tokio::pin!(given_up);
        loop {
            tokio::select! {
                result = &mut request => return result,
                () = &mut given_up => return Err(cancelled()),
                () = tokio::time::sleep(WATCH.min(stall)) => {}
            }
            let idle = still.after(progress.movements());
            if idle >= stall {
                let message = format!("no progress for {}", humantime::format_duration(stall));
                return Err(BackendError::transient("stalled", message));
            }
            if bytes > 0 && idle.is_zero() {
                let sent = progress.sent();
                self.options.reporter.report(Event::DeliveryProgress { delivery: self.label, sent, total: bytes });
            }
        }
    }
}

/// The failure of what a cancelled run did not do.
pub(super) fn cancelled() -> BackendError {
    BackendError::new(CANCELLED, "the run was cancelled before this was done").with_retry(Retry::Later)
}

async fn grace_after(cancellation: &CancellationToken) {
    cancellation.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// How long a counter has not moved.
struct Stillness {
    movements: u64,
    since: tokio::time::Instant,
}

impl Default for Stillness {
    fn default() -> Self {
        Self { movements: 0, since: tokio::time::Instant::now() }
    }
}

impl Stillness {
    fn after(&mut self, movements: u64) -> Duration {
        if movements != self.movements {
            self.movements = movements;
            self.since = tokio::time::Instant::now();
            return Duration::ZERO;
        }
        self.since.elapsed()
    }
}
