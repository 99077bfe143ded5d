//! One run at a time changes what stands on a shelf, where the file system has locks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::work::Stop;

/// Stays where it is: a lock on a file that others may remove would be none.
pub(super) const FILE_NAME: &str = ".sampo-lock";

/// How long between two attempts. Waiting for a lock cannot be given up, trying again can.
const POLL: Duration = Duration::from_millis(5);

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Waits for the lock on `folder`. Where there are no locks there is none to wait for.
    pub fn on(folder: &Path, stop: &Stop) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).open(folder.join(FILE_NAME)).ok();
        if let Some(file) = &file {
            while let Err(TryLockError::WouldBlock) = file.try_lock() {
                stop.check()?;
                std::thread::sleep(POLL);
            }
        }
        Ok(Self { _file: file })
    }
}
