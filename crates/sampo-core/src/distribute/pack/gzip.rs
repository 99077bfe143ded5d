//! Gzip, as one member: a header that names no file, time or system, deflate on several threads, and the trailer.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use super::deflate::{Deflate, Threads};

/// Magic number, deflate, no flags, no time, no hint about the level, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Writes what is written to it as a gzip file.
pub(super) struct Gzip<W>(Deflate<W>);

impl<W: Write> Gzip<W> {
    /// A file into `output` that is compressed by so many threads.
    pub fn new(mut output: W, threads: NonZeroUsize) -> io::Result<Self> {
        output.write_all(&HEADER)?;
        Ok(Self(Deflate::new(output, Threads::start(threads)?)))
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<W> {
        let (mut output, sums) = self.0.finish()?;
        output.write_all(&sums.crc.sum().to_le_bytes())?;
        output.write_all(&sums.crc.amount().to_le_bytes())?;
        Ok(output)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
