//! What each item needs, judged by what was found in its place.

use super::{Shipping, io_failure, needed_item_failed, status_of};
use crate::distribute::backend::{BackendError, Found, Presence};
use crate::distribute::checksum::Digest;
use crate::distribute::checksum_list::{self, is_list};
use crate::distribute::engine::Missing;
use crate::distribute::model::{Artifact, Item};
use crate::event::Status;

/// What one item needs.
pub(super) enum Task {
    /// It is there: as this, which for a list may be more than we would have put there.
    Nothing(Item),
    /// It is to be put where this was found.
    Deliver(Item, Presence),
    /// Nothing can be done about it, or may be.
    Leave(Item, Status, BackendError),
}

impl Task {
    /// What is to be delivered, if anything is.
    pub fn due(&self) -> Option<&Item> {
        match self {
            Self::Deliver(item, _) => Some(item),
            Self::Nothing(_) | Self::Leave(..) => None,
        }
    }

    pub fn into_item(self) -> Item {
        let (Self::Nothing(item) | Self::Deliver(item, _) | Self::Leave(item, ..)) = self;
        item
    }
}

impl Shipping<'_> {
    /// What `item` needs where `presence` was found.
    pub(super) async fn task(&self, item: Item, presence: Presence) -> Task {
        if self.backend().takes_whole_release()
            && presence != Presence::Identical
            && let Some(left) = self.half_release(&item)
        {
            return left;
        }
        match presence {
            Presence::Identical => Task::Nothing(item),
            Presence::Unknown if self.planned.order.earlier.arrived.contains(&item.name) => Task::Nothing(item),
            Presence::Closed(reason) => {
                Task::Leave(item, Status::Conflict, BackendError::new("destination-closed", reason))
            }
            Presence::Different(found) => match &item.artifact {
                Some(artifact) if is_list(artifact) => self.merged(artifact, found).await,
                _ => self.replacement(item, found),
            },
            other => match self.rebuilt(&item) {
                Some(error) if !self.run.options.replace => Task::Leave(item, Status::Conflict, error),
                _ => Task::Deliver(item, other),
            },
        }
    }

    /// An item that is made from the whole release is not made from a part of it.
    fn half_release(&self, item: &Item) -> Option<Task> {
        let order = &self.planned.order;
        if let Some(reason) = &order.unfinished {
            let error = BackendError::new("not-selected", reason.clone());
            return Some(Task::Leave(item.clone(), Status::Skipped, error));
        }
        let is_required = |missing: &&Missing| !order.is_optional(missing.target.as_ref());
        let missing = order.missing.iter().find(is_required)?;
        let error = needed_item_failed(format!("it is made from the whole release, and `{}` is missing", missing.item));
        Some(Task::Leave(item.clone(), Status::Blocked, error))
    }

    fn replacement(&self, item: Item, found: Found) -> Task {
        if self.run.options.replace {
            return Task::Deliver(item, Presence::Different(found));
        }
        let message = format!("the destination holds {} under this name", found.description);
        let hint = "released files are not replaced: release a new version, or pass `--replace` if this one is wrong";
        Task::Leave(item, Status::Conflict, BackendError::new("conflict", message).with_hint(hint))
    }

    /// Why the item is not what an earlier run tried to deliver, if it is not.
    fn rebuilt(&self, item: &Item) -> Option<BackendError> {
        let artifact = item.artifact.as_ref().filter(|artifact| !is_list(artifact))?;
        let before = self.planned.order.earlier.digests.get(&item.name)?;
        if *before == artifact.sha256 {
            return None;
        }
        let message = format!("it has SHA-256 {}, and had {before} in the report", artifact.sha256);
        let hint = "bring back the files of that run, or pass `--replace` if these are the right ones";
        Some(BackendError::new("artifact-changed", message).with_hint(hint))
    }

    /// A list that differs may be one of a run with other targets: what it lists is kept.
    async fn merged(&self, ours: &Artifact, found: Found) -> Task {
        let item = Item::of(ours);
        let (_, theirs) = self.attempts(&ours.name).run(|| self.backend().read(self.shipment(), &item)).await;
        let theirs = match theirs {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => return Task::Leave(item, status_of(&error), error),
        };
        match checksum_list::merged(&theirs, ours, self.run.options.replace, &self.staging("merged")) {
            Err(error) => Task::Leave(item, Status::Failed, io_failure(&error)),
            Ok(None) => self.replacement(item, found),
            Ok(Some(union)) if union.sha256 == Digest::of(&theirs) => Task::Nothing(Item::of(&union)),
            Ok(Some(union)) => Task::Deliver(Item::of(&union), Presence::Different(found)),
        }
    }
}
