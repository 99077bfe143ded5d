//! Timing of whole commands, for benchmarks.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::Repo;

/// The least that any tool must do to know the packages of a Cargo workspace.
pub const CARGO_METADATA: [&str; 5] = ["cargo", "metadata", "--no-deps", "--format-version", "1"];

/// How long `command` takes in `repo`. Panics if it fails.
pub fn time(repo: &Repo, command: &[&str]) -> Duration {
    let started = Instant::now();
    let status = repo.command(command[0]).args(&command[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let elapsed = started.elapsed();
    assert!(status.is_ok_and(|status| status.success()), "{command:?} failed");
    elapsed
}

/// The middle one of `times`. Panics if there is none.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
