//! Which package manager looks after a package.

use std::path::Path;

use semver::Version;

use crate::workspace::npm::json::Json;
use crate::workspace::npm::lockfile;
use crate::workspace::npm::members::MANIFEST;

/// The first Yarn that can rehearse an upload.
pub(super) const YARN_REHEARSES_FROM: Version = Version::new(4, 9, 3);

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    /// Yarn 2 and later.
    Yarn,
    /// Yarn 1.
    YarnClassic,
    Bun,
}

impl Manager {
    /// That of the package in `folder`: the nearest folder that names one in `packageManager` or has a lock file, up to
    /// `root`, else npm.
    pub(super) fn of(root: &Path, folder: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let folders = folder.ancestors().take_while(|folder| folder.starts_with(root));
        folders
            .into_iter()
            .find_map(|folder| Self::named_in(folder, read).or_else(|| Self::locked_in(folder, read)))
            .unwrap_or(Self::Npm)
    }

    fn named_in(folder: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Option<Self> {
        let json = Json::parse(&read(&folder.join(MANIFEST))?).ok()?;
        let (name, version) = json.get("packageManager")?.as_str()?.split_once('@')?;
        match name {
            "npm" => Some(Self::Npm),
            "pnpm" => Some(Self::Pnpm),
            "yarn" if version.starts_with("1.") => Some(Self::YarnClassic),
            "yarn" => Some(Self::Yarn),
            "bun" => Some(Self::Bun),
            _ => None,
        }
    }

    fn locked_in(folder: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Option<Self> {
        let name = lockfile::NAMES.into_iter().find(|name| folder.join(name).is_file())?;
        Some(match name {
            "pnpm-lock.yaml" => Self::Pnpm,
            "bun.lock" | "bun.lockb" => Self::Bun,
            "yarn.lock" => {
                let is_modern = read(&folder.join(name)).is_some_and(|text| text.contains("__metadata:"));
                if is_modern { Self::Yarn } else { Self::YarnClassic }
            }
            _ => Self::Npm,
        })
    }

    /// Whether it writes versions where a manifest has ranges that only the workspace can resolve.
    pub(super) fn replaces_local_ranges(self) -> bool {
        match self {
            Self::Pnpm | Self::Yarn | Self::Bun => true,
            Self::Npm | Self::YarnClassic => false,
        }
    }

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnClassic => "yarn",
            Self::Bun => "bun",
        }
    }

    /// The program to start. On Windows all but Bun are scripts.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Npm if cfg!(windows) => "npm.cmd",
            Self::Pnpm if cfg!(windows) => "pnpm.cmd",
            Self::Yarn | Self::YarnClassic if cfg!(windows) => "yarn.cmd",
            manager => manager.name(),
        }
    }

    /// The first version that can stage for approval.
    pub(super) fn stages_from(self) -> Version {
        match self {
            Self::Npm | Self::Bun => Version::new(11, 15, 0),
            Self::Pnpm => Version::new(11, 3, 0),
            Self::Yarn | Self::YarnClassic => Version::new(4, 16, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_folder_tells_the_manager() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("packages/a");
        fs::create_dir_all(&folder).unwrap();
        let read = |path: &Path| fs::read_to_string(path).ok();
        let manager = || Manager::of(tree.path(), &folder, &read);
        assert_eq!(manager(), Manager::Npm);
        let steps: [(&str, &str, Manager); 9] = [
            ("package-lock.json", "{}", Manager::Npm),
            ("yarn.lock", "# yarn lockfile v1\n", Manager::YarnClassic),
            ("yarn.lock", "__metadata:\n  version: 8\n", Manager::Yarn),
            ("bun.lock", "{}", Manager::Bun),
            ("pnpm-lock.yaml", "", Manager::Pnpm),
            ("package.json", r#"{ "packageManager": "bun@1.3.0" }"#, Manager::Bun),
            ("packages/a/package-lock.json", "{}", Manager::Npm),
            ("packages/a/package.json", r#"{ "packageManager": "yarn@1.22.22" }"#, Manager::YarnClassic),
            ("packages/a/package.json", r#"{ "packageManager": "yarn@4.10.3+sha512.0" }"#, Manager::Yarn),
        ];
        for (path, text, expected) in steps {
            fs::write(tree.path().join(path), text).unwrap();
            assert_eq!(manager(), expected, "{path} {text}");
        }
    }
}
