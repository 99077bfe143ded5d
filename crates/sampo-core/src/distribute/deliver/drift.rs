//! Files that go into archives and differ from the release's commit: what is packed of them now is not what a run at that
//! commit packs, or packed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::distribute::resolve::{Contents, Resolved};
use crate::event::{Event, Reporter};
use crate::git::Git;

/// How many files a warning names.
const NAMED: usize = 3;

/// Warns of each release for which files are packed that its commit has with another content.
pub(super) async fn warn_of_drift(git: &Git, resolved: &[Resolved], reporter: &dyn Reporter) {
    let mut included: BTreeMap<&str, (&str, BTreeSet<&Path>)> = BTreeMap::new();
    for Resolved { release, artifacts, .. } in resolved {
        let Some(commit) = &release.commit else { continue };
        let files = &mut included.entry(commit).or_insert((&release.tag, BTreeSet::new())).1;
        for artifact in artifacts {
            let Contents::Archive(archive) = &artifact.contents else { continue };
            files.extend(archive.entries.iter().map(|entry| entry.path.as_path()));
        }
    }
    for (commit, (tag, files)) in included {
        let files: Vec<&Path> = files.into_iter().collect();
        // A shallow clone may lack the commit: then there is nothing to compare with.
        let Ok(changed) = git.changed_since(commit, &files).await else { continue };
        if changed.is_empty() {
            continue;
        }
        let more = if changed.len() > NAMED { format!(" and {} more", changed.len() - NAMED) } else { String::new() };
        let names: Vec<String> = changed.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        let message = format!("what is packed for {tag} differs from its commit: {}{more}", names.join(", "));
        let hint = format!("to pack the very same bytes again, check that commit out: `git switch --detach {tag}`");
        reporter.report(Event::Warning { message: &message, hint: Some(&hint) });
    }
}
