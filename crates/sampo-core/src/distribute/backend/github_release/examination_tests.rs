//! What GitHub and the token are examined for.

use std::sync::Arc;

use sampo_testkit::FakeGithub;
use sampo_testkit::github::{Access, TOKEN};

use crate::distribute::backend::Prospect;
use crate::distribute::backend::scene::Scene;
use crate::distribute::finding::{Check, Finding, Level};
use crate::distribute::model::Release;

const KEYS: &str = "type = 'github-release'\nrepository = 'acme/app'\n";

fn prospect() -> Prospect {
    Prospect { releases: vec![Arc::new(Release::example())], names: Vec::new(), is_online: true, is_ci: false }
}

async fn examine(github: &FakeGithub, token: &str, keys: &str, prospect: &Prospect) -> Vec<Finding> {
    let variables = [("GITHUB_API_URL", github.api_url()), ("GITHUB_TOKEN", token)];
    let scene = Scene { environment: variables.into_iter().collect(), ..Scene::new() };
    let findings = scene.backend(&format!("{KEYS}{keys}")).unwrap().examine(prospect).await;
    // Questions about discussions are posted.
    assert!(github.writes().iter().all(|request| request.path == "/graphql"), "{:?}", github.writes());
    assert!(token.is_empty() || !format!("{findings:?}").contains(token));
    findings
}

/// Everything but what is in order.
async fn problems(github: &FakeGithub, token: &str, keys: &str) -> Vec<(Check, Level)> {
    let findings = examine(github, token, keys, &prospect()).await;
    let problems = findings.into_iter().filter(|finding| finding.level != Level::Ok);
    problems.map(|finding| (finding.check, finding.level)).collect()
}

#[tokio::test]
async fn a_token_that_may_write_is_all_that_is_needed() {
    let github = FakeGithub::start();
    github.add_token("installation", Access::Installation);
    assert_eq!(problems(&github, TOKEN, "").await, []);
    assert_eq!(problems(&github, "installation", "").await, []);
}

#[tokio::test]
async fn a_token_that_cannot_do_it_is_told_from_one_that_is_not_there() {
    let github = FakeGithub::start();
    github.add_token("reader", Access::Read).add_token("stranger", Access::None);
    let refused = [(Check::Access, Level::Error)];
    for token in ["reader", "stranger", "unknown"] {
        assert_eq!(problems(&github, token, "").await, refused, "{token}");
    }
    assert_eq!(problems(&github, "", "").await, [(Check::Credentials, Level::Note)]);
    let in_ci = examine(&github, "", "", &Prospect { is_ci: true, ..prospect() }).await;
    assert_eq!((in_ci[0].check, in_ci[0].level), (Check::Credentials, Level::Error));
}

#[tokio::test]
async fn the_usual_token_is_not_tried_on_another_github() {
    let (github, other) = (FakeGithub::start(), FakeGithub::start());
    let keys = format!("api_url = '{}'\n", other.api_url());
    assert_eq!(problems(&github, TOKEN, &keys).await, [(Check::Credentials, Level::Error)]);
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn the_scopes_of_a_classic_token_must_cover_the_repository() {
    let github = FakeGithub::start();
    github.set_up(|settings| settings.scopes = Some("gist, public_repo".into()));
    assert_eq!(problems(&github, TOKEN, "").await, []);
    github.make_private();
    let findings = examine(&github, TOKEN, "", &prospect()).await;
    let lacking = findings.iter().find(|finding| finding.level == Level::Error).unwrap();
    assert_eq!(lacking.title, "the token in `GITHUB_TOKEN` lacks the scope `repo`");
}

#[tokio::test]
async fn an_archived_repository_and_missing_discussions_are_told() {
    let github = FakeGithub::start();
    github.set_up(|settings| settings.archived = true);
    let keys = "discussion_category = 'Announcements'\n";
    let expected = [(Check::Archived, Level::Error), (Check::Discussions, Level::Error)];
    assert_eq!(problems(&github, TOKEN, keys).await, expected);
}

#[tokio::test]
async fn the_discussion_category_must_be_one_that_there_is() {
    let github = FakeGithub::start();
    github.with_discussions(&["announcements", "ideas"]);
    assert_eq!(problems(&github, TOKEN, "discussion_category = 'Announcements'\n").await, []);
    assert_eq!(problems(&github, TOKEN, "discussion_category = 'ideas'\n").await, []);
    let findings = examine(&github, TOKEN, "discussion_category = 'News'\n", &prospect()).await;
    let missing = findings.iter().find(|finding| finding.check == Check::Discussions).unwrap();
    assert_eq!((missing.level, missing.title.as_str()), (Level::Error, "`acme/app` has no discussion category `News`"));
}

#[tokio::test]
async fn a_github_that_does_not_answer_is_a_warning_and_offline_nobody_asks() {
    let github = FakeGithub::start();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let keys = format!("api_url = 'http://{closed}'\ntoken_env = 'GITHUB_TOKEN'\n");
    assert_eq!(problems(&github, TOKEN, &keys).await, [(Check::Github, Level::Warning)]);
    let offline = examine(&github, TOKEN, "", &Prospect { is_online: false, ..prospect() }).await;
    assert_eq!(offline.last().map(|finding| (finding.check, finding.level)), Some((Check::Access, Level::Note)));
    assert_eq!(github.requests(), []);
}

#[tokio::test]
async fn names_that_github_would_change_are_told_beforehand() {
    let github = FakeGithub::start();
    let names = vec!["my-cli-1.2.0.tar.gz".into(), "my cli~1.zip".into()];
    let findings = examine(&github, TOKEN, "", &Prospect { names, ..prospect() }).await;
    assert_eq!((findings[0].check, findings[0].level), (Check::ArtifactNames, Level::Error));
    assert_eq!(findings[0].detail.as_deref(), Some("`my cli~1.zip` would be `my.cli.1.zip`"));
}
