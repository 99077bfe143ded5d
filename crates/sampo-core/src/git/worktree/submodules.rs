//! Submodules of a temporary worktree, which git leaves empty: their files are taken from where the checkout has them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Git, GitError, Worktree};

/// How git lists a submodule among the files of a commit, before its hash.
const KIND: &str = "160000 commit ";

impl Worktree {
    /// Fills the folders of the submodules of `commit`, which is checked out here, as far as the checkout of `git` has
    /// them. Nothing is downloaded; what is not there stays empty.
    pub(super) async fn fill_submodules(&self, git: &Git, commit: &str) -> Result<(), GitError> {
        if !has_submodules(&self.folder) {
            return Ok(());
        }
        let top = git.query(&["rev-parse", "--show-toplevel"], "find the top folder of the repository").await?;
        let mut left = vec![(PathBuf::from(top), self.folder.clone(), commit.to_owned())];
        while let Some((from, to, commit)) = left.pop() {
            for (commit, path) in submodules(&Git::new(&from), &commit).await? {
                let (from, to) = (from.join(&path), to.join(&path));
                if self.fill(&from, &to, &commit).await? && has_submodules(&to) {
                    left.push((from, to, commit));
                }
            }
        }
        Ok(())
    }

    /// Makes `to` the files of `commit` of the repository that is checked out at `from`; false if it is not there.
    async fn fill(&self, from: &Path, to: &Path, commit: &str) -> Result<bool, GitError> {
        let git = Git::new(from);
        if !from.join(".git").exists() || git.commit_of(commit).await?.is_none() {
            return Ok(false);
        }
        // An index of its own: that of the submodule belongs to the checkout.
        let index = self.common.join("sampo/index");
        let _ = fs::remove_file(&index);
        let work_tree = format!("--work-tree={}", to.to_string_lossy());
        let command = self.hookless(&git, &[&work_tree, "read-tree", "--reset", "-u", commit]);
        let output = command.env("GIT_INDEX_FILE", &index).run().await;
        let _ = fs::remove_file(&index);
        git.succeeded(output, "take over the files of a submodule")?;
        Ok(true)
    }
}

fn has_submodules(folder: &Path) -> bool {
    folder.join(".gitmodules").is_file()
}

/// The submodules of `commit`: the commit and the path of each.
async fn submodules(git: &Git, commit: &str) -> Result<Vec<(String, String)>, GitError> {
    let command = git.command(&["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit]);
    let output = git.succeeded(command.capture(usize::MAX).run().await, "list the submodules")?;
    let submodule = |line: &str| {
        let (commit, path) = line.strip_prefix(KIND)?.split_once('\t')?;
        Some((commit.to_owned(), path.to_owned()))
    };
    Ok(output.split('\0').filter_map(submodule).collect())
}
