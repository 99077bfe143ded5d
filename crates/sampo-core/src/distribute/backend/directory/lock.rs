//! One run at a time changes what stands on a shelf, where the file system has locks.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::failure::{busy, failed};
use super::work::Stop;
use crate::distribute::backend::BackendError;
use crate::error::PathError;

/// Stays where it is: a lock on a file that others may remove would be none.
pub(super) const FILE_NAME: &str = ".sampo-lock";

/// How long between two attempts. Waiting for a lock cannot be given up, trying again can.
const POLL: Duration = Duration::from_millis(5);
/// How long to wait for another run: it renames and lists under the lock, and copies nothing.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// Held until it is dropped, and freed by the system if the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Waits for the lock on `folder`. Where there are no locks there is none to wait for.
    pub fn on(folder: &Path, patience: Duration, stop: &Stop) -> Result<Self, BackendError> {
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).open(folder.join(FILE_NAME)).ok();
        let until = Instant::now() + patience;
        if let Some(file) = &file {
            while let Err(TryLockError::WouldBlock) = file.try_lock() {
                stop.check().map_err(|error| failed(PathError::new("lock", folder)(error)))?;
                if Instant::now() > until {
                    return Err(busy(folder));
                }
                std::thread::sleep(POLL);
            }
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_another_run_never_frees_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::on(folder.path(), PATIENCE, &Stop::default()).unwrap();
        let error = Lock::on(folder.path(), Duration::from_millis(20), &Stop::default()).unwrap_err();
        assert_eq!((error.code, error.is_retryable()), ("folder-busy", true));
        drop(held);
        Lock::on(folder.path(), Duration::ZERO, &Stop::default()).unwrap();
    }
}
