//! Uploads to a fake of GitHub on this machine, through the built program: 40 artifacts of 8 MiB to a host that gives each
//! connection 8 MiB/s, against the time that the bytes alone need; the same release once more, which is to ask three
//! times at most and to write nothing; and a release of 1,000 artifacts, the most that GitHub takes.
//!
//!     cargo bench --package sampo --bench upload

use std::process::Stdio;
use std::time::{Duration, Instant};

use sampo_testkit::github::TOKEN;
use sampo_testkit::{FakeGithub, Repo, executables};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const MIB: u64 = 1 << 20;
const RATE: u64 = 8 * MIB;
const JOBS: u64 = 4;
const RUNS: usize = 3;

fn main() {
    throughput();
    many();
}

fn throughput() {
    let (count, size) = (40, 8 * MIB);
    let repo = released(count, size);
    let ideal = Duration::from_secs_f64((count * size) as f64 / (JOBS * RATE) as f64);
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let github = github(&repo);
            github.with_throttle(RATE);
            let time = distribute(&repo, &github);
            assert_eq!(github.assets("my-cli-v1.0.0").len() as u64, count);
            github.clear_requests();
            let again = distribute(&repo, &github);
            let (requests, writes) = (github.requests().len(), github.writes().len());
            println!("{count} artifacts again: {again:.2?}, {requests} requests, {writes} writes (at most 3, and 0)");
            time
        })
        .collect();
    times.sort();
    let median = times[RUNS / 2];
    println!(
        "{count} artifacts of {} MiB, {JOBS} at a time, {} MiB/s each, median of {RUNS} runs",
        size / MIB,
        RATE / MIB
    );
    println!("the bytes alone  {:>8.2} s", ideal.as_secs_f64());
    println!("sampo distribute {:>8.2} s", median.as_secs_f64());
    println!("ratio            {:>8.2} (at most 1.15)", median.as_secs_f64() / ideal.as_secs_f64());
}

fn many() {
    let repo = released(1000, 1000);
    let github = github(&repo);
    let first = distribute(&repo, &github);
    let requests = github.requests().len();
    assert_eq!(github.assets("my-cli-v1.0.0").len(), 1000);
    github.clear_requests();
    let again = distribute(&repo, &github);
    let requests_again = github.requests().len();
    println!("1,000 artifacts: {first:.2?}, {requests} requests; again {again:.2?}, {requests_again} requests");
}

/// A tagged release with so many artifacts of this size.
fn released(count: u64, size: u64) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    repo.write(
        ".sampo/config.toml",
        format!(
            "[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{TARGET}']\nchecksums = 'none'\njobs = {JOBS}\n\
             [distribute.archive]\nunix = 'none'\n\
             [distribute.packages.'cargo/my-cli']\nfiles = ['out/*']\n\
             [distribute.backends.github]\ntype = 'github-release'\n"
        ),
    );
    repo.commit("release");
    repo.tag("my-cli-v1.0.0");
    let size = usize::try_from(size).expect("it fits into memory");
    let padded = |mut bytes: Vec<u8>| {
        bytes.resize(size, 0);
        bytes
    };
    repo.write(&format!("dist/my-cli-{TARGET}/my-cli"), padded(executables::executable(TARGET)));
    for index in 1..count {
        repo.write(&format!("out/part-{index:04}.bin"), padded(index.to_le_bytes().to_vec()));
    }
    repo
}

fn github(repo: &Repo) -> FakeGithub {
    let github = FakeGithub::start();
    github.add_tag("my-cli-v1.0.0", &repo.git(&["rev-parse", "HEAD"]));
    github
}

fn distribute(repo: &Repo, github: &FakeGithub) -> Duration {
    let started = Instant::now();
    let output = repo
        .command(env!("CARGO_BIN_EXE_sampo"))
        .args(["distribute", "--quiet"])
        .env("GITHUB_API_URL", github.api_url())
        .env("GITHUB_SERVER_URL", github.web_url())
        .env("GITHUB_TOKEN", TOKEN)
        .stdout(Stdio::null())
        .output()
        .expect("sampo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    started.elapsed()
}
