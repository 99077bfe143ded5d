//! Selection in real repositories: at HEAD, by tag, by plan, all; shallow clones and remotes.

use std::path::Path;

use sampo_testkit::Repo;

use super::*;
use crate::distribute::participant::participants;
use crate::event::{Recorder, Silent};

/// When every commit of a test repository is made.
const COMMIT_TIME: i64 = 1_767_323_045;

const TARGETS: &str = "[distribute]\ntargets = ['x86_64-unknown-linux-gnu']\n";

/// Two programs and a library, committed.
fn repo() -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("a-cli", "1.2.0", ""), ("b-cli", "0.3.0", ""), ("lib", "1.0.0", "")]);
    repo.commit("first");
    repo
}

struct Fixture {
    config: Config,
    workspace: Workspace,
    git: Git,
}

impl Fixture {
    async fn of(root: &Path, config: &str) -> Self {
        let config = Config::parse(Path::new("config.toml"), config.to_owned()).unwrap();
        Self { config, workspace: Workspace::discover(root).await.unwrap(), git: Git::new(root) }
    }

    async fn select_as(&self, selection: Selection, reporter: &dyn Reporter) -> Result<Selected, SampoError> {
        let participants = participants(&self.config, &self.workspace).unwrap();
        select(&selection, &self.scene(&participants, reporter)).await
    }

    async fn select(&self, selection: Selection) -> Result<Selected, SampoError> {
        self.select_as(selection, &Silent).await
    }

    fn scene<'a>(&'a self, participants: &'a [Participant<'a>], reporter: &'a dyn Reporter) -> Scene<'a> {
        Scene {
            config: &self.config,
            workspace: &self.workspace,
            participants,
            git: &self.git,
            repository: None,
            notes: &|package, version| Some(format!("{} {version}", package.id.name())),
            reporter,
        }
    }
}

fn tag(name: &str) -> Selection {
    Selection::Tags(vec![name.to_owned()])
}

fn found(selected: Result<Selected, SampoError>) -> Vec<(String, Option<String>)> {
    match selected.unwrap() {
        Selected::Releases(releases) => releases.into_iter().map(|release| (release.tag, release.commit)).collect(),
        Selected::Nothing(nothing) => panic!("{nothing:?}"),
    }
}

fn nothing_of(selected: Result<Selected, SampoError>) -> Nothing {
    match selected.unwrap() {
        Selected::Releases(releases) => panic!("{releases:?}"),
        Selected::Nothing(nothing) => nothing,
    }
}

#[tokio::test]
async fn by_default_the_versions_tagged_at_head_are_selected() {
    let repo = repo();
    repo.tag("b-cli-v0.3.0");
    let head = repo.commit("second");
    repo.tag("a-cli-v1.2.0").tag("lib-v1.0.0").tag("a-cli-v1.1.0");
    let selected = Fixture::of(repo.root(), TARGETS).await.select(Selection::AtHead).await.unwrap();
    let Selected::Releases(releases) = selected else { panic!("{selected:?}") };
    let [release] = releases.as_slice() else { panic!("{releases:?}") };
    assert_eq!((release.tag.as_str(), release.commit.as_deref()), ("a-cli-v1.2.0", Some(head.as_str())));
    assert_eq!((release.commit_time, release.path.as_str()), (COMMIT_TIME, "crates/a-cli"));
    assert_eq!(release.notes.as_deref(), Some("a-cli 1.2.0"));
}

#[tokio::test]
async fn nothing_at_head_says_which_release_is_next_in_line() {
    let repo = repo();
    let fixture = Fixture::of(repo.root(), TARGETS).await;
    let nothing = nothing_of(fixture.select(Selection::AtHead).await);
    assert_eq!(nothing.message, "no current version is tagged");
    assert!(nothing.hint.unwrap().starts_with("next in line is `cargo/a-cli` 1.2.0: once `sampo publish`"));

    repo.tag("b-cli-v0.3.0");
    repo.commit("second");
    let nothing = nothing_of(fixture.select(Selection::AtHead).await);
    assert_eq!(nothing.message, "no current version is tagged at HEAD");
    assert!(nothing.hint.unwrap().contains("`--tag b-cli-v0.3.0`"));
}

#[tokio::test]
async fn all_takes_current_versions_wherever_they_are_tagged_and_warns_about_the_rest() {
    let repo = repo();
    repo.tag("b-cli-v0.3.0");
    repo.commit("second");
    let recorder = Recorder::default();
    let fixture = Fixture::of(repo.root(), TARGETS).await;
    let releases = found(fixture.select_as(Selection::All, &recorder).await);
    assert_eq!(releases[0].0, "b-cli-v0.3.0");
    assert_eq!(releases.len(), 1);
    assert_eq!(recorder.events().len(), 1);
    assert!(recorder.events()[0].contains("`cargo/a-cli` 1.2.0 is left out: there is no tag `a-cli-v1.2.0`"));
}

#[tokio::test]
async fn a_tag_selects_also_an_older_version() {
    let repo = repo();
    let commit = repo.git(&["rev-parse", "HEAD"]);
    repo.tag("a-cli-v1.1.0");
    repo.commit("second");
    let releases = found(Fixture::of(repo.root(), TARGETS).await.select(tag("a-cli-v1.1.0")).await);
    assert_eq!(releases, [("a-cli-v1.1.0".to_owned(), Some(commit))]);
}

#[tokio::test]
async fn a_tag_of_no_package_is_an_error_with_the_formats_and_the_nearest_tag() {
    let repo = repo();
    repo.tag("a-cli-v1.2.0").tag("lib-v1.0.0");
    let fixture = Fixture::of(repo.root(), TARGETS).await;
    let error = fixture.select(tag("a-cil-v1.2.0")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("unknown-tag", "the tag `a-cil-v1.2.0` belongs to no package: tags look like `{package_name}-v{version}`")
    );
    assert_eq!(error.hint().unwrap(), "did you mean `a-cli-v1.2.0`?");
    assert_eq!(fixture.select(tag("lib-v1.0.0")).await.unwrap_err().code(), "not-distributed");
    let error = fixture.select(tag("a-cli-v9.9.9")).await.unwrap_err();
    assert_eq!(error.code(), "tag-missing");
}

#[tokio::test]
async fn a_format_without_names_selects_the_packages_whose_version_it_is() {
    let repo = repo();
    repo.tag("v1.2.0").tag("v0.1.0");
    let config = format!("{TARGETS}[git]\ntag_format = 'v{{version}}'\n");
    let fixture = Fixture::of(repo.root(), &config).await;
    let participants = participants(&fixture.config, &fixture.workspace).unwrap();
    let selected = select(&tag("v1.2.0"), &fixture.scene(&participants, &Silent)).await.unwrap();
    let Selected::Releases(releases) = selected else { panic!("{selected:?}") };
    assert_eq!(releases.iter().map(|release| release.package.name()).collect::<Vec<_>>(), ["a-cli"]);
    let error = fixture.select(tag("v0.1.0")).await.unwrap_err();
    assert_eq!(error.to_string(), "the tag `v0.1.0` could belong to several packages: cargo/a-cli, cargo/b-cli");
    let only_b = &participants[1..];
    let selected = select(&tag("v0.1.0"), &fixture.scene(only_b, &Silent)).await.unwrap();
    assert!(matches!(selected, Selected::Releases(releases) if releases[0].package.name() == "b-cli"));
}

#[tokio::test]
async fn a_plan_selects_its_releases_that_take_part() {
    let repo = repo();
    repo.tag("a-cli-v1.2.0");
    let head = repo.git(&["rev-parse", "HEAD"]);
    let release = |name: &str, version: &str| PlannedRelease {
        package: format!("cargo/{name}").parse().unwrap(),
        version: version.into(),
        previous_version: None,
        bump: None,
        tag: format!("{name}-v{version}"),
        prerelease: false,
        changelog: Some("from the plan".into()),
        has_artifacts: name != "lib",
    };
    let file = repo.path("plan.json");
    let plan = |commit: Option<String>, releases: Vec<PlannedRelease>| {
        ReleasePlan::new(commit, releases).write(&file).unwrap();
        Selection::Plan(file.clone())
    };
    let fixture = Fixture::of(repo.root(), TARGETS).await;

    let selection = plan(None, vec![release("a-cli", "1.2.0"), release("lib", "1.0.0")]);
    let selected = fixture.select(selection).await.unwrap();
    let Selected::Releases(releases) = selected else { panic!("{selected:?}") };
    assert_eq!(releases.len(), 1);
    assert_eq!(releases[0].notes.as_deref(), Some("from the plan"));

    for commit in [None, Some(head)] {
        let error = fixture.select(plan(commit, vec![release("b-cli", "0.3.0")])).await.unwrap_err();
        assert_eq!(error.code(), "tag-missing", "what nobody tagged is not released");
    }
    let other = PlannedRelease { version: "9.9.9".into(), ..release("a-cli", "1.2.0") };
    let error = fixture.select(plan(None, vec![other])).await.unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (
            "plan-invalid",
            "the release plan gives `cargo/a-cli` 9.9.9 the tag `a-cli-v1.2.0`, which does not stand for it: expected \
             `a-cli-v9.9.9`"
        )
    );
    assert_eq!(fixture.select(plan(None, vec![release("gone", "1.0.0")])).await.unwrap_err().code(), "unknown-package");
    let nothing = nothing_of(fixture.select(plan(None, vec![release("lib", "1.0.0")])).await);
    assert_eq!(nothing.message, "the release plan has no release with anything to distribute");
}

#[tokio::test]
async fn a_shallow_clone_without_tags_asks_the_remote() {
    let repo = repo();
    repo.commit("second");
    repo.tag("a-cli-v1.2.0");
    let origin = repo.push_to_origin();
    let clone = repo.outside("clones").join("shallow");
    let url = format!("file://{}", origin.display());
    repo.git(&["clone", "--quiet", "--depth=1", "--no-tags", &url, &clone.to_string_lossy()]);
    let fixture = Fixture::of(&clone, TARGETS).await;
    assert_eq!(found(fixture.select(Selection::AtHead).await)[0].0, "a-cli-v1.2.0");
    assert_eq!(found(fixture.select(tag("a-cli-v1.2.0")).await)[0].0, "a-cli-v1.2.0");

    std::fs::remove_dir_all(&origin).unwrap();
    for selection in [Selection::AtHead, tag("a-cli-v1.2.0")] {
        let error = fixture.select(selection).await.unwrap_err();
        assert_eq!(error.code(), "tag-missing");
        let hint = error.hint().unwrap();
        assert!(hint.contains("git fetch --tags") && hint.contains("fetch-depth: 0"), "{hint}");
    }
}

#[tokio::test]
async fn a_tag_whose_commit_is_not_in_the_clone_says_how_to_fetch_it() {
    let repo = repo();
    repo.tag("a-cli-v1.1.0");
    repo.commit("second");
    let origin = repo.push_to_origin();
    let clone = repo.outside("clones").join("shallow");
    let url = format!("file://{}", origin.display());
    repo.git(&["clone", "--quiet", "--depth=1", "--no-tags", &url, &clone.to_string_lossy()]);
    let error = Fixture::of(&clone, TARGETS).await.select(tag("a-cli-v1.1.0")).await.unwrap_err();
    assert_eq!(error.to_string(), "this clone lacks the commits of `a-cli-v1.1.0`");
    assert!(error.hint().unwrap().contains("fetch-depth: 0"));
}

#[tokio::test]
async fn a_tag_that_the_remote_lacks_or_has_elsewhere_is_not_pushed() {
    let repo = repo();
    let fixture = Fixture::of(repo.root(), TARGETS).await;
    repo.tag("a-cli-v1.2.0");
    let releases = async || match fixture.select(tag("a-cli-v1.2.0")).await.unwrap() {
        Selected::Releases(releases) => releases,
        Selected::Nothing(nothing) => panic!("{nothing:?}"),
    };
    check_pushed(&fixture.git, &releases().await).await.unwrap();

    repo.git(&["tag", "--delete", "a-cli-v1.2.0"]);
    repo.push_to_origin();
    repo.tag("a-cli-v1.2.0");
    let error = check_pushed(&fixture.git, &releases().await).await.unwrap_err();
    assert_eq!(
        (error.code(), error.hint().unwrap().as_str()),
        ("tag-not-pushed", "run `git push origin a-cli-v1.2.0`")
    );

    repo.push_to_origin();
    check_pushed(&fixture.git, &releases().await).await.unwrap();

    repo.git(&["tag", "--delete", "a-cli-v1.2.0"]);
    repo.commit("moved");
    repo.tag("a-cli-v1.2.0");
    let error = check_pushed(&fixture.git, &releases().await).await.unwrap_err();
    assert!(error.to_string().ends_with("stands at another commit on the remote `origin`"), "{error}");
}

#[tokio::test]
async fn planned_releases_have_a_tag_but_no_commit() {
    let repo = repo();
    let fixture = Fixture::of(repo.root(), TARGETS).await;
    let participants = participants(&fixture.config, &fixture.workspace).unwrap();
    let scene = fixture.scene(&participants, &Silent);
    let versions = [("cargo/lib", "2.0.0"), ("cargo/b-cli", "0.4.0")]
        .map(|(id, version)| (id.parse().unwrap(), version.parse().unwrap()));
    let releases = planned(&scene, &versions).unwrap();
    assert_eq!(releases.len(), 1, "the library takes no part");
    assert_eq!((releases[0].tag.as_str(), releases[0].commit.as_deref()), ("b-cli-v0.4.0", None));
    let tags: Vec<String> = untagged(&scene).unwrap().into_iter().map(|release| release.tag).collect();
    assert_eq!(tags, ["a-cli-v1.2.0", "b-cli-v0.3.0"]);
}

#[tokio::test]
async fn a_release_without_any_target_is_an_error() {
    let repo = repo();
    repo.tag("a-cli-v1.2.0");
    let error = Fixture::of(repo.root(), "").await.select(Selection::AtHead).await.unwrap_err();
    assert_eq!(error.to_string(), "config.toml: `cargo/a-cli` has no target to be built for");
}
