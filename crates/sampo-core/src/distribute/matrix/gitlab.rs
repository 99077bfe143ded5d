//! The matrix as a child pipeline for GitLab. Every value is written as JSON, which is also YAML, so that no name can
//! become a key.

use serde_json::{Map, Value, json};

use super::{Grouping, Job, Matrix};
use crate::config::distribute::DistributeConfig;
use crate::shell::Shell;

/// A job for each entry. GitLab refuses an empty pipeline, so that one that does nothing stands for none.
pub(super) fn pipeline(matrix: &Matrix<'_>) -> String {
    let jobs: Vec<(String, Value)> = match matrix.jobs.as_slice() {
        [] => vec![("nothing to build".into(), json!({ "stage": "build", "script": ["echo 'nothing to build'"] }))],
        jobs => jobs.iter().map(|entry| job(matrix, entry)).collect(),
    };
    let mut lines = vec![r#""stages": ["build"]"#.to_owned()];
    lines.extend(jobs.into_iter().map(|(name, job)| format!("{}: {job}", Value::String(name))));
    lines.join("\n")
}

fn job(matrix: &Matrix<'_>, job: &Job<'_>) -> (String, Value) {
    let config = &matrix.config.distribute;
    let name = match (matrix.grouping, job.builds.as_slice()) {
        (Grouping::Package, [build, ..]) => {
            format!("build {} {} {}", build.release.package.name(), build.release.version, job.target)
        }
        _ => format!("build {}", job.target),
    };
    let mut keywords = Map::new();
    keywords.insert("stage".into(), "build".into());
    // Labels of GitHub's machines mean nothing here; those that somebody configured do.
    if let Some(runner) = config.runners.get(job.target) {
        keywords.insert("tags".into(), json!([runner]));
    }
    keywords.insert("variables".into(), json!({ "TARGET": job.target, "ARTIFACT": matrix.artifact(job) }));
    keywords.insert("script".into(), json!([command(job)]));
    keywords.insert("artifacts".into(), json!({ "paths": paths(config, job) }));
    // `image`, `tags` or `needs`: what a target's jobs need is said in GitLab's own keywords.
    if let Some(extra) = config.matrix.get(job.target) {
        keywords.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    (name, Value::Object(keywords))
}

fn command(job: &Job<'_>) -> String {
    let packages = job.builds.iter().flat_map(|build| ["--package".to_owned(), build.release.package.to_string()]);
    let words: Vec<String> = ["sampo", "distribute", "build"]
        .map(str::to_owned)
        .into_iter()
        .chain(packages)
        .chain(["--target".to_owned(), job.target.to_string()])
        .collect();
    Shell::Sh.join(words.iter().map(String::as_str))
}

fn paths(config: &DistributeConfig, job: &Job<'_>) -> Vec<String> {
    let folder = |build: &super::Build<'_>| {
        format!("{}/{}/", config.artifacts_dir, super::naming::build_name(&build.release.package, job.target))
    };
    job.builds.iter().map(folder).collect()
}
