//! Whole releases of a repository that fail at every step of their writing, and are killed at every step.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use sampo_testkit::Repo;

use super::*;
use crate::environment::Environment;
use crate::event::Silent;
use crate::prerelease;
use crate::project::Project;
use crate::release;

/// A crate and two npm packages with changelogs and lock files, one of which has had a pre-release.
fn repository() -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a", "1.0.0", "")])
        .write("package.json", "{ \"workspaces\": [\"npm/*\"] }\n")
        .write("npm/b/package.json", "{ \"name\": \"b\", \"version\": \"1.1.0-rc\" }\n")
        .write(
            "npm/c/package.json",
            "{ \"name\": \"c\", \"version\": \"1.0.0\", \"dependencies\": { \"b\": \"1.1.0-rc\" } }\n",
        )
        .write("npm/b/CHANGELOG.md", "# b\n\n## 1.1.0-rc\n\n### Minor changes\n\n- Kept.\n")
        .write(".sampo/prerelease/kept.md", "---\nnpm/b: minor\n---\n\nKept.\n")
        .write(".sampo/changesets/all.md", "---\ncargo/a: minor\nnpm/b: patch\n---\n\nNew.\n")
        .write(".sampo/changesets/one.md", "---\nnpm/c: minor\n---\n\nMore.\n");
    repo.commit("first");
    repo
}

async fn project(repo: &Repo) -> Project {
    Project::open(repo.root(), Environment::default(), &Silent).await.unwrap()
}

async fn planned(repo: &Repo) -> Vec<Change> {
    release::plan(&project(repo).await, DateTime::<Utc>::UNIX_EPOCH).await.unwrap().changes().to_vec()
}

/// Every file but those of git, with its text.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if !entry.is_dir() {
            let text = fs::read_to_string(&entry).unwrap();
            found.insert(entry, text);
        } else if !entry.ends_with(".git") {
            found.extend(files(&entry));
        }
    }
    found
}

fn reset(repo: &Repo) {
    repo.git(&["reset", "--quiet", "--hard"]);
    repo.git(&["clean", "--quiet", "--force", "-d", "-x"]);
}

/// Makes `changes` with an obstacle at each step in turn, until no step is left; `check` looks at each outcome.
fn at_every_step(repo: &Repo, changes: &[Change], hit: impl Fn() -> io::Result<()>, check: impl Fn(usize)) -> usize {
    for step in 0.. {
        let count = Cell::new(0);
        let obstacle = || if count.replace(count.get() + 1) == step { hit() } else { Ok(()) };
        let _ = catch_unwind(AssertUnwindSafe(|| apply_with(repo.root(), changes, &obstacle)));
        if count.get() <= step {
            return step;
        }
        check(step);
        reset(repo);
    }
    unreachable!("a release has an end")
}

#[tokio::test]
async fn a_release_that_fails_or_is_killed_at_any_step_is_taken_back_or_whole_and_the_next_one_completes_it() {
    let repo = repository();
    let before = files(repo.root());
    let changes = planned(&repo).await;
    apply(repo.root(), &changes).unwrap();
    let after = files(repo.root());
    assert!(changes.len() >= 8, "{changes:?}");
    assert!(planned(&repo).await.is_empty(), "nothing is left to release");
    reset(&repo);

    let full = || Err(io::ErrorKind::StorageFull.into());
    let steps = at_every_step(&repo, &changes, full, |step| assert_eq!(files(repo.root()), before, "full at {step}"));
    assert!(steps > 2 * changes.len(), "every file is staged, and then put in its place");
    reset(&repo);

    let wholes = Cell::new(0);
    let killed = || std::panic::resume_unwind(Box::new("killed"));
    let killings = at_every_step(&repo, &changes, killed, |step| {
        let left = recover(repo.root()).unwrap();
        let found = files(repo.root());
        if left == Some(Left::Whole) {
            wholes.set(wholes.get() + 1);
            assert_eq!(found, after, "killed at {step}");
        } else {
            assert_eq!(found, before, "killed at {step}");
            apply(repo.root(), &changes).unwrap();
            assert_eq!(files(repo.root()), after, "killed at {step}");
        }
    });
    assert_eq!((killings, wholes.get()), (steps, 2), "whole once every file is in its place");
}

#[tokio::test]
async fn entering_a_pre_release_that_fails_at_any_step_leaves_everything_as_it_was() {
    let repo = repository();
    let before = files(repo.root());
    let project = project(&repo).await;
    let everybody: Vec<_> = project.workspace.packages.iter().map(|package| package.id.clone()).collect();
    let plan = prerelease::enter(&project, &"beta".parse().unwrap(), &everybody).unwrap();
    assert_eq!(plan.restored, 1, "another label brings back what was kept");
    let full = || Err(io::ErrorKind::StorageFull.into());
    at_every_step(&repo, plan.changes(), full, |step| assert_eq!(files(repo.root()), before, "full at {step}"));
    assert_ne!(files(repo.root()), before);
}

#[tokio::test]
async fn a_manifest_that_turns_bad_before_it_is_written_stops_the_release_and_stays() {
    let repo = repository();
    let changes = planned(&repo).await;
    for change in changes.iter().filter(|change| change.before.is_some()) {
        fs::write(&change.path, "[broken").unwrap();
        let before = files(repo.root());
        assert_eq!(apply(repo.root(), &changes).unwrap_err().code(), "plan-stale");
        assert_eq!(files(repo.root()), before);
        reset(&repo);
    }
}
