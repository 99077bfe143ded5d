//! The pull requests of the mode `auto`, with a remote repository and a GitHub, from fresh clones as on runners.

#[path = "scene/workflow.rs"]
#[expect(dead_code, reason = "shared with the tests of the mode `auto`")]
mod workflow;

use std::fs;

use sampo_testkit::github::{Access, Answer, Fault};
use serde_json::json;
use workflow::{PLAIN, Project};

const ADDED: &str = "---\ncargo/my-cli: minor\n---\n\nAdded `--fast`.\n";
const FIXED: &str = "---\ncargo/my-lib: patch\n---\n\nFixed a leak.\n";

const BODY: &str = "\
Merging this pull request publishes the versions below. It keeps itself up to date: changes that are noted on main meanwhile are added here.

## my-cli 1.0.0 -> 1.1.0

### Minor changes

- Added `--fast`.
";

fn project() -> Project {
    let project = Project::new(PLAIN, &[("my-cli", "1.0.0"), ("my-lib", "0.3.0")]);
    project.note("added", ADDED);
    project
}

fn commits(project: &Project, branch: &str) -> String {
    project.origin(&["log", "--format=%an <%ae> %cn: %s", &format!("main..{branch}")])
}

#[test]
fn a_noted_change_becomes_a_branch_and_a_pull_request_beside_the_checkout() {
    for depth in [0, 1] {
        let project = project();
        let job = project.job(depth);
        let before = job.state();
        let ended = job.succeed();
        let pull = project.pull();
        assert_eq!(
            (pull.title.as_str(), pull.head.as_str(), pull.base.as_str()),
            ("Release (main)", "release/main", "main")
        );
        assert_eq!(pull.body.as_deref(), Some(BODY));
        let bot = "github-actions[bot]";
        let message = "chore(release): bump versions and changelogs";
        let expected = format!("{bot} <{bot}@users.noreply.github.com> {bot}: {message}");
        assert_eq!(commits(&project, "release/main"), expected);
        let files = project.origin(&["diff", "--name-status", "main", "release/main"]);
        let expected =
            "D\t.sampo/changesets/added.md\nM\tCargo.lock\nA\tcrates/my-cli/CHANGELOG.md\nM\tcrates/my-cli/Cargo.toml";
        assert_eq!(files, expected);
        let changelog = "# my-cli\n\n## 1.1.0 — 2026-01-02\n\n### Minor changes\n\n- Added `--fast`.\n\n";
        assert_eq!(project.file("release/main", "crates/my-cli/CHANGELOG.md").as_deref(), Some(changelog));
        assert_eq!((ended.output("released"), ended.output("published")), ("true", "false"));
        assert!(ended.output("release-plan").contains("\"my-cli-v1.1.0\""), "{}", ended.outputs);
        let page = format!("{}/acme/app/pull/{}", project.github.web_url(), pull.number);
        let line = format!("Pull request [#{} Release (main)]({page}): opened.\n\n## To be released\n", pull.number);
        assert!(ended.summary.starts_with(&line), "{}", ended.summary);
        assert!(ended.summary.contains(" → `1.1.0` |"), "{}", ended.summary);
        assert_eq!(job.state(), before);
        assert!(!job.has_leftovers());
    }
}

#[test]
fn the_second_run_changes_nothing_and_a_new_change_updates_both() {
    let project = project();
    project.job(0).succeed();
    let (head, first) = (project.origin(&["rev-parse", "release/main"]), project.pull());
    project.github.clear_requests();
    for depth in [0, 1] {
        let ended = project.job(depth).succeed();
        assert!(ended.log.contains("the branch `release/main` is up to date"), "{}", ended.log);
        assert_eq!(ended.output("released"), "true");
    }
    assert_eq!(project.origin(&["rev-parse", "release/main"]), head);
    assert!(project.github.writes().is_empty());

    project.note("fixed", FIXED);
    let ended = project.job(1).succeed();
    assert!(ended.log.contains("was overwritten") && !ended.log.contains("::warning"), "{}", ended.log);
    let pull = project.pull();
    assert_eq!(pull.number, first.number);
    let expected = format!("{BODY}\n## my-lib 0.3.0 -> 0.3.1\n\n### Patch changes\n\n- Fixed a leak.\n");
    assert_eq!(pull.body, Some(expected));
    assert_eq!(commits(&project, "release/main").lines().count(), 1);
    // Somebody changed the title: it is put right, and nothing is pushed.
    let head = project.origin(&["rev-parse", "release/main"]);
    let ended = project.job(0).with("pr-title", "Ship it").succeed();
    assert_eq!((project.pull().title.as_str(), project.origin(&["rev-parse", "release/main"])), ("Ship it", head));
    assert!(ended.log.contains("was updated"), "{}", ended.log);
}

#[test]
fn a_dry_run_shows_all_of_it_and_changes_nothing() {
    let project = project();
    for depth in [0, 1] {
        let job = project.job(depth).with("dry-run", "true");
        let before = job.state();
        let ended = job.succeed();
        let shown = [
            "the branch `release/main` would be pushed",
            "the pull request into `main` would be opened",
            "  crates/my-cli/CHANGELOG.md",
            "  Release (main)",
            "  ## my-cli 1.0.0 -> 1.1.0",
            "dry run: nothing was changed",
        ];
        shown.iter().for_each(|text| assert!(ended.log.contains(text), "{text}: {}", ended.log));
        assert_eq!(ended.output("released"), "false");
        assert!(project.github.writes().is_empty());
        assert!(!job.git(&["for-each-ref"]).contains("release"));
        assert_eq!(project.origin(&["branch", "--list", "--format=%(refname:short)"]), "main");
        assert_eq!(job.state(), before);
        assert!(!job.has_leftovers());
    }
}

#[test]
fn a_base_that_moved_on_since_the_checkout_is_what_the_release_builds_on() {
    let project = project();
    let job = project.job(1);
    let tip = project.note("fixed", FIXED);
    job.succeed();
    assert_eq!(project.origin(&["rev-parse", "release/main^"]), tip);
    assert!(project.pull().body.unwrap().contains("Fixed a leak."));
}

#[test]
fn other_branches_and_titles_are_taken_from_the_inputs() {
    let project =
        Project::new(&format!("{PLAIN}[git]\nrelease_branches = ['maintenance/1.x']\n"), &[("my-cli", "1.0.0")]);
    project.note("added", ADDED);
    project.repo.git(&["push", "--quiet", "origin", "main:maintenance/1.x"]);
    project.job(0).with("base-branch", "maintenance/1.x").succeed();
    let pull = project.pull();
    assert_eq!((pull.head.as_str(), pull.base.as_str()), ("release/maintenance-1.x", "maintenance/1.x"));
    assert_eq!(pull.title, "Release (maintenance/1.x)");
    project.github.close_pull(pull.number);
    project.job(0).with("pr_branch", "next").with("pr_title", "Next \"one\" ${{ x }}").succeed();
    assert_eq!((project.pull().head.as_str(), project.pull().title.as_str()), ("next", "Next \"one\" ${{ x }}"));
}

#[test]
fn pre_releases_have_a_branch_of_their_own_and_a_second_pull_request_that_ends_them() {
    let project = Project::new(PLAIN, &[("my-cli", "1.0.0-beta")]);
    project.note("added", ADDED);
    project.job(0).succeed();
    let pulls = project.github.pulls();
    let shown: Vec<_> = pulls.iter().map(|pull| (pull.head.as_str(), pull.title.as_str())).collect();
    assert_eq!(shown, [("pre-release/main", "Pre-release (main)"), ("stabilize/main", "Release stable (main)")]);
    assert!(pulls[1].body.as_ref().unwrap().starts_with("Merging this pull request ends the pre-releases below"));
    assert!(pulls[1].body.as_ref().unwrap().contains("## my-cli 1.0.0-beta -> 1.1.0\n"), "{:?}", pulls[1].body);
    let message = project.origin(&["log", "-1", "--format=%s", "stabilize/main"]);
    assert_eq!(message, "chore(release): stabilize versions and changelogs");
    assert_eq!(project.origin(&["ls-tree", "--name-only", "stabilize/main", ".sampo/"]), ".sampo/config.toml");
}

#[test]
fn a_pull_request_that_somebody_closed_is_followed_by_another_one() {
    let project = project();
    project.job(0).succeed();
    let (first, head) = (project.pull(), project.origin(&["rev-parse", "release/main"]));
    project.github.close_pull(first.number);
    project.job(0).succeed();
    assert_ne!(project.pull().number, first.number);
    assert_eq!(project.origin(&["rev-parse", "release/main"]), head);
}

#[test]
fn a_crate_that_the_workspace_around_it_leaves_out_is_released() {
    let project = Project::new(PLAIN, &[("other", "1.0.0")]);
    project.repo.write("Cargo.toml", "[workspace]\nmembers = ['crates/*']\nexclude = ['sub']\n");
    let manifest = "[package]\nname = 'my-cli'\nversion = '1.0.0'\nedition = '2024'\npublish = false\n";
    project.repo.write("sub/Cargo.toml", manifest).write("sub/src/lib.rs", "");
    project.repo.write("sub/.sampo/config.toml", PLAIN).write("sub/.sampo/changesets/added.md", ADDED);
    project.push("a crate of its own");
    let job = project.job(1);
    let folder = job.folder.join("sub").to_string_lossy().into_owned();
    job.with("working-directory", &folder).succeed();
    assert_eq!(project.pull().body.as_deref(), Some(BODY));
}

#[test]
fn commits_of_others_on_the_branch_are_overwritten_with_a_warning() {
    let project = project();
    project.job(0).succeed();
    project.repo.git(&["fetch", "--quiet", "origin", "release/main"]);
    project.repo.git(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
    project.repo.write("mine", "x");
    let mine = project.repo.commit("my own work");
    project.repo.git(&["push", "--quiet", "origin", "HEAD:refs/heads/release/main"]);
    project.repo.git(&["checkout", "--quiet", "main"]);
    let ended = project.job(1).succeed();
    let warning = format!("::warning::commits of others on the branch `release/main` are overwritten: {}", &mine[..7]);
    assert!(ended.log.contains(&warning), "{}", ended.log);
    assert_eq!(commits(&project, "release/main").lines().count(), 1);
}

#[test]
fn a_thank_you_is_a_link_and_what_people_write_stays_within_its_item() {
    let project = Project::new(
        "[packages]\nfixed = [['my-cli', 'a', 'b']]\n[changelog]\nautomatic_entries = 'collapse'\n",
        &[("my-cli", "1.0.0"), ("a", "1.0.0"), ("b", "1.0.0")],
    );
    let text = "---\ncargo/my-cli: minor\n---\n\nFor @everyone: </details><!-- `<b>`\n";
    let commit = project.note("hostile", text);
    project.github.add_commit(&commit, Some("aino")).add_contributor("aino", 1);
    project.job(1).succeed();
    let (short, url) = (&commit[..7], format!("https://github.com/acme/app/commit/{commit}"));
    let thanks = "Thanks [@aino](https://github.com/aino) for your first contribution 🎉!";
    let expected = format!(
        "## my-cli 1.0.0 -> 1.1.0\n\n### Minor changes\n\n\
         - [{short}]({url}) For @<!-- -->everyone: &lt;/details>&lt;!-- `<b>` — {thanks}\n\n\
         <details>\n<summary>2 packages follow with a new version only</summary>\n\n\
         - a 1.0.0 -> 1.1.0\n- b 1.0.0 -> 1.1.0\n\n</details>\n"
    );
    let body = project.pull().body.unwrap();
    assert_eq!(body.split_once("\n\n").unwrap().1, expected);
    let changelog = project.file("release/main", "crates/my-cli/CHANGELOG.md").unwrap();
    assert!(changelog.contains("Thanks @aino for your first contribution"), "{changelog}");
}

#[test]
fn what_cannot_work_is_said_before_anything_is_done() {
    let project = project();
    let table = [
        ("GITHUB_TOKEN", "", "no GitHub token in"),
        ("GITHUB_REPOSITORY", "", "no repository for the pull request: `GITHUB_REPOSITORY` is not set"),
        ("GITHUB_REPOSITORY", "app", "`GITHUB_REPOSITORY` is `app`"),
        ("INPUT_PR-BRANCH", "main", "would merge `main` into itself"),
        ("INPUT_PR-BRANCH", "x:refs/heads/main", "is not the name of a branch"),
        ("INPUT_PR-BRANCH", "stabilize/main", "it is used by the release pull request and the stabilize"),
        ("INPUT_STABILIZE-PR-BRANCH", "--force", "`--force` is not the name of a branch"),
        ("INPUT_BASE-BRANCH", "missing", "the remote `origin` has no branch `missing`"),
        ("INPUT_PR-TITLE", "a\nb", "the title of the pull request has more than one line"),
    ];
    for (name, value, message) in table {
        let job = project.job(1).variable(name, value);
        let before = job.state();
        let ended = job.run();
        assert_eq!(ended.code, 1, "{name}={value}: {}", ended.log);
        assert!(ended.log.contains("::error") && ended.log.contains(message), "{name}={value}: {}", ended.log);
        assert_eq!(ended.output("released"), "false");
        assert_eq!(job.state(), before);
    }
    assert!(project.github.writes().is_empty());
    assert_eq!(project.origin(&["branch", "--list", "--format=%(refname:short)"]), "main");
}

#[test]
fn a_refusal_of_github_names_what_allows_it() {
    let project = project();
    project.github.add_token("ghs_installation", Access::Installation).forbid_pulls();
    let job = project.job(0).variable("GITHUB_TOKEN", "ghs_installation");
    let before = job.state();
    let ended = job.run();
    assert_eq!((ended.code, ended.output("released")), (1, "false"), "{}", ended.log);
    assert!(ended.log.contains("Allow GitHub Actions to create and approve pull requests"), "{}", ended.log);
    assert_eq!(job.state(), before);
    assert!(!job.has_leftovers());
    // The branch is there; with the setting on, only the pull request is missing.
    let head = project.origin(&["rev-parse", "release/main"]);
    project.job(1).succeed();
    assert_eq!((project.origin(&["rev-parse", "release/main"]), project.pull().head), (head, "release/main".into()));

    project.github.add_token("ghs_reader", Access::ReadOnlyInstallation);
    project.github.close_pull(project.pull().number);
    let ended = project.job(0).variable("GITHUB_TOKEN", "ghs_reader").run();
    assert_eq!(ended.code, 1);
    assert!(ended.log.contains("permissions: { contents: write, pull-requests: write }"), "{}", ended.log);
}

#[test]
fn an_answer_that_got_lost_makes_no_second_pull_request() {
    let project = project();
    project.github.fail(Fault::on("POST", "/repos/acme/app/pulls").status(502).after_effect());
    // And a branch that GitHub does not know yet, a moment after the push.
    let unknown = json!({ "message": "Validation Failed", "errors": [{ "resource": "PullRequest", "field": "head", "code": "invalid" }] });
    project.github.fail(Fault::on("POST", "/repos/acme/app/pulls").answer(Answer::json(422, &unknown)));
    project.job(0).succeed();
    assert_eq!(project.github.pulls().len(), 1);
    assert_eq!(project.pull().body.as_deref(), Some(BODY));
}

#[cfg(unix)]
#[test]
fn a_push_that_is_refused_leaves_everything_as_it_was() {
    use std::os::unix::fs::PermissionsExt;

    let project = project();
    let hook = project.origin.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'GH013: Repository rule violations found' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let job = project.job(1);
    let before = job.state();
    let ended = job.run();
    assert_eq!((ended.code, ended.output("released")), (1, "false"));
    assert!(ended.log.contains("Repository rule violations"), "{}", ended.log);
    assert!(project.github.pulls().is_empty());
    assert_eq!(job.state(), before);
    assert!(!job.has_leftovers());
}

#[cfg(unix)]
#[test]
fn a_run_that_was_killed_is_completed_by_the_next_one_in_the_same_checkout() {
    use std::process::Stdio;
    use std::time::Duration;

    let project = project();
    // GitHub never answers: the branch is pushed, and the run hangs.
    project.github.fail(Fault::on("GET", "/repos/acme/app/pulls").stalled().always());
    for signal in ["-KILL", "-INT"] {
        let job = project.job(0);
        let before = job.git(&["status", "--porcelain=v2", "--branch"]);
        let mut child = job.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !project.github.requests().iter().any(|request| request.path.contains("/pulls")) {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(10));
        }
        project.repo.run("kill", &[signal, &child.id().to_string()]);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), (signal == "-INT").then_some(130));
        assert_eq!(job.has_leftovers(), signal == "-KILL");
        assert_eq!(job.git(&["status", "--porcelain=v2", "--branch"]), before);
        project.github.heal();
        let head = project.origin(&["rev-parse", "release/main"]);
        job.succeed();
        assert!(!job.has_leftovers());
        assert_eq!(project.origin(&["rev-parse", "release/main"]), head);
        project.github.close_pull(project.pull().number);
        project.github.clear_requests();
        project.github.fail(Fault::on("GET", "/repos/acme/app/pulls").stalled().always());
    }
}

#[test]
fn a_project_below_the_top_folder_and_a_detached_head_are_fine() {
    let project = project();
    // The whole project moves into a folder of its repository.
    project.repo.git(&["rm", "--quiet", "--cached", "-r", "."]);
    let sub = project.repo.outside("sub");
    for name in ["Cargo.toml", "Cargo.lock", "crates", ".sampo", ".gitignore"] {
        fs::rename(project.repo.path(name), sub.join(name)).unwrap();
    }
    fs::rename(&sub, project.repo.path("sub")).unwrap();
    project.push("move");
    let job = project.job(1);
    job.git(&["checkout", "--quiet", "--detach"]);
    let folder = job.folder.join("sub").to_string_lossy().into_owned();
    let job = job.with("working-directory", &folder);
    let before = job.state();
    job.succeed();
    assert_eq!(project.pull().body.as_deref(), Some(BODY));
    let files = project.origin(&["diff", "--name-only", "main", "release/main"]);
    assert!(files.contains("sub/crates/my-cli/CHANGELOG.md"), "{files}");
    assert_eq!(job.state(), before);
}
