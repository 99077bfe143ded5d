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
    let worktree = git.worktree(&first).await.unwrap();
    assert_eq!(fs::read_to_string(worktree.folder().join("a")).unwrap(), "1");
    fs::write(worktree.folder().join("a"), "released").unwrap();
    fs::write(worktree.folder().join("ignored"), "x").unwrap();
    fs::write(worktree.folder().join("stray"), "x").unwrap();
    fs::remove_file(worktree.folder().join("sub/b")).unwrap();
    let tree = worktree.stage(&["a".into(), "sub/b".into(), "ignored".into()]).await.unwrap();
    let commit = worktree.commit("release").await.unwrap();
    assert_eq!(git.tree_of(&commit).await.unwrap(), Some(tree));
    drop(worktree);
    assert_eq!(state(&repo), before);
    let files = repo.git(&["diff", "--name-status", &first, &commit]);
    assert_eq!(files, "M\ta\nA\tignored\nD\tsub/b");
    assert!(!repo.exists(".git/sampo/target/package/worktree"));
}

#[tokio::test]
async fn what_a_killed_run_has_left_is_removed_and_the_worktrees_of_others_are_not() {
    let (repo, first) = scene();
    let other = repo.outside("others").join("worktree");
    repo.git(&["worktree", "add", "--quiet", "--detach", &other.to_string_lossy(), &first]);
    // One that is on a drive which is not there right now.
    fs::rename(&other, repo.outside("away").join("worktree")).unwrap();
    let before = state(&repo);
    let git = Git::new(repo.root());
    let killed = git.worktree(&first).await.unwrap();
    let (folder, lock) = (killed.folder.clone(), killed._lock.try_clone().unwrap());
    std::mem::forget(killed);
    lock.unlock().unwrap();
    fs::remove_file(folder.join(".git")).unwrap();
    assert_ne!(state(&repo), before);
    drop(git.worktree(&first).await.unwrap());
    assert_eq!(state(&repo), before);
    assert!(!folder.exists());
}

#[tokio::test]
async fn two_runs_at_a_time_do_not_disturb_one_another() {
    let (repo, first) = scene();
    let git = Git::new(repo.root());
    let held = git.worktree(&first).await.unwrap();
    assert_eq!(git.worktree(&first).await.unwrap_err().code(), "git-worktree-busy");
    assert!(held.folder().join("a").exists());
    drop(held);
    git.worktree(&first).await.unwrap();
}
