//! Lock files: the entries of the workspace's own packages follow, without a run of a package manager.
//!
//! A release changes no other entry. So no network, no cache and no tool is needed, and nothing else is resolved anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use semver::Version;

use super::files::NewVersions;
use super::json::Json;
use crate::workspace::WorkspaceError;
use crate::workspace::files::Read;

mod bun;
mod npm;
mod pnpm;
mod yarn;

/// The folders of the workspace, `""` for its root, with the new versions of those that move.
pub(super) type Folders<'a> = HashMap<String, Option<&'a Version>>;

/// The lock file of one package manager.
#[derive(Debug)]
pub(super) struct Lockfile {
    path: PathBuf,
    text: String,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Npm(Json),
    Pnpm,
    Yarn,
    Bun(Json),
    /// The old format of Bun, which only Bun can read.
    Binary,
}

/// The names of lock files, in the order in which they tell the package manager.
pub(super) const NAMES: [&str; 6] =
    ["pnpm-lock.yaml", "bun.lock", "bun.lockb", "yarn.lock", "package-lock.json", "npm-shrinkwrap.json"];

/// Every lock file at `root`.
pub(super) fn read(root: &Path, read: Read<'_>) -> Result<Vec<Lockfile>, WorkspaceError> {
    let mut lockfiles = Vec::new();
    for name in NAMES {
        let path = root.join(name);
        if name == "bun.lockb" {
            // The text format stands beside it while a repository changes over, and counts then.
            if path.is_file() && !root.join("bun.lock").is_file() {
                lockfiles.push(Lockfile { path, text: String::new(), format: Format::Binary });
            }
            continue;
        }
        let Some(text) = read(&path)? else { continue };
        let json = |text: &str| {
            let invalid = |error: super::json::JsonError| error.to_string();
            Json::parse(text)
                .map_err(|error| WorkspaceError::PackageJson { path: path.clone(), message: invalid(error) })
        };
        let format = match name {
            "pnpm-lock.yaml" => Format::Pnpm,
            "yarn.lock" => Format::Yarn,
            "bun.lock" => Format::Bun(json(&text)?),
            _ => Format::Npm(json(&text)?),
        };
        lockfiles.push(Lockfile { path, text, format });
    }
    Ok(lockfiles)
}

impl Lockfile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The new text once packages have moved; none if it cannot be changed here.
    pub(super) fn moved(&self, folders: &Folders<'_>, versions: &NewVersions<'_>) -> Option<String> {
        match &self.format {
            Format::Npm(json) => Some(npm::edits(json, folders, versions).apply(&self.text)),
            Format::Pnpm => Some(pnpm::edits(&self.text, folders, versions).apply(&self.text)),
            Format::Yarn => Some(yarn::moved(&self.text, folders, versions)),
            Format::Bun(json) => Some(bun::edits(json, folders, versions).apply(&self.text)),
            Format::Binary => None,
        }
    }

    /// What the user must do by hand, with the command.
    pub(super) fn remark(&self) -> Option<(String, Option<String>)> {
        matches!(self.format, Format::Binary).then(|| {
            let message = "`bun.lockb` cannot be brought up to date here".to_owned();
            (
                message,
                Some(
                    "run `bun install --lockfile-only`; with `--save-text-lockfile` it becomes `bun.lock`, which can"
                        .into(),
                ),
            )
        })
    }
}
