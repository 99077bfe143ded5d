//! Which changesets a release takes in, and what becomes of their files.

use super::input::{Aim, Input};
use crate::changeset::transfer::Destination;
use crate::changeset::{Changeset, Entry, KEPT_FOLDER, Pending};
use crate::error::PathError;
use crate::transaction::Change;
use crate::workspace::PackageId;

/// A changeset of which a release takes in some entries.
pub(super) struct Taken<'a> {
    pub(super) changeset: &'a Changeset,
    pub(super) entries: Vec<&'a Entry>,
    /// Kept ones that still wait for the end of their pre-release.
    rest: Vec<&'a Entry>,
    is_kept: bool,
}

/// The changesets of a release by file name: those that are pending, and of those that pre-releases have taken up
/// what touches packages that have left them.
pub(super) fn taken<'a>(input: &Input<'_>, pending: &'a Pending) -> Vec<Taken<'a>> {
    let is_over = |entry: &Entry| input.aim == Aim::Stable || !is_prerelease(input, &entry.package);
    let kept = pending.kept.iter().map(|changeset| {
        let (entries, rest) = changeset.entries.iter().partition(|entry| is_over(entry));
        Taken { changeset, entries, rest, is_kept: true }
    });
    let waiting = pending.changesets.iter().map(|changeset| {
        let entries = changeset.entries.iter().collect();
        Taken { changeset, entries, rest: Vec::new(), is_kept: false }
    });
    let mut taken: Vec<Taken<'_>> = kept.filter(|taken| !taken.entries.is_empty()).chain(waiting).collect();
    taken.sort_by(|a, b| a.changeset.path.file_name().cmp(&b.changeset.path.file_name()));
    taken
}

fn is_prerelease(input: &Input<'_>, package: &PackageId) -> bool {
    let version = input.workspace.package(package).and_then(|package| package.version.as_deref());
    version.is_some_and(|version| semver::Version::parse(version).is_ok_and(|version| !version.pre.is_empty()))
}

/// What becomes of the files of `taken`. `is_prereleased` tells of a package whether this release makes it a
/// pre-release: what touches it is kept for the changelog of its stable version.
pub(super) fn changes(
    input: &Input<'_>,
    taken: &[Taken<'_>],
    is_prereleased: impl Fn(&PackageId) -> bool,
) -> Result<Vec<Change>, PathError> {
    let mut moved = Vec::new();
    let mut changes = Vec::new();
    let mut kept_folder = Destination::new(input.workspace.root.join(KEPT_FOLDER), input.read);
    for Taken { changeset, entries, rest, is_kept } in taken {
        if *is_kept {
            let after = (!rest.is_empty()).then(|| changeset.reduced_to(rest));
            changes.push(changeset.becomes(after));
            continue;
        }
        let kept: Vec<&Entry> = entries.iter().copied().filter(|entry| is_prereleased(&entry.package)).collect();
        if !kept.is_empty() {
            moved.push(kept_folder.add(&changeset.path, changeset.reduced_to(&kept))?);
        }
        changes.push(changeset.becomes(None));
    }
    moved.extend(changes);
    Ok(moved)
}
