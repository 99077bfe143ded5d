//! `sampo publish`: the built program, real git and cargo, and a registry on this machine.

use std::process::{Command, Output};

use sampo_testkit::Repo;
use sampo_testkit::cargo_registry::{CargoRegistry, PublishFault, TOKEN};

const LIBRARY: &str = "description = \"x\"\nlicense = \"MIT\"\npublish = [\"test\"]";
/// Nothing is compiled, and `.sampo/config.toml` may change without a commit.
const QUICKLY: &[&str] = &["--cargo-args", "--no-verify", "--allow-dirty"];

/// A workspace whose crates `z-base`, `middle` and `a-top` need each other in this order, committed, and its registry.
fn chain() -> (Repo, CargoRegistry) {
    chain_of(&["z-base", "middle", "a-top"])
}

/// A workspace of crates that each need the one before, committed, and its registry.
fn chain_of(names: &[&str]) -> (Repo, CargoRegistry) {
    let needs = |name: &&str| {
        let source = format!("path = \"../{name}\", version = \"1.0.0\", registry = \"test\"");
        format!("{LIBRARY}\n[dependencies]\n{name} = {{ {source} }}")
    };
    let manifests: Vec<String> = [LIBRARY.to_owned()].into_iter().chain(names.iter().map(needs)).collect();
    let crates: Vec<_> = names.iter().zip(&manifests).map(|(name, more)| (*name, "1.0.0", more.as_str())).collect();
    workspace(&crates)
}

fn workspace(crates: &[(&str, &str, &str)]) -> (Repo, CargoRegistry) {
    let registry = CargoRegistry::start();
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "");
    repo.write(".cargo/config.toml", format!("[registries.test]\nindex = \"{}\"\n", registry.index_url()));
    repo.cargo_workspace(crates);
    repo.commit("release");
    (repo, registry)
}

fn sampo(repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
    command
        .args(arguments)
        .env("CARGO_HOME", repo.outside("cargo-home"))
        .env("CARGO_NET_OFFLINE", "false")
        .env("CARGO_NET_RETRY", "0")
        .env("CARGO_REGISTRIES_TEST_TOKEN", TOKEN);
    command
}

/// The exit code, standard output and standard error of `sampo publish` without compiling anything.
fn publish(repo: &Repo, arguments: &[&str]) -> (i32, String, String) {
    result(&mut sampo(repo, &[&["publish"], arguments, QUICKLY].concat()))
}

fn result(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn tags(repo: &Repo) -> Vec<String> {
    repo.git(&["tag", "--list"]).lines().map(str::to_owned).collect()
}

fn planned(repo: &Repo) -> serde_json::Value {
    serde_json::from_str(&repo.read("plan.json")).unwrap()
}

#[test]
fn a_chain_is_published_in_order_and_each_crate_tagged() {
    let (repo, registry) = chain();
    let (code, stdout, stderr) = publish(&repo, &["--plan", "plan.json"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(registry.published(), ["z-base@1.0.0", "middle@1.0.0", "a-top@1.0.0"]);
    assert_eq!(
        stdout,
        "z-base 1.0.0: published, tagged z-base-v1.0.0\n\
         middle 1.0.0: published, tagged middle-v1.0.0\n\
         a-top 1.0.0: published, tagged a-top-v1.0.0\n"
    );
    assert_eq!(tags(&repo), ["a-top-v1.0.0", "middle-v1.0.0", "z-base-v1.0.0"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let tag = repo.git(&["for-each-ref", "--format=%(objecttype) %(subject) %(*objectname)", "refs/tags/a-top-v1.0.0"]);
    assert_eq!(tag, format!("tag Release a-top 1.0.0 {head}"));

    let plan = planned(&repo);
    assert_eq!(plan["commit"], *head);
    let releases: Vec<_> = plan["releases"].as_array().unwrap().iter().map(|r| r["tag"].as_str().unwrap()).collect();
    assert_eq!(releases, ["a-top-v1.0.0", "middle-v1.0.0", "z-base-v1.0.0"]);
    assert_eq!(plan["releases"][0]["has_artifacts"], false, "a library");
}

#[test]
fn a_second_run_has_nothing_to_do_and_still_knows_what_is_released_here() {
    let (repo, registry) = chain();
    assert_eq!(publish(&repo, &[]).0, 0);
    let (code, stdout, stderr) = publish(&repo, &["--plan", "plan.json"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stdout.starts_with("z-base 1.0.0: already published, already tagged z-base-v1.0.0\n"), "{stdout}");
    assert_eq!(registry.publish_calls(), 3);
    assert_eq!(planned(&repo)["releases"].as_array().unwrap().len(), 3);
}

#[test]
fn a_plan_that_cannot_be_written_is_refused_before_anything_is_published() {
    let (repo, registry) = chain();
    for path in ["Cargo.toml/plan.json", "crates"] {
        let (code, stdout, stderr) = publish(&repo, &["--plan", path]);
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert!(stderr.contains(&format!("error[io]: cannot write `{path}`: ")), "{stderr}");
    }
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec![]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error_and_loses_no_plan() {
    let (repo, _registry) = workspace(&[("tool-cli", "1.0.0", "publish = false")]);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = sampo(&repo, &["publish", "--plan", "plan.json"]);
    let output = command.stdout(full()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("error[io]: cannot write to `standard output`: "), "{stderr}");
    assert_eq!(tags(&repo), ["tool-cli-v1.0.0"]);
    assert_eq!(planned(&repo)["releases"].as_array().unwrap().len(), 1);

    repo.git(&["tag", "--delete", "tool-cli-v1.0.0"]);
    let mut command = sampo(&repo, &["publish"]);
    assert_eq!(command.stderr(full()).output().unwrap().status.code(), Some(0), "remarks are no results");
    assert_eq!(tags(&repo), ["tool-cli-v1.0.0"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_is_no_error() {
    let (repo, _registry) = workspace(&[("tool-cli", "1.0.0", "publish = false")]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = sampo(&repo, &["publish"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_publish_that_fails_at_the_third_of_five_goes_on_at_the_third() {
    let (repo, registry) = chain_of(&["e", "d", "c", "b", "a"]);
    registry.fail_publish(3, PublishFault::Refused(503));
    let (code, stdout, stderr) = publish(&repo, &["--plan", "plan.json"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("`cargo/c` 1.0.0 could not be published"), "{stderr}");
    assert!(stderr.contains("hint: what was published before it is tagged"), "{stderr}");
    assert_eq!(
        stdout,
        "e 1.0.0: published, tagged e-v1.0.0\n\
         d 1.0.0: published, tagged d-v1.0.0\n\
         c 1.0.0: not published, not tagged\n\
         b 1.0.0: not published, not tagged\n\
         a 1.0.0: not published, not tagged\n"
    );
    assert_eq!(tags(&repo), ["d-v1.0.0", "e-v1.0.0"]);
    assert_eq!(planned(&repo)["releases"].as_array().unwrap().len(), 2);

    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(registry.published(), ["e@1.0.0", "d@1.0.0", "c@1.0.0", "b@1.0.0", "a@1.0.0"]);
    assert_eq!(registry.publish_calls(), 6, "the third was tried twice, the others once");
    assert_eq!(tags(&repo).len(), 5);
}

#[test]
fn an_upload_whose_answer_got_lost_counts_as_published() {
    let (repo, registry) = chain();
    registry.fail_publish(1, PublishFault::AnswerLost);
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("`cargo/z-base` is in its registry although its upload seemed to fail"), "{stderr}");
    assert_eq!(registry.publish_calls(), 3);
    assert_eq!(tags(&repo).len(), 3);
}

#[test]
fn a_missing_tag_of_a_published_version_is_made_at_its_release_commit() {
    let (repo, registry) = chain();
    assert_eq!(publish(&repo, &[]).0, 0);
    repo.git(&["tag", "--delete", "middle-v1.0.0"]);
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("middle 1.0.0: already published, tagged middle-v1.0.0\n"), "{stdout}");
    assert_eq!(registry.publish_calls(), 3);
}

#[test]
fn a_version_that_was_published_from_an_earlier_commit_is_not_tagged_here() {
    let (repo, _registry) = chain();
    assert_eq!(publish(&repo, &[]).0, 0);
    repo.git(&["tag", "--delete", "middle-v1.0.0"]);
    repo.write("README.md", "later").commit("later");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stdout.contains("middle 1.0.0: already published, not tagged\n"), "{stdout}");
    let elsewhere = "a-top 1.0.0: already published, already tagged a-top-v1.0.0 at another commit\n";
    assert!(stdout.contains(elsewhere), "{stdout}");
    assert!(stderr.contains("so not tagged here: `middle-v1.0.0`"), "{stderr}");
    assert!(stderr.contains("git tag -a middle-v1.0.0 -m \"Release middle 1.0.0\" COMMIT"), "{stderr}");
}

#[test]
fn a_tag_that_only_the_remote_has_is_not_made_again() {
    let (repo, _registry) = chain();
    assert_eq!(publish(&repo, &[]).0, 0);
    repo.push_to_origin();
    repo.git(&["tag", "--delete", "middle-v1.0.0"]);
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stdout.contains("middle 1.0.0: already published, already tagged middle-v1.0.0\n"), "{stdout}");
}

#[test]
fn a_shallow_clone_asks_the_remote_for_the_tags_that_it_lacks() {
    let repo = Repo::new();
    repo.write(".sampo/config.toml", "");
    repo.cargo_workspace(&[("tool-cli", "1.0.0", "publish = false")]);
    repo.commit("release");
    assert_eq!(result(&mut sampo(&repo, &["publish"])).0, 0);
    repo.write("README.md", "later").commit("later");
    let origin = repo.push_to_origin();
    let clone = repo.outside("clone");
    let paths = [origin.to_string_lossy(), clone.to_string_lossy()];
    repo.git(&["clone", "--quiet", "--no-local", "--depth=1", "--no-tags", &paths[0], &paths[1]]);
    let (code, stdout, stderr) = result(sampo(&repo, &["publish"]).current_dir(&clone));
    assert_eq!(code, 2, "{stderr}");
    assert_eq!(stdout, "tool-cli 1.0.0: already tagged tool-cli-v1.0.0 at another commit\n");
}

#[test]
fn a_yanked_version_counts_as_published() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    assert_eq!(publish(&repo, &[]).0, 0);
    registry.yank("base", "1.0.0");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 2, "{stderr}");
    assert_eq!(stdout, "base 1.0.0: already published, already tagged base-v1.0.0\n");
    assert_eq!(registry.published().len(), 1);
}

#[test]
fn a_version_that_turns_out_to_be_published_is_tagged_only_at_its_release_commit() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    assert_eq!(publish(&repo, &[]).0, 0);
    registry.yank("base", "1.0.0");
    repo.git(&["tag", "--delete", "base-v1.0.0"]);
    repo.write("README.md", "later").commit("later");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 2, "{stderr}");
    assert_eq!(stdout, "base 1.0.0: already published, not tagged\n");
    assert!(stderr.contains("so not tagged here: `base-v1.0.0`"), "{stderr}");
}

#[test]
fn a_registry_that_cannot_be_asked_is_a_warning() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    registry.set_index_down(true);
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("warning: cannot find out whether `cargo/base` is published"), "{stderr}");
    assert!(stderr.contains("hint: it is treated as not published"), "{stderr}");
    assert_eq!(tags(&repo), [""; 0]);
}

#[test]
fn packages_that_cannot_be_published_are_tagged_as_configured() {
    let (repo, registry) = workspace(&[
        ("one-cli", "1.2.0", "publish = false"),
        ("two", "0.3.0-rc.1", "publish = false"),
        ("three", "3.0.0", "publish = false"),
    ]);
    repo.write(".sampo/config.toml", "[git]\ntag_unpublished = [\"*-cli\", \"two\"]\nshort_tags = \"one-cli\"\n");
    let (code, stdout, stderr) = publish(&repo, &["--plan", "plan.json"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout, "one-cli 1.2.0: tagged v1.2.0\ntwo 0.3.0-rc.1: tagged two-v0.3.0-rc.1\n");
    assert_eq!(tags(&repo), ["two-v0.3.0-rc.1", "v1.2.0"]);
    assert_eq!(registry.requests(), [""; 0]);
    let releases = &planned(&repo)["releases"];
    assert_eq!((&releases[0]["has_artifacts"], &releases[0]["prerelease"]), (&true.into(), &false.into()));
    assert_eq!((&releases[1]["has_artifacts"], &releases[1]["prerelease"]), (&false.into(), &true.into()));
}

#[test]
fn the_plan_tells_the_version_before_and_what_changed_since() {
    let (repo, _registry) = workspace(&[("tool-cli", "1.0.0", "publish = false")]);
    assert_eq!(publish(&repo, &[]).0, 0);
    let note = ["add", "-p", "tool-cli", "-b", "minor", "-m", "Says hello."];
    assert_eq!(result(&mut sampo(&repo, &note)).0, 0);
    assert_eq!(result(&mut sampo(&repo, &["release", "--plan", "before.json"])).0, 0);
    repo.commit("chore(release): 1.1.0");
    let (code, _, stderr) = publish(&repo, &["--plan", "plan.json"]);
    assert_eq!(code, 0, "{stderr}");
    let release = &planned(&repo)["releases"][0];
    assert_eq!((&release["previous_version"], &release["bump"]), (&"1.0.0".into(), &"minor".into()));
    assert!(release["changelog"].as_str().unwrap().contains("Says hello."), "{release}");
    let before: serde_json::Value = serde_json::from_str(&repo.read("before.json")).unwrap();
    assert_eq!(*release, before["releases"][0], "both plans tell the same");
}

#[test]
fn a_pattern_that_matches_nothing_is_a_warning_also_when_publishing() {
    let (repo, _registry) = workspace(&[("one-cli", "1.2.0", "publish = false")]);
    repo.write(".sampo/config.toml", "[git]\ntag_unpublished = [\"one-cil\"]\n");
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 2);
    let warning = "warning: the pattern `one-cil` in `tag_unpublished` matches no package\n";
    assert_eq!(stderr.matches(warning).count(), 1, "{stderr}");
}

#[test]
fn a_misspelt_package_of_short_tags_is_refused_before_a_tag_is_made() {
    let (repo, _registry) = workspace(&[("one-cli", "1.2.0", "publish = false")]);
    repo.write(".sampo/config.toml", "[git]\nshort_tags = \"One-cli\"\n");
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("in `short_tags`: no package is named `One-cli`; did you mean `one-cli`?"), "{stderr}");
    assert_eq!(tags(&repo), [""; 0]);
}

#[test]
fn a_release_that_is_not_committed_is_refused_before_anything_happens() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY), ("tool-cli", "1.0.0", "publish = false")]);
    for name in ["base", "tool-cli"] {
        let path = format!("crates/{name}/Cargo.toml");
        repo.write(&path, repo.read(&path).replace("1.0.0", "1.1.0"));
    }
    repo.run("cargo", &["update", "--workspace", "--offline", "--quiet"]);
    for arguments in [&["--dry-run"][..], &[]] {
        let (code, stdout, stderr) = publish(&repo, arguments);
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        let said = "error[release-uncommitted]: the commit at HEAD does not hold `cargo/base` 1.1.0, but 1.0.0; \
                    `cargo/tool-cli` 1.1.0, but 1.0.0\nhint: commit the release first\n";
        assert!(stderr.ends_with(said), "{stderr}");
    }
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec![]));
    repo.commit("release");
    assert_eq!(publish(&repo, &[]).0, 0);
    assert_eq!(tags(&repo), ["base-v1.1.0", "tool-cli-v1.1.0"]);
}

#[test]
fn a_package_that_is_not_committed_at_all_is_refused() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    assert_eq!(publish(&repo, &[]).0, 0);
    repo.cargo_workspace(&[("base", "1.0.0", LIBRARY), ("new", "0.1.0", LIBRARY)]);
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("the commit at HEAD does not hold `cargo/new` 0.1.0\n"), "{stderr}");
    assert_eq!((registry.publish_calls(), tags(&repo)), (1, vec!["base-v1.0.0".to_owned()]));
}

#[test]
fn nobody_to_tag_in_the_name_of_is_found_before_anything_is_uploaded() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    repo.git(&["config", "user.useConfigOnly", "true"]);
    let mut command = sampo(&repo, &[&["publish"], QUICKLY].concat());
    for name in ["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"] {
        command.env_remove(name);
    }
    let (code, _, stderr) = result(&mut command);
    assert_eq!(code, 1);
    assert!(stderr.contains("error[git-identity]: git does not know in whose name to make tags: "), "{stderr}");
    assert!(stderr.contains("hint: run `git config user.name"), "{stderr}");
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec![]));
}

#[test]
fn a_tag_that_cannot_be_made_holds_up_nothing_else() {
    let (repo, registry) = chain();
    // A tag of this name would have to be a file where there is a folder.
    repo.tag("middle-v1.0.0/in-the-way");
    let (code, stdout, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        stdout,
        "z-base 1.0.0: published, tagged z-base-v1.0.0\n\
         middle 1.0.0: published, not tagged\n\
         a-top 1.0.0: published, tagged a-top-v1.0.0\n"
    );
    assert!(stderr.contains("warning: git could not make the tag `middle-v1.0.0`"), "{stderr}");
    assert!(stderr.contains("error[tag-failed]: could not be tagged: `middle-v1.0.0`\n"), "{stderr}");
    assert_eq!(registry.published().len(), 3);

    repo.git(&["tag", "--delete", "middle-v1.0.0/in-the-way"]);
    assert_eq!(publish(&repo, &[]).0, 0);
    assert_eq!(tags(&repo), ["a-top-v1.0.0", "middle-v1.0.0", "z-base-v1.0.0"]);
}

#[test]
fn a_refused_token_is_an_error_in_cargos_words() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    let mut command = sampo(&repo, &[&["publish"], QUICKLY].concat());
    let (code, _, stderr) = result(command.env("CARGO_REGISTRIES_TEST_TOKEN", "not-the-token"));
    assert_eq!(code, 1);
    let error = &stderr[stderr.find("\nerror[").unwrap()..];
    assert!(error.contains("]: `cargo/base` 1.0.0 could not be published: `cargo publish base` failed"), "{error}");
    assert!(error.contains("authentication failed") && !error.contains("Packaging"), "{error}");
    assert_eq!((registry.published(), tags(&repo)), (vec![], vec![]));
}

#[test]
fn a_dry_run_lets_cargo_check_the_whole_chain_and_changes_nothing() {
    let (repo, registry) = chain();
    let (code, stdout, stderr) = publish(&repo, &["--dry-run"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(
        stdout,
        "z-base 1.0.0: would be published, would be tagged z-base-v1.0.0\n\
         middle 1.0.0: would be published, would be tagged middle-v1.0.0\n\
         a-top 1.0.0: would be published, would be tagged a-top-v1.0.0\n"
    );
    assert!(stderr.contains("Packaging a-top v1.0.0"), "{stderr}");
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec![]));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn what_cargo_would_refuse_is_found_before_the_first_upload() {
    let unversioned = format!("{LIBRARY}\n[dependencies]\nbase = {{ path = \"../base\" }}");
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY), ("top", "1.0.0", &unversioned)]);
    for arguments in [&["--dry-run"][..], &[]] {
        let (code, _, stderr) = publish(&repo, arguments);
        assert_eq!(code, 1);
        assert!(stderr.contains("the packages are not ready to be published"), "{stderr}");
    }
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec![]));
}

#[test]
fn a_forwarded_dry_run_neither_publishes_nor_tags_what_belongs_to_a_registry() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY), ("tool-cli", "1.0.0", "publish = false")]);
    let arguments = ["publish", "--cargo-args", "--no-verify", "--", "--dry-run"];
    let (code, stdout, stderr) = result(&mut sampo(&repo, &arguments));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("warning: a dry run was forwarded"), "{stderr}");
    assert_eq!(stdout, "base 1.0.0: only checked, not tagged\ntool-cli 1.0.0: tagged tool-cli-v1.0.0\n");
    assert_eq!((registry.publish_calls(), tags(&repo)), (0, vec!["tool-cli-v1.0.0".to_owned()]));
}

#[test]
fn only_release_branches_are_published_from() {
    let (repo, _registry) = workspace(&[("tool-cli", "1.0.0", "publish = false")]);
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    for arguments in [&["--dry-run"][..], &[]] {
        let (code, _, stderr) = publish(&repo, arguments);
        assert_eq!(code, 1);
        assert!(stderr.contains("`topic` is not a release branch"), "{stderr}");
    }
    let mut command = sampo(&repo, &["publish"]);
    command.env("GITHUB_REF_NAME", "topic").env("SAMPO_RELEASE_BRANCH", "main");
    assert_eq!(result(&mut command).0, 0);
    assert_eq!(tags(&repo), ["tool-cli-v1.0.0"]);
}

#[test]
fn without_a_repository_nothing_is_published() {
    let (repo, registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    let plain = repo.outside("plain");
    for name in [".sampo", ".cargo", "Cargo.toml", "Cargo.lock", "crates"] {
        std::fs::rename(repo.path(name), plain.join(name)).unwrap();
    }
    let (code, _, stderr) = result(sampo(&repo, &["publish"]).current_dir(&plain));
    assert_eq!(code, 1);
    assert!(stderr.contains("is not in a git repository"), "{stderr}");
    assert_eq!(registry.requests(), [""; 0]);
}

#[test]
fn a_root_below_the_top_of_the_repository_is_tagged_too() {
    let (repo, _registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    for name in [".sampo", ".cargo", "Cargo.toml", "Cargo.lock", "crates"] {
        std::fs::create_dir_all(repo.path("inner")).unwrap();
        std::fs::rename(repo.path(name), repo.path("inner").join(name)).unwrap();
    }
    repo.commit("moved");
    let arguments = ["publish", "--cargo-args", "--no-verify"];
    let publish_inside = || result(sampo(&repo, &arguments).current_dir(repo.path("inner/crates")));
    let (code, _, stderr) = publish_inside();
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(tags(&repo), ["base-v1.0.0"]);

    repo.git(&["tag", "--delete", "base-v1.0.0"]);
    repo.write("README.md", "later").commit("later");
    assert_eq!(publish_inside().0, 2, "the manifest of the commit before is found below the top");
}

#[test]
fn two_packages_with_one_tag_are_refused_before_anything_happens() {
    let (repo, registry) = workspace(&[("a", "1.0.0", LIBRARY), ("b", "1.0.0", LIBRARY)]);
    repo.write(".sampo/config.toml", "[git]\ntag_format = \"v{version}\"\n");
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("the tag `v1.0.0` would stand for several packages: `cargo/a`, `cargo/b`"), "{stderr}");
    assert!(stderr.contains("{ecosystem}-{package_name}-v{version}"), "{stderr}");
    assert_eq!(registry.requests(), [""; 0]);
}

#[test]
fn a_dependency_that_no_registry_will_have_is_refused() {
    let needs = format!("{LIBRARY}\n[dependencies]\nprivate = {{ path = \"../private\", version = \"1.0.0\" }}");
    let (repo, registry) = workspace(&[("private", "1.0.0", "publish = false"), ("top", "1.0.0", &needs)]);
    let (code, _, stderr) = publish(&repo, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("`cargo/top` on `cargo/private`"), "{stderr}");
    assert_eq!((registry.requests(), tags(&repo)), (vec![], vec![]));
}

#[test]
fn registry_tokens_stay_out_of_the_output_and_github_tokens_out_of_cargo() {
    let (repo, _registry) = workspace(&[("base", "1.0.0", LIBRARY)]);
    let show = |name: &str| format!("println!(\"cargo::warning={name} is {{:?}}\", std::env::var(\"{name}\"));");
    let script = format!("fn main() {{ {} {} }}\n", show("CARGO_REGISTRIES_TEST_TOKEN"), show("GITHUB_TOKEN"));
    repo.write("crates/base/build.rs", script).commit("curious");
    let (code, stdout, stderr) = result(sampo(&repo, &["publish", "--dry-run"]).env("GITHUB_TOKEN", "ghp_secret"));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("CARGO_REGISTRIES_TEST_TOKEN is Ok(\"***\")"), "{stderr}");
    assert!(stderr.contains("GITHUB_TOKEN is Err(NotPresent)"), "{stderr}");
    assert!(![stdout, stderr].concat().contains(TOKEN));
}
