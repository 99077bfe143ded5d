//! The machine of one job: its folders, its environment, and how it runs the script of a step.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::{Repo, runner};

/// Variables by name, in an order that does not change.
pub(crate) type Variables = BTreeMap<String, String>;

/// A machine with nothing on it but what its job puts there.
pub struct Machine<'a> {
    repo: &'a Repo,
    /// Where the job's files are.
    pub(crate) workspace: PathBuf,
    /// Where steps leave what they tell the runner; `RUNNER_TEMP` is beside.
    folder: PathBuf,
    /// What every step finds in its environment.
    pub(crate) variables: Variables,
}

/// A script that has ended.
pub(crate) struct ScriptEnd {
    pub(crate) code: i32,
    /// What the runner would end if the job were cancelled now.
    pub(crate) process: u32,
    pub(crate) log: String,
    pub(crate) outputs: Variables,
    pub(crate) summary: String,
    /// What it adds to the environment of the next steps.
    pub(crate) environment: Variables,
    /// The folders that it puts in front of the PATH of the next steps, the last one first.
    pub(crate) paths: Vec<PathBuf>,
}

/// The files that a step may append to, by the names of their variables.
const FILES: [&str; 4] = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH"];

impl<'a> Machine<'a> {
    /// A machine whose job works in `workspace`, and whose other folders are below `folder`. Both are beside `repo`, which
    /// lends its environment.
    pub fn new(repo: &'a Repo, workspace: &Path, folder: &Path) -> Self {
        for path in [workspace, &folder.join("temp"), &folder.join("home")] {
            fs::create_dir_all(path).expect("a folder of the machine");
        }
        Self { repo, workspace: workspace.to_owned(), folder: folder.to_owned(), variables: Variables::new() }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Where the job keeps what is gone after it.
    pub fn temp(&self) -> PathBuf {
        self.folder.join("temp")
    }

    /// Runs git in the workspace; what it said if it failed.
    pub(crate) fn git(&self, arguments: &[&str]) -> Result<(), String> {
        let output = self.repo.command("git").current_dir(&self.workspace).args(arguments).output().expect("git");
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// Runs `script` as `shell: bash` does if it is named, and as bash does where no shell is named.
    pub(crate) fn run(&self, script: &str, is_shell_named: bool, step: &Variables, paths: &[PathBuf]) -> ScriptEnd {
        let file = |name: &str| self.folder.join(name);
        fs::write(file("script"), script).expect("a script");
        FILES.iter().for_each(|name| fs::write(file(name), "").expect("an empty file"));
        // One file for both, so that the log has the order in which things were said.
        let log = File::create(file("log")).expect("a log");
        let options: &[&str] = if is_shell_named { &["--noprofile", "--norc", "-eo", "pipefail"] } else { &["-e"] };
        let mut command = self.repo.command("bash");
        for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
            command.env_remove(name);
        }
        command
            .args(options)
            .arg(file("script"))
            .current_dir(&self.workspace)
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", &self.workspace)
            .env("RUNNER_TEMP", self.temp())
            .env("HOME", file("home"))
            .env("GIT_CONFIG_GLOBAL", file("home").join(".gitconfig"))
            .envs(FILES.map(|name| (name, file(name))))
            .envs(&self.variables)
            .envs(step)
            .env("PATH", self.path(step, paths))
            .stdin(std::process::Stdio::null())
            .stderr(log.try_clone().expect("the same log"))
            .stdout(log);
        let mut running = command.spawn().expect("bash");
        let process = running.id();
        let status = running.wait().expect("an end");
        let read = |name| String::from_utf8_lossy(&fs::read(file(name)).expect("a file")).into_owned();
        let log = read("log");
        let pairs = |name| runner::outputs(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}\n{log}"));
        ScriptEnd {
            code: status.code().unwrap_or(-1),
            process,
            outputs: pairs("GITHUB_OUTPUT"),
            environment: pairs("GITHUB_ENV"),
            summary: read("GITHUB_STEP_SUMMARY"),
            paths: read("GITHUB_PATH").lines().rev().map(PathBuf::from).collect(),
            log,
        }
    }

    fn path(&self, step: &Variables, paths: &[PathBuf]) -> std::ffi::OsString {
        let named = step.get("PATH").or_else(|| self.variables.get("PATH")).map(Into::into);
        let usual = named.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let usual: Vec<PathBuf> = std::env::split_paths(&usual).collect();
        std::env::join_paths(paths.iter().chain(&usual)).expect("paths without a separator")
    }
}
