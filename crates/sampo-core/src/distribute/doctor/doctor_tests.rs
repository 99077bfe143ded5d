//! Whole examinations of repositories with real packages, without any network.

use sampo_testkit::Repo;
use sampo_testkit::github::Access;
use sampo_testkit::{FakeGithub, github::TOKEN};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::event::Silent;

const TARGET: &str = "targets = ['x86_64-unknown-linux-gnu']\n";
const SITE: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";

fn repo(config: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "publish = false"), ("other-cli", "0.1.0", "publish = false")]);
    repo.write(".sampo/config.toml", config).commit("first");
    repo
}

async fn diagnose_with(repo: &Repo, variables: &[(&str, &str)], request: &Request) -> Result<Diagnosis, SampoError> {
    let caller = Caller { reporter: Arc::new(Silent), cancellation: CancellationToken::new() };
    super::diagnose(repo.root(), variables.iter().copied().collect(), request, &caller).await
}

fn offline() -> Request {
    Request { offline: true, ..Request::default() }
}

/// The answers to one question, offline.
async fn answers(repo: &Repo, check: Check) -> Vec<(Level, String)> {
    let diagnosis = diagnose_with(repo, &[], &offline()).await.unwrap();
    let found = diagnosis.findings.into_iter().filter(|finding| finding.check == check);
    found.map(|finding| (finding.level, finding.title)).collect()
}

/// The levels of these answers with another configuration.
async fn levels(repo: &Repo, config: &str, check: Check) -> Vec<Level> {
    repo.write(".sampo/config.toml", config);
    answers(repo, check).await.into_iter().map(|(level, _)| level).collect()
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_a_finding_with_its_line() {
    let found = answers(&repo("[distribute]\ntarget = []\n"), Check::Configuration).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, Level::Error);
    assert!(found[0].1.contains("config.toml:2:1: unknown key `target`"), "{}", found[0].1);
}

#[tokio::test]
async fn mistakes_that_other_commands_would_meet_one_by_one_are_told_together() {
    let config = "[packages]\nignore = ['nobody']\n[distribute]\ntargets = ['x86_64-unknown-linux-gnu', \
                  'x86_64-unknown-linux-gnu']\n[distribute.backends.web]\ntype = 'ftp'\n";
    let found = answers(&repo(config), Check::Configuration).await;
    let said = |words: &str| found.iter().any(|(_, title)| title.contains(words));
    assert!(said("the pattern `nobody` in `ignore` matches no package"), "{found:?}");
    assert!(said("unknown backend type `ftp`") && said("stands twice in `targets`"), "{found:?}");
}

#[tokio::test]
async fn a_package_without_targets_or_anything_to_distribute_is_told() {
    let repo = repo("");
    assert_eq!(levels(&repo, SITE, Check::Configuration).await, [Level::Error]);
    let off = "[distribute.packages.my-cli]\nenabled = false\n[distribute.packages.other-cli]\nenabled = false\n";
    assert_eq!(levels(&repo, &format!("[distribute]\n{TARGET}{SITE}{off}"), Check::Packages).await, [Level::Warning]);
    assert_eq!(levels(&repo, &format!("[distribute]\n{TARGET}{SITE}"), Check::Packages).await, [Level::Ok]);
}

#[tokio::test]
async fn a_package_that_goes_nowhere_and_a_backend_that_gets_nothing_are_told() {
    let site = SITE.replace("path", "packages = ['my-cli']\npath");
    let config = format!("[distribute]\n{TARGET}{site}");
    let repo = repo(&config);
    assert_eq!(answers(&repo, Check::Destinations).await, [(Level::Warning, "no backend takes it".into())]);
    let off = "[distribute.packages.my-cli]\nenabled = false\n";
    repo.write(".sampo/config.toml", format!("{config}{off}"));
    let found = answers(&repo, Check::Destinations).await;
    let expected = [
        (Level::Warning, "it takes none of the packages".to_owned()),
        (Level::Warning, "no backend takes it".to_owned()),
    ];
    assert_eq!(found, expected);
    assert_eq!(levels(&repo, &format!("[distribute]\n{TARGET}{SITE}"), Check::Destinations).await, [Level::Ok]);
}

#[tokio::test]
async fn names_that_are_no_file_names_or_not_distinct_are_told() {
    let repo = repo("");
    let config = |name: &str| {
        let targets = "targets = ['x86_64-unknown-linux-gnu', 'aarch64-apple-darwin']";
        format!("[distribute]\n{targets}\n[distribute.archive]\nname = '{name}'\n{SITE}")
    };
    assert_eq!(levels(&repo, &config("{{ crate }}-{{ target }}"), Check::ArtifactNames).await, [Level::Ok]);
    assert_eq!(levels(&repo, &config("{{ crate }}/{{ target }}"), Check::ArtifactNames).await, [Level::Error; 4]);
    assert_eq!(levels(&repo, &config("{{ crate }}"), Check::ArtifactNames).await, [Level::Error; 2]);
}

#[tokio::test]
async fn a_matrix_that_github_would_refuse_is_told_before_it_is_made() {
    let repo = repo("");
    let targets = |count: usize| (0..count).map(|n| format!("'x{n}-unknown-linux-gnu'")).collect::<Vec<_>>().join(", ");
    let config = |count: usize| format!("[distribute]\ntargets = [{}]\n{SITE}", targets(count));
    assert_eq!(levels(&repo, &config(128), Check::BuildMatrix).await, [Level::Ok]);
    repo.write(".sampo/config.toml", config(129));
    let found = answers(&repo, Check::BuildMatrix).await;
    assert_eq!(
        found,
        [(
            Level::Warning,
            "a release of everything would be built in 258 jobs, and GitHub takes at most 256".to_owned()
        )]
    );
}

#[tokio::test]
async fn binstall_metadata_is_asked_for_where_it_would_help() {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.2.0", "license = 'MIT'\nrepository = 'https://github.com/acme/app'")]);
    let github = "[github]\nrepository = 'acme/app'\n[distribute]\n";
    repo.write(".sampo/config.toml", format!("{github}{TARGET}")).commit("first");
    assert_eq!(answers(&repo, Check::Binstall).await[0].0, Level::Warning);
    repo.write(".sampo/config.toml", format!("[git]\nshort_tags = 'my-cli'\n{github}{TARGET}"));
    assert_eq!(answers(&repo, Check::Binstall).await, []);
}

#[tokio::test]
async fn runners_must_be_known_and_there() {
    let repo = repo("");
    let config = |target: &str, runner: &str| format!("[distribute]\ntargets = ['{target}']\n{runner}{SITE}");
    let linux = "x86_64-unknown-linux-gnu";
    let runner = |label: &str| format!("[distribute.runners]\n{linux} = '{label}'\n");
    let table = [
        (config(linux, ""), Level::Ok),
        (config(linux, &runner("my-own-machine")), Level::Ok),
        (config(linux, &runner("ubuntu-20.04")), Level::Error),
        (config(linux, &runner("ubuntu-latest")), Level::Warning),
        (config("x86_64-unknown-freebsd", ""), Level::Error),
    ];
    for (config, level) in table {
        assert_eq!(levels(&repo, &config, Check::Runners).await, [level], "{config}");
    }
}

#[tokio::test]
async fn standard_libraries_matter_to_what_cargo_builds_and_to_nothing_else() {
    let repo = repo("");
    let config = |build: &str| format!("[distribute]\n{TARGET}{build}{SITE}");
    let known = levels(&repo, &config(""), Check::InstalledTargets).await;
    assert!(known.len() <= 1, "not every machine has rustup: {known:?}");
    assert_eq!(levels(&repo, &config("build = 'make {{ target }}'\n"), Check::InstalledTargets).await, []);
}

#[tokio::test]
async fn a_release_that_may_lack_every_target_is_told() {
    let repo = repo("");
    let config = |optional: &str| {
        let targets = "targets = ['x86_64-unknown-linux-gnu', 'aarch64-apple-darwin']";
        format!("[distribute]\n{targets}\n[distribute.packages.my-cli]\noptional = [{optional}]\n{SITE}")
    };
    assert_eq!(levels(&repo, &config(""), Check::OptionalTargets).await, []);
    assert_eq!(levels(&repo, &config("'aarch64-apple-darwin'"), Check::OptionalTargets).await, [Level::Note]);
    let all = "'aarch64-apple-darwin', 'x86_64-unknown-linux-gnu'";
    assert_eq!(levels(&repo, &config(all), Check::OptionalTargets).await, [Level::Warning]);
}

#[tokio::test]
async fn a_name_that_is_asked_for_and_does_not_exist_is_an_error() {
    let repo = repo(&format!("[distribute]\n{TARGET}{SITE}"));
    let strange = |packages: &[&str], backends: &[&str]| Request {
        packages: packages.iter().map(ToString::to_string).collect(),
        backends: backends.iter().map(ToString::to_string).collect(),
        offline: true,
    };
    let code = async |request: Request| diagnose_with(&repo, &[], &request).await.unwrap_err().code();
    assert_eq!(code(strange(&["nobody"], &[])).await, "unknown-package");
    assert_eq!(code(strange(&[], &["nowhere"])).await, "unknown-backend");
    let one = diagnose_with(&repo, &[], &strange(&["my-cli"], &["site"])).await.unwrap();
    assert!(one.findings.iter().any(|finding| finding.title == "distributed: `cargo/my-cli`"), "{one:?}");
}

#[tokio::test]
async fn a_release_that_was_killed_is_told_and_left_alone() {
    let repo = repo(&format!("[distribute]\n{TARGET}{SITE}"));
    assert_eq!(answers(&repo, Check::Interrupted).await, []);
    repo.write(".sampo/.release-journal", "{}");
    assert_eq!(answers(&repo, Check::Interrupted).await[0].0, Level::Warning);
    assert_eq!(repo.read(".sampo/.release-journal"), "{}");
}

#[tokio::test]
async fn outside_a_git_repository_that_alone_is_told_of_git() {
    let repo = repo(&format!("[distribute]\n{TARGET}{SITE}"));
    std::fs::remove_dir_all(repo.path(".git")).unwrap();
    let diagnosis = diagnose_with(&repo, &[], &offline()).await.unwrap();
    let of_git: Vec<Check> = diagnosis
        .findings
        .iter()
        .filter(|f| f.area == crate::distribute::finding::Area::Git)
        .map(|f| f.check)
        .collect();
    assert_eq!(of_git, [Check::Repository]);
}

#[tokio::test]
async fn an_administrators_token_learns_more_than_others() {
    let github = FakeGithub::start();
    github.add_token("admin", Access::Admin).with_immutable_releases();
    let action = "on: push\njobs:\n  a:\n    steps:\n      - uses: bruits/sampo/crates/sampo-github-action@v1\n";
    let repo = repo(&format!("[github]\nrepository = 'acme/app'\n[distribute]\n{TARGET}{SITE}"));
    repo.write(".github/workflows/a.yml", action);
    let level = async |token: &str, check: Check| {
        let variables = [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", token)];
        let diagnosis = diagnose_with(&repo, &variables, &Request::default()).await.unwrap();
        diagnosis.findings.iter().find(|finding| finding.check == check).map(|finding| finding.level)
    };
    assert_eq!(level("admin", Check::ImmutableReleases).await, Some(Level::Note));
    assert_eq!(level(TOKEN, Check::ImmutableReleases).await, None);
    assert_eq!(level("admin", Check::PullRequests).await, Some(Level::Ok));
    assert_eq!(level(TOKEN, Check::PullRequests).await, Some(Level::Note));
    assert_eq!(level("admin", Check::WorkflowPermissions).await, Some(Level::Error));
    assert_eq!(level(TOKEN, Check::WorkflowPermissions).await, Some(Level::Note));
    github.forbid_pulls().set_up(|settings| settings.workflows_may_write = true);
    assert_eq!(level("admin", Check::PullRequests).await, Some(Level::Error));
    assert_eq!(level("admin", Check::WorkflowPermissions).await, None);
    assert_eq!(github.writes(), []);
}
