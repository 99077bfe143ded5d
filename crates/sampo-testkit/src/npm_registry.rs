//! A real npm registry, Verdaccio, on this machine, together with pnpm and Yarn. `scripts/test` installs them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::repo::Repo;

/// A running registry. It starts empty and ends with the process; tests tell their packages apart by a scope.
pub struct NpmRegistry {
    storage: TempDir,
    address: String,
    token: String,
    /// The registry ends when its standard input does.
    _server: Child,
}

impl NpmRegistry {
    /// The one registry of this process, started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<NpmRegistry> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let storage = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(storage.path().join("refused")).expect("a folder");
        let mut server = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("verdaccio/server.js"))
            .args([storage.path(), &modules()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}; run `scripts/test`, which installs it"));
        let mut line = String::new();
        let stdout = server.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("what the registry says");
        let said: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("the registry did not start: {error}: {line}"));
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        Self { address: text("address"), token: text("token"), storage, _server: server }
    }

    /// Where it listens, with a slash at its end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The token that may publish.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The settings of npm that lead to it and name the token: `.npmrc` of a home.
    pub fn settings(&self) -> String {
        let place = self.address.trim_start_matches("http:");
        format!("registry={}\n{place}:_authToken={}\n", self.address, self.token)
    }

    /// A command in `repo` whose home leads to this registry, and whose `PATH` has pnpm and Yarn.
    pub fn command(&self, repo: &Repo, program: &str) -> Command {
        let home = repo.outside("home");
        fs::write(home.join(".npmrc"), self.settings()).expect("a file");
        let mut command = repo.command(program);
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([modules().join(".bin")].into_iter().chain(std::env::split_paths(&inherited)));
        command
            .env("PATH", path.expect("a path"))
            .env("npm_config_cache", repo.outside("npm-cache"))
            .env("npm_config_fetch_retries", "0")
            .env("npm_config_update_notifier", "false")
            .env("YARN_ENABLE_TELEMETRY", "0")
            .env("YARN_GLOBAL_FOLDER", repo.outside("yarn"));
        command
    }

    /// Answers every upload of `package` with status 403, until [`accept`](Self::accept).
    pub fn refuse(&self, package: &str) {
        fs::write(self.refusal(package), "").expect("a file");
    }

    /// Takes `package` again.
    pub fn accept(&self, package: &str) {
        fs::remove_file(self.refusal(package)).expect("a refusal");
    }

    fn refusal(&self, package: &str) -> PathBuf {
        self.storage.path().join("refused").join(package.replace('/', "+"))
    }

    /// What the registry holds of `package`: its versions by number; none if it does not know it.
    pub fn versions(&self, package: &str) -> Vec<String> {
        let versions = self.document(package);
        let versions = versions.as_ref().and_then(|document| document["versions"].as_object());
        versions.map(|versions| versions.keys().cloned().collect()).unwrap_or_default()
    }

    /// The document of `package`, as the registry keeps it.
    pub fn document(&self, package: &str) -> Option<Value> {
        let path = self.storage.path().join("packages").join(package).join("package.json");
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }
}

/// Where `scripts/test` installs the registry and the package managers.
fn modules() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    let modules = target.join("verdaccio/node_modules");
    assert!(
        modules.join("verdaccio").is_dir(),
        "there is no `{}`: run `scripts/test`, which installs it",
        modules.display()
    );
    modules
}
