//! How core fails: typed errors with a stable code, and one box that carries any of them to the caller.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What an error of this crate tells besides its message and its sources.
///
/// Each module declares its own error enum beside the code that raises it and implements this trait, so that
/// a new error touches one file.
pub trait Diagnose: StdError + Send + Sync + 'static {
    /// A stable, documented name such as `artifact-missing`. Scripts and reports rely on it, never on the text.
    fn code(&self) -> &'static str;

    /// What the user can do next, where something sensible can be said.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Any error of this crate: its message, its sources, its [code](Self::code) and its [hint](Self::hint).
pub struct SampoError(Box<dyn Diagnose>);

impl SampoError {
    /// The stable name of what went wrong.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}

impl<E: Diagnose> From<E> for SampoError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Debug for SampoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SampoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for SampoError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// A file or folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct PathError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl PathError {
    /// For `map_err`: names the action (an infinitive such as `read`) and the path that an I/O error lacks.
    pub fn new(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self { action, path, source }
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl Diagnose for PathError {
    fn code(&self) -> &'static str {
        "io"
    }
}

/// `error` and its sources on one line, each text once: `cannot read `x`: permission denied`.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Libraries often repeat their cause in their own message.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_names_each_cause_once() {
        let error = PathError::new("read", "x.toml")(io::Error::other("disk on fire"));
        assert_eq!(chain(&error), "cannot read `x.toml`: disk on fire");
    }

    #[test]
    fn a_boxed_error_keeps_code_and_source() {
        let error = SampoError::from(PathError::new("read", "x.toml")(io::Error::other("disk on fire")));
        assert_eq!(error.code(), "io");
        assert_eq!(chain(&error), "cannot read `x.toml`: disk on fire");
    }
}
