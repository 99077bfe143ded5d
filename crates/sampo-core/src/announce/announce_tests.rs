use std::sync::Arc;
use std::time::Duration;

use sampo_testkit::github::{Access, Answer, Fault, TOKEN};
use sampo_testkit::{FakeGithub, Repo};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::environment::Environment;
use crate::event::{Recorder, Silent};
use crate::publish::{Step, Tagging, Upload};

const LINUX: &str = "x86_64-unknown-linux-gnu";

/// Fast enough for tests, slow enough to see more than one look.
pub(super) const PACE: Pace = Pace {
    settle: Duration::from_millis(20),
    lag: Duration::from_millis(20),
    poll: Duration::from_millis(5),
    backoff: Duration::from_millis(1),
};

/// A repository with two crates, of which `my-cli` is a program, and its GitHub.
pub(super) struct Scene {
    pub(super) repo: Repo,
    github: FakeGithub,
    recorder: Arc<Recorder>,
    pub(super) commit: String,
}

impl Scene {
    fn new() -> Self {
        Self::with_config("")
    }

    pub(super) fn with_config(config: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("lib", "2.0.0-rc.1", ""), ("my-cli", "1.2.0", "")]);
        configure(&repo, config);
        let text = "# my-cli\n\n## 1.2.0 — 2026-01-02\n\n### Minor changes\n\n- New:\n  ## not a heading\n\n```\n## nor this\n```\n\n## 1.1.0\n\n- Old.\n";
        repo.write("crates/my-cli/CHANGELOG.md", text);
        let commit = repo.commit("release");
        let github = github(&commit);
        Self { repo, github, recorder: Arc::default(), commit }
    }

    /// The same repository with a GitHub that holds nothing yet.
    fn anew(self) -> Self {
        Self { github: github(&self.commit), recorder: Arc::default(), ..self }
    }

    pub(super) fn plan(&self, taggings: &[(&str, Tagging)]) -> Plan {
        let step = |(tag, tagging): &(&str, Tagging)| {
            let (name, version) = tag.split_once("-v").unwrap();
            let package = format!("cargo/{name}").parse().unwrap();
            let upload = Upload::AlreadyThere;
            Step { package, version: version.into(), tag: (*tag).into(), upload, tagging: *tagging }
        };
        Plan { commit: self.commit.clone(), steps: taggings.iter().map(step).collect() }
    }

    fn cli(&self) -> Plan {
        self.plan(&[("my-cli-v1.2.0", Tagging::AtHead)])
    }

    async fn run(&self, plan: &Plan, request: &Request) -> Result<Report, SampoError> {
        announce_at(&self.project().await?, plan, request, &self.caller(), PACE).await
    }

    async fn project(&self) -> Result<Project, SampoError> {
        Project::open(self.repo.root(), environment(&self.github), &Silent).await
    }

    fn caller(&self) -> Caller {
        Caller { reporter: Arc::clone(&self.recorder) as _, cancellation: CancellationToken::new() }
    }

    /// What became of each tag, in words.
    async fn told(&self, plan: &Plan, request: &Request) -> Vec<String> {
        let report = self.run(plan, request).await.unwrap();
        report.entries.iter().map(|entry| format!("{}: {}", entry.tag, entry.describe(report.dry_run))).collect()
    }

    /// The same again, which must change nothing.
    async fn assert_settled(&self, plan: &Plan, request: &Request) {
        self.github.clear_requests();
        let report = self.run(plan, request).await.unwrap();
        assert!(report.entries.iter().all(|entry| entry.state == State::Unchanged), "{report:?}");
        let writes = self.github.writes();
        assert!(writes.iter().all(|write| write.path.ends_with("/graphql")), "{writes:?}");
    }

    fn warnings(&self) -> Vec<String> {
        self.recorder.events().into_iter().filter(|event| event.starts_with("Warning")).collect()
    }
}

fn configure(repo: &Repo, config: &str) {
    repo.write(".sampo/config.toml", format!("[github]\nrepository = 'acme/app'\n{config}"));
}

/// The environment of a workflow of `github`.
pub(super) fn environment(github: &FakeGithub) -> Environment {
    let addresses = [("GITHUB_API_URL", github.api_url()), ("GITHUB_SERVER_URL", github.web_url())];
    addresses.into_iter().chain([("GITHUB_TOKEN", TOKEN)]).collect()
}

/// A GitHub that the tags were pushed to.
pub(super) fn github(commit: &str) -> FakeGithub {
    let github = FakeGithub::start();
    github.add_annotated_tag("lib-v2.0.0-rc.1", commit).add_annotated_tag("my-cli-v1.2.0", commit);
    github
}

pub(super) fn with_assets(text: &str) -> Request {
    Request { assets: AssetPatterns::parse(text).unwrap(), ..Request::default() }
}

pub(super) async fn discussing(scene: &Scene, scope: &str, category: Option<&str>) -> Request {
    let project = Project::open(scene.repo.root(), Environment::default(), &Silent).await.unwrap();
    let discussions = Discussions::parse(Some(scope), category, &project.workspace).unwrap();
    Request { discussions, ..Request::default() }
}

#[tokio::test]
async fn each_tag_gets_a_published_release_with_the_notes_of_its_package() {
    let scene = Scene::new();
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::Created), ("lib-v2.0.0-rc.1", Tagging::Created)]);
    let report = scene.run(&plan, &Request::default()).await.unwrap();
    assert!(report.is_success());
    assert!(report.entries.iter().all(|entry| entry.state == State::Published), "{report:?}");
    let page = format!("{}/acme/app/releases/tag/my-cli-v1.2.0", scene.github.web_url());
    assert_eq!(report.entries[0].url.as_deref(), Some(page.as_str()));
    let release = scene.github.release("my-cli-v1.2.0");
    let notes = "### Minor changes\n\n- New:\n  ## not a heading\n\n```\n## nor this\n```";
    assert_eq!((release.title.as_deref(), release.body.as_deref()), (Some("my-cli-v1.2.0"), Some(notes)));
    assert!(!release.draft && !release.prerelease);
    let release = scene.github.release("lib-v2.0.0-rc.1");
    assert_eq!(release.body.as_deref(), Some("Release `lib-v2.0.0-rc.1`."));
    assert!(!release.draft && release.prerelease);
    assert_eq!(scene.github.latest().as_deref(), Some("my-cli-v1.2.0"));
    assert_eq!(scene.github.invented_tags(), [""; 0]);
    scene.assert_settled(&plan, &Request::default()).await;
    assert_eq!(scene.warnings(), [""; 0]);
}

#[tokio::test]
async fn packages_of_one_name_in_two_ecosystems_have_their_own_notes() {
    let scene = Scene::new();
    scene.repo.write("package.json", r#"{"private": true, "name": "root", "workspaces": ["js"]}"#);
    scene.repo.write("js/package.json", r#"{"name": "my-cli", "version": "1.2.0"}"#);
    scene.repo.write("js/CHANGELOG.md", "# my-cli\n\n## 1.2.0\n\n- For npm.\n");
    scene.github.add_tag("npm-my-cli-v1.2.0", &scene.commit);
    let mut plan = scene.cli();
    let npm = Step { package: "npm/my-cli".parse().unwrap(), tag: "npm-my-cli-v1.2.0".into(), ..plan.steps[0].clone() };
    plan.steps.push(npm);
    scene.run(&plan, &Request::default()).await.unwrap();
    assert_eq!(scene.github.release("npm-my-cli-v1.2.0").body.as_deref(), Some("- For npm."));
    assert!(scene.github.release("my-cli-v1.2.0").body.unwrap().contains("- New:"));
}

#[tokio::test]
async fn what_is_still_to_be_delivered_to_a_release_keeps_it_a_draft_as_its_backend_makes_it() {
    let backend = "[distribute.backends.hub]\ntype = 'github-release'\ntitle = '{{ crate }} {{ version }}'\n";
    let draft = |config: &str| format!("[distribute]\ntargets = ['{LINUX}']\n{config}");
    let table = [
        (draft(backend), true, "my-cli 1.2.0"),
        (draft(""), true, "my-cli-v1.2.0"),
        // Nothing is delivered to this repository: elsewhere, of other packages, or of other versions.
        (draft(&format!("{backend}repository = 'acme/other'\n")), false, "my-cli-v1.2.0"),
        (draft(&format!("{backend}repository = 'Acme/App'\n")), true, "my-cli 1.2.0"),
        (draft(&format!("{backend}packages = ['lib']\n")), false, "my-cli-v1.2.0"),
        (draft(&format!("{backend}prereleases = 'only'\n")), false, "my-cli-v1.2.0"),
        (
            draft("[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n"),
            false,
            "my-cli-v1.2.0",
        ),
        // No target is configured, so that nothing is built.
        (backend.to_owned(), false, "my-cli-v1.2.0"),
        (String::new(), false, "my-cli-v1.2.0"),
    ];
    let mut scene = Scene::new();
    for (config, is_draft, title) in table {
        scene = scene.anew();
        configure(&scene.repo, &config);
        let report = scene.run(&scene.cli(), &Request::default()).await.unwrap();
        let release = scene.github.release("my-cli-v1.2.0");
        assert_eq!((release.draft, release.title.as_deref()), (is_draft, Some(title)), "{config}");
        let state = if is_draft { State::Drafted } else { State::Published };
        assert_eq!((report.entries[0].state, report.entries[0].url.is_none()), (state, is_draft), "{config}");
        scene.assert_settled(&scene.cli(), &Request::default()).await;
    }
}

#[tokio::test]
async fn assets_arrive_before_the_release_is_published_and_are_sent_once() {
    let scene = Scene::new();
    scene.github.with_immutable_releases();
    scene.repo.write("dist/my-cli.zip", "zip").write("LICENSE", "text");
    let request = with_assets("dist/{{crate}}.zip => {{tag}}.zip\nLICENSE\ndist/*.exe");
    assert_eq!(scene.told(&scene.cli(), &request).await, ["my-cli-v1.2.0: published, 2 assets"]);
    let release = scene.github.release("my-cli-v1.2.0");
    assert!(release.immutable);
    assert_eq!(scene.github.assets("my-cli-v1.2.0"), ["LICENSE", "my-cli-v1.2.0.zip"]);
    let [warning] = scene.warnings().try_into().unwrap();
    assert!(warning.contains("`dist/*.exe` of `release-assets` matches no file for `my-cli-v1.2.0`"), "{warning}");
    scene.assert_settled(&scene.cli(), &request).await;
}

#[tokio::test]
async fn a_release_that_is_there_gets_what_it_lacks_and_nothing_else_about_it_changes() {
    let scene = Scene::new();
    scene.repo.write("a.zip", "a").write("b.zip", "b");
    let id = scene.github.add_published("my-cli-v1.2.0");
    scene.github.add_asset(id, "a.zip", b"a");
    let before = scene.github.release("my-cli-v1.2.0");
    assert_eq!(scene.told(&scene.cli(), &with_assets("*.zip")).await, ["my-cli-v1.2.0: published, 1 asset"]);
    assert_eq!(scene.github.assets("my-cli-v1.2.0"), ["a.zip", "b.zip"]);
    let mut after = scene.github.release("my-cli-v1.2.0");
    after.assets.truncate(1);
    assert_eq!(after, before);
    scene.assert_settled(&scene.cli(), &with_assets("*.zip")).await;
}

#[tokio::test]
async fn a_draft_that_somebody_wrote_is_completed_and_published_with_its_own_words() {
    let scene = Scene::new();
    scene.repo.write("a.zip", "a");
    scene.github.add_draft("my-cli-v1.2.0");
    let report = scene.run(&scene.cli(), &with_assets("*.zip")).await.unwrap();
    assert_eq!(report.entries[0].state, State::Published);
    let release = scene.github.release("my-cli-v1.2.0");
    assert!(!release.draft && release.body.is_none());
}

#[tokio::test]
async fn what_cannot_be_added_any_more_fails_and_holds_up_no_other_release() {
    let scene = Scene::new();
    scene.github.with_immutable_releases();
    scene.repo.write("a.zip", "new");
    let id = scene.github.add_published("my-cli-v1.2.0");
    scene.github.add_asset(id, "a.zip", b"old");
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::AtHead), ("lib-v2.0.0-rc.1", Tagging::AtHead)]);
    let report = scene.run(&plan, &with_assets("*.zip")).await.unwrap();
    assert!(!report.is_success());
    assert_eq!(report.entries[0].state, State::Failed);
    let [Problem { message, .. }] = report.entries[0].problems.as_slice() else { panic!("{report:?}") };
    assert!(
        message.starts_with("`a.zip` of the release `my-cli-v1.2.0`: ") && message.contains("immutable"),
        "{message}"
    );
    assert_eq!(report.entries[1].state, State::Published);
}

#[tokio::test]
async fn a_tag_that_github_does_not_have_gets_no_release() {
    let scene = Scene::new();
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::AtHead), ("lib-v3.0.0", Tagging::AtHead)]);
    let report = scene.run(&plan, &Request::default()).await.unwrap();
    let [Problem { message, hint, code }] = report.entries[1].problems.as_slice() else { panic!("{report:?}") };
    assert_eq!(message, "the release `lib-v3.0.0`: the tag `lib-v3.0.0` is not in `acme/app`");
    assert_eq!(hint.as_deref(), Some("push it: `git push origin lib-v3.0.0`"));
    assert_eq!(code.as_deref(), Some("tag-not-pushed"));
    assert_eq!(scene.github.releases().len(), 1);
}

#[tokio::test]
async fn a_tag_at_another_commit_gets_the_release_that_it_lacks_and_no_files_of_this_commit() {
    let scene = Scene::new();
    scene.repo.write("a.zip", "a");
    scene.repo.tag("my-cli-v1.2.0");
    scene.repo.commit("later");
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::Elsewhere)]);
    assert_eq!(scene.told(&plan, &with_assets("*.zip")).await, ["my-cli-v1.2.0: a draft for now"]);
    assert!(scene.github.release("my-cli-v1.2.0").assets.is_empty());
    assert!(scene.warnings()[0].contains("the release `my-cli-v1.2.0` stays a draft"), "{:?}", scene.warnings());
    assert_eq!(scene.told(&plan, &Request::default()).await, ["my-cli-v1.2.0: published"]);
    let warned = scene.warnings();
    scene.github.clear_requests();
    assert_eq!(scene.told(&plan, &with_assets("*.zip")).await, [""; 0]);
    assert_eq!(scene.github.requests().len(), 1, "{:?}", scene.github.requests());
    assert_eq!(scene.warnings(), warned);
}

#[tokio::test]
async fn an_asset_that_differs_is_left_as_it_is_and_told() {
    let scene = Scene::new();
    scene.repo.write("a.zip", "new");
    let id = scene.github.add_published("my-cli-v1.2.0");
    scene.github.add_asset(id, "a.zip", b"old");
    let report = scene.run(&scene.cli(), &with_assets("*.zip")).await.unwrap();
    let [Problem { code, hint: Some(hint), .. }] = report.entries[0].problems.as_slice() else { panic!("{report:?}") };
    assert_eq!(code.as_deref(), Some("conflict"));
    assert!(hint.contains("delete the asset by hand"), "{hint}");
    assert_eq!(scene.github.content(scene.github.release("my-cli-v1.2.0").assets[0].id), b"old");
}

#[tokio::test]
async fn a_dry_run_tells_what_is_missing_and_changes_nothing() {
    let scene = Scene::new();
    scene.repo.write("a.zip", "a");
    scene.github.with_discussions(&["general"]).add_published("lib-v2.0.0-rc.1");
    let request = Request { dry_run: true, ..discussing(&scene, "true", None).await };
    let request = Request { assets: AssetPatterns::parse("*.zip").unwrap(), ..request };
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::Needed), ("lib-v2.0.0-rc.1", Tagging::AtHead)]);
    let expected = ["my-cli-v1.2.0: would be published, 1 asset", "lib-v2.0.0-rc.1: would be published, 1 asset"];
    assert_eq!(scene.told(&plan, &request).await, expected);
    assert!(scene.github.writes().iter().all(|write| write.path == "/graphql"));
    assert!(scene.github.discussions().is_empty() && scene.github.releases().len() == 1);
    let steps = scene.recorder.events();
    assert!(steps.iter().any(|step| step.contains("would open the discussion `Release my-cli-v1.2.0`")), "{steps:?}");
}

#[tokio::test]
async fn a_tag_that_was_not_made_or_is_withheld_is_left_out() {
    let scene = Scene::new();
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::Needed), ("lib-v2.0.0-rc.1", Tagging::Withheld)]);
    assert_eq!(scene.told(&plan, &Request::default()).await, [""; 0]);
    assert!(scene.github.requests().is_empty());
}

#[tokio::test]
async fn a_published_release_gets_one_discussion_however_often_this_runs() {
    let scene = Scene::new();
    scene.github.with_discussions(&["general", "announcements", "ideas"]).add_discussion("Release other", "ideas");
    let request = discussing(&scene, "my-cli", None).await;
    let plan = scene.plan(&[("my-cli-v1.2.0", Tagging::AtHead), ("lib-v2.0.0-rc.1", Tagging::AtHead)]);
    let report = scene.run(&plan, &request).await.unwrap();
    let web = scene.github.web_url().to_owned();
    assert_eq!(report.entries[0].discussion, Some(format!("{web}/acme/app/discussions/2")));
    assert_eq!(report.entries[1].discussion, None);
    let discussions = scene.github.discussions();
    let opened = &discussions[1];
    assert_eq!((opened.title.as_str(), opened.category.as_str()), ("Release my-cli-v1.2.0", "announcements"));
    let link = format!("\n\n—\n\n[my-cli-v1.2.0]({web}/acme/app/releases/tag/my-cli-v1.2.0)\n");
    assert!(opened.body.starts_with("### Minor changes") && opened.body.ends_with(&link), "{}", opened.body);
    scene.assert_settled(&plan, &request).await;
    assert_eq!(scene.github.discussions(), discussions);
}

#[tokio::test]
async fn the_category_is_the_one_asked_for_or_else_the_first_with_a_warning() {
    let table = [
        (Some("ideas"), &["general", "ideas"][..], "ideas", false),
        (Some("polls"), &["general"], "general", true),
        (None, &["q-a"], "q-a", false),
    ];
    let mut scene = Scene::new();
    for (asked, categories, expected, warns) in table {
        scene = scene.anew();
        scene.github.with_discussions(categories);
        scene.run(&scene.cli(), &discussing(&scene, "true", asked).await).await.unwrap();
        assert_eq!(scene.github.discussions()[0].category, expected);
        let is_told =
            scene.warnings().iter().any(|warning| warning.contains("there is no discussion category `polls`"));
        assert_eq!(is_told, warns, "{:?}", scene.warnings());
    }
}

#[tokio::test]
async fn a_discussion_that_cannot_be_opened_is_a_warning_and_the_next_run_opens_it() {
    let refused = r#"{"data":null,"errors":[{"type":"FORBIDDEN","message":"Resource not accessible by integration"}]}"#;
    let answer = || Answer::new(200, "application/json", refused);
    let table = [
        Fault::on("POST", "/graphql").answer(answer()),
        Fault::on("POST", "/graphql").nth(3).answer(answer()),
        Fault::on("POST", "/graphql").nth(3).status(500),
    ];
    let mut scene = Scene::new();
    for fault in table {
        scene = scene.anew();
        scene.github.with_discussions(&["announcements"]).fail(fault);
        let request = discussing(&scene, "true", None).await;
        let report = scene.run(&scene.cli(), &request).await.unwrap();
        assert!(report.is_success() && report.entries[0].state == State::Published, "{report:?}");
        assert_eq!(scene.warnings().len(), 1, "{:?}", scene.warnings());
        assert!(scene.github.discussions().is_empty());
        scene.run(&scene.cli(), &request).await.unwrap();
        assert_eq!(scene.github.discussions().len(), 1);
    }
}

#[tokio::test]
async fn without_discussions_in_the_repository_there_is_a_warning_with_the_fix() {
    let scene = Scene::new();
    let report = scene.run(&scene.cli(), &discussing(&scene, "true", None).await).await.unwrap();
    assert!(report.is_success());
    assert!(scene.warnings()[0].contains("switch discussions on in the settings"), "{:?}", scene.warnings());
}

#[tokio::test]
async fn a_token_that_may_not_write_is_told_once_with_the_permission_that_it_lacks() {
    let scene = Scene::new();
    scene.github.add_token(TOKEN, Access::ReadOnlyInstallation);
    let report = scene.run(&scene.cli(), &Request::default()).await.unwrap();
    let [Problem { message, hint: Some(hint), .. }] = report.entries[0].problems.as_slice() else {
        panic!("{report:?}")
    };
    assert!(message.contains("Resource not accessible by integration"), "{message}");
    assert!(hint.contains("contents: write"), "{hint}");
}

#[tokio::test]
async fn files_that_cannot_be_assets_are_refused_before_anything_is_sent() {
    let scene = Scene::new();
    scene.repo.write("a b.zip", "a").write("x/c.zip", "c").write("y/c.zip", "c");
    let project = scene.project().await.unwrap();
    for (assets, code) in [("*.zip", "asset-name"), ("x/*\ny/*", "artifact-collision")] {
        let error = scene.run(&scene.cli(), &with_assets(assets)).await.unwrap_err();
        assert_eq!(error.code(), code);
        let planned = scene.plan(&[("my-cli-v1.2.0", Tagging::Needed)]);
        let error = check(&project, &planned, &with_assets(assets), &scene.caller()).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert!(scene.github.requests().is_empty());
}

#[tokio::test]
async fn who_may_not_write_is_told_before_anything_is_published_and_only_if_there_is_something_to_write() {
    let denied = |github: &FakeGithub| github.add_token(TOKEN, Access::Read).clear_requests();
    let revoked = |github: &FakeGithub| github.revoke(TOKEN).clear_requests();
    let broken = |github: &FakeGithub| github.fail(Fault::on("GET", "*").status(502).always()).clear_requests();
    let unhindered = FakeGithub::clear_requests as fn(&FakeGithub);
    let table = [
        (Tagging::Needed, unhindered, false, None),
        (Tagging::Needed, denied, false, Some("permission-denied")),
        (Tagging::AtHead, revoked, false, Some("credentials-refused")),
        // A dry run writes nothing, an old release is nothing that is published now, and a failure may pass.
        (Tagging::Needed, denied, true, None),
        (Tagging::Elsewhere, denied, false, None),
        (Tagging::Needed, broken, false, None),
    ];
    let mut scene = Scene::new();
    for (number, (tagging, set_up, dry_run, expected)) in table.into_iter().enumerate() {
        scene = scene.anew();
        set_up(&scene.github);
        let plan = scene.plan(&[("my-cli-v1.2.0", tagging), ("lib-v2.0.0-rc.1", tagging)]);
        let request = Request { dry_run, ..Request::default() };
        let checked = check(&scene.project().await.unwrap(), &plan, &request, &scene.caller()).await;
        assert_eq!(checked.err().map(|error| error.code()), expected, "case {number}");
    }
}
