//! The one release on GitHub that a tag's artifacts go to: found, or made as a draft, and remembered by its id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep};

use super::GithubReleases;
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::github::GithubError;
use crate::github::model::{NewDraft, Release as Entry};
use crate::github::releases::Found;

/// A release on GitHub, as far as deliveries need it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) id: u64,
    pub(super) upload_url: String,
    /// When this run made it, if it did.
    pub(super) made: Option<Instant>,
    /// Whether it is certain that it is the one that all runs use.
    is_settled: bool,
    pub(super) warnings: Vec<String>,
}

/// What is known of the place for a tag.
#[derive(Debug)]
pub(super) enum Known {
    /// Nothing that was seen before then counts.
    Nothing { since: Instant },
    /// There was none when this run looked.
    Absent,
    /// GitHub's lists lag behind, so that an id is worth keeping.
    Here(Place),
}

type Slot = Arc<tokio::sync::Mutex<Known>>;

/// What is known so far, by tag.
#[derive(Debug)]
pub(super) struct Places {
    slots: Mutex<HashMap<String, Slot>>,
    /// When this run began to look.
    pub(super) since: Instant,
}

impl Default for Places {
    fn default() -> Self {
        Self { slots: Mutex::default(), since: Instant::now() }
    }
}

impl Places {
    /// The place for `tag`. Whoever holds its lock is the only one in this run who looks for it or makes it.
    pub(super) fn slot(&self, tag: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = || Arc::new(tokio::sync::Mutex::new(Known::Nothing { since: self.since }));
        Arc::clone(slots.entry(tag.to_owned()).or_insert_with(unknown))
    }
}

impl Place {
    pub(super) fn of(entry: &Entry) -> Self {
        let upload_url = entry.upload_url.clone();
        Self { id: entry.id, upload_url, made: None, is_settled: true, warnings: Vec::new() }
    }

    fn found(found: &Found) -> Option<Self> {
        let entry = found.release.as_ref()?;
        let others: Vec<String> = found.others.iter().map(|other| other.id.to_string()).collect();
        let warnings = match others.as_slice() {
            [] => Vec::new(),
            others => vec![format!(
                "there is more than one release for the tag `{}`: {} is used, and left alone are the drafts {}",
                entry.tag_name,
                entry.id,
                others.join(", ")
            )],
        };
        Some(Self { warnings, ..Self::of(entry) })
    }
}

impl GithubReleases {
    /// What GitHub holds for `tag` now, and what is known about it. Changes nothing there.
    pub(super) async fn entry(&self, tag: &str) -> Result<Option<(Entry, Place)>, BackendError> {
        let slot = self.places.slot(tag);
        let mut known = slot.lock().await;
        let since = match &*known {
            Known::Nothing { since } => *since,
            Known::Absent => Instant::now(),
            Known::Here(place) => {
                let since = Instant::now();
                let entry = self.releases()?.by_id(place.id).await?.filter(|entry| entry.tag_name == tag);
                if let Some(entry) = entry {
                    return Ok(Some((entry, place.clone())));
                }
                *known = Known::Nothing { since };
                since
            }
        };
        let found = self.find(tag, since).await?;
        let place = Place::found(&found);
        *known = place.clone().map_or(Known::Absent, Known::Here);
        Ok(found.release.zip(place))
    }

    /// The place for `release`, made as a draft if there is none.
    pub(super) async fn place(&self, release: &Release) -> Result<Place, BackendError> {
        let slot = self.places.slot(&release.tag);
        let mut known = slot.lock().await;
        let found = match &*known {
            Known::Here(place) => Some(place.clone()),
            // Another run may have made one meanwhile: `settled_place` sees to it.
            Known::Absent => None,
            Known::Nothing { since } => Place::found(&self.find(&release.tag, *since).await?),
        };
        let place = match found {
            Some(place) => place,
            None => {
                self.require_tag(release).await?;
                let (title, notes) = (self.title(release)?, self.notes(release).await?);
                *known = Known::Nothing { since: Instant::now() };
                self.create(release, &title, &notes).await?
            }
        };
        *known = Known::Here(place.clone());
        Ok(place)
    }

    /// The same, once it is known which one all runs use: another run may have made a draft at the same moment. The
    /// oldest counts, and ours goes if nothing is in it.
    pub(super) async fn settled_place(&self, release: &Release) -> Result<Place, BackendError> {
        self.place(release).await?;
        let slot = self.places.slot(&release.tag);
        let mut known = slot.lock().await;
        let Known::Here(place) = &mut *known else { return Err(gone(&release.tag)) };
        if let Some(made) = place.made.filter(|_| !place.is_settled) {
            // If the list cannot be had now, `finish` settles it.
            place.is_settled = true;
            if let Ok(all) = self.all_since(made).await
                && let Some(winner) = winner(&all, &release.tag, place.id)
            {
                self.discard(place.id).await;
                *place = Place::of(&winner);
            }
        }
        Ok(place.clone())
    }

    /// From now on the artifacts of `tag` go there.
    pub(super) async fn move_to(&self, tag: &str, entry: &Entry) {
        *self.places.slot(tag).lock().await = Known::Here(Place::of(entry));
    }

    /// Fails unless GitHub has the tag, at the commit that was released: it would invent a missing one.
    pub(super) async fn require_tag(&self, release: &Release) -> Result<(), BackendError> {
        let repository = self.repository()?;
        let tag = &release.tag;
        let there = self.github.commit_of_tag(repository, tag).await?;
        let message = match (&there, &release.commit) {
            (None, _) => format!("the tag `{tag}` is not in `{repository}`"),
            (Some(there), Some(here)) if there != here => {
                format!("the tag `{tag}` is at commit {there} in `{repository}`, but at {here} here")
            }
            _ => return Ok(()),
        };
        let hint = match there {
            None => format!("push it: `git push origin {tag}`"),
            Some(_) => "release a new version, or fetch the tags of the remote and build from them".into(),
        };
        Err(BackendError::new("tag-not-pushed", message).with_hint(hint))
    }

    /// Makes a draft. If it is not clear whether that worked, looks instead of doing it twice.
    async fn create(&self, release: &Release, title: &str, notes: &str) -> Result<Place, BackendError> {
        let draft = NewDraft::new(&release.tag, title, notes, release.is_prerelease());
        match self.releases()?.create(&draft).await {
            Ok(created) => Ok(Place { made: Some(Instant::now()), is_settled: false, ..Place::of(&created) }),
            Err(error) if error.is_ambiguous() || error.is_already_exists("tag_name") => {
                self.appears(&release.tag).await?.ok_or_else(|| error.into())
            }
            Err(error) => Err(explain(error)),
        }
    }

    /// Waits for a release that was probably made to show up.
    async fn appears(&self, tag: &str) -> Result<Option<Place>, BackendError> {
        let deadline = Instant::now() + self.pace.lag;
        loop {
            if let Some(place) = Place::found(&self.find(tag, Instant::now()).await?) {
                return Ok(Some(place));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            sleep(self.pace.poll).await;
        }
    }

    /// Deletes a draft that this run made, if it is still one and nothing is in it. A failure leaves it to the user,
    /// whom the next survey warns.
    async fn discard(&self, id: u64) {
        let Ok(releases) = self.releases() else { return };
        let entry = releases.by_id(id).await;
        if let Ok(Some(entry)) = entry
            && entry.draft
            && entry.assets.is_empty()
            && let Err(error) = releases.delete(id).await
        {
            tracing::debug!(id, %error, "the second draft stays");
        }
    }
}

/// The release that takes precedence over the draft `ours` for `tag`, if there is one: a published one, else an older
/// draft.
pub(super) fn winner(all: &[Entry], tag: &str, ours: u64) -> Option<Entry> {
    let best = Found::among(all, tag).release?;
    ((best.draft, best.id) < (true, ours)).then_some(best)
}

fn gone(tag: &str) -> BackendError {
    BackendError::transient("not-found", format!("the release `{tag}` is gone"))
}

/// Adds what GitHub's words for a refused release leave out.
fn explain(error: GithubError) -> BackendError {
    let hint = match &error {
        GithubError::NotFound { .. } | GithubError::PermissionDenied { .. } => {
            "where the tagged commit changes files in `.github/workflows`, GitHub also asks for the right to write \
             workflows, which a workflow's own token cannot have"
        }
        GithubError::Refused { message, .. } if message.contains("immutable release") => {
            "an immutable release with this tag was deleted, and GitHub never takes its tag again: release a new version"
        }
        _ => return error.into(),
    };
    let error = BackendError::from(error);
    let hint = error.hint.as_ref().map_or_else(|| hint.to_owned(), |first| format!("{first}; {hint}"));
    error.with_hint(hint)
}
