//! A temporary worktree: the files of a commit to work on, while the user's checkout, index and branch stay untouched.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{GITHUB_ACTIONS, Git, GitError};
use crate::error::PathError;
use crate::process::Command;

/// Below the folder that all worktrees of a repository share. A fixed place: what a killed run has left is found there.
/// Above `target/package` Cargo looks for no workspace, and so never takes the checkout's for that of these files.
const FOLDER: &str = "sampo/target/package/worktree";
const LOCK: &str = "sampo/lock";
/// Never made, so that there are no hooks in it.
const NO_HOOKS: &str = "sampo/no-hooks";

/// The files of a commit in a folder of their own, with a detached HEAD, until this is dropped. No hooks are run.
#[derive(Debug)]
pub struct Worktree {
    folder: PathBuf,
    /// The folder that all worktrees share.
    common: PathBuf,
    _lock: File,
}

impl Git {
    /// A temporary worktree of `commit`. What a run that was killed has left of another one is removed first.
    pub async fn worktree(&self, commit: &str) -> Result<Worktree, GitError> {
        let action = "find the folder of the repository";
        let common = self.query(&["rev-parse", "--path-format=absolute", "--git-common-dir"], action).await?;
        let common = PathBuf::from(common);
        let worktree = Worktree { folder: common.join(FOLDER), _lock: lock(&common)?, common };
        worktree.remove()?;
        let folder = worktree.folder.to_string_lossy();
        let arguments = ["worktree", "add", "--quiet", "--force", "--detach", "--end-of-options", &folder, commit];
        let output = worktree.hookless(self, &arguments).run().await;
        self.succeeded(output, "check out a temporary worktree")?;
        Ok(worktree)
    }

    /// The path of this folder within its repository, with a slash at its end; empty at the top.
    pub async fn prefix(&self) -> Result<String, GitError> {
        self.query(&["rev-parse", "--show-prefix"], "find the top folder of the repository").await
    }

    /// The top folder of this repository's files.
    pub async fn top(&self) -> Result<PathBuf, GitError> {
        let action = "find the top folder of the repository";
        self.query(&["rev-parse", "--show-toplevel"], action).await.map(PathBuf::from)
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
        let added = self.hookless(&git, &options).run().await;
        let _ = fs::remove_file(&list);
        git.succeeded(added, "stage the files of the release")?;
        git.query(&["write-tree"], "stage the files of the release").await
    }

    /// Commits what is staged, in the name of whom the user names, else of the bot of workflows; its full hash.
    pub async fn commit(&self, message: &str) -> Result<String, GitError> {
        let git = self.git().assuming(GITHUB_ACTIONS).await?;
        let command = self.hookless(&git, &["commit", "--quiet", "--no-verify", "--message", message]);
        git.succeeded(command.run().await, "commit the release")?;
        git.head().await
    }

    /// Removes the files, then what git remembers of them.
    fn remove(&self) -> Result<(), PathError> {
        remove_folder(&self.folder)?;
        let known = self.common.join("worktrees");
        for entry in fs::read_dir(&known).into_iter().flatten().flatten() {
            let leads_to = fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
            if Path::new(leads_to.trim()).ends_with(Path::new(FOLDER).join(".git")) {
                remove_folder(&entry.path())?;
            }
        }
        // Git itself removes it with the last worktree.
        let _ = fs::remove_dir(known);
        Ok(())
    }

    /// A git command without time limit (signing may ask somebody), without the user's hooks, and without downloads of
    /// large files that no release touches.
    fn hookless(&self, git: &Git, arguments: &[&str]) -> Command {
        let hooks = format!("core.hooksPath={}", self.common.join(NO_HOOKS).to_string_lossy());
        let arguments: Vec<&str> = ["-c", &hooks].iter().chain(arguments).copied().collect();
        git.patient_command(&arguments).env("GIT_LFS_SKIP_SMUDGE", "1")
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = self.remove();
    }
}

fn remove_folder(folder: &Path) -> Result<(), PathError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(PathError::new("remove", folder)(error)),
        _ => Ok(()),
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
