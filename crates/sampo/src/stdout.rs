//! Results on standard output: a full disk is an error, a reader that has seen enough is none.

use std::io::{self, Write};

use anyhow::Context;

/// Prints `text` and a line break.
pub fn print_line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    let mut stream = anstream::stdout().lock();
    match writeln!(stream, "{text}").and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
