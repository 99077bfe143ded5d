//! `sampo distribute matrix` on a workspace of 1,000 crates, against `cargo metadata --no-deps` on the same workspace:
//! the least that any tool must do to know the packages. Prints both medians and their ratio, which is to stay at 1.5
//! or less.
//!
//!     cargo bench --package sampo --bench matrix

use sampo_testkit::Repo;
use sampo_testkit::timing::{CARGO_METADATA, median, time};

const CRATES: usize = 1000;
const RUNS: usize = 15;

fn main() {
    let repo = workspace();
    let sampo = [env!("CARGO_BIN_EXE_sampo"), "distribute", "matrix", "--format", "json"];
    time(&repo, &CARGO_METADATA);
    time(&repo, &sampo);
    // In turn, so that a machine whose speed drifts treats both alike.
    let (mut cargo_times, mut sampo_times) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        cargo_times.push(time(&repo, &CARGO_METADATA));
        sampo_times.push(time(&repo, &sampo));
    }
    let (cargo, sampo) = (median(cargo_times), median(sampo_times));
    println!("{CRATES} crates, a tag for each, median of {RUNS} runs");
    println!("cargo metadata --no-deps    {:>8.1} ms", cargo.as_secs_f64() * 1000.0);
    println!("sampo distribute matrix     {:>8.1} ms", sampo.as_secs_f64() * 1000.0);
    println!("ratio                       {:>8.2}", sampo.as_secs_f64() / cargo.as_secs_f64());
}

/// Every crate is a program with a dependency on its neighbour, tagged at HEAD.
fn workspace() -> Repo {
    let repo = Repo::new();
    repo.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n");
    repo.write(
        ".sampo/config.toml",
        "[distribute]\ntargets = [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\"]\n",
    );
    for number in 0..CRATES {
        let dependency = match number {
            0 => String::new(),
            _ => format!(
                "[dependencies]\ncrate-{0:04} = {{ path = \"../crate-{0:04}\", version = \"1.0.0\" }}\n",
                number - 1
            ),
        };
        let manifest =
            format!("[package]\nname = \"crate-{number:04}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{dependency}");
        repo.write(&format!("crates/crate-{number:04}/Cargo.toml"), manifest);
        repo.write(&format!("crates/crate-{number:04}/src/main.rs"), "fn main() {}\n");
    }
    repo.commit("everything");
    for number in 0..CRATES {
        repo.git(&["tag", &format!("crate-{number:04}-v1.0.0")]);
    }
    repo
}
