//! The places where what was built is looked for, in their order.

use std::path::{Path, PathBuf};

use super::error::ResolveError;
use super::files;
use crate::config::Config;
use crate::config::distribute::ArchiveFormat;
use crate::distribute::model::Release;
use crate::distribute::naming;
use crate::distribute::participant::Participant;
use crate::target::Target;
use crate::workspace::Workspace;

/// What was found of one (package, target).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// All of its executables, which are to be packed.
    Binaries(Vec<Binary>),
    /// Files that are delivered as they are; at least one.
    ReadyMade(Vec<PathBuf>),
}

/// An executable that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Its name without a suffix.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// One place to look at.
enum Place {
    /// A folder that may hold all executables under their own names.
    Folder(PathBuf),
    /// A file that may be the only executable.
    File(PathBuf),
    /// The name, without its suffix, of an archive that may be ready-made.
    Archive(PathBuf),
}

/// The folder that one build's results are put into, and looked for first.
pub(in crate::distribute) fn build_folder(
    config: &Config,
    root: &Path,
    participant: &Participant<'_>,
    target: &Target,
) -> PathBuf {
    root.join(&config.distribute.artifacts_dir).join(naming::build_name(participant.id(), target))
}

/// The folder that Cargo builds a release for `target` into.
pub(in crate::distribute) fn cargo_folder(workspace: &Workspace, target: &Target) -> Option<PathBuf> {
    Some(workspace.cargo_target_directory.as_ref()?.join(target.as_str()).join("release"))
}

fn places(config: &Config, workspace: &Workspace, participant: &Participant<'_>, target: &Target) -> Vec<Place> {
    let build = build_folder(config, &workspace.root, participant, target);
    let mut executable = build.clone().into_os_string();
    executable.push(target.executable_suffix());
    let of_target = workspace.root.join(&config.distribute.artifacts_dir).join(target.as_str());
    let mut places = vec![Place::Folder(build.clone()), Place::Folder(of_target)];
    if participant.binaries.len() == 1 {
        places.push(Place::File(executable.into()));
    }
    places.push(Place::Archive(build));
    places.extend(cargo_folder(workspace, target).map(Place::Folder));
    places
}

/// Everything from the first place that holds everything.
pub(super) fn search(
    config: &Config,
    workspace: &Workspace,
    participant: &Participant<'_>,
    release: &Release,
    target: &Target,
) -> Result<Located, ResolveError> {
    let suffix = target.executable_suffix();
    let places = places(config, workspace, participant, target);
    let preferred = config.distribute.archive.format_for(target);
    if let Some(located) = places.iter().find_map(|place| look(place, participant.binaries, suffix, preferred)) {
        return Ok(located);
    }
    Err(ResolveError::Missing {
        package: release.package.clone(),
        target: target.clone(),
        binaries: participant.binaries.iter().map(|name| format!("{name}{suffix}")).collect(),
        places: places.iter().map(|place| describe(place, participant.binaries, suffix, &workspace.root)).collect(),
    })
}

fn look(place: &Place, binaries: &[String], suffix: &str, preferred: ArchiveFormat) -> Option<Located> {
    let binary = |name: &String, path: PathBuf| path.is_file().then(|| Binary { name: name.clone(), path });
    match place {
        Place::Folder(folder) => {
            let all = binaries.iter().map(|name| binary(name, folder.join(format!("{name}{suffix}"))));
            all.collect::<Option<Vec<_>>>().map(Located::Binaries)
        }
        Place::File(path) => Some(Located::Binaries(vec![binary(binaries.first()?, path.clone())?])),
        Place::Archive(stem) => std::iter::once(preferred)
            .chain(ArchiveFormat::ARCHIVES.iter().copied())
            .filter(|format| *format != ArchiveFormat::None)
            .map(|format| with_suffix(stem, format.suffix()))
            .find(|path| path.is_file())
            .map(|path| Located::ReadyMade(vec![path])),
    }
}

/// A place as people write it; of a folder with only some of the executables also what it lacks.
fn describe(place: &Place, binaries: &[String], suffix: &str, root: &Path) -> String {
    match place {
        Place::Folder(folder) => {
            let lacks: Vec<String> = binaries
                .iter()
                .map(|name| format!("{name}{suffix}"))
                .filter(|name| !folder.join(name).is_file())
                .map(|name| format!("`{name}`"))
                .collect();
            let shown = files::shown(folder, root);
            if lacks.len() == binaries.len() {
                format!("`{shown}/`")
            } else {
                format!("`{shown}/` (which lacks {})", lacks.join(" and "))
            }
        }
        Place::File(path) => format!("`{}`", files::shown(path, root)),
        Place::Archive(stem) => {
            let suffixes: Vec<&str> = ArchiveFormat::ARCHIVES.iter().map(|format| format.suffix()).collect();
            format!("`{}{{{}}}`", files::shown(stem, root), suffixes.join(","))
        }
    }
}

fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What the package's own globs match. One of them has to: they may be written for different targets.
pub(super) fn ready_made(
    root: &Path,
    participant: &Participant<'_>,
    release: &Release,
    target: &Target,
) -> Result<Located, ResolveError> {
    let variables = release.variables_for(Some(target));
    let mut paths = Vec::new();
    for template in participant.artifacts {
        paths.extend(files::matches(root, &template.render_for_glob(&variables)?)?);
    }
    paths.sort();
    paths.dedup();
    if !paths.is_empty() {
        return Ok(Located::ReadyMade(paths));
    }
    let globs = participant.artifacts.iter().map(|template| template.render(&variables)).collect::<Result<_, _>>()?;
    Err(ResolveError::NoMatch { package: release.package.clone(), target: Some(target.clone()), globs })
}
