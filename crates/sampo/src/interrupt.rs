//! Ctrl-C and SIGTERM: the first ends the run in good order, the second at once.

use anstream::eprintln;
use tokio_util::sync::CancellationToken;

use crate::exit::{INTERRUPTED, WARNING};

/// A token that the first signal fires. A second signal ends the process.
pub fn token() -> CancellationToken {
    let token = CancellationToken::new();
    let fired = token.clone();
    tokio::spawn(async move {
        signal().await;
        eprintln!("{WARNING}interrupted:{WARNING:#} finishing what is under way; once more to stop at once");
        fired.cancel();
        signal().await;
        std::process::exit(INTERRUPTED.into());
    });
    token
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
