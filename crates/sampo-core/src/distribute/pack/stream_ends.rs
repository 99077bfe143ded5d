//! The two ends of packing: an input that is read once and must not change meanwhile, and an output that is digested
//! as it is written.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::PackError;
use crate::distribute::checksum::Digest;
use crate::error::PathError;

/// A file to pack, of which exactly as many bytes are read as it had when it was opened.
pub(super) struct Input<'a> {
    path: PathBuf,
    file: File,
    length: u64,
    left: u64,
    cancellation: &'a CancellationToken,
}

impl<'a> Input<'a> {
    pub(super) fn open(path: &Path, cancellation: &'a CancellationToken) -> Result<Self, PathError> {
        let file = File::open(path).map_err(PathError::new("read", path))?;
        let length = file.metadata().map_err(PathError::new("read", path))?.len();
        Ok(Self { path: path.to_owned(), file, length, left: length, cancellation })
    }

    /// Its length when it was opened.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What reading it came to: an error, also if there was less to read, or more, than at first.
    pub(super) fn finish<T>(mut self, outcome: io::Result<T>) -> Result<T, PackError> {
        if self.cancellation.is_cancelled() {
            return Err(PackError::Cancelled);
        }
        let value = outcome.map_err(PathError::new("pack", &self.path))?;
        let grew = self.file.read(&mut [0]).map_err(PathError::new("read", &self.path))? > 0;
        if grew || self.left > 0 {
            return Err(PackError::Changed { path: self.path });
        }
        Ok(value)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancellation.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.file.read(&mut buffer[..wanted])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Digests and counts what is written through it.
pub(super) struct Output<W> {
    inner: W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Output<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// What was written to, and the digest and number of the bytes that went there.
    pub(super) fn finish(self) -> (W, Digest, u64) {
        let digest: [u8; 32] = self.hasher.finalize().into();
        (self.inner, Digest::from(digest), self.bytes)
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
