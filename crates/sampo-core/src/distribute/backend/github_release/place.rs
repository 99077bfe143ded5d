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
    /// Whether this run made it, and nobody else may be using it.
    pub(super) is_ours: bool,
    pub(super) warnings: Vec<String>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Place>>>;

/// What is known so far, by tag. GitHub's lists lag behind, so that an id is worth keeping.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, Slot>>);

impl Places {
    /// The place for `tag`. Whoever holds its lock is the only one in this run who looks for it or makes it.
    pub(super) fn slot(&self, tag: &str) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(tag.to_owned()).or_default())
    }
}

impl Place {
    pub(super) fn of(entry: &Entry) -> Self {
        Self { id: entry.id, upload_url: entry.upload_url.clone(), is_ours: false, warnings: Vec::new() }
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
        let mut slot = slot.lock().await;
        let releases = self.releases()?;
        if let Some(place) = slot.as_ref() {
            let entry = releases.by_id(place.id).await?.filter(|entry| entry.tag_name == tag);
            if let Some(entry) = entry {
                return Ok(Some((entry, place.clone())));
            }
            *slot = None;
        }
        let found = releases.find(tag).await?;
        *slot = Place::found(&found);
        Ok(found.release.zip(slot.clone()))
    }

    /// The place for `release`, made as a draft if there is none.
    pub(super) async fn place(&self, release: &Release) -> Result<Place, BackendError> {
        let slot = self.places.slot(&release.tag);
        let mut slot = slot.lock().await;
        if let Some(place) = slot.as_ref() {
            return Ok(place.clone());
        }
        let found = self.releases()?.find(&release.tag).await?;
        let place = match Place::found(&found) {
            Some(place) => place,
            None => {
                self.require_tag(release).await?;
                self.create(release).await?
            }
        };
        *slot = Some(place.clone());
        Ok(place)
    }

    /// From now on the artifacts of `tag` go there.
    pub(super) async fn move_to(&self, tag: &str, entry: &Entry) {
        *self.places.slot(tag).lock().await = Some(Place::of(entry));
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
    async fn create(&self, release: &Release) -> Result<Place, BackendError> {
        let releases = self.releases()?;
        let title = self.title(release)?;
        let notes = self.notes(release).await?;
        match releases.create(&NewDraft::new(&release.tag, &title, &notes, release.is_prerelease())).await {
            Ok(created) => Ok(self.settle_race(&release.tag, created).await),
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
            if let Some(place) = Place::found(&self.releases()?.find(tag).await?) {
                return Ok(Some(place));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            sleep(self.pace.poll).await;
        }
    }

    /// Another run may have made a release at the same moment: the oldest wins, and ours goes if nothing is in it.
    async fn settle_race(&self, tag: &str, created: Entry) -> Place {
        let ours = Place { is_ours: true, ..Place::of(&created) };
        // If the list cannot be had now, `finish` settles it.
        let Ok(releases) = self.releases() else { return ours };
        let Ok(all) = releases.all().await else { return ours };
        match winner(all, tag, &created) {
            None => ours,
            Some(winner) => {
                self.discard(created.id).await;
                Place::of(&winner)
            }
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

/// The release that takes precedence over `ours` for `tag`, if there is one: a published one, else an older draft.
pub(super) fn winner(all: Vec<Entry>, tag: &str, ours: &Entry) -> Option<Entry> {
    let best = Found::among(all, tag).release?;
    ((best.draft, best.id) < (ours.draft, ours.id)).then_some(best)
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
