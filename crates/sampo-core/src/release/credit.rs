//! Which commit brought a change, and who is thanked for it: as git knows, and by login where GitHub answers.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::warning::Warning;
use crate::changeset::{FOLDER, KEPT_FOLDER};
use crate::config::{ChangelogConfig, Repository};
use crate::environment::Environment;
use crate::error::chain;
use crate::git::{Addition, Git, GitError};
use crate::github::{Addresses, Github, GithubError};
use crate::project::Project;
use crate::repository::repository;

/// A release does not wait longer for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How many questions are asked at a time.
const AT_ONCE: usize = 8;

/// What stands around an entry of a changelog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credit {
    /// The commit, short and full, where it is shown.
    pub commit: Option<(String, String)>,
    /// The page of the commit, where the repository is known.
    pub url: Option<String>,
    /// Who is thanked.
    pub thanks: Option<Thanks>,
}

/// Who is thanked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thanks {
    /// A login on GitHub.
    Login {
        /// The login.
        login: String,
        /// Whether this is the first contribution.
        is_first: bool,
    },
    /// A name from git.
    Name(String),
}

impl Credit {
    /// The same, which thanks with a link to a login's page below `web` instead of a mention: nobody is notified.
    #[must_use]
    pub fn without_mention(self, web: &str) -> Self {
        let thanks = self.thanks.map(|thanks| match thanks {
            Thanks::Login { login, is_first } => {
                let occasion = if is_first { " for your first contribution 🎉" } else { "" };
                Thanks::Name(format!("[@{login}]({web}/{login}){occasion}"))
            }
            name => name,
        });
        Self { thanks, ..self }
    }

    /// `message` with the commit in front and the thanks behind it.
    pub(super) fn around(&self, message: &str) -> String {
        let mut text = String::new();
        let begins_with_code = is_fence(message.lines().next());
        if let Some((short, _)) = &self.commit {
            let commit = self.url.as_ref().map_or_else(|| short.clone(), |url| format!("[{short}]({url})"));
            text = format!("{commit}{}", if begins_with_code { "\n" } else { " " });
        }
        text.push_str(message);
        if let Some(thanks) = &self.thanks {
            let ends_with_code = is_fence(message.lines().last());
            text.push_str(if ends_with_code { "\n— " } else { " — " });
            text.push_str(&thanks.to_string());
        }
        text
    }
}

/// A line behind which nothing may stand, since it is the edge of a code block.
fn is_fence(line: Option<&str>) -> bool {
    line.is_some_and(|line| line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~"))
}

impl std::fmt::Display for Thanks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Login { login, is_first: false } => write!(f, "Thanks @{login}!"),
            Self::Login { login, is_first: true } => write!(f, "Thanks @{login} for your first contribution 🎉!"),
            Self::Name(name) => write!(f, "Thanks {name}!"),
        }
    }
}

/// The credit of each changeset of `paths` that is committed, with a warning where GitHub does not answer. Git is asked
/// once, GitHub once for each commit.
pub(super) async fn credits(
    project: &Project,
    paths: &[&Path],
) -> Result<(HashMap<PathBuf, Credit>, Option<Warning>), GitError> {
    let config = &project.config.changelog;
    if paths.is_empty() || (!config.show_commit_hash && !config.show_acknowledgments) {
        return Ok(Default::default());
    }
    let git = project.git();
    let additions = match additions(&git, &project.root, paths).await {
        // Before the first commit there is nothing to credit.
        Err(GitError::NoRepository { .. } | GitError::NoCommit { .. }) => return Ok(Default::default()),
        additions => additions?,
    };
    let repository = repository(&project.config, &project.environment, &git).await?;
    let (accounts, warning) = match &repository {
        Some(repository) if config.show_acknowledgments => {
            let thanked = additions.values().filter(|addition| !is_excluded(&addition.author, config));
            let commits: BTreeSet<&str> = thanked.map(|addition| addition.commit.as_str()).collect();
            match Accounts::look_up(&project.environment, repository, commits).await {
                Ok(accounts) => (accounts, None),
                Err(error) => (Accounts::default(), Some(warn(&error))),
            }
        }
        _ => (Accounts::default(), None),
    };
    let web = Addresses::resolve(None, &project.environment).map(|addresses| addresses.web().to_owned());
    let base = repository.zip(web.ok()).map(|(repository, web)| format!("{web}/{repository}/commit"));
    let credits = additions.into_iter().map(|(path, Addition { commit, short, author, .. })| {
        let thanks = config.show_acknowledgments.then(|| accounts.thanks(&commit, author, config)).flatten();
        let url = base.as_ref().map(|base| format!("{base}/{commit}"));
        let commit = config.show_commit_hash.then_some((short, commit));
        (path, Credit { url: url.filter(|_| commit.is_some()), commit, thanks })
    });
    Ok((credits.collect(), warning))
}

fn warn(error: &GithubError) -> Warning {
    Warning {
        message: format!(
            "authors are thanked by their names in git, since GitHub did not tell their logins: {}",
            chain(error)
        ),
        hint: Some(
            "set `GITHUB_TOKEN`, or `show_acknowledgments = false` below `[changelog]` to thank nobody".to_owned(),
        ),
    }
}

/// The commit that added each of `paths`; what is not committed is left out, and so is what came before the end of a
/// shallow clone, where the last commit seems to add everything.
async fn additions(git: &Git, root: &Path, paths: &[&Path]) -> Result<HashMap<PathBuf, Addition>, GitError> {
    let known = git.additions(&[FOLDER, KEPT_FOLDER]).await?;
    let mut found = HashMap::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A changeset that a pre-release has taken up was pending before.
        let stands = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let addition = known.get(&format!("{FOLDER}/{name}")).or_else(|| known.get(&stands));
        found.extend(addition.map(|addition| ((*path).to_owned(), addition.clone())));
    }
    if found.values().any(|addition| addition.is_root) && git.is_shallow().await? {
        found.retain(|_, addition| !addition.is_root);
    }
    Ok(found)
}

fn is_excluded(name: &str, config: &ChangelogConfig) -> bool {
    let excluded = config.exclude_acknowledgments.iter();
    excluded
        .map(|excluded| excluded.trim().trim_start_matches('@'))
        .any(|excluded| excluded.to_lowercase() == name.to_lowercase())
}

/// Who stands behind commits, on GitHub.
#[derive(Default)]
struct Accounts {
    logins: HashMap<String, String>,
    newcomers: HashSet<String>,
}

impl Accounts {
    async fn look_up(
        environment: &Environment,
        repository: &Repository,
        commits: BTreeSet<&str>,
    ) -> Result<Self, GithubError> {
        if commits.is_empty() {
            return Ok(Self::default());
        }
        let github = Github::of_environment(environment)?.with_timeout(ANSWER_TIMEOUT);
        let login = |commit: String| async {
            let login = github.author_of(repository, &commit).await?;
            Ok::<_, GithubError>(login.map(|login| (commit, login)))
        };
        let commits: Vec<String> = commits.into_iter().map(str::to_owned).collect();
        let logins: Vec<Option<(String, String)>> =
            stream::iter(commits).map(login).buffered(AT_ONCE).try_collect().await?;
        let logins: HashMap<String, String> = logins.into_iter().flatten().collect();
        // Without a token the list of contributors may cost more requests than an hour has.
        let newcomers = match github.token() {
            Some(_) if !logins.is_empty() => github.newcomers(repository).await?.into_iter().collect(),
            _ => HashSet::new(),
        };
        Ok(Self { logins, newcomers })
    }

    fn thanks(&self, commit: &str, author: String, config: &ChangelogConfig) -> Option<Thanks> {
        let login = self.logins.get(commit);
        if is_excluded(&author, config) || login.is_some_and(|login| is_excluded(login, config)) {
            return None;
        }
        Some(match login {
            Some(login) => Thanks::Login { is_first: self.newcomers.contains(login), login: login.clone() },
            None => Thanks::Name(author),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_stands_in_front_and_the_thanks_behind() {
        let name = || Some(Thanks::Name("Aino".into()));
        let commit = || Some(("abc".to_owned(), "abcdef".to_owned()));
        let table = [
            (Credit::default(), "Text.", "Text."),
            (Credit { commit: commit(), ..Credit::default() }, "Text.", "abc Text."),
            (Credit { thanks: name(), ..Credit::default() }, "Text.", "Text. — Thanks Aino!"),
            (Credit { thanks: name(), ..Credit::default() }, "A\n```\nx\n```", "A\n```\nx\n```\n— Thanks Aino!"),
            (Credit { commit: commit(), ..Credit::default() }, "```\nx\n```\nB", "abc\n```\nx\n```\nB"),
        ];
        for (credit, message, expected) in table {
            assert_eq!(credit.around(message), expected);
        }
    }
}
