//! Packing against the tools that do nothing but compress: for each format the same files at the same level, once as one
//! large archive and once as many, on all cores, digest included. Prints the throughput of both in turn and the ratio of
//! their medians, which is to stay at 0.8 or more. Tools that are not installed are named and left out.
//!
//!     cargo bench --package sampo-core --bench pack           # or with the formats of interest: -- .tar.gz .zip

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sampo_core::config::distribute::{ArchiveFormat, Checksums};
use sampo_core::distribute::model::{ArtifactKind, Release};
use sampo_core::distribute::pack::{Packing, pack};
use sampo_core::distribute::resolve::{Archive, Contents, Entry, Planned, Resolved};
use sampo_core::event::Silent;
use sampo_core::workspace::{Ecosystem, PackageId};
use tokio_util::sync::CancellationToken;

const RUNS: usize = 3;
/// The size of each program, and how many there are.
const SHAPES: [(&str, u64, usize); 2] = [("one", 48 << 20, 1), ("many", 4 << 20, 12)];

/// What users would run instead, reading `$IN` and handing on to the digest. The fastest of each format.
const TOOLS: [(ArchiveFormat, &str, &str); 4] = [
    (ArchiveFormat::TarGz, "pigz", "tar -cf - -C \"$IN\" . | pigz -6"),
    (ArchiveFormat::Zip, "pigz", "pigz -6 -K -c \"$IN\"/*"),
    (ArchiveFormat::TarZst, "zstd", "tar -cf - -C \"$IN\" . | zstd -q -T0 -9"),
    (ArchiveFormat::TarXz, "xz", "tar -cf - -C \"$IN\" . | xz -T0 -6"),
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    println!("medians of {RUNS} runs in turn, {threads} threads, MB/s of input");
    println!(
        "{:<8} {:<5} {:<6} {:>9} {:>9} {:>6}  {:>9} {:>9}",
        "format", "", "tool", "theirs", "ours", "ratio", "their MB", "our MB"
    );
    for (shape, size, count) in SHAPES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inputs = inputs(folder.path(), size, count);
        for (format, tool, line) in TOOLS.into_iter().filter(|(format, ..)| is_wanted(format.suffix())) {
            if !is_installed(tool) {
                println!("{:<8} {shape:<5} {tool:<6} is not installed", format.suffix());
                continue;
            }
            let (mut theirs, mut ours) = (Vec::new(), Vec::new());
            for _ in 0..RUNS {
                theirs.push(their(folder.path(), line, &inputs));
                ours.push(our(&runtime, folder.path(), format, &inputs, threads));
            }
            let (theirs, ours) = (median(theirs), median(ours));
            let total = (size * count as u64) as f64 / 1e6;
            let rate = |time: Duration| total / time.as_secs_f64();
            println!(
                "{:<8} {shape:<5} {tool:<6} {:>9.1} {:>9.1} {:>6.2}  {:>9.1} {:>9.1}",
                format.suffix(),
                rate(theirs.0),
                rate(ours.0),
                theirs.0.as_secs_f64() / ours.0.as_secs_f64(),
                theirs.1 as f64 / 1e6,
                ours.1 as f64 / 1e6,
            );
        }
    }
}

/// Folders with one program each: this very program over and over, which compresses as programs do, each copy a little
/// different from the last.
fn inputs(folder: &Path, size: u64, count: usize) -> Vec<PathBuf> {
    let program = fs::read(std::env::current_exe().expect("a program")).expect("its bytes");
    let size = usize::try_from(size).expect("it fits into memory");
    let make = |index: usize| {
        let input = folder.join(format!("in-{index}"));
        fs::create_dir(&input).expect("a folder");
        let bytes: Vec<u8> = (0..size).map(|at| program[at % program.len()] ^ (at / program.len()) as u8).collect();
        fs::write(input.join(format!("program-{index}")), bytes).expect("a file");
        input
    };
    (0..count).map(make).collect()
}

/// Runs the tool on one folder after the other, as it uses all cores by itself; the bytes that came out.
fn their(folder: &Path, line: &str, inputs: &[PathBuf]) -> (Duration, u64) {
    let started = Instant::now();
    let mut bytes = 0;
    for input in inputs {
        let output = folder.join("theirs");
        let line = format!("set -o pipefail; {line} | tee \"$OUT\" | sha256sum");
        let status = Command::new("bash")
            .args(["-c", &line])
            .env("IN", input)
            .env("OUT", &output)
            .stdout(Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{line} failed");
        bytes += fs::metadata(&output).expect("an archive").len();
    }
    (started.elapsed(), bytes)
}

fn our(
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    format: ArchiveFormat,
    inputs: &[PathBuf],
    threads: NonZeroUsize,
) -> (Duration, u64) {
    let packing = Packing {
        folder: folder.join("ours"),
        jobs: NonZeroUsize::new(4).expect("four"),
        threads,
        checksums: Checksums::None,
        reporter: Arc::new(Silent),
        cancellation: CancellationToken::new(),
    };
    let started = Instant::now();
    let packed = runtime.block_on(pack(vec![resolved(format, inputs)], &packing)).expect("archives");
    let elapsed = started.elapsed();
    assert_eq!(packed[0].artifacts.len(), inputs.len());
    (elapsed, packed[0].artifacts.iter().map(|artifact| artifact.bytes).sum())
}

fn resolved(format: ArchiveFormat, inputs: &[PathBuf]) -> Resolved {
    let planned = inputs.iter().enumerate().map(|(index, input)| {
        let name = format!("program-{index}");
        let entry = Entry { path: input.join(&name), name: name.clone(), executable: true };
        Planned {
            name: format!("{name}{}", format.suffix()),
            kind: ArtifactKind::Archive,
            target: None,
            contents: Contents::Archive(Archive { format, folder: name, entries: vec![entry] }),
        }
    });
    let release = Release {
        package: PackageId::new(Ecosystem::Cargo, "program"),
        version: "1.0.0".parse().expect("a version"),
        tag: "program-v1.0.0".into(),
        commit: None,
        commit_time: 0,
        path: ".".into(),
        notes: None,
        repository: None,
    };
    Resolved { release: Arc::new(release), artifacts: planned.collect(), failures: Vec::new(), optional: Vec::new() }
}

/// The run in the middle.
fn median(mut runs: Vec<(Duration, u64)>) -> (Duration, u64) {
    runs.sort();
    runs[runs.len() / 2]
}

/// Whether the command line names this format, or none at all.
fn is_wanted(suffix: &str) -> bool {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| argument.starts_with('.')).collect();
    named.is_empty() || named.iter().any(|name| name == suffix)
}

fn is_installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
