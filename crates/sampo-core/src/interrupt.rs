//! Ctrl-C and SIGTERM: the first ends a run in good order, the second at once.

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::event::{Event, Reporter};

/// The exit code of a run that was interrupted, as shells report it for SIGINT.
pub const EXIT_CODE: u8 = 130;

/// The signals of this process, from the moment of listening on.
#[derive(Debug, Clone)]
pub struct Interrupt {
    first: CancellationToken,
    second: CancellationToken,
}

impl Interrupt {
    /// Listens for signals, which from now on do not end the process by themselves. Needs a Tokio runtime.
    pub fn listen(reporter: Arc<dyn Reporter>) -> Self {
        let interrupt = Self { first: CancellationToken::new(), second: CancellationToken::new() };
        let Self { first, second } = interrupt.clone();
        tokio::spawn(async move {
            signal().await;
            let message = "interrupted: what is under way is finished or given up";
            reporter.report(Event::Warning { message, hint: Some("once more stops at once") });
            first.cancel();
            signal().await;
            second.cancel();
        });
        interrupt
    }

    /// Fires at the first signal.
    pub fn token(&self) -> CancellationToken {
        self.first.clone()
    }

    /// Does `work`, unless a second signal comes: then it is dropped, with the children that it runs.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.second.cancelled() => None,
        }
    }
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
