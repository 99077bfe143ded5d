//! The mode `auto` from the noted change to the tag: what waits is prepared, what was merged is published.

#[path = "scene/workflow.rs"]
#[expect(dead_code, reason = "shared with the tests of pull requests")]
mod workflow;

use workflow::{PLAIN, Project};

const ADDED: &str = "---\ncargo/core: minor\n---\n\nAdded `--fast`.\n";

#[test]
fn a_merged_pull_request_is_published_and_then_nothing_is_left_to_do() {
    let project = Project::new(PLAIN, &[("core", "1.0.0")]);
    project.note("added", ADDED);
    project.job(0).succeed();
    assert_eq!(project.origin(&["tag"]), "");
    project.merge();

    let ended = project.job(0).with("dry-run", "true").succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("false", "false"));
    assert_eq!(project.origin(&["tag"]), "");

    let ended = project.job(0).succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("false", "true"), "{}", ended.log);
    assert_eq!(project.origin(&["tag"]), "core-v1.1.0");
    assert_eq!(project.origin(&["rev-parse", "core-v1.1.0^{commit}"]), project.origin(&["rev-parse", "main"]));

    let ended = project.job(0).succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("false", "false"), "{}", ended.log);
    assert_eq!(project.github.pulls().len(), 1);
}

#[test]
fn a_release_that_was_squashed_or_rebased_is_published_like_a_merged_one() {
    let project = Project::new(PLAIN, &[("core", "1.0.0")]);
    let squash: &[&[&str]] =
        &[&["merge", "--quiet", "--squash", "PULL"], &["commit", "--quiet", "--message", "Release (main) (#1)"]];
    let rebase: &[&[&str]] = &[&["cherry-pick", "PULL"]];
    for (number, way) in [squash, rebase].into_iter().enumerate() {
        project.note(&format!("added-{number}"), ADDED);
        // The branch of the last one still stands, on a commit that was never merged as it was.
        let ended = project.job(1).succeed();
        assert!(!ended.log.contains("::warning"), "{}", ended.log);
        project.repo.write("meanwhile", number.to_string());
        project.push("something else");
        project.merge_by(way);
        let ended = project.job(1).succeed();
        assert_eq!((ended.output("released"), ended.output("published")), ("false", "true"), "{}", ended.log);
        let tag = format!("core-v1.{}.0", number + 1);
        assert_eq!(
            project.origin(&["rev-parse", &format!("{tag}^{{commit}}")]),
            project.origin(&["rev-parse", "main"])
        );
    }
    assert_eq!(project.origin(&["tag"]), "core-v1.1.0\ncore-v1.2.0");
}

#[test]
fn what_was_merged_too_early_is_published_by_the_mode_publish() {
    let project = Project::new(PLAIN, &[("core", "1.0.0")]);
    project.note("added", ADDED);
    project.job(0).succeed();
    project.note("late", ADDED);
    project.merge();
    // Another change waits, which comes first.
    let ended = project.job(0).succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("true", "false"), "{}", ended.log);
    assert!(project.pull().body.unwrap().contains("## core 1.1.0 -> 1.2.0"));
    project.job(0).with("command", "publish").succeed();
    assert_eq!(project.origin(&["tag"]), "core-v1.1.0");
}

#[test]
fn a_base_that_was_released_meanwhile_is_left_and_so_is_the_checkout() {
    // Without a configuration the folder `.sampo` goes with the last changeset.
    let project = Project::new("", &[("core", "1.0.0")]);
    project.repo.git(&["rm", "--quiet", "--force", ".sampo/config.toml"]);
    project.note("added", ADDED);
    let late = project.job(0);
    let before = late.state();
    project.job(0).succeed();
    project.merge();
    let ended = late.succeed();
    assert!(ended.log.contains("nothing to release: `main` has no folder `.sampo`"), "{}", ended.log);
    assert_eq!(ended.output("released"), "false");
    assert_eq!(late.state(), before);
}

#[test]
fn a_pre_release_is_published_while_the_pull_request_that_ends_it_waits() {
    let project = Project::new(PLAIN, &[("core", "1.0.0-beta")]);
    project.note("added", ADDED);
    project.job(0).succeed();
    let pulls = project.github.pulls();
    project.github.close_pull(pulls[1].number);
    project.merge();
    let ended = project.job(0).succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("true", "true"), "{}", ended.log);
    assert_eq!(project.origin(&["tag"]), "core-v1.1.0-beta");
    // Without more changes its pull request is the one to merge next.
    let pull = project.pull();
    assert_eq!(pull.head, "stabilize/main");
    assert!(pull.body.unwrap().contains("## core 1.1.0-beta -> 1.1.0\n\n### Minor changes\n\n- Added `--fast`.\n"));
    project.merge();
    let ended = project.job(0).succeed();
    assert_eq!((ended.output("released"), ended.output("published")), ("false", "true"), "{}", ended.log);
    assert_eq!(project.origin(&["tag"]), "core-v1.1.0\ncore-v1.1.0-beta");
}

#[test]
fn credentials_are_only_needed_for_what_there_is_to_do() {
    let project = Project::new(PLAIN, &[("core", "1.0.0-beta")]);
    // In a pre-release, with nothing noted since.
    let ended = project.job(0).variable("GITHUB_TOKEN", "").variable("GITHUB_REPOSITORY", "").run();
    assert!(!ended.log.contains("pull request"), "{}", ended.log);
    assert_eq!(project.origin(&["tag"]), "core-v1.0.0-beta", "{}", ended.log);
}

#[test]
fn a_pull_request_without_anything_left_to_release_is_told_of_and_left() {
    let project = Project::new(PLAIN, &[("core", "1.0.0")]);
    project.note("added", ADDED);
    project.job(0).succeed();
    project.repo.git(&["revert", "--no-edit", "HEAD"]);
    project.push("nothing more");
    let ended = project.job(0).succeed();
    let number = project.pull().number;
    let warning = format!("::warning::nothing is left to release for the open pull request #{number}");
    assert!(ended.log.contains(&warning), "{}", ended.log);
    assert_eq!(ended.output("released"), "false");
    assert_eq!(project.origin(&["rev-list", "--count", "main..release/main"]), "1");
    // A run at an older commit knows nothing of what was noted since.
    let late = project.job(0);
    project.note("again", ADDED);
    let ended = late.succeed();
    assert!(!ended.log.contains("::warning"), "{}", ended.log);
}

#[test]
fn only_release_branches_are_released_from() {
    let project = Project::new(PLAIN, &[("core", "1.0.0")]);
    project.note("added", ADDED);
    let ended = project.job(0).variable("GITHUB_REF_NAME", "feature").run();
    assert_eq!(ended.code, 1);
    assert!(ended.log.contains("`feature` is not a release branch"), "{}", ended.log);
    assert!(project.github.requests().is_empty());
}
