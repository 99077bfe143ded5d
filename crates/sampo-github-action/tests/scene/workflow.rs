//! A project with a remote and a GitHub, and jobs that start in fresh clones of it, as runners do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sampo_testkit::github::{PullRequest, TOKEN};
use sampo_testkit::{FakeGithub, Repo};

/// 2026-01-02 03:04:05 UTC, for the headings of changelogs.
const NOW: &str = "1767323045";
/// Entries without commits and thanks, so that their text is known.
pub const PLAIN: &str = "[changelog]\nshow_commit_hash = false\nshow_acknowledgments = false\n";
/// A crate that is only tagged.
pub const PRIVATE: &str = "publish = false";

pub struct Project {
    /// The clone of somebody who works on the project.
    pub repo: Repo,
    pub github: FakeGithub,
    pub origin: PathBuf,
}

impl Project {
    /// A project whose crates are only tagged, pushed to its remote.
    pub fn new(config: &str, crates: &[(&str, &str)]) -> Self {
        let repo = Repo::new();
        let crates: Vec<(&str, &str, &str)> = crates.iter().map(|(name, version)| (*name, *version, PRIVATE)).collect();
        repo.cargo_workspace(&crates).write(".sampo/config.toml", config).commit("first");
        let origin = repo.push_to_origin();
        let github = FakeGithub::start();
        github.with_git(&origin);
        Self { repo, github, origin }
    }

    /// Notes a change, commits and pushes it.
    pub fn note(&self, file: &str, changeset: &str) -> String {
        self.repo.write(&format!(".sampo/changesets/{file}.md"), changeset);
        self.push(&format!("note {file}"))
    }

    /// Commits everything and pushes `main`; the commit.
    pub fn push(&self, message: &str) -> String {
        let commit = self.repo.commit(message);
        self.repo.git(&["push", "--quiet", "origin", "main"]);
        commit
    }

    /// Merges the only open pull request, as its button does, and deletes its branch.
    pub fn merge(&self) {
        let head = self.pull().head;
        self.merge_by(&[&["merge", "--quiet", "--no-ff", "--message", "merge", "PULL"]]);
        self.repo.git(&["push", "--quiet", "origin", &format!(":{head}")]);
    }

    /// Merges the only open pull request by these commands of git, in which `PULL` stands for its branch, and leaves
    /// the branch.
    pub fn merge_by(&self, commands: &[&[&str]]) {
        let pull = self.pull();
        self.repo.git(&["fetch", "--quiet", "origin"]);
        let branch = format!("origin/{}", pull.head);
        for command in commands {
            let command: Vec<&str> = command.iter().map(|word| if *word == "PULL" { &branch } else { *word }).collect();
            self.repo.git(&command);
        }
        self.repo.git(&["push", "--quiet", "origin", "main"]);
        self.github.close_pull(pull.number);
    }

    /// The only open pull request.
    pub fn pull(&self) -> PullRequest {
        let open: Vec<PullRequest> = self.github.pulls().into_iter().filter(|pull| pull.is_open).collect();
        let [pull] = open.try_into().unwrap_or_else(|open| panic!("{open:?}"));
        pull
    }

    /// The job of a runner that has checked out `main` at this depth; 0 is everything.
    pub fn job(&self, depth: u32) -> Job<'_> {
        let folder = self.repo.outside("runner").join(format!("checkout-{}", self.github.requests().len()));
        let _ = fs::remove_dir_all(&folder);
        let url = format!("file://{}", self.origin.display());
        let folder_text = folder.to_string_lossy().into_owned();
        let depth_text = format!("--depth={depth}");
        let mut arguments = vec!["clone", "--quiet", "--branch=main"];
        if depth > 0 {
            arguments.extend([depth_text.as_str(), "--no-tags"]);
        }
        arguments.extend([url.as_str(), folder_text.as_str()]);
        self.repo.git(&arguments);
        Job { project: self, folder, variables: Vec::new() }
    }

    /// What a file of the remote says on `branch`; none if it is not there.
    pub fn file(&self, branch: &str, path: &str) -> Option<String> {
        let output = self.at_origin(&["cat-file", "blob", &format!("refs/heads/{branch}:{path}")]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Git in the remote repository; its standard output.
    pub fn origin(&self, arguments: &[&str]) -> String {
        let output = self.at_origin(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn at_origin(&self, arguments: &[&str]) -> Output {
        self.repo.command("git").arg("-C").arg(&self.origin).args(arguments).output().unwrap()
    }
}

/// One step of a job.
pub struct Job<'a> {
    project: &'a Project,
    pub folder: PathBuf,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub log: String,
    pub outputs: String,
    pub summary: String,
}

impl Job<'_> {
    /// The same with the input `name`.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.variable(&format!("INPUT_{}", name.to_uppercase()), value)
    }

    /// The same with a variable; an empty one counts as missing.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Git in the checkout; its standard output.
    pub fn git(&self, arguments: &[&str]) -> String {
        let folder = self.folder.to_string_lossy().into_owned();
        self.project.repo.git(&[&["-C", &folder], arguments].concat())
    }

    /// All that nobody may notice a change of: branch, index, files, branches, tags, configuration. Where a remote's
    /// branches stand git notes itself when it pushes.
    pub fn state(&self) -> String {
        let asked: [&[&str]; 3] = [
            &["status", "--porcelain=v2", "--branch"],
            &["for-each-ref", "refs/heads", "refs/tags"],
            &["worktree", "list"],
        ];
        let config = fs::read_to_string(self.folder.join(".git/config")).unwrap();
        asked.map(|arguments| self.git(arguments)).join("\n") + &config
    }

    pub fn command(&self) -> Command {
        let runner = self.project.repo.outside("runner");
        let mut command = self.project.repo.command(env!("CARGO_BIN_EXE_sampo-github-action"));
        for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
            command.env_remove(name);
        }
        command
            .env("GITHUB_WORKSPACE", &self.folder)
            .env("GITHUB_REPOSITORY", "acme/app")
            .env("GITHUB_REF_NAME", "main")
            .env("GITHUB_OUTPUT", runner.join("output"))
            .env("GITHUB_STEP_SUMMARY", runner.join("summary"))
            .env("RUNNER_TEMP", &runner)
            .env("GITHUB_API_URL", self.project.github.api_url())
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_TOKEN", TOKEN)
            .env("SOURCE_DATE_EPOCH", NOW)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.project.repo.outside("elsewhere"));
        command
    }

    /// Runs the step.
    pub fn run(&self) -> Ended {
        let runner = self.project.repo.outside("runner");
        let read = |name: &str| fs::read_to_string(runner.join(name)).unwrap_or_default();
        for name in ["output", "summary"] {
            let _ = fs::remove_file(runner.join(name));
        }
        let ended = self.command().output().unwrap();
        Ended {
            code: ended.status.code().unwrap_or(-1),
            log: String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap(),
            outputs: read("output"),
            summary: read("summary"),
        }
    }

    /// Runs the step, which must succeed.
    pub fn succeed(&self) -> Ended {
        let ended = self.run();
        assert_eq!(ended.code, 0, "{}", ended.log);
        ended
    }

    /// Whether anything is left of the temporary worktree.
    pub fn has_leftovers(&self) -> bool {
        let is_there = |path: &str| Path::new(&self.folder).join(path).exists();
        is_there(".git/sampo/target/package/worktree") || is_there(".git/worktrees")
    }
}

impl Ended {
    /// The value of an output on one line.
    pub fn output(&self, name: &str) -> &str {
        let prefix = format!("{name}=");
        self.outputs.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{}", self.outputs))
    }
}
