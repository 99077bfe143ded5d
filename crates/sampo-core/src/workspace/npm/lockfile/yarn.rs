//! `yarn.lock` of Yarn 2 and later. That of Yarn 1 holds nothing about our own packages.

use super::Folders;
use crate::workspace::npm::files::NewVersions;

/// Each block begins with the descriptors that it answers, `"a@npm:^1.0.0, a@workspace:packages/a":`. In the blocks of
/// our own packages the descriptors follow, and so do the entries of their dependencies.
pub(super) fn moved(text: &str, folders: &Folders<'_>, versions: &NewVersions<'_>) -> String {
    if !text.contains("__metadata:") {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len() + 64);
    let mut is_ours = false;
    let mut section = "";
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let indent = bare.len() - bare.trim_start().len();
        let next = match indent {
            0 => {
                is_ours = bare.ends_with(':') && answers_our_folder(bare, folders);
                is_ours.then(|| header(bare, versions)).flatten()
            }
            2 => {
                section = bare.trim();
                None
            }
            _ if is_ours && matches!(section, "dependencies:" | "peerDependencies:") => entry(bare, versions),
            _ => None,
        };
        match next {
            Some(next) => {
                result.push_str(&next);
                result.push_str(&line[bare.len()..]);
            }
            None => result.push_str(line),
        }
    }
    result
}

fn descriptors(header: &str) -> impl Iterator<Item = &str> {
    header.trim_end_matches(':').trim_matches('"').split(", ")
}

/// The name and the range of a descriptor; a name may begin with `@`.
fn split(descriptor: &str) -> Option<(&str, &str)> {
    let at = descriptor.get(1..)?.find('@')? + 1;
    Some((&descriptor[..at], &descriptor[at + 1..]))
}

fn answers_our_folder(header: &str, folders: &Folders<'_>) -> bool {
    let folder = |descriptor| split(descriptor)?.1.strip_prefix("workspace:");
    descriptors(header).filter_map(folder).any(|folder| folders.contains_key(if folder == "." { "" } else { folder }))
}

/// What a range becomes, with the `npm:` that Yarn puts in front of it.
fn followed(name: &str, range: &str, versions: &NewVersions<'_>) -> Option<String> {
    match range.strip_prefix("npm:") {
        Some(range) => versions.followed(name, range).map(|next| format!("npm:{next}")),
        None => versions.followed(name, range),
    }
}

fn header(line: &str, versions: &NewVersions<'_>) -> Option<String> {
    let mut is_changed = false;
    let moved = descriptors(line).map(|descriptor| {
        let Some((name, range)) = split(descriptor) else { return descriptor.to_owned() };
        let Some(next) = followed(name, range, versions) else { return descriptor.to_owned() };
        is_changed = true;
        format!("{name}@{next}")
    });
    let mut moved: Vec<String> = moved.collect();
    moved.sort_unstable();
    moved.dedup();
    is_changed.then(|| format!("\"{}\":", moved.join(", ")))
}

/// `    "@scope/a": "npm:^1.0.0"`, `    a: "workspace:^"`.
fn entry(line: &str, versions: &NewVersions<'_>) -> Option<String> {
    let bare = line.trim_start();
    let (key, value) = bare.split_once(": ")?;
    let next = followed(key.trim_matches('"'), value.trim_matches('"'), versions)?;
    let quote = if value.starts_with('"') || next.contains(':') { "\"" } else { "" };
    Some(format!("{}{key}: {quote}{next}{quote}", &line[..line.len() - bare.len()]))
}
