//! File work apart from the threads that serve the network, which ends soon after nobody waits for it any more.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::distribute::backend::BackendError;

/// Tells file work that it was given up. A thread cannot be stopped from outside, and the process waits for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Fails once the work was given up.
    pub fn check(&self) -> io::Result<()> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(io::Error::other("this was given up")),
            false => Ok(()),
        }
    }

    /// `reader`, which fails once the work was given up.
    pub fn stopping<R: Read>(&self, reader: R) -> impl Read {
        Stopping { reader, stop: self.clone() }
    }
}

struct Stopping<R> {
    reader: R,
    stop: Stop,
}

impl<R: Read> Read for Stopping<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.reader.read(buffer)
    }
}

/// Gives the work up when dropped.
struct GiveUp(Stop);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` on a thread for file work, and gives it up if this future is dropped.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Stop) -> Result<T, BackendError> + Send + 'static,
) -> Result<T, BackendError> {
    let stop = Stop::default();
    let _give_up = GiveUp(stop.clone());
    let ended = tokio::task::spawn_blocking(move || work(&stop)).await;
    ended.unwrap_or_else(|error| Err(BackendError::new("internal", format!("file work ended early: {error}"))))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let (ended, end) = std::sync::mpsc::channel();
        let work = blocking(move |stop| {
            let copied = io::copy(&mut stop.stopping(io::repeat(0)), &mut io::sink());
            ended.send(copied.is_err()).unwrap();
            Ok(())
        });
        tokio::time::timeout(Duration::from_millis(20), work).await.unwrap_err();
        assert!(end.recv_timeout(Duration::from_secs(10)).unwrap());
    }
}
