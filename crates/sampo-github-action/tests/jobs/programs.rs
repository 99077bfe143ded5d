//! The two programs that workflows install, as they were just built.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The top folder of the project.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Puts both into a tool cache, where the installer of the Action finds them.
pub fn install(cache: &Path) {
    let own = Path::new(env!("CARGO_BIN_EXE_sampo-github-action"));
    for (name, program) in [("sampo-github-action", own), ("sampo", command_line())] {
        for system in ["unknown-linux-gnu", "unknown-linux-musl", "apple-darwin"] {
            let folder = cache.join(format!("sampo/{name}/{VERSION}/{}-{system}", std::env::consts::ARCH));
            fs::create_dir_all(&folder).unwrap();
            symlink(program, folder.join(name)).unwrap();
        }
    }
}

/// The program `sampo`. For this test Cargo builds only the programs of its own package, but with the whole workspace
/// that one as well.
fn command_line() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = Path::new(env!("CARGO_BIN_EXE_sampo-github-action")).with_file_name("sampo");
        let built = fs::metadata(&program).and_then(|metadata| metadata.modified()).ok();
        let sources = ["crates/sampo/src", "crates/sampo-core/src"].map(|path| newest(&project().join(path)));
        if built.is_none_or(|built| sources.into_iter().any(|changed| changed > built)) {
            build(&program);
        }
        program
    })
}

/// When a file at or below `path` was changed last.
fn newest(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return path.metadata().unwrap().modified().unwrap();
    }
    let times = fs::read_dir(path).unwrap().map(|entry| newest(&entry.unwrap().path()));
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn build(program: &Path) {
    let folder = program.parent().unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--locked", "--package", "sampo"]).current_dir(project());
    command.arg("--target-dir").arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    assert!(command.status().unwrap().success(), "`sampo` cannot be built");
}
