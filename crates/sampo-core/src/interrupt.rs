//! Ctrl-C and SIGTERM: the first ends a run in good order, the second at once.

use std::future::Future;
use std::io;
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
        // Without a handler a signal ends the process, as it would have without us.
        let Ok(mut signals) = Signals::new() else { return interrupt };
        let Self { first, second } = interrupt.clone();
        tokio::spawn(async move {
            signals.next().await;
            let message = "interrupted: what is under way is finished or given up";
            reporter.report(Event::Warning { message, hint: Some("once more stops at once") });
            first.cancel();
            signals.next().await;
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
struct Signals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
