//! A scratch git repository with an environment of its own: no configuration, credentials or clock of the user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// When every commit of a [`Repo`] is made, unless told otherwise.
pub const COMMIT_DATE: &str = "2026-01-02T03:04:05+00:00";

/// A git repository in a temporary folder, on branch `main`, without a commit.
pub struct Repo {
    folder: TempDir,
    root: PathBuf,
}

impl Repo {
    /// An empty repository.
    #[expect(clippy::new_without_default, reason = "it has effects")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("repo");
        fs::create_dir_all(&root).expect("a folder for the repository");
        fs::create_dir_all(folder.path().join("home")).expect("a home");
        // The real path: on macOS the temporary folder is behind a link, and tools print either.
        let root = root.canonicalize().expect("a real path");
        let repo = Self { folder, root };
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// The top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a file in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A folder beside the repository, inside the same temporary folder; made if it is missing.
    pub fn outside(&self, name: &str) -> PathBuf {
        let path = self.root.parent().expect("the root has a parent").join(name);
        fs::create_dir_all(&path).expect("a folder");
        path
    }

    /// Writes a file, with the folders on the way.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(&path, contents).expect("a file");
        self
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Whether a file or folder is there.
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// A Cargo workspace with these crates below `crates/`: name, version, further manifest lines. A crate whose
    /// name ends in `-cli` is a program that prints its name and version; any other is a library.
    pub fn cargo_workspace(&self, crates: &[(&str, &str, &str)]) -> &Self {
        self.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n");
        self.write(".gitignore", "/target\n/dist\n");
        for (name, version, lines) in crates {
            let manifest =
                format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n{lines}\n");
            self.write(&format!("crates/{name}/Cargo.toml"), manifest);
            if name.ends_with("-cli") {
                let main = "fn main() {\n    println!(concat!(env!(\"CARGO_PKG_NAME\"), \" \", env!(\"CARGO_PKG_VERSION\")));\n}\n";
                self.write(&format!("crates/{name}/src/main.rs"), main);
            } else {
                self.write(&format!("crates/{name}/src/lib.rs"), "//! A library.\n");
            }
        }
        self.run("cargo", &["generate-lockfile", "--offline", "--quiet"]);
        self
    }

    /// Commits everything; the full hash of the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes an annotated tag at HEAD.
    pub fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", "--annotate", "--message", name, name]);
        self
    }

    /// Makes a bare repository beside this one, adds it as `origin` and pushes `main` and all tags; its path.
    pub fn push_to_origin(&self) -> PathBuf {
        let bare = self.root.parent().expect("the root has a parent").join("origin.git");
        if !bare.exists() {
            self.git(&["init", "--quiet", "--bare", "--initial-branch=main", &bare.to_string_lossy()]);
            self.git(&["remote", "add", "origin", &bare.to_string_lossy()]);
        }
        self.git(&["push", "--quiet", "origin", "main", "--tags"]);
        bare
    }

    /// Runs git; its standard output, trimmed. Panics with everything that git said if it fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.run("git", arguments)
    }

    /// Runs a program in the top folder; its standard output, trimmed. Panics if it fails.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        assert!(
            output.status.success(),
            "{program} {arguments:?} failed: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs a program in the top folder, whatever its exit status.
    pub fn output(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    /// A command in the top folder with the scratch environment, to which a test may add.
    ///
    /// Of the user's environment only what tools need to run is left: `PATH`, and where Rust is installed.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let home = self.folder.path().join("home");
        let mut command = Command::new(program);
        command.current_dir(&self.root).env_clear();
        for name in ["PATH", "SystemRoot", "TEMP", "TMP", "PATHEXT", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", &home)
            .env("USERPROFILE", &home)
            .env("RUSTUP_HOME", installed("RUSTUP_HOME", ".rustup"))
            .env("CARGO_HOME", installed("CARGO_HOME", ".cargo"))
            .env("CARGO_NET_OFFLINE", "true")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", home.join("gitconfig"))
            .env("GIT_AUTHOR_NAME", "Aino Testi")
            .env("GIT_AUTHOR_EMAIL", "aino@example.com")
            .env("GIT_COMMITTER_NAME", "Aino Testi")
            .env("GIT_COMMITTER_EMAIL", "aino@example.com")
            .env("GIT_AUTHOR_DATE", COMMIT_DATE)
            .env("GIT_COMMITTER_DATE", COMMIT_DATE)
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        command
    }
}

/// Where rustup and cargo keep their things, which a test must be able to use although its home is another one.
fn installed(variable: &str, folder: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_default();
    std::env::var_os(variable).map_or_else(|| PathBuf::from(home()).join(folder), PathBuf::from)
}
