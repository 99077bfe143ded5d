//! Writing to standard output and standard error. A result that cannot be written is an error, a remark is not.

use std::fmt::Display;
use std::io::{self, Write};

use sampo_core::SampoError;
use sampo_core::error::PathError;

/// Writes `text` and a line break to standard output.
pub fn line(text: impl Display) -> Result<(), SampoError> {
    result(format_args!("{text}\n"))
}

/// Writes `text` to standard output as it is. That a reader has enough (`sampo … | head -1`) is no error.
pub fn result(text: impl Display) -> Result<(), SampoError> {
    let mut output = anstream::stdout().lock();
    match write!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(PathError::new("write to", "standard output")(error).into())
        }
        _ => Ok(()),
    }
}

/// Writes `text` and a line break to standard error, if that is possible: work under way does not end for want of it.
pub fn remark(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
