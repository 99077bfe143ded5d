//! Writing to standard output and standard error, around the bars that may stand there. A result that cannot be written
//! is an error, a remark is not.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::MultiProgress;
use sampo_core::SampoError;
use sampo_core::error::PathError;

/// The bars at the lower end of standard error, if that is a terminal that can draw them. Everything written makes them
/// step aside.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether `--quiet` was given.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on, only results and what may need somebody's attention are written, and no bars are drawn.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether `--quiet` was given.
pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// The place for bars.
pub fn screen() -> &'static MultiProgress {
    &SCREEN
}

/// Writes `text` and a line break to standard output.
pub fn line(text: impl Display) -> Result<(), SampoError> {
    result(format_args!("{text}\n"))
}

/// Writes `text` to standard output as it is. That a reader has enough (`sampo … | head -1`) is no error.
pub fn result(text: impl Display) -> Result<(), SampoError> {
    let written = SCREEN.suspend(|| {
        let mut output = anstream::stdout().lock();
        write!(output, "{text}").and_then(|()| output.flush())
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(PathError::new("write to", "standard output")(error).into())
        }
        _ => Ok(()),
    }
}

/// Writes `text` and a line break to standard error, if that is possible: work under way does not end for want of it.
pub fn remark(text: impl Display) {
    SCREEN.suspend(|| {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    });
}

/// The same for what `--quiet` leaves out.
pub fn note(text: impl Display) {
    if !is_quiet() {
        remark(text);
    }
}

/// Standard error for those who write by themselves.
pub struct Remarks;

impl Write for Remarks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SCREEN.suspend(|| anstream::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
