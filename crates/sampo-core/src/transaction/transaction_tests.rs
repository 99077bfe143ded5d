//! Transactions that succeed, fail at every step, and are killed at every step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// One file to be changed, one to be made, one to be removed.
fn changes(folder: &Path) -> Vec<Change> {
    fs::write(folder.join("old"), "1").unwrap();
    fs::write(folder.join("gone"), "1").unwrap();
    let change = |name: &str, before: Option<&str>, after: Option<&str>| Change {
        path: folder.join(name),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    vec![change("old", Some("1"), Some("2")), change("new", None, Some("2")), change("gone", Some("1"), None)]
}

fn texts(changes: &[Change]) -> Vec<Option<String>> {
    changes.iter().map(|change| read(&change.path).unwrap()).collect()
}

fn befores(changes: &[Change]) -> Vec<Option<String>> {
    changes.iter().map(|change| change.before.clone()).collect()
}

fn afters(changes: &[Change]) -> Vec<Option<String>> {
    changes.iter().map(|change| change.after.clone()).collect()
}

/// Whether nothing but the files themselves is left in `folder`.
fn is_tidy(folder: &Path) -> bool {
    let is_own = |name: &str| !name.starts_with(atomic::TEMPORARY_PREFIX) && name != ".release-journal";
    let names = [folder.to_owned(), folder.join(".sampo")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    names.map(|file| file.unwrap().file_name()).all(|name| is_own(&name.to_string_lossy()))
}

/// How many steps a transaction has.
fn steps() -> usize {
    let folder = tempfile::tempdir().unwrap();
    let count = Cell::new(0);
    let counting = || {
        count.set(count.get() + 1);
        Ok(())
    };
    apply_with(folder.path(), &changes(folder.path()), &counting).unwrap();
    count.get()
}

/// An obstacle in the way of some steps, counted from 0.
fn at(is_hit: impl Fn(usize) -> bool, hit: impl Fn() -> io::Result<()>) -> impl Fn() -> io::Result<()> {
    let count = Cell::new(0);
    move || {
        let step = count.replace(count.get() + 1);
        if is_hit(step) { hit() } else { Ok(()) }
    }
}

fn disk_full() -> io::Result<()> {
    Err(io::Error::other("disk full"))
}

fn killed() -> io::Result<()> {
    std::panic::resume_unwind(Box::new("killed"))
}

#[test]
fn files_are_changed_made_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let changes = changes(folder.path());
    apply(folder.path(), &changes).unwrap();
    assert_eq!(texts(&changes), [Some("2".into()), Some("2".into()), None]);
    assert!(is_tidy(folder.path()));
    assert_eq!(recover(folder.path()).unwrap(), None);
}

#[test]
fn a_failure_at_any_step_leaves_every_file_as_it_was() {
    for failing in 0..steps() {
        let folder = tempfile::tempdir().unwrap();
        let changes = changes(folder.path());
        let error = apply_with(folder.path(), &changes, &at(|step| step == failing, disk_full)).unwrap_err();
        assert_eq!(error.code(), "io");
        assert!(chain(&error).ends_with("disk full"), "{error}");
        assert_eq!(texts(&changes), befores(&changes), "failing at {failing}");
        assert!(is_tidy(folder.path()), "failing at {failing}");
    }
}

#[test]
fn a_run_that_is_killed_at_any_step_is_taken_back_by_the_next() {
    for killing in 0..steps() {
        let folder = tempfile::tempdir().unwrap();
        let changes = changes(folder.path());
        let obstacle = at(|step| step == killing, killed);
        catch_unwind(AssertUnwindSafe(|| apply_with(folder.path(), &changes, &obstacle))).unwrap_err();
        let was_whole = texts(&changes) == afters(&changes);
        let left = recover(folder.path()).unwrap();
        let expected = if was_whole { afters(&changes) } else { befores(&changes) };
        assert_eq!(texts(&changes), expected, "killed at {killing}");
        assert_eq!(left == Some(Left::Whole), was_whole, "killed at {killing}");
        assert!(is_tidy(folder.path()), "killed at {killing}");
        assert_eq!(recover(folder.path()).unwrap(), None);
    }
}

#[test]
fn what_could_not_be_put_back_is_named_and_put_back_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let changes = changes(folder.path());
    let last_file = steps() - 3;
    let error = apply_with(folder.path(), &changes, &at(|step| step >= last_file, disk_full)).unwrap_err();
    assert_eq!(error.code(), "half-done");
    assert!(error.to_string().contains("old`: disk full"), "{error}");
    for stage in 0..4 {
        let _ = recover_with(folder.path(), &at(|step| step == stage, disk_full));
    }
    recover(folder.path()).unwrap();
    assert_eq!(texts(&changes), befores(&changes));
    assert!(is_tidy(folder.path()));
}

/// What a run that was killed in the middle leaves.
fn interrupted(folder: &Path) -> Vec<Change> {
    let changes = changes(folder);
    let last_file = steps() - 3;
    let obstacle = at(|step| step == last_file, killed);
    catch_unwind(AssertUnwindSafe(|| apply_with(folder, &changes, &obstacle))).unwrap_err();
    assert_ne!(texts(&changes), befores(&changes));
    changes
}

#[test]
fn files_that_somebody_has_edited_since_are_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let changes = interrupted(folder.path());
    fs::write(&changes[1].path, "edited").unwrap();
    let before = texts(&changes);
    for _ in 0..2 {
        let error = recover(folder.path()).unwrap_err();
        assert_eq!(error.code(), "release-interrupted");
        assert!(error.to_string().contains("new`"), "{error}");
        assert_eq!(texts(&changes), before);
    }
    fs::write(&changes[1].path, "2").unwrap();
    assert_eq!(recover(folder.path()).unwrap(), Some(Left::Half));
    assert_eq!(texts(&changes), befores(&changes));
}

#[test]
fn a_run_that_is_alive_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let changes = changes(folder.path());
    let root = folder.path().to_owned();
    let others = Cell::new(0);
    let looking = || {
        if root.join(journal::PATH).exists() {
            assert_eq!(recover(&root).unwrap_err().code(), "release-under-way");
            others.set(others.get() + 1);
        }
        Ok(())
    };
    apply_with(folder.path(), &changes, &looking).unwrap();
    assert!(others.get() > 3);
    assert_eq!(texts(&changes), afters(&changes));
}

#[test]
fn a_journal_that_is_broken_or_reaches_out_of_the_root_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join(".sampo")).unwrap();
    let victim = place.path().join("victim");
    let entry = |path: &str| {
        format!("{{\"version\":1,\"changes\":[{{\"path\":{path:?},\"before\":\"evil\",\"after\":null}}]}}")
    };
    let table = [
        String::new(),
        "{\"version\":2,\"changes\":[]}".into(),
        entry("../victim"),
        entry(&victim.to_string_lossy()),
        entry("missing/../../victim"),
    ];
    for text in table {
        fs::write(root.join(journal::PATH), &text).unwrap();
        let error = recover(&root).unwrap_err();
        assert_eq!(error.code(), "release-interrupted", "{text}");
        assert!(error.hint().is_some() && !victim.exists(), "{text}");
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let changes = changes(folder.path());
    fs::write(&changes[2].path, "edited").unwrap();
    assert_eq!(apply(folder.path(), &changes).unwrap_err().code(), "plan-stale");
    assert_eq!(texts(&changes), [Some("1".into()), None, Some("edited".into())]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_two_changes_of_one_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut changes = changes(folder.path());
    std::os::unix::fs::symlink("old", folder.path().join("link")).unwrap();
    changes.push(Change { path: folder.path().join("link"), ..changes[0].clone() });
    assert_eq!(apply(folder.path(), &changes).unwrap_err().code(), "same-file");
    assert_eq!(read(&folder.path().join("old")).unwrap().as_deref(), Some("1"));
    apply(folder.path(), &changes[3..]).unwrap();
    assert_eq!(read(&folder.path().join("old")).unwrap().as_deref(), Some("2"));
    assert!(folder.path().join("link").is_symlink());
}
