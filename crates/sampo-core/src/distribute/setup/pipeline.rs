//! The pipeline that releases, builds and distributes: its files, and what stands where they would be.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Plan, Setup, SetupError};
use crate::config::{Config, Repository};
use crate::distribute::doctor::{Purpose, purpose};
use crate::distribute::naming;
use crate::error::{PathError, SampoError};

pub(super) mod rendering;

/// Where GitHub looks for workflows.
const WORKFLOWS: &str = ".github/workflows";
/// The workflow's name unless it is given another one, and the first that is tried where that is taken.
const USUAL_NAME: &str = "release.yml";
const OTHER_NAME: &str = "sampo";
/// Where GitLab looks for its pipeline, and the part that joins the one that is generated.
const GITLAB: &str = ".gitlab-ci.yml";
const GITLAB_CHILD: &str = ".gitlab/distribute.yml";

/// Whose pipeline is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Nobody's.
    None,
}

impl Ci {
    /// What the pipeline of this text is for.
    fn purpose(self, path: &Path, text: &str) -> Purpose {
        match self {
            Self::Github => purpose(text),
            _ if path != Path::new(GITLAB_CHILD) && text.contains("sampo distribute") => Purpose::Distribution,
            _ => Purpose::Other,
        }
    }
}

/// Where a workflow is written, and whether something else may have to give way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// The name of the workflow's file, instead of the usual one.
    pub name: Option<String>,
    /// Whether what stands there is replaced.
    pub replace: bool,
}

/// What is in the place of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Free,
    /// This very pipeline.
    Written,
    /// Another one that distributes already, such as ours with changes.
    Distributes {
        /// Its file, below the top folder.
        path: PathBuf,
    },
    /// A workflow that releases and delivers nothing: two that release would get in each other's way.
    Releases {
        /// Its file, below the top folder.
        path: PathBuf,
    },
    /// Something else.
    Occupied {
        /// Its file, below the top folder.
        path: PathBuf,
        /// A name that is free, where any may be chosen.
        free: Option<String>,
    },
}

/// The files of a pipeline, by their paths below the top folder. The first one says what it is.
#[derive(Debug)]
pub(super) struct Pipeline {
    ci: Ci,
    texts: Vec<String>,
}

impl Pipeline {
    fn paths(&self, placement: &Placement) -> Result<Vec<PathBuf>, SetupError> {
        Ok(match self.ci {
            Ci::Github => {
                let name = placement.name.as_deref().unwrap_or(USUAL_NAME);
                let is_workflow = name.ends_with(".yml") || name.ends_with(".yaml");
                if !is_workflow || naming::defect(name).is_some() {
                    return Err(SetupError::WorkflowName(name.to_owned()));
                }
                vec![Path::new(WORKFLOWS).join(name)]
            }
            Ci::Gitlab => [GITLAB, GITLAB_CHILD].map(PathBuf::from).into(),
            Ci::None => Vec::new(),
        })
    }
}

impl Setup {
    /// Whose pipeline is likely wanted: that of the service that has one here already, or of GitHub if `repository` is
    /// there, or of the remote's host.
    pub fn suggested_ci(&self, repository: Option<&Repository>) -> Ci {
        let has = |path: &str| self.place.top.join(path).exists();
        match repository {
            _ if self.place.prefix.is_empty() && has(GITLAB) && !has(".github") => Ci::Gitlab,
            Some(_) => Ci::Github,
            None if self.place.prefix.is_empty() && self.host.as_ref().is_some_and(|host| host.contains("gitlab")) => {
                Ci::Gitlab
            }
            None => Ci::None,
        }
    }

    pub(super) fn pipeline(&self, ci: Ci, config: &Config) -> Result<Pipeline, SampoError> {
        if ci == Ci::Gitlab && !self.place.prefix.is_empty() {
            return Err(SetupError::BelowTop { folder: self.place.prefix.clone() }.into());
        }
        let texts = match ci {
            Ci::Github => vec![rendering::github(config, &self.project.workspace, &self.place.prefix)?],
            Ci::Gitlab => rendering::gitlab(),
            Ci::None => Vec::new(),
        };
        Ok(Pipeline { ci, texts })
    }
}

/// What is in the place of `pipeline` below `top`.
pub(super) fn standing(top: &Path, pipeline: &Pipeline, placement: &Placement) -> Result<Standing, SetupError> {
    let paths = pipeline.paths(placement)?;
    let there = files_of(top, pipeline.ci)?;
    let is_ours = |(path, text): (&PathBuf, &String)| there.get(path).is_none_or(|known| same(known, text));
    if paths.iter().zip(&pipeline.texts).all(is_ours) {
        let is_written = paths.iter().all(|path| there.contains_key(path));
        return Ok(if is_written { Standing::Written } else { Standing::Free }).map(|standing| match standing {
            Standing::Free if placement.name.is_none() => elsewhere(pipeline, &there).unwrap_or(Standing::Free),
            standing => standing,
        });
    }
    if let Some(found) = elsewhere(pipeline, &there).filter(|_| placement.name.is_none()) {
        let is_replaced = placement.replace
            && matches!(&found, Standing::Distributes { path } | Standing::Releases { path } if paths.contains(path));
        if !is_replaced {
            return Ok(found);
        }
    }
    let path = paths.into_iter().find(|path| there.contains_key(path)).unwrap_or_default();
    let free = (pipeline.ci == Ci::Github).then(|| free_name(&there));
    Ok(Standing::Occupied { path, free })
}

/// The same pipeline under another name, or another one that distributes, or at least releases.
fn elsewhere(pipeline: &Pipeline, there: &BTreeMap<PathBuf, String>) -> Option<Standing> {
    if pipeline.ci == Ci::Github && there.values().any(|text| same(text, &pipeline.texts[0])) {
        return Some(Standing::Written);
    }
    let first = |wanted: Purpose| {
        let is_wanted = |(path, text): &(&PathBuf, &String)| pipeline.ci.purpose(path, text) == wanted;
        there.iter().find(is_wanted).map(|(path, _)| path.clone())
    };
    let distributes = || first(Purpose::Distribution).map(|path| Standing::Distributes { path });
    distributes().or_else(|| first(Purpose::Release).map(|path| Standing::Releases { path }))
}

/// A checkout on Windows has other line ends.
fn same(text: &str, other: &str) -> bool {
    text.replace("\r\n", "\n") == other
}

fn free_name(there: &BTreeMap<PathBuf, String>) -> String {
    let numbered = (2..).map(|number| format!("{OTHER_NAME}-{number}.yml"));
    let mut names = std::iter::once(format!("{OTHER_NAME}.yml")).chain(numbered);
    names.find(|name| !there.contains_key(&Path::new(WORKFLOWS).join(name))).unwrap_or_default()
}

/// The pipelines of `ci` that are there, by their paths below `top`.
fn files_of(top: &Path, ci: Ci) -> Result<BTreeMap<PathBuf, String>, PathError> {
    let paths = match ci {
        Ci::Github => workflows(top)?,
        Ci::Gitlab => [GITLAB, GITLAB_CHILD].map(PathBuf::from).into(),
        Ci::None => Vec::new(),
    };
    let mut files = BTreeMap::new();
    for path in paths {
        let place = top.join(&path);
        match fs::read(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // Whatever it is written in, it is there.
            bytes => {
                let bytes = bytes.map_err(PathError::new("read", &place))?;
                files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
    }
    Ok(files)
}

fn workflows(top: &Path) -> Result<Vec<PathBuf>, PathError> {
    let folder = top.join(WORKFLOWS);
    let failed = || PathError::new("read", &folder);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed())?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        let is_workflow = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if let Some(name) = path.file_name().filter(|_| is_workflow && path.is_file()) {
            paths.push(Path::new(WORKFLOWS).join(name));
        }
    }
    Ok(paths)
}

/// Adds what `pipeline` needs to `plan`.
pub(super) fn plan(pipeline: &Pipeline, placement: &Placement, plan: &mut Plan) -> Result<(), SetupError> {
    match standing(&plan.place.top, pipeline, placement)? {
        Standing::Written => return Ok(()),
        Standing::Distributes { path } => {
            let path = path.display();
            plan.remarks.push(format!("`{path}` distributes already, and stays as it is"));
            return Ok(());
        }
        Standing::Releases { path } => return Err(SetupError::Releases { path }),
        Standing::Occupied { path, free } if !placement.replace => return Err(SetupError::Occupied { path, free }),
        Standing::Free | Standing::Occupied { .. } => {}
    }
    for (path, text) in pipeline.paths(placement)?.into_iter().zip(&pipeline.texts) {
        plan.add(plan.place.top.join(path), text.clone())?;
    }
    Ok(())
}
