//! Jobs whose machine is lost in the middle: running them again completes what they have begun.

use std::fs;
use std::thread;
use std::time::Duration;

use sampo_testkit::github::Fault;
use sampo_testkit::workflow::Conclusion::{Failure, Success};

use crate::scene::{Scene, TAG, example};

#[test]
fn a_publish_that_was_killed_before_it_tagged_is_completed_by_the_next_run() {
    let scene = Scene::compiled("");
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    // The first tag kills whoever wants it.
    let git = scene.repo.run("sh", &["-c", "command -v git"]);
    let armed = scene.at_shop("armed");
    fs::write(&armed, "").unwrap();
    scene.tool(
        "git",
        &format!("case \" $* \" in *' tag --annotate '*) if rm \"$SHOP/armed\" 2>/dev/null; then kill -9 $PPID; exit 1; fi ;; esac\nexec '{git}' \"$@\""),
    );
    let run = actions.push(&release);
    assert_eq!(run.job("release").conclusion, Failure, "{}", run.job("release").log());
    assert!(!armed.exists());
    assert_eq!((scene.registry.published(), scene.tags()), (vec!["my-cli@0.2.0".to_owned()], Vec::new()));

    let run = actions.rerun_failed(&release, run);
    run.assert_succeeded();
    assert_eq!((run.job("distribute").conclusion, scene.tags()), (Success, vec![TAG.to_owned()]));
    assert_eq!((scene.registry.publish_calls(), scene.github.assets(TAG)), (1, Scene::complete()));
    assert!(!scene.github.release(TAG).draft && scene.shop_is_stocked());
}

/// Kills Sampo when it is told to, once.
const KILLER: &str = r#"
[distribute.backends.killer]
type = "command"
per = "release"
run = 'if rm "$SHOP/armed" 2>/dev/null; then while [ ! -e "$SHOP/now" ]; do sleep 0.02; done; kill -9 $PPID; fi'
"#;

#[test]
fn a_delivery_that_was_killed_between_two_assets_is_completed_by_the_next_run() {
    let scene = Scene::prebuilt(KILLER);
    let (actions, release) = (scene.actions(), example("release"));
    scene.prepare(&actions);
    fs::write(scene.at_shop("armed"), "").unwrap();
    scene.github.fail(Fault::on("POST", "*/assets*").nth(2).stalled());
    let run = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let uploads = || scene.github.writes().iter().filter(|request| request.path.contains("/assets?")).count();
            // The run waits for this to come to its end, and this for the run.
            while uploads() < 2 && !scene.at_shop("given up").exists() {
                thread::sleep(Duration::from_millis(10));
            }
            fs::write(scene.at_shop("now"), "").unwrap();
        });
        let run = actions.push(&release);
        fs::write(scene.at_shop("given up"), "").unwrap();
        watch.join().unwrap();
        run
    });
    assert_eq!(run.job("distribute").conclusion, Failure, "{}", run.job("distribute").log());
    assert!(scene.github.release(TAG).draft);
    let arrived = scene.github.assets(TAG).len();
    assert!((1..Scene::complete().len()).contains(&arrived), "{arrived}");
    assert_eq!(run.job("distribute").outputs["retry-matrix"], "", "it could say nothing any more");

    let run = actions.rerun_failed(&release, run);
    run.assert_succeeded();
    assert_eq!(scene.github.assets(TAG), Scene::complete());
    assert!(!scene.github.release(TAG).draft && scene.shop_is_stocked());
}
