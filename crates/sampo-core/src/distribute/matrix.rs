//! The build matrix: which (package, target) pairs CI must build, as JSON for GitHub or a child pipeline for GitLab.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::model::Release;
use super::naming;
use super::participant::Participant;
use crate::SampoError;
use crate::config::{Config, ConfigError};
use crate::error::Diagnose;
use crate::target::Target;

mod gitlab;

/// GitHub refuses a matrix with more jobs.
pub(super) const GITHUB_LIMIT: usize = 256;
/// The keys that stand in entries whatever the configuration adds, apart from those of one grouping only.
const OUR_KEYS: &[&str] = &[
    "package", "packages", "crate", "crates", "version", "tag", "target", "os", "artifact", "binaries", "ext", "path",
];

/// How a matrix is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MatrixFormat {
    /// `{"include":[…]}` on one line for `fromJson` in a workflow; nothing to build is the empty string.
    #[default]
    Github,
    /// The entries as a list.
    Json,
    /// A child pipeline for GitLab.
    Gitlab,
}

/// What one entry stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One package on one target.
    #[default]
    Package,
    /// One target with all its packages.
    Target,
}

/// What must be built.
#[derive(Debug)]
pub struct Matrix<'a> {
    config: &'a Config,
    grouping: Grouping,
    jobs: Vec<Job<'a>>,
}

/// One job: a target, and what is built for it.
#[derive(Debug)]
struct Job<'a> {
    target: &'a Target,
    builds: Vec<Build<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Build<'a> {
    release: &'a Release,
    participant: &'a Participant<'a>,
}

/// The matrix has more jobs than GitHub takes.
#[derive(Debug, thiserror::Error)]
#[error("the build matrix has {jobs} jobs, and GitHub takes at most {GITHUB_LIMIT}")]
pub struct MatrixTooLarge {
    jobs: usize,
    grouping: Grouping,
}

impl Diagnose for MatrixTooLarge {
    fn code(&self) -> &'static str {
        "matrix-too-large"
    }

    fn hint(&self) -> Option<String> {
        Some(match self.grouping {
            Grouping::Package => "use `--group-by target`: one job per target builds all its packages".into(),
            Grouping::Target => "build fewer targets at a time with `--target`".into(),
        })
    }
}

impl<'a> Matrix<'a> {
    /// The jobs of `releases`, which must be sorted, for the targets of `participants`, which must be sorted too.
    pub fn new(
        config: &'a Config,
        participants: &'a [Participant<'a>],
        releases: &'a [Release],
        grouping: Grouping,
    ) -> Result<Self, SampoError> {
        for (target, extra) in &config.distribute.matrix {
            if let Some(key) = extra.keys().find(|key| OUR_KEYS.contains(&key.as_str())) {
                let path = ["distribute", "matrix", target.as_str(), key];
                let message = format!("`{key}` is a key of every matrix entry and cannot be set");
                return Err(config.source().error_at(&path, message).into());
            }
        }
        let mut pairs = Vec::new();
        for release in releases {
            let index = participants.binary_search_by(|participant| participant.id().cmp(&release.package));
            let Ok(index) = index else { continue };
            let participant = &participants[index];
            participant.require_targets(config)?;
            pairs.extend(participant.targets.iter().map(|target| (target, Build { release, participant })));
        }
        Ok(Self { config, grouping, jobs: group(pairs, grouping) })
    }

    /// Whether there is nothing to build.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The matrix as text without a line break at its end.
    pub fn render(&self, format: MatrixFormat) -> Result<String, SampoError> {
        match format {
            MatrixFormat::Github if self.is_empty() => Ok(String::new()),
            MatrixFormat::Github if self.jobs.len() > GITHUB_LIMIT => {
                Err(MatrixTooLarge { jobs: self.jobs.len(), grouping: self.grouping }.into())
            }
            MatrixFormat::Github => {
                Ok(json!({ "include": self.entries(|target| self.required_runner(target))? }).to_string())
            }
            // Another CI system has machines and limits of its own.
            MatrixFormat::Json => {
                let entries = self.entries(|target| Ok(self.runner(target).unwrap_or_default()))?;
                Ok(format!("{:#}", Value::Array(entries)))
            }
            MatrixFormat::Gitlab => Ok(gitlab::pipeline(self)),
        }
    }

    /// The outputs of a step of GitHub's: `build-matrix`, and `build-needed` for those who prefer to guard with it.
    pub fn outputs(&self) -> Result<[(&'static str, String); 2], SampoError> {
        let needed = !self.is_empty();
        Ok([("build-matrix", self.render(MatrixFormat::Github)?), ("build-needed", needed.to_string())])
    }

    /// The entries; `runner` says which machine builds a target.
    fn entries<'r>(
        &'r self,
        runner: impl Fn(&'r Target) -> Result<&'r str, ConfigError>,
    ) -> Result<Vec<Value>, ConfigError> {
        self.jobs.iter().map(|job| Ok(Value::Object(self.entry(job, runner(job.target)?)))).collect()
    }

    fn entry(&self, job: &Job<'_>, runner: &str) -> Map<String, Value> {
        let mut entry = Map::new();
        let mut set = |key: &str, value: String| entry.insert(key.to_owned(), Value::String(value));
        match (self.grouping, job.builds.as_slice()) {
            (Grouping::Package, [Build { release, .. }, ..]) => {
                set("package", release.package.to_string());
                set("crate", release.package.name().to_owned());
                set("version", release.version.to_string());
                set("tag", release.tag.clone());
            }
            (_, builds) => {
                set("packages", words(builds.iter().map(|build| build.release.package.to_string())));
                set("crates", words(builds.iter().map(|build| build.release.package.name().to_owned())));
            }
        }
        set("target", job.target.to_string());
        set("os", runner.to_owned());
        set("artifact", self.artifact(job));
        let mut named = BTreeSet::new();
        let binaries = job.builds.iter().flat_map(|build| build.participant.binaries);
        set("binaries", words(binaries.filter(|name| named.insert(*name)).cloned()));
        set("ext", job.target.executable_suffix().to_owned());
        if let (Grouping::Package, [build, ..]) = (self.grouping, job.builds.as_slice()) {
            set("path", build.release.path.clone());
        }
        if let Some(extra) = self.config.distribute.matrix.get(job.target) {
            entry.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        entry
    }

    /// The name under which the job's results are handed on.
    fn artifact(&self, job: &Job<'_>) -> String {
        match (self.grouping, job.builds.as_slice()) {
            (Grouping::Package, [build, ..]) => naming::build_name(&build.release.package, job.target),
            _ => job.target.to_string(),
        }
    }

    fn runner<'r>(&'r self, target: &Target) -> Option<&'r str> {
        let configured = self.config.distribute.runners.get(target).map(String::as_str);
        configured.or_else(|| target.default_runner())
    }

    fn required_runner<'r>(&'r self, target: &Target) -> Result<&'r str, ConfigError> {
        self.runner(target).ok_or_else(|| {
            let message = format!("no runner is known to build `{target}`");
            let lines = format!(
                "name one in `.sampo/config.toml`:\n\n[distribute.runners]\n{target} = \"{}\"",
                target.similar_runner()
            );
            let hint = match target.meant() {
                Some(meant) => format!("did you mean the target `{meant}`? If not, {lines}"),
                None => lines,
            };
            self.config.source().error_at(&["distribute", "runners"], message).with_hint(hint)
        })
    }
}

fn group<'a>(pairs: Vec<(&'a Target, Build<'a>)>, grouping: Grouping) -> Vec<Job<'a>> {
    match grouping {
        Grouping::Package => pairs.into_iter().map(|(target, build)| Job { target, builds: vec![build] }).collect(),
        Grouping::Target => {
            let mut jobs: BTreeMap<&Target, Vec<Build<'_>>> = BTreeMap::new();
            for (target, build) in pairs {
                jobs.entry(target).or_default().push(build);
            }
            jobs.into_iter().map(|(target, builds)| Job { target, builds }).collect()
        }
    }
}

/// The JSON Schema of the matrix for GitHub. Entries also have the keys of `[distribute.matrix.TRIPLE]`.
pub fn schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let both = [
        ("target", text("The target triple")),
        ("os", text("The runner's label")),
        ("artifact", text("The name under which the job's results are handed on")),
        ("binaries", text("The names of the executables, separated by blanks")),
        ("ext", text("The suffix of an executable: `.exe` or nothing")),
    ];
    let of_package = [
        ("package", text("The package's id, such as `cargo/my-cli`")),
        ("crate", text("Its plain name")),
        ("version", text("The version that is released")),
        ("tag", text("The git tag")),
        ("path", text("The package's folder below the root")),
    ];
    let of_target = [
        ("packages", text("The ids of the packages, separated by blanks")),
        ("crates", text("Their plain names, separated by blanks")),
    ];
    let entry = |description: &str, keys: &[(&str, Value)]| {
        let keys = || both.iter().chain(keys);
        json!({
            "description": description,
            "type": "object",
            "properties": keys().map(|(key, value)| ((*key).to_owned(), value.clone())).collect::<Map<_, _>>(),
            "required": keys().map(|(key, _)| *key).collect::<Vec<_>>(),
        })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Build matrix",
        "description": "What must be built, for `strategy.matrix` of a workflow. Nothing to build is the empty string instead.",
        "type": "object",
        "additionalProperties": false,
        "required": ["include"],
        "properties": {
            "include": {
                "type": "array",
                "minItems": 1,
                "maxItems": GITHUB_LIMIT,
                "items": { "anyOf": [
                    entry("One package on one target", &of_package),
                    entry("One target with all its packages (`--group-by target`)", &of_target),
                ] },
            },
        },
    })
}

/// Names are free of blanks, so that a shell loop can take them apart.
fn words(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "matrix/matrix_tests.rs"]
mod tests;
