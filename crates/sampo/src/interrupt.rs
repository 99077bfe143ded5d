//! Ctrl-C and SIGTERM: the first ends the run in good order, the second at once.

use std::io;

use anstream::eprintln;
use tokio_util::sync::CancellationToken;

use crate::exit::{INTERRUPTED, WARNING};

/// A token that the first signal fires, from now on. A second signal ends the process.
pub fn token() -> CancellationToken {
    let token = CancellationToken::new();
    // Without a handler a signal ends the process, as it would have without us.
    let Ok(mut signals) = Signals::new() else { return token };
    let fired = token.clone();
    tokio::spawn(async move {
        signals.next().await;
        eprintln!("{WARNING}interrupted:{WARNING:#} finishing what is under way; once more to stop at once");
        fired.cancel();
        signals.next().await;
        std::process::exit(INTERRUPTED.into());
    });
    token
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
