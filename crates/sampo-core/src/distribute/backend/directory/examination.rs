//! Whether the folders of releases can be made where they are to be, found out without making any.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Directory;
use crate::distribute::backend::Prospect;
use crate::distribute::finding::{Check, Finding};

/// What stands where a folder is to be made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ground {
    /// This folder takes it.
    Open(PathBuf),
    /// This folder does not.
    Closed(PathBuf),
    /// This is no folder.
    Blocked(PathBuf),
}

impl Directory {
    pub(super) fn examination(&self, prospect: &Prospect) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut grounds = BTreeSet::new();
        for release in &prospect.releases {
            match self.folder(release) {
                Ok(folder) => drop(grounds.insert(Ground::of(&folder))),
                Err(error) => findings.push(Finding { fix: error.hint, ..Check::Place.error(error.message) }),
            }
        }
        findings.extend(grounds.iter().map(Ground::finding));
        findings.extend(self.missing_root());
        findings
    }

    /// What is written before the first placeholder of an absolute path is mostly there already, such as a mounted share.
    fn missing_root(&self) -> Option<Finding> {
        let written = self.config.path.source();
        let written = &written[..written.find("{{").unwrap_or(written.len())];
        let root = Path::new(&written[..written.rfind('/')?]);
        if !root.is_absolute() || root.exists() {
            return None;
        }
        let title = format!("`{}` does not exist, and would be made", root.display());
        Some(Check::Place.warning(title).fix("if it is a share, mount it first; if it is right, make the folder"))
    }
}

impl Ground {
    /// What `folder` stands on, or would.
    fn of(folder: &Path) -> Self {
        let there = folder.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
        let there = there.unwrap_or(folder).to_owned();
        match there.metadata() {
            Ok(metadata) if metadata.is_dir() && is_writable(&there) => Self::Open(there),
            Ok(metadata) if metadata.is_dir() => Self::Closed(there),
            _ => Self::Blocked(there),
        }
    }

    fn finding(&self) -> Finding {
        match self {
            Self::Open(folder) => Check::Place.ok(format!("files can be put into `{}`", folder.display())),
            Self::Closed(folder) => {
                let title = format!("nothing can be put into `{}`", folder.display());
                Check::Place.error(title).fix("give yourself the right to write there, or correct `path`")
            }
            Self::Blocked(path) => {
                let title = format!("`{}` is in the way: it is no folder", path.display());
                Check::Place.error(title).fix("move it away, or correct `path`")
            }
        }
    }
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|metadata| !metadata.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribute::finding::Level;

    #[test]
    fn the_nearest_thing_that_is_there_decides() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let of = |path: &str| Ground::of(&folder.path().join(path));
        assert_eq!(of("site/my-cli/1.2.0"), Ground::Open(folder.path().to_owned()));
        assert_eq!(of("file/my-cli/1.2.0"), Ground::Blocked(folder.path().join("file")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
            assert_eq!(of("link/1.2.0"), Ground::Blocked(folder.path().join("link")));
        }
    }

    #[test]
    fn a_folder_that_takes_nothing_is_an_error() {
        let finding = Ground::Closed("/srv/www".into()).finding();
        assert_eq!((finding.level, finding.title.as_str()), (Level::Error, "nothing can be put into `/srv/www`"));
    }
}
