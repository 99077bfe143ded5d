//! `sampo release` with 100 changesets on a workspace of 1,000 crates, against `cargo metadata --no-deps` on the same
//! workspace: the least that any tool must do to know the packages. A dry run is to take at most 2 times as long, a real
//! release at most 4 times. Then the curve: what each of 100 to 10,000 crates costs, and how much of it is not Cargo's.
//!
//!     cargo bench --package sampo --bench release

use std::time::Duration;

use sampo_testkit::Repo;
use sampo_testkit::timing::{CARGO_METADATA, median, time};

const CRATES: usize = 1000;
const CHANGESETS: usize = 100;
const RUNS: usize = 9;
const CURVE: [usize; 5] = [100, 300, 1000, 3000, 10_000];

const DRY_RUN: [&str; 3] = [env!("CARGO_BIN_EXE_sampo"), "release", "--dry-run"];
const RELEASE: [&str; 2] = [env!("CARGO_BIN_EXE_sampo"), "release"];

fn main() {
    // A workspace for each run, and all stay until the end: ext4 is slow to make files where others were just removed.
    let repos: Vec<Repo> = (0..RUNS).map(|_| workspace(CRATES, CHANGESETS)).collect();
    // In turn, so that a machine whose speed drifts treats all alike.
    let (mut cargo, mut dry_run, mut release) = (Vec::new(), Vec::new(), Vec::new());
    for repo in &repos {
        time(repo, &CARGO_METADATA);
        cargo.push(time(repo, &CARGO_METADATA));
        dry_run.push(time(repo, &DRY_RUN));
        release.push(time(repo, &RELEASE));
    }
    let (cargo, dry_run, release) = (median(cargo), median(dry_run), median(release));
    let ratio = |time: Duration| time.as_secs_f64() / cargo.as_secs_f64();
    println!("{CRATES} crates, {CHANGESETS} changesets, medians of {RUNS}: cargo metadata --no-deps {cargo:.0?}");
    println!("sampo release --dry-run {dry_run:.0?}, ratio {:.2} (at most 2)", ratio(dry_run));
    println!("sampo release           {release:.0?}, ratio {:.2} (at most 4)", ratio(release));
    for crates in CURVE {
        let repo = workspace(crates, crates / 10);
        let replayed = replay(&repo);
        let least = |command: &[&str]| (0..3).map(|_| time(&repo, command)).min().unwrap_or_default();
        let each = |time: Duration| time / u32::try_from(crates).expect("few");
        println!(
            "{crates:>6} crates: cargo metadata {:.0?} each, dry run {:.0?} each, of which Sampo {:.0?} each",
            each(least(&CARGO_METADATA)),
            each(least(&DRY_RUN)),
            each(least(&["env", &replayed, DRY_RUN[0], DRY_RUN[1], DRY_RUN[2]])),
        );
    }
}

/// A `PATH` on which Cargo only repeats what it said about `repo`, so that the time left is that of Sampo alone.
fn replay(repo: &Repo) -> String {
    let output = repo.command(CARGO_METADATA[0]).args(&CARGO_METADATA[1..]).output().expect("cargo runs");
    let folder = repo.path("target/replay");
    repo.write("target/replay/metadata.json", output.stdout);
    repo.write("target/replay/cargo", format!("#!/bin/sh\ncat '{}'\n", folder.join("metadata.json").display()));
    repo.run("chmod", &["+x", "target/replay/cargo"]);
    format!("PATH={}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// Crates in chains of ten, each needing the one before, and changesets spread over them.
fn workspace(crates: usize, changesets: usize) -> Repo {
    let repo = Repo::new();
    repo.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n");
    repo.write(".sampo/config.toml", "");
    for number in 0..crates {
        let dependency = match number % 10 {
            0 => String::new(),
            _ => format!(
                "[dependencies]\ncrate-{0:05} = {{ path = \"../crate-{0:05}\", version = \"1.0.0\" }}\n",
                number - 1
            ),
        };
        let manifest =
            format!("[package]\nname = \"crate-{number:05}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{dependency}");
        repo.write(&format!("crates/crate-{number:05}/Cargo.toml"), manifest);
        repo.write(&format!("crates/crate-{number:05}/src/lib.rs"), "");
        let changelog = format!("# crate-{number:05}\n\n## 1.0.0\n\n### Minor changes\n\n- The first one.\n");
        repo.write(&format!("crates/crate-{number:05}/CHANGELOG.md"), changelog);
    }
    for number in 0..changesets {
        let package = number * crates / changesets;
        let text = format!("---\ncrate-{package:05}: minor\n---\n\nAdded number {number}.\n");
        repo.write(&format!(".sampo/changesets/change-{number:05}.md"), text);
    }
    repo.run("cargo", &["generate-lockfile", "--offline", "--quiet"]);
    repo.commit("everything");
    repo
}
