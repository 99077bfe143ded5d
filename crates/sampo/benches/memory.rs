//! The most memory that `sampo distribute` has held at any moment while one artifact of almost 2 GiB, the most that
//! GitHub takes, was uploaded, copied, or packed: in all, and above that of `sampo --version`, which is to be 64 MiB at
//! most. Only the tables of xz, which each thread has, are larger by themselves. Linux only.
//!
//!     cargo bench --package sampo --bench memory

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sampo_testkit::github::TOKEN;
use sampo_testkit::{FakeGithub, Repo, executables};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const SIZE: u64 = (1 << 31) - 1;
const LOOK: Duration = Duration::from_millis(10);

fn main() {
    if !cfg!(target_os = "linux") {
        println!("this reads /proc, which only Linux has");
        return;
    }
    let idle = peak(Repo::new().command(env!("CARGO_BIN_EXE_sampo")).arg("--version").stdout(Stdio::null())).0;
    println!("{:<34} {:>9} {:>9} {:>9}", "2 GiB", "peak MiB", "above", "time s");
    println!("{:<34} {:>9.1}", "sampo --version", mib(idle));
    let site = "[distribute.backends.site]\ntype = 'directory'\npath = 'site/{{ version }}'\n";
    let github = "[distribute.backends.github]\ntype = 'github-release'\n";
    let ways = [
        ("none", github, "uploaded to a GitHub release"),
        ("none", site, "copied to a folder"),
        ("tar.gz", site, "packed as .tar.gz, copied"),
        ("zip", site, "packed as .zip, copied"),
        ("tar.zst", site, "packed as .tar.zst, copied"),
        ("tar.xz", site, "packed as .tar.xz, copied"),
    ];
    for (format, backend, way) in ways {
        let repo = released(format, backend);
        let github = FakeGithub::start();
        github.add_tag("my-cli-v1.0.0", &repo.git(&["rev-parse", "HEAD"])).discarding_contents();
        let mut command = repo.command(env!("CARGO_BIN_EXE_sampo"));
        command
            .args(["distribute", "--quiet"])
            .env("GITHUB_API_URL", github.api_url())
            .env("GITHUB_SERVER_URL", github.web_url())
            .env("GITHUB_TOKEN", TOKEN)
            .stdout(Stdio::null());
        let (peak, time) = peak(&mut command);
        println!("{way:<34} {:>9.1} {:>9.1} {:>9.1}", mib(peak), mib(peak - idle), time.as_secs_f64());
    }
}

/// A tagged release with one huge program, most of it a hole in its file.
fn released(format: &str, backend: &str) -> Repo {
    let repo = Repo::new();
    repo.cargo_workspace(&[("my-cli", "1.0.0", "")]);
    repo.write(
        ".sampo/config.toml",
        format!(
            "[github]\nrepository = 'acme/app'\n[distribute]\ntargets = ['{TARGET}']\nchecksums = 'none'\n\
             [distribute.archive]\nunix = '{format}'\n{backend}"
        ),
    );
    repo.commit("release");
    repo.tag("my-cli-v1.0.0");
    let program = format!("dist/my-cli-{TARGET}/my-cli");
    repo.write(&program, executables::executable(TARGET));
    let file = fs::OpenOptions::new().write(true).open(repo.path(&program)).expect("the program");
    file.set_len(SIZE).expect("a file with a hole");
    repo
}

/// The most memory that the command held in kibibytes, and how long it took.
fn peak(command: &mut Command) -> (u64, Duration) {
    let started = Instant::now();
    let mut child = command.spawn().expect("sampo runs");
    let mut peak = 0;
    let status = loop {
        peak = held(&child).unwrap_or(peak);
        match child.try_wait().expect("a child of ours") {
            Some(status) => break status,
            None => std::thread::sleep(LOOK.min(started.elapsed() / 10)),
        }
    };
    assert!(status.success(), "{command:?} ended with {status}");
    (peak, started.elapsed())
}

/// The kernel keeps the highest value itself, until the process ends.
fn held(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

fn mib(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}
