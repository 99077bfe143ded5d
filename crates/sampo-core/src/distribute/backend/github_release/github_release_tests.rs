//! The backend against the strict fake: what it promises, and how it keeps that when GitHub fails.

use std::sync::Arc;
use std::time::Duration;

use sampo_testkit::FakeGithub;
use sampo_testkit::github::{Access, Fault, Host, TOKEN};

use super::driver::{
    COMMIT, PACE, Parcel, backend, backend_in, carry_out, environment, parcel, run, run_once, run_replacing,
};
use crate::config::Config;
use crate::distribute::backend::conformance::conforms;
use crate::distribute::backend::{BackendType, CHANGED_MEANWHILE, Presence, Progress, Retry};
use crate::environment::Environment;

const TAG: &str = "app-v1.2.0";

fn fake() -> FakeGithub {
    let github = FakeGithub::start();
    github.add_tag(TAG, COMMIT);
    github
}

fn three() -> Parcel {
    parcel(TAG, &[("app-linux.tar.gz", b"linux"), ("app-macos.tar.gz", b"macos"), ("SHA256SUMS", b"sums")])
}

const NAMES: [&str; 3] = ["SHA256SUMS", "app-linux.tar.gz", "app-macos.tar.gz"];

fn log(github: &FakeGithub) -> Vec<String> {
    github.requests().iter().map(ToString::to_string).collect()
}

fn uploads(github: &FakeGithub) -> usize {
    github.requests().iter().filter(|request| request.host == Host::Uploads).count()
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_backend() {
    let github = FakeGithub::start();
    github.add_annotated_tag("app-v1.2.0", COMMIT);
    let parcel = parcel("app-v1.2.0", &[("a.zip", b"aaa"), ("SHA256SUMS", b"sums")]);
    conforms(&*backend(&github, ""), &parcel.shipment).await;
}

#[tokio::test]
async fn a_release_is_drafted_filled_and_published() {
    let github = fake();
    let parcel = three();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(outcome.delivered.len(), 3);
    let release = github.release(TAG);
    assert_eq!((release.draft, release.prerelease), (false, false));
    assert_eq!(release.title.as_deref(), Some(TAG));
    assert_eq!(release.body.as_deref(), Some("### Minor changes\n\n- A thing\n"));
    assert_eq!(github.assets(TAG), NAMES);
    let linux = release.assets.iter().find(|asset| asset.name == "app-linux.tar.gz").unwrap();
    assert_eq!(github.content(linux.id), b"linux");
    assert_eq!(github.latest().as_deref(), Some(TAG));
    assert_eq!(github.invented_tags(), [""; 0]);
    // Nobody sees half a release: publishing is the last write.
    let writes: Vec<String> = github.writes().iter().map(|write| write.method.clone()).collect();
    assert_eq!(writes, ["POST", "POST", "POST", "POST", "PATCH"]);
}

#[tokio::test]
async fn a_second_run_costs_one_request_and_writes_nothing() {
    let github = fake();
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("app-{n}.zip"), vec![n; 10])).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let parcel = parcel(TAG, &files);
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    github.clear_requests();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(outcome.unchanged.len(), 40);
    assert_eq!(log(&github), [format!("GET /repos/acme/app/releases/tags/{TAG} 200")]);
    // Nor does it if the release shows only some of its assets.
    github.with_embedded_assets(30).clear_requests();
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!((github.requests().len(), github.writes().len()), (2, 0));
}

#[tokio::test]
async fn more_assets_than_fit_on_a_page_arrive_and_are_seen_again() {
    let github = fake();
    let files: Vec<String> = (0..120).map(|n| format!("app-{n:03}.zip")).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    let parcel = parcel(TAG, &files);
    github.with_embedded_assets(30);
    carry_out(backend(&github, ""), vec![parcel.shipment.clone()], parcel.folder.path()).await;
    assert_eq!(github.assets(TAG).len(), 120);
    github.remove_asset(TAG, "app-110.zip");
    github.clear_requests();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!((outcome.delivered, outcome.unchanged.len()), (vec!["app-110.zip".to_owned()], 119));
    assert_eq!(uploads(&github), 1);
}

#[tokio::test]
async fn many_new_releases_share_the_list_of_all_releases() {
    let github = FakeGithub::start();
    // Three pages, and a draft on the last of them.
    let draft = github.add_draft("app7-v1.0.0");
    for n in 0..250 {
        github.add_published(&format!("lib-v0.0.{n}"));
    }
    let parcels: Vec<Parcel> =
        (0..30).map(|n| parcel(&format!("app{n}-v1.0.0"), &[("a.zip", b"a"), ("b.zip", b"b")])).collect();
    for parcel in &parcels {
        github.add_tag(&parcel.shipment.release.tag, COMMIT);
    }
    carry_out(
        backend(&github, ""),
        parcels.iter().map(|parcel| parcel.shipment.clone()).collect(),
        parcels[0].folder.path(),
    )
    .await;
    assert!(github.releases().iter().all(|release| !release.draft));
    assert_eq!(github.release("app7-v1.0.0").id, draft);
    let first_pages = log(&github).iter().filter(|line| line.contains("/releases?per_page=100 ")).count();
    // Once to look, once to see that no other run made the same drafts; perhaps a third time in between.
    assert!((1..=3).contains(&first_pages), "{first_pages}");
}

#[tokio::test]
async fn what_a_release_cannot_hold_is_said_before_the_first_upload() {
    let github = fake();
    let draft = github.add_draft(TAG);
    for n in 0..998 {
        github.add_asset(draft, &format!("old-{n}.zip"), b"x");
    }
    let outcome = run(&*backend(&github, ""), &three().shipment).await;
    assert_eq!((outcome.codes(), github.writes().len()), (vec!["too-many-assets"], 0));
    assert!(outcome.error.unwrap().message.contains("holds 998 assets, 3 are to be added"));
    let fits = parcel(TAG, &[("app-linux.tar.gz", b"linux"), ("app-macos.tar.gz", b"macos")]);
    run(&*backend(&github, ""), &fits.shipment).await.succeeded();
    assert_eq!(github.release(TAG).assets.len(), 1000);
}

#[tokio::test]
async fn of_two_versions_in_one_run_the_higher_becomes_the_latest() {
    for latest in ["'auto'", "true"] {
        let github = FakeGithub::start();
        let parcels = ["app-v2.0.0", "app-v1.9.0", "app-v2.1.0-rc.1"].map(|tag| parcel(tag, &[("a.zip", b"a")]));
        for parcel in &parcels {
            github.add_tag(&parcel.shipment.release.tag, COMMIT);
        }
        let backend = backend(&github, &format!("latest = {latest}"));
        let shipments = parcels.iter().map(|parcel| parcel.shipment.clone()).collect();
        carry_out(backend, shipments, parcels[0].folder.path()).await;
        assert_eq!(github.latest().as_deref(), Some("app-v2.0.0"), "latest = {latest}");
    }
}

#[tokio::test]
async fn exactly_the_asset_that_was_deleted_is_delivered_again() {
    let github = fake();
    let parcel = three();
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    github.remove_asset(TAG, "app-macos.tar.gz");
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!((outcome.delivered, outcome.unchanged.len()), (vec!["app-macos.tar.gz".to_owned()], 2));
    assert_eq!(github.assets(TAG), NAMES);
}

#[tokio::test]
async fn an_existing_release_keeps_its_title_notes_and_flags() {
    let github = fake();
    github.add_published(TAG);
    github.fail(Fault::on("PATCH", "*").status(500).always());
    let parcel = three();
    run(&*backend(&github, "latest = true"), &parcel.shipment).await.succeeded();
    assert_eq!(github.release(TAG).body, None);
    assert_eq!(github.assets(TAG), NAMES);
}

#[tokio::test]
async fn a_draft_that_is_there_is_filled_and_published_under_its_own_tag() {
    let github = fake();
    let draft = github.add_draft(TAG);
    github.add_asset(draft, "app-linux.tar.gz", b"linux");
    let parcel = three();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(outcome.unchanged, ["app-linux.tar.gz"]);
    let release = github.release(TAG);
    assert_eq!((release.id, release.draft), (draft, false));
}

#[tokio::test]
async fn publish_false_leaves_the_draft_and_is_finished_then() {
    let github = fake();
    let parcel = three();
    run(&*backend(&github, "publish = false"), &parcel.shipment).await.succeeded();
    assert!(github.release(TAG).draft);
    assert!(backend(&github, "").has_finish() && !backend(&github, "publish = false").has_finish());
    github.clear_requests();
    let outcome = run(&*backend(&github, "publish = false"), &parcel.shipment).await.succeeded();
    assert_eq!((outcome.unchanged.len(), github.requests().len(), github.writes().len()), (3, 2, 0));
}

#[tokio::test]
async fn an_upload_that_was_stored_although_it_failed_is_not_sent_twice() {
    for fault in [
        Fault::on("POST", "*/assets").status(502),
        Fault::on("POST", "*/assets").status(500),
        Fault::on("POST", "*/assets").dropped(),
        Fault::on("POST", "*/assets").truncated(),
        Fault::on("POST", "*/assets").answered_with("<html>"),
    ] {
        let github = fake();
        let parcel = three();
        github.fail(fault.clone().after_effect());
        let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
        assert_eq!(outcome.delivered.len(), 3, "{fault:?}");
        assert_eq!(uploads(&github), 3, "{fault:?}");
        assert_eq!(github.assets(TAG), NAMES);
    }
}

#[tokio::test]
async fn an_upload_that_broke_half_way_is_cleared_away_and_sent_again() {
    for fault in [Fault::on("POST", "*/assets").dropped(), Fault::on("POST", "*/assets").status(502)] {
        let github = fake();
        let parcel = three();
        github.fail(fault.half_way());
        run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
        let release = github.release(TAG);
        assert_eq!(release.assets.len(), 3, "{:?}", release.assets);
        assert_eq!((github.assets(TAG).len(), release.draft, uploads(&github)), (3, false, 4));
    }
}

#[tokio::test]
async fn a_starter_that_another_run_finishes_in_time_is_taken_as_it_is() {
    let github = fake();
    let draft = github.add_draft(TAG);
    let starter = github.add_starter(draft, "app-linux.tar.gz");
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    let backend = backend(&github, "");
    let finish = async {
        tokio::time::sleep(PACE.settle / 2).await;
        github.finish_starter(starter, b"linux");
    };
    let (outcome, ()) = tokio::join!(run(&*backend, &parcel.shipment), finish);
    outcome.succeeded();
    assert_eq!(uploads(&github), 0);
}

#[tokio::test]
async fn a_name_taken_by_another_run_is_success_if_the_bytes_are_the_same_and_to_be_surveyed_if_not() {
    for (bytes, codes) in [(b"linux", vec![]), (b"other", vec![CHANGED_MEANWHILE])] {
        let github = fake();
        let draft = github.add_draft(TAG);
        let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
        let backend = backend(&github, "");
        let items = backend.items(&parcel.shipment).unwrap();
        let survey = backend.survey(&parcel.shipment, &items).await.unwrap();
        assert_eq!(survey.presences, [Presence::Absent]);
        github.add_asset(draft, "app-linux.tar.gz", bytes);
        let delivery = backend.deliver(&parcel.shipment, &items[0], &Presence::Absent, &Default::default()).await;
        assert!(delivery.as_ref().err().is_none_or(|error| error.retry == Retry::Later));
        let found: Vec<&str> = delivery.err().iter().map(|error| error.code).collect();
        assert_eq!(found, codes);
    }
}

#[tokio::test]
async fn only_the_very_asset_that_was_surveyed_is_replaced() {
    let github = fake();
    let draft = github.add_draft(TAG);
    github.add_asset(draft, "SHA256SUMS", b"one");
    let parcel = parcel(TAG, &[("SHA256SUMS", b"one and ours")]);
    let backend = backend(&github, "");
    let items = backend.items(&parcel.shipment).unwrap();
    let stale = backend.survey(&parcel.shipment, &items).await.unwrap().presences.remove(0);
    github.remove_asset(TAG, "SHA256SUMS");
    let theirs = github.add_asset(draft, "SHA256SUMS", b"one and theirs");
    let progress = Progress::default();
    let error = backend.deliver(&parcel.shipment, &items[0], &stale, &progress).await.unwrap_err();
    assert_eq!((error.code, error.retry), (CHANGED_MEANWHILE, Retry::Later));
    assert_eq!(github.content(theirs), b"one and theirs");
    let fresh = backend.survey(&parcel.shipment, &items).await.unwrap().presences.remove(0);
    backend.deliver(&parcel.shipment, &items[0], &fresh, &progress).await.unwrap();
    assert_eq!(github.content(github.release(TAG).assets[0].id), b"one and ours");
}

#[tokio::test]
async fn what_is_replaced_at_this_moment_may_be_read_later() {
    let github = fake();
    let parcel = three();
    let backend = backend(&github, "");
    run(&*backend, &parcel.shipment).await.succeeded();
    let items = backend.items(&parcel.shipment).unwrap();
    let sums = items.iter().find(|item| item.name == "SHA256SUMS").unwrap();
    github.remove_asset(TAG, "SHA256SUMS");
    let error = backend.read(&parcel.shipment, sums).await.unwrap_err();
    assert_eq!((error.code, error.retry), (CHANGED_MEANWHILE, Retry::Later));
}

#[tokio::test]
async fn a_422_for_another_reason_is_final_and_told_in_githubs_words() {
    let github = fake();
    github.fail(Fault::on("POST", "*/assets").status(422));
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!(outcome.codes(), ["request-refused"]);
    assert!(outcome.failed[0].1.message.contains("this was refused"), "{:?}", outcome.failed);
    assert_eq!(uploads(&github), 1);
}

#[tokio::test]
async fn what_differs_is_a_conflict_and_is_replaced_only_on_demand() {
    let github = fake();
    let draft = github.add_draft(TAG);
    github.add_asset(draft, "app-linux.tar.gz", b"LINUX");
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!((outcome.codes(), github.writes().len()), (vec!["conflict"], 0));
    run_replacing(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    let release = github.release(TAG);
    assert_eq!(github.content(release.assets[0].id), b"linux");
}

#[tokio::test]
async fn a_draft_is_found_on_whatever_page_of_the_list_it_stands() {
    let github = fake();
    let draft = github.add_draft(TAG);
    for n in 0..250 {
        github.add_published(&format!("lib-v0.0.{n}"));
    }
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(github.release(TAG).id, draft);
    assert!(log(&github).iter().any(|line| line.starts_with("GET /repositories/4711/releases?per_page=100&page=3")));
}

#[tokio::test]
async fn of_several_drafts_the_oldest_is_used_and_the_others_are_named_and_left_alone() {
    let github = fake();
    let (first, second) = (github.add_draft(TAG), github.add_draft(TAG));
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(outcome.warnings.len(), 1);
    assert!(outcome.warnings[0].contains(&second.to_string()), "{:?}", outcome.warnings);
    let drafts: Vec<(u64, bool)> = github.releases().iter().map(|release| (release.id, release.draft)).collect();
    assert_eq!(drafts, [(first, false), (second, true)]);
}

#[tokio::test]
async fn repositories_with_immutable_releases_get_complete_ones() {
    let github = fake();
    github.with_immutable_releases();
    let parcel = three();
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert!(github.release(TAG).immutable);
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    github.remove_asset(TAG, "SHA256SUMS");
    github.clear_requests();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!(outcome.codes(), ["conflict"]);
    assert!(outcome.failed[0].1.message.contains("immutable, and lacks it: release a new version"));
    assert_eq!(github.writes(), []);
}

#[tokio::test]
async fn a_tag_that_an_immutable_release_has_burned_is_told_as_such() {
    let github = fake();
    github.with_immutable_releases();
    let parcel = three();
    let backend = backend(&github, "");
    run(&*backend, &parcel.shipment).await.succeeded();
    github.delete_release(TAG);
    let outcome = run(&*backend, &parcel.shipment).await;
    assert_eq!(outcome.codes(), ["request-refused"]);
    assert!(outcome.error.unwrap().hint.unwrap().ends_with("release a new version"));
}

#[tokio::test]
async fn an_ambiguous_creation_never_makes_two_drafts() {
    for fault in [
        Fault::on("POST", "*/releases").status(502),
        Fault::on("POST", "*/releases").dropped(),
        Fault::on("POST", "*/releases").truncated(),
        Fault::on("POST", "*/releases").answered_with("{}"),
    ] {
        let github = fake();
        // What was made shows up in lists late.
        github.with_lag(2).fail(fault.clone().after_effect());
        let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
        run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
        assert_eq!(github.assets(TAG), ["app-linux.tar.gz"], "{fault:?}");
        assert!(!github.release(TAG).draft, "{fault:?}");
    }
}

#[tokio::test]
async fn a_creation_that_failed_for_good_is_tried_again() {
    let github = fake();
    github.fail(Fault::on("POST", "*/releases").status(503).times(2));
    let parcel = three();
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(github.assets(TAG), NAMES);
}

#[tokio::test]
async fn racing_runs_end_with_one_release_and_every_asset() {
    for lag in [0, 1, 3] {
        let github = fake();
        github.with_lag(lag);
        let (ours, theirs) = (three(), three());
        let (one, two) = (backend(&github, ""), backend(&github, ""));
        let runs = tokio::join!(run(&*one, &ours.shipment), run(&*two, &theirs.shipment));
        let (one, two) = (runs.0, runs.1);
        assert!(one.codes().is_empty() || two.codes().is_empty(), "{one:?} {two:?}");
        run(&*backend(&github, ""), &ours.shipment).await.succeeded();
        let release = github.releases().into_iter().filter(|release| !release.draft).collect::<Vec<_>>();
        assert_eq!(release.len(), 1, "lag {lag}");
        assert_eq!(release[0].assets.len(), 3, "lag {lag}");
        let rest: Vec<_> = github.releases().into_iter().filter(|release| release.draft).collect();
        assert!(rest.is_empty(), "lag {lag}: {rest:?} {:#?}", log(&github));
    }
}

#[tokio::test]
async fn publishing_that_failed_after_its_effect_is_seen_as_done() {
    for fault in [Fault::on("PATCH", "*").status(502).after_effect(), Fault::on("PATCH", "*").truncated()] {
        let github = fake();
        github.fail(fault);
        let parcel = three();
        run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
        let patches = github.writes().iter().filter(|write| write.method == "PATCH").count();
        assert_eq!((github.release(TAG).draft, patches), (false, 1));
    }
}

#[tokio::test]
async fn a_tag_that_github_lacks_or_has_elsewhere_is_never_published() {
    let github = FakeGithub::start();
    let parcel = three();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!((outcome.codes(), github.writes().len()), (vec!["tag-not-pushed"], 0));
    github.add_tag(TAG, &"f".repeat(40));
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!((outcome.codes(), github.writes().len()), (vec!["tag-not-pushed"], 0));
    // A draft may wait for its tag, but is not published without it.
    github.add_draft(TAG);
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!(outcome.codes(), ["tag-not-pushed"]);
    assert!(github.release(TAG).draft);
    assert_eq!(github.invented_tags(), [""; 0]);
}

#[tokio::test]
async fn an_annotated_tag_is_followed_to_its_commit() {
    let github = FakeGithub::start();
    github.add_annotated_tag(TAG, COMMIT);
    run(&*backend(&github, ""), &three().shipment).await.succeeded();
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_told_by_the_variables_name_before_any_write() {
    let github = fake();
    let parcel = three();
    let table = [
        (None, "", "credentials-missing", "GITHUB_TOKEN"),
        (Some("ghp_expired"), "", "credentials-refused", "GITHUB_TOKEN"),
        (None, "token_env = 'RELEASE_TOKEN'", "credentials-missing", "RELEASE_TOKEN"),
        (Some("ghp_reader"), "", "permission-denied", "GITHUB_TOKEN"),
        (Some("ghp_outsider"), "", "not-found", "GITHUB_TOKEN"),
        (Some("two\nlines"), "", "credentials-refused", "GITHUB_TOKEN"),
    ];
    github.add_token("ghp_reader", Access::Read).add_token("ghp_outsider", Access::None);
    for (token, keys, code, variable) in table {
        let outcome = run(&*backend_in(environment(&github, token), keys), &parcel.shipment).await;
        assert_eq!(outcome.codes(), [code], "{token:?}");
        let error = outcome.error.unwrap();
        assert!(error.hint.as_ref().unwrap().contains(variable), "{error:?}");
        assert_eq!(error.retry, Retry::Never);
    }
    assert_eq!(github.writes(), []);
}

#[tokio::test]
async fn the_usual_token_is_not_sent_to_an_address_of_the_configuration() {
    let github = fake();
    let parcel = three();
    let environment: Environment = [("GITHUB_TOKEN", TOKEN), ("GH_TOKEN", TOKEN)].into_iter().collect();
    let backend = backend_in(environment, &format!("api_url = '{}'", github.api_url()));
    let error = run(&*backend, &parcel.shipment).await.error.unwrap();
    assert_eq!(error.code, "credentials-missing");
    assert!(error.hint.unwrap().contains("`token_env`"));
    assert!(github.requests().iter().all(|request| !request.authorized) && github.writes().is_empty());
}

#[tokio::test]
async fn the_token_of_a_workflow_may_write_although_github_says_that_it_may_not_push() {
    let github = fake();
    github.add_token("ghs_workflow", Access::Installation).add_token("ghs_reader", Access::ReadOnlyInstallation);
    let parcel = three();
    run(&*backend_in(environment(&github, Some("ghs_workflow")), ""), &parcel.shipment).await.succeeded();
    let other = FakeGithub::start();
    other.add_tag(TAG, COMMIT).add_token("ghs_reader", Access::ReadOnlyInstallation);
    let outcome = run(&*backend_in(environment(&other, Some("ghs_reader")), ""), &parcel.shipment).await;
    assert_eq!(outcome.codes(), ["permission-denied"]);
    let hint = outcome.error.unwrap().hint.unwrap();
    assert!(hint.contains("permissions: { contents: write }") && hint.contains(".github/workflows"), "{hint}");
}

#[tokio::test]
async fn rate_limits_say_how_long_to_wait() {
    let github = fake();
    let parcel = three();
    let table = [
        (Fault::on("GET", "*").secondary_rate_limited(Some(7)), 7..=7),
        (Fault::on("GET", "*").secondary_rate_limited(None), 60..=60),
        (Fault::on("GET", "*").rate_limited(Duration::from_secs(600)), 595..=602),
        (Fault::on("POST", "*/assets").secondary_rate_limited(Some(9)), 9..=9),
    ];
    for (fault, expected) in table {
        github.heal().fail(fault);
        let mut outcome = run_once(&*backend(&github, ""), &parcel.shipment).await;
        let error = outcome.error.take().unwrap_or_else(|| outcome.failed.remove(0).1);
        assert_eq!(error.code, "rate-limited");
        let (Retry::After(wait) | Retry::AtLeast(wait)) = error.retry else { panic!("{error:?}") };
        assert!(expected.contains(&wait.as_secs()), "{wait:?}");
    }
}

#[tokio::test]
async fn a_github_enterprise_server_is_reached_below_its_paths() {
    let github = FakeGithub::enterprise();
    github.add_tag(TAG, COMMIT).without_digests();
    let parcel = three();
    let environment: Environment = [("GH_TOKEN", TOKEN)].into_iter().collect();
    let backend = backend_in(environment, &format!("api_url = '{}/'\ntoken_env = 'GH_TOKEN'", github.api_url()));
    run(&*backend, &parcel.shipment).await.succeeded();
    assert_eq!(github.assets(TAG), NAMES);
    assert!(log(&github).iter().any(|line| line.starts_with("GET /api/v3/repos/acme/app/releases/tags/")));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_reads_and_writes() {
    let github = fake();
    github.rename("acme-inc", "tool");
    let parcel = three();
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    assert_eq!(github.assets(TAG), NAMES);
    assert!(!github.release(TAG).draft);
}

#[tokio::test]
async fn without_digests_the_bytes_themselves_are_compared() {
    let github = fake();
    github.without_digests();
    let release = github.add_published(TAG);
    github.add_asset(release, "same.zip", b"12345");
    github.add_asset(release, "size.zip", b"1");
    github.add_asset(release, "bytes.zip", b"54321");
    let parcel = parcel(TAG, &[("same.zip", b"12345"), ("size.zip", b"12345"), ("bytes.zip", b"12345")]);
    let backend = backend(&github, "");
    let items = backend.items(&parcel.shipment).unwrap();
    let survey = backend.survey(&parcel.shipment, &items).await.unwrap();
    assert!(
        matches!(&survey.presences[..], [Presence::Identical, Presence::Different(_), Presence::Different(_)]),
        "{survey:?}"
    );
    let storage: Vec<_> = github.requests().into_iter().filter(|request| request.host == Host::Storage).collect();
    assert!(storage.len() == 2 && storage.iter().all(|request| !request.authorized), "{storage:?}");
}

#[tokio::test]
async fn a_draft_with_a_stale_asset_of_the_same_size_is_not_published() {
    let github = fake();
    github.without_digests();
    let draft = github.add_draft(TAG);
    github.add_asset(draft, "app-linux.tar.gz", b"stale");
    let parcel = parcel(TAG, &[("app-linux.tar.gz", b"linux")]);
    let error = backend(&github, "").finish(&parcel.shipment).await.unwrap_err();
    assert_eq!((error.code, github.release(TAG).draft), ("incomplete", true));
}

#[tokio::test]
async fn a_small_asset_is_read_back_whole() {
    let github = fake();
    let parcel = three();
    let backend = backend(&github, "");
    run(&*backend, &parcel.shipment).await.succeeded();
    let items = backend.items(&parcel.shipment).unwrap();
    let sums = items.iter().find(|item| item.name == "SHA256SUMS").unwrap();
    assert_eq!(backend.read(&parcel.shipment, sums).await.unwrap(), b"sums");
    github.with_direct_downloads();
    assert_eq!(backend.read(&parcel.shipment, sums).await.unwrap(), b"sums");
}

#[tokio::test]
async fn names_and_sizes_that_github_would_not_keep_are_refused_before_anything_is_sent() {
    let github = fake();
    let backend = backend(&github, "");
    let code = |name: &str, bytes: &[u8]| {
        let error = backend.items(&parcel(TAG, &[(name, bytes)]).shipment).unwrap_err();
        (error.code, error.message)
    };
    assert_eq!(
        code("app~rc 1.deb", b"x"),
        ("asset-name", "GitHub would rename `app~rc 1.deb` to `app.rc.1.deb`".into())
    );
    assert_eq!(code("app.zip", b"").0, "asset-size");
    let mut large = parcel(TAG, &[("app.zip", b"x")]);
    large.shipment.artifacts[0].bytes = 2_147_483_648;
    assert_eq!(backend.items(&large.shipment).unwrap_err().code, "asset-size");
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_made_ready_is_not_sent() {
    let github = fake();
    let parcel = parcel(TAG, &[("app.zip", b"12345")]);
    std::fs::write(parcel.folder.path().join("app.zip"), b"123").unwrap();
    let outcome = run(&*backend(&github, ""), &parcel.shipment).await;
    assert_eq!((outcome.codes(), uploads(&github)), (vec!["artifact-changed"], 0));
}

#[tokio::test]
async fn download_urls_come_from_the_tag_and_work_once_the_release_is_published() {
    let github = FakeGithub::start();
    let tag = "tools/app+x-v1.2.0";
    github.add_tag(tag, COMMIT);
    let parcel = parcel(tag, &[("app+1.zip", b"bytes")]);
    let backend = backend(&github, "");
    run(&*backend, &parcel.shipment).await.succeeded();
    let url = backend.download_url(&parcel.shipment.release, &parcel.shipment.artifacts[0]).unwrap();
    assert_eq!(url, format!("{}/acme/app/releases/download/tools%2Fapp%2Bx-v1.2.0/app%2B1.zip", github.web_url()));
    let fetched = reqwest::get(url).await.unwrap();
    assert_eq!((fetched.status().as_u16(), &fetched.bytes().await.unwrap()[..]), (200, &b"bytes"[..]));
    assert_eq!(backend.destination(&parcel.shipment.release).unwrap(), "acme/app tools/app+x-v1.2.0");
}

#[tokio::test]
async fn latest_stays_with_newer_versions_other_packages_and_stable_ones() {
    let table = [
        ("app-v1.2.0", vec!["app-v2.0.0"], "app-v2.0.0"),
        ("app-v1.2.0", vec!["lib-v0.1.0"], "lib-v0.1.0"),
        ("app-v1.3.0-rc.1", vec!["app-v1.2.0"], "app-v1.2.0"),
        ("app-v1.2.0", vec!["app-v1.1.0"], "app-v1.2.0"),
    ];
    for (tag, published, latest) in table {
        let github = FakeGithub::start();
        github.add_tag(tag, COMMIT);
        for tag in published {
            github.add_tag(tag, COMMIT);
            run(&*backend(&github, "latest = true"), &parcel(tag, &[("a.zip", b"a")]).shipment).await.succeeded();
        }
        run(&*backend(&github, ""), &parcel(tag, &[("a.zip", b"a")]).shipment).await.succeeded();
        assert_eq!(github.latest().as_deref(), Some(latest), "{tag}");
        assert_eq!(github.release(tag).prerelease, tag.contains("-rc."));
    }
}

#[tokio::test]
async fn latest_passes_from_a_release_without_assets_to_one_with_them_but_not_from_the_main_package() {
    for (holder, latest) in [("lib-v0.1.0", "app-v1.2.0"), ("v0.1.0", "v0.1.0")] {
        let github = fake();
        github.add_tag(holder, COMMIT);
        run(&*backend(&github, ""), &parcel(holder, &[("a.zip", b"a")]).shipment).await.succeeded();
        github.remove_asset(holder, "a.zip");
        run(&*backend(&github, ""), &three().shipment).await.succeeded();
        assert_eq!(github.latest().as_deref(), Some(latest));
    }
}

#[tokio::test]
async fn latest_false_leaves_that_place_to_an_older_version() {
    let github = fake();
    github.add_tag("app-v1.1.0", COMMIT);
    run(&*backend(&github, ""), &parcel("app-v1.1.0", &[("a.zip", b"a")]).shipment).await.succeeded();
    run(&*backend(&github, "latest = false"), &three().shipment).await.succeeded();
    assert_eq!((github.release(TAG).draft, github.latest().as_deref()), (false, Some("app-v1.1.0")));
}

#[tokio::test]
async fn notes_longer_than_github_takes_them_are_cut_with_a_link_to_the_rest() {
    let github = fake();
    let mut parcel = three();
    let release = Arc::get_mut(&mut parcel.shipment.release).unwrap();
    release.notes = Some("- a thing\n".repeat(20_000));
    run(&*backend(&github, ""), &parcel.shipment).await.succeeded();
    let body = github.release(TAG).body.unwrap();
    let link = format!("({}/acme/app/blob/{TAG}/crates/app/CHANGELOG.md)\n", github.web_url());
    assert!(body.starts_with("- a thing\n") && body.ends_with(&link), "{}", &body[body.len() - 200..]);
}

#[tokio::test]
async fn title_notes_and_discussion_follow_the_configuration() {
    let github = fake();
    github.add_tag("app-v1.1.0", COMMIT).add_published("app-v1.1.0");
    let keys = "title = 'App {{ version }}'\nnotes = 'generate'\ndiscussion_category = 'News'";
    run(&*backend(&github, keys), &three().shipment).await.succeeded();
    let release = github.release(TAG);
    assert_eq!(release.title.as_deref(), Some("App 1.2.0"));
    assert!(release.body.unwrap().contains("compare/app-v1.1.0...app-v1.2.0"));
    assert_eq!(release.discussion_category.as_deref(), Some("News"));
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_debug_text() {
    let github = fake();
    let parcel = three();
    let backend = backend(&github, "");
    let mut texts = vec![format!("{backend:?}")];
    for fault in [
        Fault::on("*", "*").status(401),
        Fault::on("*", "*").status(403),
        Fault::on("*", "*").status(500),
        Fault::on("*", "*").dropped(),
        Fault::on("*", "*").answered_with("{}"),
        Fault::on("POST", "*").dropped(),
        Fault::on("POST", "*").status(422),
    ] {
        github.heal().fail(fault);
        texts.push(format!("{:?}", run_once(&*backend, &parcel.shipment).await));
    }
    for text in texts {
        assert!(!text.contains(TOKEN), "{text}");
    }
}

#[test]
fn the_configuration_is_strict() {
    let error = |keys: &str| {
        let text = format!("[distribute.backends.github]\ntype = \"github-release\"\n{keys}\n");
        let config = Config::parse("config.toml".as_ref(), text).unwrap();
        let table = &config.distribute.backends["github"];
        (BackendType::find(table).unwrap().check)(table).unwrap_err().to_string()
    };
    assert_eq!(error("latst = true"), "config.toml:3:1: unknown key `latst`");
    assert_eq!(
        error("latest = 'yes'"),
        "config.toml:3:10: expected `\"auto\"`, `true` or `false`, found the string \"yes\""
    );
    assert_eq!(error("notes = 'changlog'"), "config.toml:3:9: unknown value `changlog`");
    assert_eq!(
        error("api_url = 'github.com'"),
        "config.toml:3:1: `github.com` is not an address of GitHub: relative URL without a base"
    );
}
