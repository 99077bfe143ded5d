//! What became of every release on GitHub.

use crate::distribute::engine::Outcome;
use crate::distribute::report::Delivery;
use crate::event::Status;
use crate::markdown::{link, row};
use crate::workspace::PackageId;

use super::releases::Tagged;

/// One entry for each tag that was looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Whether nothing was changed, only looked at.
    pub dry_run: bool,
    /// In the order of publishing.
    pub entries: Vec<Entry>,
}

/// What became of the release of one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The package's id.
    pub package: PackageId,
    /// The version.
    pub version: String,
    /// The git tag.
    pub tag: String,
    /// What was done, or in a dry run would be.
    pub state: State,
    /// Its page, if anybody can see it.
    pub url: Option<String>,
    /// How many assets were sent, or in a dry run would be.
    pub assets: usize,
    /// The page of the discussion that was opened.
    pub discussion: Option<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

/// Something about a release that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable name of what went wrong.
    pub code: Option<String>,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What was done about a release, or in a dry run would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was made or completed, and anybody can see it.
    Published,
    /// It was made or filled, and stays a draft.
    Drafted,
    /// Nothing: there was nothing to do.
    Unchanged,
    /// It is not as it should be. The next run goes on from there.
    Failed,
}

impl Report {
    pub(super) fn new(tagged: &[Tagged], outcomes: &[Outcome], dry_run: bool, page: impl Fn(&str) -> String) -> Self {
        let entry = |tagged: &Tagged| {
            let tag = &tagged.release.tag;
            let is_its = |outcome: &&Outcome| outcome.deliveries.iter().any(|delivery| delivery.tag == *tag);
            let outcome = outcomes.iter().find(is_its)?;
            Some(Entry::new(tagged, outcome, &page))
        };
        Self { dry_run, entries: tagged.iter().filter_map(entry).collect() }
    }

    /// What is worth a discussion, if one is asked for: the public releases of this commit, and those that became
    /// public now.
    pub(super) fn to_discuss(&self, tagged: &[Tagged]) -> Vec<(PackageId, String)> {
        let is_at_head = |tag: &str| tagged.iter().any(|tagged| tagged.is_at_head && tagged.release.tag == tag);
        let is_news =
            |entry: &&Entry| entry.url.is_some() && (entry.state == State::Published || is_at_head(&entry.tag));
        self.entries.iter().filter(is_news).map(|entry| (entry.package.clone(), entry.tag.clone())).collect()
    }

    /// A table for the summary of a job: each release with its page.
    pub fn to_markdown(&self) -> String {
        let mut text = String::from("## GitHub releases\n\n| Release | |\n| --- | --- |\n");
        for entry in &self.entries {
            let release = link(&entry.tag, entry.url.as_deref().filter(|_| !self.dry_run));
            let discussion = entry.discussion.as_deref().map(|url| format!(", {}", link("discussion", Some(url))));
            text += &row([release, entry.describe(self.dry_run) + &discussion.unwrap_or_default()]);
        }
        text
    }

    /// Whether every release is as it should be.
    pub fn is_success(&self) -> bool {
        self.entries.iter().all(|entry| entry.state != State::Failed)
    }
}

impl Entry {
    fn new(Tagged { release, .. }: &Tagged, outcome: &Outcome, page: impl Fn(&str) -> String) -> Self {
        let deliveries = || outcome.deliveries.iter().chain(&outcome.finish);
        let has_problem = deliveries().any(|delivery| delivery.status.is_problem());
        let changed = outcome.deliveries.iter().any(has_effect);
        let finish = outcome.finish.as_ref();
        let state = match finish {
            _ if has_problem => State::Failed,
            Some(finish) if has_effect(finish) => State::Published,
            _ if changed => State::Drafted,
            _ => State::Unchanged,
        };
        let is_public = finish.is_some_and(|finish| has_effect(finish) || finish.status == Status::Unchanged);
        // What is blocked only repeats what failed.
        let told = deliveries().filter(|delivery| matches!(delivery.status, Status::Failed | Status::Conflict));
        Self {
            package: release.package.clone(),
            version: release.version.to_string(),
            tag: release.tag.clone(),
            state,
            url: is_public.then(|| page(&release.tag)),
            assets: outcome.deliveries.iter().filter(|delivery| delivery.bytes > 0 && has_effect(delivery)).count(),
            discussion: None,
            problems: told.map(Problem::of).collect(),
        }
    }

    /// What became of it, in a few words.
    pub fn describe(&self, dry_run: bool) -> String {
        let done = match (self.state, dry_run) {
            (State::Published, false) => "published",
            (State::Published, true) => "would be published",
            (State::Drafted, false) => "a draft for now",
            (State::Drafted, true) => "would be a draft for now",
            (State::Unchanged, _) => "unchanged",
            (State::Failed, _) => "failed",
        };
        match self.assets {
            0 => done.to_owned(),
            1 => format!("{done}, 1 asset"),
            count => format!("{done}, {count} assets"),
        }
    }
}

impl Problem {
    fn of(delivery: &Delivery) -> Self {
        let Delivery { tag, item, code, hint, .. } = delivery;
        let message = delivery.message.as_deref().unwrap_or(delivery.status.as_str());
        // An asset of no size is none: the release itself, or its publication.
        let subject = if delivery.bytes > 0 {
            format!("`{item}` of the release `{tag}`")
        } else {
            format!("the release `{tag}`")
        };
        let hint = match delivery.status {
            Status::Conflict if code.as_deref() == Some("conflict") => Some(
                "what was released is not replaced: release a new version, or delete the asset by hand if it is wrong"
                    .into(),
            ),
            _ => hint.clone(),
        };
        Self { code: code.clone(), message: format!("{subject}: {message}"), hint }
    }
}

/// Whether it changed something, or would.
fn has_effect(delivery: &Delivery) -> bool {
    matches!(delivery.status, Status::Delivered | Status::WouldDeliver | Status::WouldReplace)
}
