//! This clone and its remote: history, tags, branch, and in whose name tags would be made.

use std::collections::{BTreeMap, HashMap};

use super::configuration::Plan;
use super::{Circumstances, PATIENCE};
use crate::config::{Config, Repository};
use crate::distribute::columns::listed;
use crate::distribute::finding::{Check, Finding, Level};
use crate::environment::Environment;
use crate::error::{Diagnose, chain};
use crate::git::{Git, GitError, Tag};
use crate::project::Project;
use crate::repository::repository_of_remote;

/// What git tells, gathered once.
#[derive(Debug)]
struct Facts {
    head: String,
    is_shallow: bool,
    branch: Option<String>,
    identity: Result<(), GitError>,
    /// The repository on GitHub that `origin` is, if it is one.
    origin: Option<Repository>,
    tags: HashMap<String, String>,
    remote: Remote,
}

/// What the remote tells.
#[derive(Debug)]
enum Remote {
    None,
    NotAsked,
    Silent(String),
    Tags(HashMap<String, String>),
}

/// What is to be said about the clone.
pub(super) async fn findings(project: &Project, plan: &Plan<'_>, circumstances: Circumstances) -> Vec<Finding> {
    let facts = match Facts::gather(project, circumstances).await {
        Ok(facts) => facts,
        Err(error) => return vec![Check::Repository.failed(&error.into())],
    };
    let mut findings = vec![
        depth(&facts, circumstances),
        branch(&facts, &project.config, &project.environment),
        identity(&facts),
        remote(&facts),
    ];
    findings.extend(origin(&facts, &project.config));
    let tags: Vec<&str> = plan.releases.iter().map(|release| release.tag.as_str()).collect();
    findings.extend(self::tags(&facts, &tags));
    findings
}

impl Facts {
    async fn gather(project: &Project, circumstances: Circumstances) -> Result<Self, GitError> {
        let git = project.git();
        let (head, shallow, branch, identity, origin, tags, remote) = tokio::join!(
            git.head(),
            git.is_shallow(),
            git.current_branch(),
            git.check_identity(),
            repository_of_remote(&project.environment, &git),
            git.tags(),
            Remote::ask(&git, circumstances),
        );
        Ok(Self {
            head: head?,
            is_shallow: shallow?,
            branch: branch?,
            identity,
            origin: origin?,
            tags: by_name(tags?),
            remote: remote?,
        })
    }
}

impl Remote {
    async fn ask(git: &Git, circumstances: Circumstances) -> Result<Self, GitError> {
        if git.origin_url().await?.is_none() {
            return Ok(Self::None);
        }
        if !circumstances.is_online {
            return Ok(Self::NotAsked);
        }
        Ok(match tokio::time::timeout(PATIENCE, git.remote_tags()).await {
            Ok(Ok(tags)) => Self::Tags(by_name(tags)),
            Ok(Err(error)) => Self::Silent(without_credentials(&chain(&error))),
            Err(_) => Self::Silent(format!("no answer within {}", humantime::format_duration(PATIENCE))),
        })
    }
}

fn by_name(tags: Vec<Tag>) -> HashMap<String, String> {
    tags.into_iter().map(|tag| (tag.name, tag.commit)).collect()
}

/// `text` without what stands before the host in an address, where people put passwords.
fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        kept += "://";
        kept += &part[host..];
    }
    kept
}

fn depth(facts: &Facts, circumstances: Circumstances) -> Finding {
    if !facts.is_shallow {
        return Check::CheckoutDepth.ok("the whole history is here");
    }
    let fix = match circumstances.is_ci {
        true => "check out with `fetch-depth: 0`",
        false => "`git fetch --unshallow --tags`",
    };
    Check::CheckoutDepth
        .warning("this is a shallow clone: older commits and tags are missing")
        .because("`sampo publish` cannot always tell which commit gave a package its version")
        .fix(fix)
}

fn branch(facts: &Facts, config: &Config, environment: &Environment) -> Finding {
    let named = environment.get("SAMPO_RELEASE_BRANCH");
    let usual = config.git.default_branch.as_str();
    match named.or(facts.branch.as_deref()) {
        Some(branch) if config.git.is_release_branch(branch) => {
            Check::Branch.ok(format!("releases are made from this branch, `{branch}`"))
        }
        Some(branch) => Check::Branch
            .note(format!("releases are not made from this branch, `{branch}`"))
            .fix(format!("switch to `{usual}`, or add this one to `release_branches` in `[git]`")),
        None => Check::Branch
            .note("no branch is checked out")
            .fix(format!("to release from here: `SAMPO_RELEASE_BRANCH={usual}`")),
    }
}

fn identity(facts: &Facts) -> Finding {
    match &facts.identity {
        Ok(()) => Check::Identity.ok("git knows in whose name to make tags"),
        Err(error) => Finding { fix: error.hint(), ..Check::Identity.warning(chain(error)) },
    }
}

fn remote(facts: &Facts) -> Finding {
    match &facts.remote {
        Remote::None => Check::Remote.note("there is no remote `origin`: tags stay here"),
        Remote::NotAsked => Check::Remote.note("not checked, being offline: the tags of the remote `origin`"),
        Remote::Silent(reason) => Check::Remote
            .warning("the remote `origin` cannot be asked")
            .because(reason)
            .fix("look at the network and at your rights; `--offline` asks nobody"),
        Remote::Tags(_) => Check::Remote.ok("the remote `origin` answers"),
    }
}

/// A fork, or a repository that has moved.
fn origin(facts: &Facts, config: &Config) -> Option<Finding> {
    let (configured, origin) = (config.github.repository.as_ref()?, facts.origin.as_ref()?);
    let is_same = configured.to_string().eq_ignore_ascii_case(&origin.to_string());
    Some(match is_same {
        true => Check::Origin.ok(format!("the remote `origin` is `{configured}`")),
        false => Check::Origin
            .warning(format!("the remote `origin` is `{origin}`, but `[github]` names `{configured}`"))
            .because("tags would be pushed to one repository, and releases be made in the other")
            .fix("correct `repository` in `[github]`, or `git remote set-url origin`"),
    })
}

/// Where the tag of a current version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    AtHead,
    Earlier,
    Nowhere,
    NotFetched,
    NotPushed,
    Elsewhere,
}

fn standing(facts: &Facts, tag: &str) -> Standing {
    let here = facts.tags.get(tag);
    let there = match &facts.remote {
        Remote::Tags(tags) => Some(tags.get(tag)),
        _ => None,
    };
    match (here, there) {
        (None, Some(Some(_))) => Standing::NotFetched,
        (None, _) => Standing::Nowhere,
        (Some(_), Some(None)) => Standing::NotPushed,
        (Some(here), Some(Some(there))) if here != there => Standing::Elsewhere,
        (Some(here), _) if *here == facts.head => Standing::AtHead,
        _ => Standing::Earlier,
    }
}

/// One finding for each way in which tags stand.
fn tags(facts: &Facts, tags: &[&str]) -> Vec<Finding> {
    let mut by_standing: BTreeMap<Standing, Vec<&str>> = BTreeMap::new();
    for tag in tags {
        by_standing.entry(standing(facts, tag)).or_default().push(tag);
    }
    by_standing.into_iter().map(|(standing, tags)| standing.finding(&tags)).collect()
}

impl Standing {
    fn finding(self, tags: &[&str]) -> Finding {
        let quoted: Vec<String> = tags.iter().map(|tag| format!("`{tag}`")).collect();
        let names = listed(&quoted);
        let words = tags.join(" ");
        match self {
            Self::AtHead => Check::Tags.ok(format!("tagged at HEAD, to be distributed now: {names}")),
            Self::Earlier => Check::Tags.ok(format!("tagged at earlier commits: {names}")),
            Self::Nowhere => Check::Tags.note(format!("not tagged yet: {names}")).fix("`sampo publish` makes the tags"),
            Self::NotFetched => {
                Check::Tags.warning(format!("on the remote, but not here: {names}")).fix("`git fetch --tags`")
            }
            Self::NotPushed => Check::Tags
                .finding(Level::Error, format!("not on the remote: {names}"))
                .because("`sampo distribute` refuses to publish for a commit that nobody can see")
                .fix(format!("`git push origin {words}`")),
            Self::Elsewhere => Check::Tags
                .error(format!("at another commit on the remote: {names}"))
                .because("what is published there would belong to a commit that this clone does not mean")
                .fix("take the remote's with `git fetch --tags --force`, or release a new version"),
        }
    }
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
