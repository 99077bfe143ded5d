//! What can go wrong with folders, in the words of somebody who may have to mend it.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::distribute::backend::{BackendError, CHANGED_MEANWHILE};
use crate::error::{PathError, chain};
use crate::template::TemplateError;
use crate::workspace::PackageId;

/// A file or folder cannot be read or written.
pub(super) fn failed(error: PathError) -> BackendError {
    let message = chain(&error);
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            BackendError::new("disk-full", message).with_hint("make room; what has arrived is not sent twice")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => BackendError::new("folder-permissions", message)
            .with_hint("whoever runs Sampo needs the right to read and to write there"),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory => {
            BackendError::new("not-a-folder", message).with_hint("move away what stands there, or correct `path`")
        }
        kind if may_pass(kind) => BackendError::transient("io", message),
        _ => BackendError::new("io", message),
    }
}

/// Whether a mounted share may say so now and not the next time.
fn may_pass(kind: ErrorKind) -> bool {
    use ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable,
        NotConnected, ResourceBusy, StaleNetworkFileHandle, TimedOut, WouldBlock,
    };
    matches!(
        kind,
        BrokenPipe
            | ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | ResourceBusy
            | StaleNetworkFileHandle
            | TimedOut
            | WouldBlock
    )
}

/// The folder of a release is something else.
pub(super) fn not_a_folder(path: &Path, what: &str) -> BackendError {
    BackendError::new("not-a-folder", format!("`{}` is {what} and no folder", path.display()))
        .with_hint("move away what stands there, or correct `path`")
}

/// A file of the name of one of ours is not ours, and not ours to overwrite.
pub(super) fn foreign(path: &Path, reason: &dyn std::fmt::Display) -> BackendError {
    BackendError::new("manifest-foreign", format!("`{}` was not written by Sampo: {reason}", path.display()))
        .with_hint("move it away, or give the backend a folder of its own; a run writes it anew")
}

/// A manifest of a version that has not been invented yet.
pub(super) fn too_new(path: &Path, version: u64) -> BackendError {
    let message =
        format!("`{}` has the schema version {version}, which this version of sampo does not know", path.display());
    BackendError::new("manifest-version", message).with_hint("use the version of sampo that wrote it, or a newer one")
}

/// Whether that is a conflict, or a file to be merged with, is for the engine to see in a new survey.
pub(super) fn changed(path: &Path) -> BackendError {
    BackendError::transient(CHANGED_MEANWHILE, format!("another run has changed `{}` meanwhile", path.display()))
}

/// Another run has held the lock for too long.
pub(super) fn busy(folder: &Path) -> BackendError {
    BackendError::transient("folder-busy", format!("another run has kept `{}` locked", folder.display()))
        .with_hint("wait for it to end; if it hangs, end it, which frees the lock")
}

/// Two packages would write one file.
pub(super) fn shared(file: &Path, first: &PackageId, second: &PackageId) -> BackendError {
    let message = format!("`{first}` and `{second}` would overwrite each other's `{}`", file.display());
    BackendError::new("folder-shared", message).with_hint(
        "give each package folders of its own: `path = \"…/{{ crate }}/{{ version }}\"`; with `latest = false` its \
         release folders may stand beside those of others",
    )
}

/// A template cannot be rendered for this very release.
pub(super) fn invalid(error: &TemplateError) -> BackendError {
    BackendError::new("config-invalid", error.to_string())
}

/// Whether nothing stands there.
pub(super) fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_a_name_and_says_whether_it_may_pass() {
        for (kind, code, may_pass) in [
            (ErrorKind::StorageFull, "disk-full", false),
            (ErrorKind::QuotaExceeded, "disk-full", false),
            (ErrorKind::PermissionDenied, "folder-permissions", false),
            (ErrorKind::ReadOnlyFilesystem, "folder-permissions", false),
            (ErrorKind::NotADirectory, "not-a-folder", false),
            (ErrorKind::StaleNetworkFileHandle, "io", true),
            (ErrorKind::TimedOut, "io", true),
            (ErrorKind::InvalidData, "io", false),
        ] {
            let error = failed(PathError::new("write", "/srv/www/x")(kind.into()));
            assert_eq!((error.code, error.is_retryable()), (code, may_pass), "{kind}");
            assert!(error.message.starts_with("cannot write `/srv/www/x`: "), "{error}");
            assert_eq!(error.hint.is_some(), code != "io");
        }
    }
}
