//! Git, run as a child process in one folder, with untranslated messages and no prompts.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Diagnose, PathError};
use crate::process::{Command, Output, ProcessError, last_lines};

mod identity;
mod push;
mod remote;
mod worktree;

pub use identity::{GITHUB_ACTIONS, Identity};
pub use worktree::Worktree;

/// How many hashes fit on one command line on every platform.
const COMMITS_PER_PROCESS: usize = 400;
/// Beyond this a local command is stuck, such as on a lost network drive.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(300);
/// Beyond this a remote is not worth waiting for.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(60);

/// The git repository that a folder belongs to.
#[derive(Debug, Clone)]
pub struct Git {
    folder: PathBuf,
    remote_timeout: Duration,
    /// Who acts, where nobody is configured.
    identity: Option<Identity>,
}

/// A tag and the commit it stands for (annotated tags are followed to their commit).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name without `refs/tags/`.
    pub name: String,
    /// The full hash of the commit.
    pub commit: String,
}

/// The commit that brought a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Its full hash.
    pub commit: String,
    /// Its hash as short as git shows it.
    pub short: String,
    /// Whether it has no parent, or the clone ends before it.
    pub is_root: bool,
    /// Its author's name.
    pub author: String,
}

/// Git could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// There is no repository here.
    #[error("`{}` is not in a git repository", folder.display())]
    NoRepository {
        /// The folder asked about.
        folder: PathBuf,
    },
    /// The repository has no commit yet.
    #[error("the git repository of `{}` has no commit yet", folder.display())]
    NoCommit {
        /// The folder asked about.
        folder: PathBuf,
    },
    /// Nobody is known in whose name a tag could be made.
    #[error("git does not know in whose name to make tags: {said}")]
    NoIdentity {
        /// The end of what it said.
        said: String,
    },
    /// Another run has a temporary worktree of the same repository.
    #[error("another run is at work in `{}`", folder.display())]
    Busy {
        /// The folder of the repository.
        folder: PathBuf,
    },
    /// A file of a temporary worktree could not be written or removed.
    #[error(transparent)]
    Io(#[from] PathError),
    /// The credentials do not suffice for a push.
    #[error("`{name}` may not be pushed to the remote `origin`")]
    PushDenied {
        /// The tag or branch.
        name: String,
        /// What git said.
        source: ProcessError,
    },
    /// A git command failed.
    #[error("git could not {action}")]
    Failed {
        /// What was asked of it, as an infinitive.
        action: String,
        /// What it said.
        source: ProcessError,
    },
}

impl Diagnose for GitError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRepository { .. } => "git-no-repository",
            Self::NoCommit { .. } => "git-no-commit",
            Self::NoIdentity { .. } => "git-identity",
            Self::Busy { .. } => "git-worktree-busy",
            Self::Io(error) => error.code(),
            Self::PushDenied { .. } => "push-denied",
            Self::Failed { .. } => "git-failed",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRepository { .. } => Some("run `git init` and make a first commit, or run this in a clone".into()),
            Self::NoCommit { .. } => Some("make a first commit".into()),
            Self::NoIdentity { .. } => Some(
                "run `git config user.name \"NAME\"` and `git config user.email \"ADDRESS\"`, or set `GIT_COMMITTER_NAME` and `GIT_COMMITTER_EMAIL`".into(),
            ),
            Self::Busy { .. } => Some("wait for its end, then run this again".into()),
            Self::Io(error) => error.hint(),
            Self::PushDenied { .. } => Some(
                "in a GitHub workflow give the job `permissions: contents: write`, and let `actions/checkout` keep its credentials (`persist-credentials: true`, as it does by default)".into(),
            ),
            Self::Failed { source, .. } => source.hint(),
        }
    }
}

/// Names that a default branch usually has.
const USUAL_BRANCHES: [&str; 4] = ["main", "master", "trunk", "develop"];

impl Git {
    /// Git as seen from `folder`. Nothing is run yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), remote_timeout: REMOTE_TIMEOUT, identity: None }
    }

    /// The full hash of the commit at HEAD.
    pub async fn head(&self) -> Result<String, GitError> {
        self.commit_of("HEAD").await?.ok_or_else(|| GitError::NoCommit { folder: self.folder.clone() })
    }

    /// The full hash of the commit that `revision` names, or none if there is no such revision.
    pub async fn commit_of(&self, revision: &str) -> Result<Option<String>, GitError> {
        let commit = format!("{revision}^{{commit}}");
        let output = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).await;
        let output = output.map_err(failed("read a revision"))?;
        match output.status.code() {
            Some(0) => Ok(Some(output.stdout.trim().to_owned())),
            Some(1) => Ok(None),
            _ => Err(self.explain(output, "read a revision")),
        }
    }

    /// The branch that is checked out, also before its first commit; none on a detached HEAD.
    pub async fn current_branch(&self) -> Result<Option<String>, GitError> {
        let output = self.run(&["symbolic-ref", "--quiet", "--short", "HEAD"]).await;
        let output = output.map_err(failed("read the current branch"))?;
        match output.status.code() {
            Some(0) => Ok(Some(output.stdout.trim().to_owned())),
            Some(1) => Ok(None),
            _ => Err(self.explain(output, "read the current branch")),
        }
    }

    /// The branch that everybody works from: that of the remote `origin`, else one with a usual name, else the current
    /// one.
    pub async fn default_branch(&self) -> Result<Option<String>, GitError> {
        let origin = self.run(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]).await;
        let origin = origin.map_err(failed("read the branch of the remote `origin`"))?;
        match origin.status.code() {
            Some(0) => return Ok(origin.stdout.trim().strip_prefix("origin/").map(str::to_owned)),
            Some(1) => {}
            _ => return Err(self.explain(origin, "read the branch of the remote `origin`")),
        }
        let branches = self.query(&["branch", "--list", "--format=%(refname:short)"], "list the branches").await?;
        let usual = USUAL_BRANCHES.into_iter().find(|usual| branches.lines().any(|branch| branch == *usual));
        match usual {
            Some(usual) => Ok(Some(usual.to_owned())),
            None => self.current_branch().await,
        }
    }

    /// Every local tag, in one process whatever their number. A tag of something else than a commit is left out.
    pub async fn tags(&self) -> Result<Vec<Tag>, GitError> {
        let format = "--format=%(refname:lstrip=2)%09%(objecttype)%09%(objectname)%09%(*objecttype)%09%(*objectname)";
        let action = "list tags";
        let output = Command::capture(self.command(&["for-each-ref", format, "refs/tags"]), usize::MAX).run().await;
        let output = self.succeeded(output, action)?;
        Ok(output.lines().filter_map(parse_tag).collect())
    }

    /// The names of every local tag, of whatever object. Outside a git repository there are none.
    pub async fn tag_names(&self) -> Result<HashSet<String>, GitError> {
        let command = self.command(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags"]);
        match self.succeeded(command.capture(usize::MAX).run().await, "list tags") {
            Err(GitError::NoRepository { .. }) => Ok(HashSet::new()),
            names => Ok(names?.lines().map(str::to_owned).collect()),
        }
    }

    /// The tags of the remote `origin`, with their commits. A remote that does not answer is given up.
    pub async fn remote_tags(&self) -> Result<Vec<Tag>, GitError> {
        let command = self.command(&["ls-remote", "--tags", "origin"]);
        let command = command.capture(usize::MAX).timeout(self.remote_timeout);
        let output = self.succeeded(command.run().await, "list the tags of the remote `origin`")?;
        Ok(parse_remote_tags(&output))
    }

    /// The URL of the remote `origin`, if there is one.
    pub async fn origin_url(&self) -> Result<Option<String>, GitError> {
        let output = self.run(&["config", "--get", "remote.origin.url"]).await;
        let output = output.map_err(failed("read the remote `origin`"))?;
        Ok(Some(output.stdout.trim().to_owned()).filter(|url| output.status.success() && !url.is_empty()))
    }

    /// Whether a file differs from HEAD, or is neither there nor ignored.
    pub async fn has_changes(&self) -> Result<bool, GitError> {
        Ok(!self.query(&["status", "--porcelain"], "compare the files with HEAD").await?.is_empty())
    }

    /// Whether a file that git knows differs from HEAD.
    pub async fn has_tracked_changes(&self) -> Result<bool, GitError> {
        let arguments = ["status", "--porcelain", "--untracked-files=no"];
        Ok(!self.query(&arguments, "compare the files with HEAD").await?.is_empty())
    }

    /// Those of `files`, relative to the folder, that differ from `commit`. Files that git does not know differ from nothing.
    pub async fn changed_since(&self, commit: &str, files: &[&Path]) -> Result<Vec<String>, GitError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let fixed = ["--literal-pathspecs", "diff", "--name-only", "--relative", "-z", "--no-ext-diff", commit, "--"];
        let files = files.iter().map(|file| file.to_string_lossy());
        let arguments: Vec<String> = fixed.into_iter().map(str::to_owned).chain(files.map(Into::into)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let names = self.query(&arguments, "compare files with a commit").await?;
        Ok(names.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The text that the file at `path`, relative to the folder, has in `revision`; none if it is not there.
    pub async fn file_at(&self, revision: &str, path: &str) -> Result<Option<String>, GitError> {
        let command = self.command(&["cat-file", "blob", &format!("{revision}:./{path}")]).capture(usize::MAX);
        let output = command.run().await.map_err(failed("read a file of another commit"))?;
        Ok(output.status.success().then_some(output.stdout))
    }

    /// The newest commit that added each file below `folders` (relative to the folder), by the file's path. One process
    /// for all of them.
    pub async fn additions(&self, folders: &[&str]) -> Result<HashMap<String, Addition>, GitError> {
        self.head().await?;
        let format = format!("--format={ADDITION}%H%x09%h%x09%P%x09%an");
        let options = ["-c", "core.quotePath=false", "log", "--no-show-signature", "--diff-filter=A", "--no-renames"];
        let rest = ["--name-only", "--relative", &format, "--"];
        let arguments: Vec<&str> = options.iter().chain(&rest).chain(folders).copied().collect();
        let output = self.command(&arguments).capture(usize::MAX).run().await;
        Ok(parse_additions(&self.succeeded(output, "look up who added changesets")?))
    }

    /// When each of `commits` was made, in seconds since 1970-01-01 UTC. A few processes, however many commits.
    pub async fn commit_times(&self, commits: &[&str]) -> Result<HashMap<String, i64>, GitError> {
        let mut times = HashMap::new();
        for commits in commits.chunks(COMMITS_PER_PROCESS) {
            // `show` would be ten times slower: it prepares the comparison with the parents that nobody asked for.
            let options = ["log", "--no-walk=unsorted", "--no-show-signature", "--format=%H %ct", "--end-of-options"];
            let arguments: Vec<&str> = options.iter().chain(commits).copied().collect();
            let output = self.query(&arguments, "read the dates of commits").await?;
            times.extend(output.lines().filter_map(|line| {
                let (commit, time) = line.split_once(' ')?;
                Some((commit.to_owned(), time.parse().ok()?))
            }));
        }
        Ok(times)
    }

    /// An error unless git knows in whose name it would make a tag.
    pub async fn check_identity(&self) -> Result<(), GitError> {
        let output = self.run(&["var", "GIT_COMMITTER_IDENT"]).await.map_err(failed("find out who makes the tags"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(GitError::NoIdentity { said: last_lines(&output.stderr, 1) }),
        }
    }

    /// Makes the annotated tag `name` at HEAD.
    pub async fn create_tag(&self, name: &str, message: &str) -> Result<(), GitError> {
        // Signing may ask somebody for a passphrase, which takes its time and needs the terminal.
        let arguments = ["tag", "--annotate", "--message", message, "--end-of-options", name];
        let output = self.patient_command(&arguments).run().await;
        self.succeeded(output, &format!("make the tag `{name}`")).map(drop)
    }

    /// Whether history is cut off (`fetch-depth`), so that older commits and tags may be missing.
    pub async fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.query(&["rev-parse", "--is-shallow-repository"], "ask for the depth of the clone").await? == "true")
    }

    async fn query(&self, arguments: &[&str], action: &str) -> Result<String, GitError> {
        let output = self.run(arguments).await;
        self.succeeded(output, action).map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
    }

    fn succeeded(&self, output: Result<Output, ProcessError>, action: &str) -> Result<String, GitError> {
        let output = output.map_err(failed(action))?;
        if output.status.success() { Ok(output.stdout) } else { Err(self.explain(output, action)) }
    }

    fn explain(&self, output: Output, action: &str) -> GitError {
        if output.stderr.contains("not a git repository") {
            return GitError::NoRepository { folder: self.folder.clone() };
        }
        failed(action)(ProcessError::Failed {
            label: "git".into(),
            status: output.status,
            output: output.stderr.trim_end().to_owned(),
        })
    }

    async fn run(&self, arguments: &[&str]) -> Result<Output, ProcessError> {
        self.command(arguments).run().await
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.patient_command(arguments).timeout(LOCAL_TIMEOUT)
    }

    fn patient_command(&self, arguments: &[&str]) -> Command {
        let identity = self.identity.iter().flat_map(|Identity { name, email }| {
            [
                ("GIT_COMMITTER_NAME", name),
                ("GIT_COMMITTER_EMAIL", email),
                ("GIT_AUTHOR_NAME", name),
                ("GIT_AUTHOR_EMAIL", email),
            ]
        });
        let command = identity.fold(Command::new("git", arguments), |command, (name, value)| command.env(name, value));
        command
            .in_folder(&self.folder)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            // A fetch in the background must not outlive us, and optional locks would disturb a user's own git.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .without_tokens()
    }
}

/// Whether git accepts `branch` as the name of a branch, by the rules of `git check-ref-format --branch`.
pub fn is_branch_name(branch: &str) -> bool {
    is_tag_name(branch) && !["HEAD", "@"].contains(&branch)
}

/// Whether git accepts `tag` as the name of a tag, by the rules of `git check-ref-format`.
pub fn is_tag_name(tag: &str) -> bool {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let component = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !tag.starts_with('-')
        && !tag.ends_with('.')
        && !tag.contains(forbidden)
        && !tag.contains("..")
        && !tag.contains("@{")
        && tag.split('/').all(component)
}

fn failed(action: &str) -> impl FnOnce(ProcessError) -> GitError {
    let action = action.to_owned();
    move |source| GitError::Failed { action, source }
}

/// What begins the line of a commit.
const ADDITION: char = '\u{1}';

/// The line of a commit, then a line for each file.
fn parse_additions(output: &str) -> HashMap<String, Addition> {
    let mut additions = HashMap::new();
    let mut current = None;
    for line in output.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix(ADDITION) {
            Some(commit) => current = parse_addition(commit),
            None => {
                if let Some(addition) = &current {
                    additions.entry(line.to_owned()).or_insert_with(|| addition.clone());
                }
            }
        }
    }
    additions
}

fn parse_addition(line: &str) -> Option<Addition> {
    let [commit, short, parents, author] = line.splitn(4, '\t').collect::<Vec<_>>().try_into().ok()?;
    let (commit, short, author) = (commit.to_owned(), short.to_owned(), author.trim().to_owned());
    Some(Addition { commit, short, is_root: parents.is_empty(), author })
}

fn parse_tag(line: &str) -> Option<Tag> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, kind, object, peeled_kind, peeled] = fields.as_slice() else { return None };
    let commit = match (*kind, *peeled_kind) {
        ("commit", _) => object,
        (_, "commit") => peeled,
        _ => return None,
    };
    Some(Tag { name: (*name).to_owned(), commit: (*commit).to_owned() })
}

/// `ls-remote` lists an annotated tag twice: the tag object, then `NAME^{}` with its commit.
fn parse_remote_tags(output: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for line in output.lines() {
        let Some((commit, reference)) = line.split_once('\t') else { continue };
        let Some(name) = reference.strip_prefix("refs/tags/") else { continue };
        match name.strip_suffix("^{}") {
            Some(name) => {
                if let Some(tag) = tags.iter_mut().rev().find(|tag| tag.name == name) {
                    tag.commit = commit.to_owned();
                }
            }
            None => tags.push(Tag { name: name.to_owned(), commit: commit.to_owned() }),
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;

    #[test]
    fn annotated_tags_of_a_remote_are_followed_to_their_commit() {
        let output = "aaa\trefs/tags/v1\nbbb\trefs/tags/v2\nccc\trefs/tags/v2^{}\n";
        let tags = parse_remote_tags(output);
        assert_eq!(
            tags,
            [Tag { name: "v1".into(), commit: "aaa".into() }, Tag { name: "v2".into(), commit: "ccc".into() },]
        );
    }

    #[tokio::test]
    async fn a_remote_that_never_answers_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let repo = sampo_testkit::Repo::new();
        repo.git(&["remote", "add", "origin", &format!("git://{}/x.git", silent.local_addr().unwrap())]);
        let git = Git { remote_timeout: Duration::from_millis(300), ..Git::new(repo.root()) };
        let error = chain(&git.remote_tags().await.unwrap_err());
        assert!(error.starts_with("git could not list the tags of the remote `origin`: `git ls-remote"), "{error}");
        assert!(error.ends_with("was stopped after 300ms without an end"), "{error}");
    }

    #[tokio::test]
    async fn a_new_file_counts_as_a_change_and_an_ignored_one_does_not() {
        let repo = sampo_testkit::Repo::new();
        repo.write(".gitignore", "/target\n").commit("first");
        let git = Git::new(repo.root());
        repo.write("target/x", "");
        assert!(!git.has_changes().await.unwrap());
        repo.write("new", "");
        assert!(git.has_changes().await.unwrap());
    }

    #[test]
    fn names_that_git_refuses_for_tags_are_known() {
        let refused =
            ["a v1", "a..1", "-a1", "a1.", "a@{1}", "a^1", "a//1", "/a1", "a1/", "a/.1", "a.lock", "a\u{7f}1", "a:1"];
        for tag in refused {
            assert!(!is_tag_name(tag), "{tag}");
        }
        for tag in ["a-v1.0.0", "@scope/a-v1.0.0", "v1.0.0-rc.1+build", "cargo/ä@1.0.0"] {
            assert!(is_tag_name(tag), "{tag}");
        }
    }
}
