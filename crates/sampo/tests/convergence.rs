//! Deliveries that are killed, that race, and that are interrupted: the next run always finishes the work.
//!
//! `SAMPO_KILLS=100 SAMPO_RACES=20 cargo test -p sampo --test convergence -- --nocapture` runs the full loops.

#![cfg(unix)]

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sampo_testkit::github::{Fault, TOKEN};
use sampo_testkit::{FakeGithub, Repo, executables};

const TARGETS: [&str; 3] = ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"];
const TAG: &str = "my-cli-v1.2.0";
/// Three archives, a sidecar for each, and the list.
const ASSETS: usize = 7;
const SITE: &str = "site/my-cli/1.2.0";
const SITE_BACKEND: &str = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ crate }}/{{ version }}'\n";
const GITHUB_BACKEND: &str = "[distribute.backends.github]\ntype = 'github-release'\n";
/// So many loops at the same time: they mostly wait.
const AT_ONCE: usize = 6;

/// A release that was built for every target, tagged, and never delivered.
struct Scene {
    repo: Repo,
    github: FakeGithub,
}

impl Scene {
    fn new(backends: &str) -> Self {
        let repo = Repo::new();
        repo.cargo_workspace(&[("my-cli", "1.2.0", "")]);
        let config = format!("[github]\nrepository = 'acme/app'\n[distribute]\ntargets = {TARGETS:?}\n{backends}");
        repo.write(".sampo/config.toml", config);
        let commit = repo.commit("release");
        repo.tag(TAG);
        for target in TARGETS {
            let suffix = if target.contains("windows") { ".exe" } else { "" };
            repo.write(&format!("dist/my-cli-{target}/my-cli{suffix}"), executables::executable(target));
        }
        let github = FakeGithub::start();
        github.add_tag(TAG, &commit);
        Self { repo, github }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.repo.command(env!("CARGO_BIN_EXE_sampo"));
        command.arg("distribute").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("GITHUB_API_URL", self.github.api_url()).env("GITHUB_TOKEN", TOKEN);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// As if nothing had ever been delivered.
    fn forget(&self) {
        self.github.delete_release(TAG);
        self.github.clear_requests();
        let _ = fs::remove_dir_all(self.repo.path("site"));
    }

    /// Panics unless GitHub shows one release with every asset and the whole list.
    fn expect_release(&self, context: &dyn Debug) {
        let releases = self.github.releases();
        assert!(releases.len() == 1 && !releases[0].draft, "{context:?}: {releases:#?}");
        assert_eq!(self.github.assets(TAG).len(), ASSETS, "{context:?}: {releases:#?}");
        assert_eq!(releases[0].assets.len(), ASSETS, "{context:?}: half an asset is left");
        let list = releases[0].assets.iter().find(|asset| asset.name == "SHA256SUMS").unwrap();
        let list = String::from_utf8(self.github.content(list.id)).unwrap();
        assert_eq!(list.lines().count(), TARGETS.len(), "{context:?}: {list}");
        let names: Vec<&str> = releases[0].assets.iter().map(|asset| asset.name.as_str()).collect();
        for line in list.lines() {
            let (digest, name) = line.split_once("  ").unwrap();
            let asset =
                releases[0].assets.iter().find(|asset| asset.name == name).unwrap_or_else(|| panic!("{names:?}"));
            assert_eq!(asset.digest.as_deref(), Some(format!("sha256:{digest}").as_str()), "{context:?}");
        }
    }

    /// Panics unless the folder holds every file, the whole list, the manifest, and nothing else. What a killed run
    /// was writing is cleared away by a later one.
    fn expect_site(&self, context: &dyn Debug) {
        let mut names = names(&self.repo.path(SITE));
        names.retain(|name| !name.starts_with(".sampo-"));
        assert_eq!(names.len(), ASSETS + 1, "{context:?}: {names:?}");
        assert!(names.contains(&"manifest.json".to_owned()), "{context:?}: {names:?}");
        self.repo.run("sh", &["-c", &format!("cd {SITE} && sha256sum --check --quiet SHA256SUMS")]);
        assert_eq!(self.repo.read(&format!("{SITE}/SHA256SUMS")).lines().count(), TARGETS.len(), "{context:?}");
        assert!(self.repo.exists("site/my-cli/latest.json"), "{context:?}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// How many loops to run: as the variable says, or few.
fn count(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().expect("a number of loops"))
}

/// Runs `work` for each number below `count`, several at a time, each worker in a scene of its own.
fn in_scenes(backends: &str, count: usize, work: impl Fn(&Scene, usize) + Sync) {
    std::thread::scope(|scope| {
        for worker in 0..AT_ONCE.min(count) {
            let work = &work;
            scope.spawn(move || {
                let scene = Scene::new(backends);
                for number in (worker..count).step_by(AT_ONCE) {
                    work(&scene, number);
                    scene.forget();
                }
            });
        }
    });
}

/// Starts a run and kills it after `pause`, counted from its first visible step; tries again sooner if that was too
/// late.
fn run_and_kill(scene: &Scene, has_begun: impl Fn(&Scene) -> bool, pause: Duration) {
    let mut pause = pause;
    loop {
        let mut child = scene.start(&[]);
        while !has_begun(scene) && child.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(200));
        }
        sleep(pause);
        child.kill().unwrap();
        if child.wait().unwrap().code().is_none() {
            return;
        }
        scene.forget();
        pause /= 2;
    }
}

/// Kills runs at moments that are spread over the time that a run takes, each in the middle of its work, and lets
/// another one finish.
fn kill_and_run_again(
    backends: &str,
    kills: usize,
    has_begun: impl Fn(&Scene) -> bool + Sync,
    expect: impl Fn(&Scene, &dyn Debug) + Sync,
) {
    in_scenes(backends, kills, |scene, number| {
        let begun = Instant::now();
        assert_eq!(scene.run(&[]).status.code(), Some(0));
        let whole = begun.elapsed();
        scene.forget();
        run_and_kill(scene, &has_begun, whole.mul_f64(number as f64 / kills as f64 / 2.0));
        let again = scene.run(&[]);
        let context = (number, told(&again));
        assert_eq!(again.status.code(), Some(0), "{context:?}");
        expect(scene, &context);
    });
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of loops is worth knowing")]
fn a_delivery_to_github_that_is_killed_at_any_moment_is_finished_by_the_next_run() {
    let kills = count("SAMPO_KILLS", 6);
    let has_begun = |scene: &Scene| !scene.github.requests().is_empty();
    kill_and_run_again(GITHUB_BACKEND, kills, has_begun, |scene, context| scene.expect_release(context));
    println!("github-release: {kills} of {kills} killed runs are finished by the next");
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of loops is worth knowing")]
fn a_delivery_to_a_folder_that_is_killed_at_any_moment_is_finished_by_the_next_run() {
    let kills = count("SAMPO_KILLS", 12);
    let has_begun = |scene: &Scene| scene.repo.exists("site");
    kill_and_run_again(SITE_BACKEND, kills, has_begun, |scene, context| scene.expect_site(context));
    println!("directory: {kills} of {kills} killed runs are finished by the next");
}

/// Two runs that are started together: with everything, or with a part each and a third run that finishes.
fn race(scene: &Scene, number: usize) -> Vec<Output> {
    let parts: [&[&str]; 2] = match number % 2 {
        0 => [&[], &[]],
        _ => [&["--target", TARGETS[0]], &["--target", TARGETS[1], TARGETS[2]]],
    };
    let runs = parts.map(|arguments| scene.start(arguments));
    let mut outputs: Vec<Output> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    if number % 2 == 1 {
        outputs.push(scene.run(&[]));
    }
    outputs
}

fn expect_success(number: usize, outputs: &[Output]) {
    for output in outputs {
        assert_eq!(output.status.code(), Some(0), "race {number}: {}", told(output));
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of loops is worth knowing")]
fn two_runs_at_once_end_with_one_release_on_github() {
    let races = count("SAMPO_RACES", 4);
    in_scenes(GITHUB_BACKEND, races, |scene, number| {
        let outputs = race(scene, number);
        expect_success(number, &outputs);
        scene.expect_release(&(number, outputs.iter().map(told).collect::<Vec<_>>()));
    });
    println!("github-release: {races} races end with one release");
}

#[test]
#[expect(clippy::print_stdout, reason = "the number of loops is worth knowing")]
fn two_runs_at_once_end_with_one_whole_folder() {
    let races = count("SAMPO_RACES", 6);
    in_scenes(SITE_BACKEND, races, |scene, number| {
        let outputs = race(scene, number);
        expect_success(number, &outputs);
        scene.expect_site(&(number, outputs.iter().map(told).collect::<Vec<_>>()));
    });
    println!("directory: {races} races end with one folder");
}

/// Starts a run, one delivery after the other, and waits for its first upload.
fn run_that_uploads(scene: &Scene, report: &str) -> Child {
    let mut child = scene.start(&["--jobs", "1", "--report", report]);
    let uploads = |scene: &Scene| scene.github.requests().iter().any(|request| request.path.contains("/assets?name="));
    while !uploads(scene) && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    child
}

fn signal(scene: &Scene, child: &Child, signal: &str) {
    scene.repo.run("kill", &[signal, &child.id().to_string()]);
}

#[test]
fn an_interrupted_run_finishes_what_is_under_way_and_reports_the_rest() {
    let scene = Scene::new(GITHUB_BACKEND);
    let path = scene.repo.outside("reports").join("report.json");
    for name in ["-TERM", "-INT"] {
        // Slow enough that the signal comes while the first file is on its way.
        scene.github.with_throttle(1000);
        let child = run_that_uploads(&scene, path.to_str().unwrap());
        signal(&scene, &child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}: {}", told(&output));
        let report: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let deliveries = report["deliveries"].as_array().unwrap();
        let count = |key: &str, value: &str| deliveries.iter().filter(|entry| entry[key] == value).count();
        assert_eq!((report["cancelled"].as_bool(), count("status", "delivered")), (Some(true), 1), "{report:#}");
        assert_eq!(count("code", "cancelled") + count("code", "needed-item-failed"), ASSETS - 1, "{report:#}");
        assert!(scene.github.release(TAG).draft, "half a release is not shown");
        scene.github.with_throttle(u64::MAX);
        let again = scene.run(&["--retry", path.to_str().unwrap()]);
        assert_eq!(again.status.code(), Some(0), "{}", told(&again));
        scene.expect_release(&name);
        scene.forget();
    }
}

#[test]
fn a_second_signal_stops_at_once() {
    let scene = Scene::new(GITHUB_BACKEND);
    let path = scene.repo.outside("reports").join("report.json");
    scene.github.fail(Fault::on("POST", "*/assets").stalled());
    let mut child = run_that_uploads(&scene, path.to_str().unwrap());
    signal(&scene, &child, "-INT");
    // Two signals that come together count as one.
    sleep(Duration::from_millis(300));
    signal(&scene, &child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!path.exists(), "nothing is waited for, not even the report");
}
