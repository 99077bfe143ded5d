//! Whether what other jobs have built arrives where Sampo looks for it.

use std::path::Path;

use super::model::{Job, Step, is_expression};
use super::role::Role;
use super::surroundings::Surroundings;
use crate::distribute::finding::{Check, Finding};

const ACTION: &str = "actions/download-artifact";

pub(super) fn findings(job: &Job, surroundings: &Surroundings) -> Vec<Finding> {
    if !job.does(Role::Distribute) {
        return Vec::new();
    }
    let downloads: Vec<&Step> = job.steps_with(ACTION).collect();
    folder(job, &downloads, surroundings).into_iter().chain(merged(job, &downloads, surroundings)).collect()
}

/// One download into the right folder is enough: others may be about something else.
fn folder(job: &Job, downloads: &[&Step], surroundings: &Surroundings) -> Option<Finding> {
    let wanted = tidied(&surroundings.artifacts_folder);
    let path = |step: &&Step| tidied(step.with.get("path").map_or(".", String::as_str));
    let fits = |path: &String| is_expression(path) || *path == wanted || path.starts_with(&format!("{wanted}/"));
    let paths: Vec<String> = downloads.iter().map(path).collect();
    let first = paths.first()?;
    if paths.iter().any(|path| fits(path) || is_moved(job, path)) {
        return None;
    }
    let title = format!("`{}` downloads built files to `{first}`, but they are looked for in `{wanted}`", job.id);
    Some(
        Check::WorkflowArtifacts.error(title).fix(format!(
            "set `path: {wanted}` in its `actions/download-artifact`, or `artifacts_dir` in `[distribute]`"
        )),
    )
}

/// Whether a script of the job is about `path`, and may bring the files where they belong.
fn is_moved(job: &Job, path: &str) -> bool {
    let is_in = |word: &str| Path::new(&tidied(word.trim_matches(['"', '\'']))).starts_with(path);
    path != "." && job.scripts().flat_map(str::split_whitespace).any(is_in)
}

/// Programs have the same name on most platforms.
fn merged(job: &Job, downloads: &[&Step], surroundings: &Surroundings) -> Option<Finding> {
    let merges = |step: &&&Step| step.with.get("merge-multiple").is_some_and(|value| value == "true");
    if surroundings.is_grouped || !downloads.iter().any(|step| merges(&step)) {
        return None;
    }
    Some(
        Check::WorkflowArtifacts
            .warning(format!("`{}` puts what was built for all targets into one folder", job.id))
            .because("files of the same name take each other's place")
            .fix("remove `merge-multiple: true`: each artifact then has a folder of its own"),
    )
}

/// `./dist/` is `dist`.
fn tidied(path: &str) -> String {
    let parts: Vec<&str> = path.trim().split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let root = if path.starts_with('/') { "/" } else { "" };
    match parts.is_empty() {
        true if root.is_empty() => ".".to_owned(),
        _ => format!("{root}{}", parts.join("/")),
    }
}
