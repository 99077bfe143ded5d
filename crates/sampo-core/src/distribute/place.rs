//! Where a workspace is in its repository: services look for pipelines in the top folder, and nowhere else.

use std::path::{Path, PathBuf};

use crate::git::Git;

/// A workspace's folder within its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The folder of `.sampo`.
    pub root: PathBuf,
    /// The top folder of the repository; outside of one, the root.
    pub top: PathBuf,
    /// The path of the root below the top folder, with forward slashes and one at its end; empty at the top.
    pub prefix: String,
}

impl Place {
    /// Where `root` is. What keeps git from telling is told by whoever needs git.
    pub async fn of(root: &Path, git: &Git) -> Self {
        let prefix = git.prefix().await.unwrap_or_default();
        let top = if prefix.is_empty() { None } else { git.top().await.ok() };
        match top {
            Some(top) => Self { root: root.to_owned(), top, prefix },
            None => Self { root: root.to_owned(), top: root.to_owned(), prefix: String::new() },
        }
    }

    /// The path of `file` in the repository, with forward slashes.
    pub fn name_of(&self, file: &Path) -> String {
        let text = |path: &Path| path.to_string_lossy().replace('\\', "/");
        match (file.strip_prefix(&self.root), file.strip_prefix(&self.top)) {
            (Ok(below), _) => format!("{}{}", self.prefix, text(below)),
            (_, Ok(below)) => text(below),
            _ => text(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use sampo_testkit::Repo;

    use super::*;

    async fn place(repo: &Repo, folder: &str) -> Place {
        let root = repo.path(folder);
        Place::of(&root, &Git::new(&root)).await
    }

    #[tokio::test]
    async fn a_sub_folder_is_told_from_the_top_and_from_no_repository() {
        let repo = Repo::new();
        repo.write("tools/rust/x", "").write("y", "");
        let below = place(&repo, "tools/rust").await;
        assert_eq!(below.prefix, "tools/rust/");
        assert_eq!(below.top.canonicalize().unwrap(), repo.root().canonicalize().unwrap());
        assert_eq!(below.name_of(&below.root.join("a/b")), "tools/rust/a/b");
        assert_eq!(below.name_of(&below.top.join("c/d")), "c/d");
        let top = place(&repo, "").await;
        assert_eq!((top.prefix.as_str(), &top.top), ("", &top.root));
        std::fs::remove_dir_all(repo.path(".git")).unwrap();
        assert_eq!(place(&repo, "tools/rust").await.prefix, "");
    }
}
