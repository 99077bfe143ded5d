//! Bringing the tags of a release to the remote `origin`. Every tag is attempted, whatever becomes of the others.

use crate::error::Diagnose;
use crate::event::{Event, Reporter};
use crate::git::{Git, GitError, Tag};

/// Which tags the remote lacks.
#[derive(Debug, Default)]
pub struct PushPlan {
    /// The tags to push, in the order in which they were given.
    pub needed: Vec<String>,
    /// The tags that the remote has at the right commit.
    pub there: Vec<String>,
    /// Why other tags cannot be pushed.
    pub refused: Vec<PushError>,
}

/// What was brought to the remote.
#[derive(Debug)]
pub struct Pushed {
    /// The tags that this run pushed.
    pub pushed: Vec<String>,
    /// Those that were there before.
    pub there: Vec<String>,
    /// Why the others are missing there.
    pub failed: Vec<PushError>,
}

/// A tag does not reach the remote.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// There is nowhere to push to.
    #[error("there is no remote `origin` that tags could be pushed to")]
    NoRemote,
    /// The remote has it at another commit.
    #[error("the tag `{tag}` stands at another commit on the remote `origin`: {remote} instead of {commit}")]
    Moved {
        /// The tag.
        tag: String,
        /// The commit on the remote.
        remote: String,
        /// The commit that it should stand at.
        commit: String,
    },
    /// Git could not push it.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Diagnose for PushError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoRemote => "no-remote",
            Self::Moved { .. } => "tag-moved",
            Self::Git(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRemote => Some("add it with `git remote add origin URL`".into()),
            Self::Moved { tag, .. } => Some(format!(
                "look which of them was published; then delete the other tag (`git push origin --delete {tag}`), or release a new version"
            )),
            Self::Git(error) => error.hint(),
        }
    }
}

/// Compares `tags`, which stand at `commit` or are to be made there, with those of the remote. Writes nothing.
pub async fn plan(git: &Git, commit: &str, tags: &[&str]) -> Result<PushPlan, PushError> {
    if tags.is_empty() {
        return Ok(PushPlan::default());
    }
    if git.origin_url().await?.is_none() {
        return Err(PushError::NoRemote);
    }
    Ok(compare(commit, tags, &git.remote_tags_patiently().await?))
}

/// Pushes what is needed, one tag after the other: GitHub starts no workflow for tags that arrive in larger numbers.
pub async fn apply(git: &Git, plan: PushPlan, reporter: &dyn Reporter) -> Pushed {
    let PushPlan { needed, there, refused: mut failed } = plan;
    let mut pushed = Vec::new();
    for tag in needed {
        reporter.report(Event::Step { message: &format!("pushing the tag {tag}") });
        match git.push(&format!("refs/tags/{tag}:refs/tags/{tag}")).await {
            Ok(()) => pushed.push(tag),
            Err(error) => failed.push(error.into()),
        }
    }
    Pushed { pushed, there, failed }
}

impl PushPlan {
    /// The same for those of `tags` that were really made.
    #[must_use]
    pub fn narrowed_to(mut self, tags: &[&str]) -> Self {
        self.needed.retain(|tag| tags.contains(&tag.as_str()));
        self
    }
}

impl Pushed {
    /// Whether the remote has `tag` now.
    pub fn has(&self, tag: &str) -> bool {
        self.pushed.iter().chain(&self.there).any(|known| known == tag)
    }
}

/// Pure.
fn compare(commit: &str, tags: &[&str], remote: &[Tag]) -> PushPlan {
    let mut plan = PushPlan::default();
    for tag in tags.iter().map(ToString::to_string) {
        match remote.iter().find(|known| known.name == tag) {
            None => plan.needed.push(tag),
            Some(known) if known.commit == commit => plan.there.push(tag),
            Some(known) => {
                let (remote, commit) = (known.commit.clone(), commit.to_owned());
                plan.refused.push(PushError::Moved { tag, remote, commit });
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_tags_are_pushed_and_one_that_moved_holds_up_no_other() {
        let tag = |name: &str, commit: &str| Tag { name: name.into(), commit: commit.into() };
        let plan = compare("aaa", &["moved", "new", "there"], &[tag("there", "aaa"), tag("moved", "bbb")]);
        assert_eq!((plan.needed.as_slice(), plan.there.as_slice()), (&["new".into()][..], &["there".into()][..]));
        let [error] = plan.refused.as_slice() else { panic!("{plan:?}") };
        assert_eq!(
            error.to_string(),
            "the tag `moved` stands at another commit on the remote `origin`: bbb instead of aaa"
        );
    }
}
