//! A temporary worktree: the files of a commit to work on, while the user's checkout, index and branch stay untouched.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{GITHUB_ACTIONS, Git, GitError};
use crate::error::PathError;
use crate::process::Command;

/// Below the folder that all worktrees of a repository share. A fixed place: what a killed run has left is found there.
const FOLDER: &str = "sampo/worktree";
const LOCK: &str = "sampo/lock";
/// Never made, so that there are no hooks in it.
const NO_HOOKS: &str = "sampo/no-hooks";

/// The files of a commit in a folder of their own, with a detached HEAD. No hooks are run.
#[derive(Debug)]
pub struct Worktree {
    folder: PathBuf,
    /// The folder that all worktrees share.
    common: PathBuf,
    home: Git,
    _lock: File,
}

impl Git {
    /// Does `work` in a temporary worktree of `commit`, which is gone afterwards, whatever the outcome. If the work is
    /// dropped, the next one cleans up.
    pub async fn in_worktree<T, E: From<GitError>>(
        &self,
        commit: &str,
        work: impl AsyncFnOnce(&Worktree) -> Result<T, E>,
    ) -> Result<T, E> {
        let worktree = Worktree::add(self, commit).await?;
        let outcome = work(&worktree).await;
        let removed = worktree.remove().await;
        let value = outcome?;
        removed?;
        Ok(value)
    }

    /// The path of this folder within its repository, with a slash at its end; empty at the top.
    pub async fn prefix(&self) -> Result<String, GitError> {
        self.query(&["rev-parse", "--show-prefix"], "find the top folder of the repository").await
    }

    /// The hash of what all files of `commit` are; none if there is no such commit.
    pub async fn tree_of(&self, commit: &str) -> Result<Option<String>, GitError> {
        let tree = format!("{commit}^{{tree}}");
        let output = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &tree]).await;
        let output = output.map_err(super::failed("read a revision"))?;
        Ok(output.status.success().then(|| output.stdout.trim().to_owned()))
    }
}

impl Worktree {
    async fn add(git: &Git, commit: &str) -> Result<Self, GitError> {
        let action = "find the folder of the repository";
        let common = git.query(&["rev-parse", "--path-format=absolute", "--git-common-dir"], action).await?;
        let common = PathBuf::from(common);
        let folder = common.join(FOLDER);
        let lock = lock(&common)?;
        let worktree = Self { folder, common, home: git.clone(), _lock: lock };
        worktree.remove().await?;
        let folder = worktree.folder.to_string_lossy().into_owned();
        let arguments = ["worktree", "add", "--quiet", "--force", "--detach", "--end-of-options", &folder, commit];
        let output = worktree.hookless(git, &arguments).run().await;
        match git.succeeded(output, "check out a temporary worktree") {
            Ok(_) => Ok(worktree),
            Err(error) => {
                // Half a worktree is none; that it could not be made is the news.
                let _ = worktree.remove().await;
                Err(error)
            }
        }
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Git in this worktree.
    pub fn git(&self) -> Git {
        Git::new(&self.folder)
    }

    /// Takes `paths` as they are now into the index; the hash of what all files then are.
    pub async fn stage(&self, paths: &[PathBuf]) -> Result<String, GitError> {
        let list = self.common.join("sampo/paths");
        let text: String = paths.iter().map(|path| format!("{}\0", path.to_string_lossy())).collect();
        // A command line has no room for the files of a large workspace.
        crate::atomic::write(&list, text)?;
        let source = format!("--pathspec-from-file={}", list.to_string_lossy());
        let options = ["--literal-pathspecs", "add", "--all", "--force", "--pathspec-file-nul", &source];
        let git = self.git();
        let added = git.query(&options, "stage the files of the release").await;
        let _ = fs::remove_file(&list);
        added?;
        git.query(&["write-tree"], "stage the files of the release").await
    }

    /// Commits what is staged, in the name of whom the user names, else of the bot of workflows; its full hash.
    pub async fn commit(&self, message: &str) -> Result<String, GitError> {
        let git = self.git().assuming(GITHUB_ACTIONS).await?;
        let command = self.hookless(&git, &["commit", "--quiet", "--no-verify", "--message", message]);
        git.succeeded(command.run().await, "commit the release")?;
        git.head().await
    }

    async fn remove(&self) -> Result<(), GitError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(PathError::new("remove", &self.folder)(error).into());
            }
            _ => {}
        }
        // Whatever is known of worktrees whose folders are gone goes too.
        self.home.query(&["worktree", "prune", "--expire=now"], "remove the temporary worktree").await.map(drop)
    }

    /// A git command without time limit (signing may ask somebody), without the user's hooks, and without downloads of
    /// large files that no release touches.
    fn hookless(&self, git: &Git, arguments: &[&str]) -> Command {
        let hooks = format!("core.hooksPath={}", self.common.join(NO_HOOKS).to_string_lossy());
        let arguments: Vec<&str> = ["-c", &hooks].iter().chain(arguments).copied().collect();
        git.patient_command(&arguments).env("GIT_LFS_SKIP_SMUDGE", "1")
    }
}

/// Held as long as the file is open, and freed by the system if the process ends.
fn lock(common: &Path) -> Result<File, GitError> {
    let path = common.join(LOCK);
    let failed = || PathError::new("lock", &path);
    fs::create_dir_all(common.join("sampo")).map_err(failed())?;
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path).map_err(failed())?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(GitError::Busy { folder: common.to_owned() }),
        // Where there are no locks, there is nothing to wait for.
        _ => Ok(file),
    }
}

#[cfg(test)]
#[path = "worktree_tests.rs"]
mod tests;
