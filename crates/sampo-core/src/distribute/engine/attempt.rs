//! One request to a backend, tried until it succeeds, cannot, or may no longer.

use std::future::Future;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use rand::RngExt;

use super::Destination;
use super::brake::cancelled;
use super::run::{Permit, Run};
use crate::distribute::backend::{BackendError, Progress};
use crate::distribute::retry::{self, Next, RetryPolicy};
use crate::event::{DeliveryLabel, Event};

/// How often a running attempt is looked at.
const WATCH: Duration = Duration::from_millis(200);
/// How long a running attempt may go on after the run was cancelled.
const GRACE: Duration = Duration::from_secs(10);

/// What an attempt needs to know of the run.
#[derive(Clone, Copy)]
pub(in crate::distribute) struct Attempts<'a> {
    pub destination: &'a Destination,
    pub run: &'a Run<'a>,
    pub label: DeliveryLabel<'a>,
}

impl Attempts<'_> {
    /// Calls `request` until it succeeds or trying again is over; also tells how many attempts there were.
    pub async fn run<T, F>(&self, mut request: impl FnMut() -> F) -> (u32, Result<T, BackendError>)
    where
        F: Future<Output = Result<T, BackendError>>,
    {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.once(request()).await {
                Ok(value) => return (attempt, Ok(value)),
                Err(error) => error,
            };
            if let Err(error) = self.pause(attempt, error).await {
                return (attempt, Err(error));
            }
        }
    }

    /// One attempt, as soon as there is a place for it. Its backend bounds its own waits: only who sends something
    /// can tell progress from a standstill.
    pub async fn once<T>(&self, request: impl Future<Output = Result<T, BackendError>>) -> Result<T, BackendError> {
        let _permit = self.permit().await;
        self.run.brake.check()?;
        tokio::select! {
            result = request => result,
            () = self.end_of_grace() => Err(cancelled()),
        }
    }

    /// A place, once the destination takes requests: a rate limit holds back everybody, not only who met it.
    async fn permit(&self) -> Permit<'_> {
        loop {
            let permit = self.run.permit(self.destination).await;
            let wait = self.destination.backend.asks_to_wait();
            // A wait that is too long is not waited for: the request then fails, and says why.
            let Some(wait) = wait.filter(|wait| *wait <= self.destination.max_wait) else { return permit };
            drop(permit);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.run.brake.pulled() => return self.run.permit(self.destination).await,
            }
        }
    }

    async fn end_of_grace(&self) {
        self.run.brake.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    /// One attempt that sends `bytes`, given up once it stands still.
    pub async fn watched<T>(
        &self,
        request: impl Future<Output = Result<T, BackendError>>,
        progress: &Progress,
        bytes: u64,
    ) -> Result<T, BackendError> {
        self.once(async {
            self.run.options.reporter.report(Event::DeliveryStarted { delivery: self.label, bytes });
            tokio::select! {
                result = request => result,
                error = self.standstill(progress, bytes) => Err(error),
            }
        })
        .await
    }

    /// Ends when nothing has moved for the stall timeout; reports what moves until then.
    async fn standstill(&self, progress: &Progress, bytes: u64) -> BackendError {
        let stall = self.destination.stall_timeout;
        let mut still = Stillness::default();
        loop {
            tokio::time::sleep(WATCH.min(stall)).await;
            let idle = still.after(progress.movements());
            if idle >= stall {
                let message = format!("no progress for {}", humantime::format_duration(stall));
                return BackendError::transient("stalled", message);
            }
            if bytes > 0 && idle.is_zero() {
                let sent = progress.sent();
                self.run.options.reporter.report(Event::DeliveryProgress { delivery: self.label, sent, total: bytes });
            }
        }
    }

    /// Waits for the next attempt, or gives `error` back if there is none.
    pub async fn pause(&self, attempt: u32, error: BackendError) -> Result<(), BackendError> {
        let Destination { retries, max_wait, .. } = *self.destination;
        let policy = RetryPolicy { retries, backoff: self.run.options.pace.backoff, max_wait };
        let jitter = rand::rng().random_range(0.0..=1.0);
        match retry::after(error.retry, attempt, &policy, jitter) {
            Next::GiveUp => Err(error),
            Next::TooLong(wait) => {
                // A report may be read much later: it says when, not how long from now.
                let time = (Utc::now() + wait).to_rfc3339_opts(SecondsFormat::Secs, true);
                let wait = humantime::format_duration(Duration::from_secs(wait.as_secs()));
                let hint = format!("try again in {wait} (at {time}), or allow longer waits with `max_wait`");
                Err(error.with_hint(hint))
            }
            Next::Wait(wait) => {
                let reason = &error.message;
                tracing::trace!(item = self.label.item, code = error.code, attempt, ?wait, "waiting");
                self.run.options.reporter.report(Event::Retrying { delivery: self.label, attempt, wait, reason });
                tokio::select! {
                    () = tokio::time::sleep(wait) => Ok(()),
                    () = self.run.brake.pulled() => Err(error),
                }
            }
        }
    }
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
