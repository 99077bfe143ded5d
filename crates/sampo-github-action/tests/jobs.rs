//! The workflows of `docs/examples`, played whole: real programs, a bare remote, fresh clones, artifacts between jobs.
#![cfg(unix)]

#[path = "jobs/failures.rs"]
mod failures;
#[path = "jobs/killed.rs"]
mod killed;
#[path = "jobs/programs.rs"]
mod programs;
#[path = "jobs/scene.rs"]
mod scene;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sampo_testkit::workflow::Conclusion::{Skipped, Success};
use scene::{HOST, Scene, TAG, example};
use serde_json::Value;

#[test]
fn a_changeset_becomes_a_release_whose_programs_run() {
    let scene = Scene::compiled("");
    let (actions, release) = (scene.actions(), example("release"));
    scene.repo.write(".sampo/changesets/song.md", "---\ncargo/my-cli: minor\n---\n\nSings a new song.\n");
    scene.push("note a change");
    let run = actions.push(&release);
    run.assert_succeeded();
    let alone = [("build", Skipped), ("distribute", Skipped), ("release", Success), ("retry", Skipped)];
    assert_eq!(run.conclusions(), alone);
    assert_eq!((scene.github.pulls().len(), scene.registry.published().len(), scene.tags().len()), (1, 0, 0));

    scene.merge();
    let run = actions.push(&release);
    run.assert_succeeded();
    let all = [("build", Success), ("distribute", Success), ("release", Success), ("retry", Skipped)];
    assert_eq!(run.conclusions(), all);
    assert_eq!((scene.registry.published(), scene.tags()), (vec!["my-cli@0.2.0".into()], vec![TAG.into()]));
    let made = run.job("release").log();
    assert!(made.contains(&format!("release {TAG}: a draft for now")), "{made}");
    let done = scene.github.release(TAG);
    assert!(!done.draft && done.body.unwrap().contains("Sings a new song"), "{:?}", done.title);
    assert_eq!(scene.github.assets(TAG), Scene::complete());
    assert!(scene.github.invented_tags().is_empty() && scene.shop_is_stocked());
    assert_program_runs(&scene, &actions.artifact(&run, &format!("my-cli-{HOST}")));

    // The same commit once more, from the beginning: everything is built again, and nothing is sent.
    scene.github.clear_requests();
    let again = actions.rerun(&release, run);
    again.assert_succeeded();
    assert_eq!(again.conclusions(), all);
    assert!(scene.github.writes().is_empty(), "{:?}", scene.github.writes());
    assert_eq!((scene.registry.publish_calls(), scene.builds()), (1, 4));

    // A later push, which releases nothing.
    scene.repo.write("README.md", "A song.\n");
    scene.push("explain");
    assert_eq!(actions.push(&release).conclusions(), alone);
}

/// The program lost its execute bit between the jobs, and has it again in the archive.
fn assert_program_runs(scene: &Scene, artifact: &std::path::Path) {
    assert_eq!(fs::metadata(artifact.join("my-cli")).unwrap().permissions().mode() & 0o777, 0o644);
    let folder = scene.download();
    let sums = scene.run_in(&folder, "sha256sum", &["--check", "SHA256SUMS"]);
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stdout));
    let stem = format!("my-cli-0.2.0-{HOST}");
    let unpacked = scene.run_in(&folder, "tar", &["-xzf", &format!("{stem}.tar.gz")]);
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    let program = folder.join(stem).join("my-cli");
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(scene.repo.run(&program.to_string_lossy(), &[]), "my-cli 0.2.0");
}

#[test]
fn a_shallow_checkout_without_tags_is_enough_to_deliver() {
    let scene = Scene::prebuilt("");
    let (actions, mut release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    for job in ["build", "distribute"] {
        let checkout = &mut release.steps(job)[0];
        assert_eq!(checkout["uses"], "actions/checkout@v5");
        checkout.as_object_mut().unwrap().remove("with");
    }
    let run = actions.push(&release);
    run.assert_succeeded();
    assert_eq!(run.job("distribute").conclusion, Success);
    assert_eq!(scene.github.assets(TAG), Scene::complete());
    assert!(!scene.github.release(TAG).draft);
}

#[test]
fn an_immutable_release_is_complete_when_it_is_published() {
    let scene = Scene::prebuilt("");
    scene.github.with_immutable_releases();
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    let run = actions.push(&release);
    run.assert_succeeded();
    assert!(scene.github.release(TAG).immutable);
    assert_eq!(scene.github.assets(TAG), Scene::complete());
    scene.github.clear_requests();
    actions.rerun(&release, run).assert_succeeded();
    assert!(scene.github.writes().is_empty(), "{:?}", scene.github.writes());
}

#[test]
fn a_build_that_fails_keeps_everything_from_being_published() {
    let scene = Scene::prebuilt("");
    let (actions, gated) = (scene.actions(), example("gated"));
    scene.repo.write(".sampo/changesets/song.md", "---\ncargo/my-cli: minor\n---\n\nSings a new song.\n");
    scene.push("note a change");
    let run = actions.push(&gated);
    run.assert_succeeded();
    assert_eq!((run.job("build").conclusion, run.job("release").conclusion), (Skipped, Success));
    scene.merge();
    let broken = scene.at_shop(&format!("{HOST} is broken"));
    fs::write(&broken, "").unwrap();
    let run = actions.push(&gated);
    let [of_host, of_other] = &run.job("build").legs[..] else { panic!("{:?}", run.job("build").legs) };
    assert_ne!(of_host.conclusion, Success);
    assert_eq!((of_other.conclusion, run.job("release").conclusion), (Success, Skipped));
    assert_eq!(run.job("distribute").conclusion, Skipped);
    assert!(scene.tags().is_empty() && scene.github.releases().is_empty());

    fs::remove_file(broken).unwrap();
    let run = actions.rerun_failed(&gated, run);
    run.assert_succeeded();
    assert_eq!((scene.tags(), scene.github.assets(TAG)), (vec![TAG.to_owned()], Scene::complete()));
    assert!(!scene.github.release(TAG).draft && scene.shop_is_stocked());
    assert_eq!(scene.builds(), 3, "what was built is not built again");
}

#[test]
fn each_job_delivers_what_it_built_and_the_last_one_finishes() {
    let scene = Scene::prebuilt("");
    let (actions, fan_out) = (scene.actions(), example("fan-out"));
    scene.prepare(&actions);
    let broken = scene.at_shop(&format!("{HOST} is broken"));
    fs::write(&broken, "").unwrap();
    let run = actions.push(&fan_out);
    assert_ne!(run.job("deliver").conclusion, Success);
    assert_ne!(run.job("finish").conclusion, Success, "{}", run.job("finish").log());
    assert!(scene.github.release(TAG).draft, "nobody sees a part of it");

    fs::remove_file(broken).unwrap();
    let run = actions.rerun_failed(&fan_out, run);
    run.assert_succeeded();
    assert!(!scene.github.release(TAG).draft && scene.shop_is_stocked());
    assert_eq!((scene.github.assets(TAG), scene.builds()), (Scene::complete(), 3));
    for leg in &run.job("deliver").legs {
        let report = actions.artifact(&run, &format!("distribute-report-{}", leg.matrix["artifact"].as_str().unwrap()));
        let text = fs::read_to_string(report.join("sampo-distribute-report.json")).unwrap();
        assert!(serde_json::from_str::<Value>(&text).unwrap().is_object());
    }
}
