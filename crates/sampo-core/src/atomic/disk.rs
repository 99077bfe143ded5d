//! Making many files durable: the whole file system at once where the platform can, one by one elsewhere.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Staged, sync_folder};
use crate::error::PathError;

/// How many files are synced at the same time. A file system writes what waits together in one go, so that many take
/// little longer than one.
const AT_ONCE: usize = 16;

/// Fewer files than these are synced one by one: the whole file system may hold much that others have written.
const MANY: usize = 100;

/// The file system of one folder.
#[derive(Debug)]
pub struct Disk {
    whole: Option<whole::FileSystem>,
    many: usize,
}

impl Disk {
    /// That of `folder`. It is to be asked for before the files are written: a failure to write them in the background is
    /// reported to those who looked before.
    pub fn of(folder: &Path) -> Self {
        Self { whole: whole::FileSystem::of(folder), many: MANY }
    }

    /// Makes the contents of all these files durable.
    pub fn sync_files(&self, staged: &[&Staged]) -> Result<(), PathError> {
        self.sync(staged, |staged| &staged.temporary, |staged| staged.sync())
    }

    /// Makes renames in all these folders durable where the platform can.
    pub fn sync_folders(&self, folders: &[&Path]) -> Result<(), PathError> {
        self.sync(folders, |folder| folder, |folder| sync_folder(folder))
    }

    fn sync<T: Copy + Sync>(
        &self,
        items: &[T],
        path: impl Fn(&T) -> &Path,
        sync_one: impl Fn(&T) -> Result<(), PathError> + Sync,
    ) -> Result<(), PathError> {
        // If it fails for whatever reason, perhaps that of somebody else's file, each file tells by itself.
        let synced = self.whole.as_ref().filter(|whole| items.len() >= self.many && whole.sync());
        let is_synced = |item: &T| synced.is_some_and(|whole| whole.holds(path(item)));
        let rest: Vec<T> = items.iter().filter(|item| !is_synced(item)).copied().collect();
        all_at_once(&rest, sync_one)
    }
}

#[cfg(target_os = "linux")]
mod whole {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::Path;

    /// Those that make everything durable that was written before, and report what could not be: ext2 to ext4, XFS and
    /// Btrfs. Others, such as FUSE and overlays, may only pass the data on.
    const TRUSTED: [u32; 3] = [0xEF53, 0x5846_5342, 0x9123_683E];

    /// The first Linux whose `syncfs` reports what could not be written.
    const REPORTING: (u64, u64) = (5, 8);

    /// A file system that can be synced as a whole.
    #[derive(Debug)]
    pub(super) struct FileSystem {
        folder: fs::File,
        device: u64,
    }

    impl FileSystem {
        pub(super) fn of(folder: &Path) -> Option<Self> {
            let folder = fs::File::open(folder).ok()?;
            let kind = rustix::fs::fstatfs(&folder).ok()?.f_type;
            let is_trusted = TRUSTED.iter().any(|trusted| i128::from(*trusted) == i128::from(kind));
            let device = folder.metadata().ok()?.dev();
            (is_trusted && reports_failures()).then_some(Self { folder, device })
        }

        pub(super) fn sync(&self) -> bool {
            rustix::fs::syncfs(&self.folder).is_ok()
        }

        pub(super) fn holds(&self, path: &Path) -> bool {
            fs::symlink_metadata(path).is_ok_and(|metadata| metadata.dev() == self.device)
        }
    }

    fn reports_failures() -> bool {
        let name = rustix::system::uname();
        let release = name.release().to_str().unwrap_or_default();
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= REPORTING
    }
}

#[cfg(not(target_os = "linux"))]
mod whole {
    use super::Path;

    /// No file system is synced as a whole.
    #[derive(Debug)]
    pub(super) enum FileSystem {}

    impl FileSystem {
        pub(super) fn of(_: &Path) -> Option<Self> {
            None
        }

        pub(super) fn sync(&self) -> bool {
            match *self {}
        }

        pub(super) fn holds(&self, _: &Path) -> bool {
            match *self {}
        }
    }
}

/// Does `work` for every item, several at the same time; the first failure of those who met one.
fn all_at_once<T: Sync, E: Send>(items: &[T], work: impl Fn(&T) -> Result<(), E> + Sync) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let take_turns = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..items.len().min(AT_ONCE)).map(|_| scope.spawn(take_turns)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Both ways on every machine whose file system can be synced as a whole.
    fn disks(folder: &Path) -> [Disk; 2] {
        [Disk { whole: None, many: 1 }, Disk { many: 1, ..Disk::of(folder) }]
    }

    #[test]
    fn many_files_are_synced_and_keep_their_contents() {
        let folder = tempfile::tempdir().unwrap();
        for disk in disks(folder.path()) {
            let paths: Vec<_> = (0..40).map(|number| folder.path().join(number.to_string())).collect();
            let staged: Vec<Staged> = paths.iter().map(|path| Staged::new(path, "text").unwrap()).collect();
            disk.sync_files(&staged.iter().collect::<Vec<_>>()).unwrap();
            staged.into_iter().for_each(|staged| drop(staged.commit().unwrap()));
            disk.sync_folders(&[folder.path()]).unwrap();
            assert!(paths.iter().all(|path| fs::read_to_string(path).unwrap() == "text"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_gone_is_named_however_the_others_are_synced() {
        let folder = tempfile::tempdir().unwrap();
        for disk in disks(folder.path()) {
            let staged = ["a", "b"].map(|name| Staged::new(&folder.path().join(name), "text").unwrap());
            fs::remove_file(&staged[1].temporary).unwrap();
            let error = disk.sync_files(&[&staged[0], &staged[1]]).unwrap_err().to_string();
            assert!(error.starts_with("cannot write `") && error.ends_with("b`"), "{error}");
            let error = disk.sync_folders(&[folder.path(), &folder.path().join("gone")]).unwrap_err().to_string();
            assert!(error.starts_with("cannot make durable") && error.ends_with("gone`"), "{error}");
        }
    }
}
