use sampo_testkit::Repo;

use super::*;
use crate::error::Diagnose;

/// A repository with uncommitted work, and its first commit.
fn scene() -> (Repo, String) {
    let repo = Repo::new();
    repo.write("a", "1").write("sub/b", "1").write(".gitignore", "ignored\n");
    let first = repo.commit("first");
    repo.write("a", "2").commit("second");
    repo.write("a", "uncommitted").write("new", "untracked");
    (repo, first)
}

/// All that must be as before: the branch, the index, the files, the worktrees, and every reference.
fn state(repo: &Repo) -> String {
    let asked = [&["status", "--porcelain=v2", "--branch"][..], &["worktree", "list"], &["for-each-ref"]];
    asked.map(|arguments| repo.git(arguments)).join("\n") + &repo.read("a")
}

#[tokio::test]
async fn work_is_done_beside_the_checkout_which_does_not_notice() {
    let (repo, first) = scene();
    // Hooks of the user are not for us.
    repo.write(".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n")
        .write(".git/hooks/post-commit", "#!/bin/sh\nexit 1\n");
    repo.run("chmod", &["+x", ".git/hooks/post-checkout", ".git/hooks/post-commit"]);
    let before = state(&repo);
    let git = Git::new(repo.root());
    let work = async |worktree: &Worktree| {
        assert_eq!(fs::read_to_string(worktree.folder().join("a")).unwrap(), "1");
        fs::write(worktree.folder().join("a"), "released").unwrap();
        fs::write(worktree.folder().join("ignored"), "x").unwrap();
        fs::write(worktree.folder().join("stray"), "x").unwrap();
        fs::remove_file(worktree.folder().join("sub/b")).unwrap();
        let tree = worktree.stage(&["a".into(), "sub/b".into(), "ignored".into()]).await?;
        let commit = worktree.commit("release").await?;
        assert_eq!(worktree.git().tree_of(&commit).await?.as_ref(), Some(&tree));
        Ok::<_, GitError>(commit)
    };
    let commit = git.in_worktree(&first, work).await.unwrap();
    assert_eq!(state(&repo), before);
    let files = repo.git(&["diff", "--name-status", &first, &commit]);
    assert_eq!(files, "M\ta\nA\tignored\nD\tsub/b");
    assert!(!repo.exists(".git/sampo/worktree"));
}

#[tokio::test]
async fn nothing_is_left_of_work_that_failed_was_dropped_or_was_killed() {
    let (repo, first) = scene();
    let before = state(&repo);
    let git = Git::new(repo.root());
    let failing = async |_: &Worktree| Err::<(), _>(GitError::NoCommit { folder: "x".into() });
    assert_eq!(git.in_worktree(&first, failing).await.unwrap_err().code(), "git-no-commit");
    assert_eq!(state(&repo), before);

    {
        let endless = async |_: &Worktree| std::future::pending::<Result<(), GitError>>().await;
        let mut dropped = std::pin::pin!(git.in_worktree(&first, endless));
        while !repo.exists(".git/sampo/worktree/a") {
            tokio::select! { _ = &mut dropped => unreachable!(), () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {} }
        }
    }
    assert!(repo.exists(".git/sampo/worktree/a"));
    let fine = async |worktree: &Worktree| Ok::<_, GitError>(fs::read_to_string(worktree.folder().join("a")).unwrap());
    assert_eq!(git.in_worktree(&first, fine).await.unwrap(), "1");
    assert_eq!(state(&repo), before);
}

#[tokio::test]
async fn two_runs_at_a_time_do_not_disturb_one_another() {
    let (repo, first) = scene();
    let git = Git::new(repo.root());
    let outer = async |_: &Worktree| {
        let inner = async |_: &Worktree| Ok::<_, GitError>(());
        assert_eq!(git.in_worktree(&first, inner).await.unwrap_err().code(), "git-worktree-busy");
        Ok::<_, GitError>(())
    };
    git.in_worktree(&first, outer).await.unwrap();
}
