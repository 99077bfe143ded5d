//! The shell that runs what users write as one line.

use std::ffi::OsString;

/// The `sh` of the system.
#[cfg(not(windows))]
pub(super) fn posix_shell() -> OsString {
    "sh".into()
}

/// The `sh` that comes with Git for Windows. A bare `bash` may be that of WSL, which sees other paths.
#[cfg(windows)]
pub(super) fn posix_shell() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.join("git.exe").is_file())
        .flat_map(|folder| [folder.join("../bin/sh.exe"), folder.join("../usr/bin/sh.exe")])
        .find(|shell| shell.is_file())
        .map_or_else(|| "sh".into(), std::path::PathBuf::into_os_string)
}
