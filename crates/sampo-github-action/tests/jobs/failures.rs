//! Backends that fail, and what delivers the rest: a job of the same run, or a workflow that somebody starts.

use std::collections::BTreeMap;

use sampo_testkit::github::Fault;
use sampo_testkit::workflow::Conclusion::{Failure, Skipped, Success};
use serde_json::{Value, json};

use crate::scene::{Scene, TAG, archives, example};

/// The archives of the release, with their bytes.
fn delivered(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    archives().into_iter().map(|name| (name.clone(), scene.asset(&name))).collect()
}

#[test]
fn a_closed_shop_gets_its_part_from_the_job_that_retries() {
    let scene = Scene::prebuilt("");
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    scene.close_shop();
    let mut interrupted = release.clone().without("retry");
    interrupted.definition["jobs"]["distribute"]["outputs"]["failed"] =
        "${{ steps.sampo.outputs.failed-backends }}".into();
    let run = actions.push(&interrupted);
    let distribute = run.job("distribute");
    assert_eq!((distribute.conclusion, distribute.outputs["failed"].as_str()), (Failure, "[\"shop\"]"));
    assert!(distribute.summary().contains("`command-failed`"), "{}", distribute.summary());
    let matrix: Value = serde_json::from_str(&distribute.outputs["retry-matrix"]).unwrap();
    assert_eq!(matrix, json!({ "include": [{ "backend": "shop", "tags": TAG }] }));
    assert_eq!(scene.github.assets(TAG), Scene::complete(), "the others have what they need");
    assert!(!scene.github.release(TAG).draft);

    let before = delivered(&scene);
    scene.github.clear_requests();
    scene.open_shop();
    let run = actions.go_on(&release, run);
    assert_eq!(run.job("retry").conclusion, Success, "{}", run.job("retry").log());
    assert!(scene.shop_is_stocked() && scene.github.writes().is_empty());
    assert_eq!((delivered(&scene), scene.builds()), (before, 2));
}

#[test]
fn a_github_in_trouble_gets_its_part_from_the_job_that_retries() {
    let scene = Scene::prebuilt("");
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    // The first asset arrives, no other does.
    scene.github.fail(Fault::on("POST", "*/assets*").nth(2).status(502).always());
    let run = actions.push(&release.clone().without("retry"));
    let distribute = run.job("distribute");
    assert_eq!(distribute.conclusion, Failure);
    let matrix: Value = serde_json::from_str(&distribute.outputs["retry-matrix"]).unwrap();
    assert_eq!(matrix, json!({ "include": [{ "backend": "github", "tags": TAG }] }));
    assert!(scene.github.release(TAG).draft, "nobody sees a part of it");
    let arrived = scene.github.assets(TAG);
    assert_eq!(arrived.len(), 1);

    scene.github.heal().clear_requests();
    let run = actions.go_on(&release, run);
    assert_eq!(run.job("retry").conclusion, Success, "{}", run.job("retry").log());
    assert_eq!(scene.github.assets(TAG), Scene::complete());
    assert!(!scene.github.release(TAG).draft && scene.shop_is_stocked());
    let writes = scene.github.writes();
    let uploads: Vec<_> = writes.iter().filter(|request| request.path.contains("/assets?name=")).collect();
    assert_eq!(uploads.len(), Scene::complete().len() - 1, "{uploads:?}");
    assert!(!uploads.iter().any(|request| request.path.ends_with(&arrived[0])), "{uploads:?}");
}

#[test]
fn failed_jobs_are_run_again_until_nothing_fails() {
    let scene = Scene::prebuilt("");
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    scene.close_shop();
    let run = actions.push(&release);
    assert_eq!((run.job("distribute").conclusion, run.job("retry").conclusion), (Failure, Failure));
    scene.open_shop();
    let run = actions.rerun_failed(&release, run);
    run.assert_succeeded();
    assert_eq!((run.job("distribute").conclusion, run.job("retry").conclusion), (Success, Skipped));
    assert!(scene.shop_is_stocked());
    assert_eq!(scene.builds(), 2);
}

#[test]
fn a_person_delivers_to_one_backend_again_without_a_build() {
    for from_run in [true, false] {
        let scene = Scene::prebuilt("");
        let (actions, release, retry) = (scene.actions(), example("release"), example("retry"));
        scene.prepare(&actions);
        scene.close_shop();
        let run = actions.push(&release.without("retry"));
        assert_eq!(run.job("distribute").conclusion, Failure);
        scene.open_shop();
        // Others have gone on meanwhile.
        scene.repo.write("README.md", "A song.\n");
        scene.push("explain");
        scene.github.clear_requests();
        let id = run.id.to_string();
        let mut inputs = vec![("tag", TAG), ("backend", "shop")];
        inputs.extend(from_run.then_some(("run-id", id.as_str())));
        let run = actions.dispatch(&retry, &inputs);
        run.assert_succeeded();
        assert!(scene.shop_is_stocked(), "from the run: {from_run}\n{}", run.job("distribute").log());
        assert!(scene.github.writes().is_empty());
        assert_eq!(scene.builds(), 2);
    }
}
