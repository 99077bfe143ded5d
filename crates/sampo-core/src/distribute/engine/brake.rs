//! What keeps a run from starting anything new: it was cancelled, or something failed and that is to end it.

use tokio_util::sync::CancellationToken;

use super::Options;
use crate::distribute::backend::{BackendError, Retry};

/// The code of everything that a cancelled run did not do.
pub(super) const CANCELLED: &str = "cancelled";
/// The code of everything that was not begun because something else had failed.
pub(super) const NOT_STARTED: &str = "not-started";

/// One for each run.
pub(super) struct Brake {
    cancellation: CancellationToken,
    failure: CancellationToken,
    fail_fast: bool,
}

impl Brake {
    /// A dry run looks at everything, whatever it finds.
    pub fn new(options: &Options) -> Self {
        let fail_fast = options.fail_fast && !options.dry_run;
        Self { cancellation: options.cancellation.clone(), failure: CancellationToken::new(), fail_fast }
    }

    /// Something failed for good.
    pub fn note_failure(&self) {
        if self.fail_fast {
            self.failure.cancel();
        }
    }

    /// Fails if nothing new may be started.
    pub fn check(&self) -> Result<(), BackendError> {
        match () {
            () if self.cancellation.is_cancelled() => Err(cancelled()),
            () if self.failure.is_cancelled() => Err(not_started()),
            () => Ok(()),
        }
    }

    /// Ends once nothing new may be started.
    pub async fn pulled(&self) {
        tokio::select! {
            () = self.cancellation.cancelled() => {}
            () = self.failure.cancelled() => {}
        }
    }

    /// Ends once the run was cancelled: then even what is under way is to end soon.
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }
}

/// The failure of what a cancelled run did not do.
pub(super) fn cancelled() -> BackendError {
    BackendError::new(CANCELLED, "the run was cancelled before this was done").with_retry(Retry::Later)
}

fn not_started() -> BackendError {
    BackendError::new(NOT_STARTED, "something else failed first").with_retry(Retry::Later)
}
