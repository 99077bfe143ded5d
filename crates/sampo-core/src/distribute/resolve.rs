//! Finds what was built for every release and target, checks that it can be delivered, and plans what is made of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;

use super::build_stamp::BuildStamp;
use super::checksum;
use super::model::{ArtifactKind, Release};
use super::naming;
use super::participant::Participant;
use super::platform::{self, Verdict};
use crate::SampoError;
use crate::config::Config;
use crate::config::distribute::ArchiveFormat;
use crate::error::Diagnose;
use crate::target::Target;
use crate::workspace::{PackageId, Workspace};

mod error;
pub(crate) mod files;
mod include;
mod places;

pub use error::ResolveError;
use files::Fence;
pub use places::{Binary, Located};
pub(super) use places::{build_folder, cargo_folder};

/// What is delivered of one release, and what of it could not be found.
#[derive(Debug)]
pub struct Resolved {
    /// The release.
    pub release: Arc<Release>,
    /// What will be made and delivered, sorted by name; without checksum files.
    pub artifacts: Vec<Planned>,
    /// What is missing or unfit.
    pub failures: Vec<Failure>,
    /// The targets that may be missing without holding back the release.
    pub optional: Vec<Target>,
}

/// One artifact before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its file name at every destination.
    pub name: String,
    /// What it will be.
    pub kind: ArtifactKind,
    /// The target it belongs to, if any.
    pub target: Option<Target>,
    /// What it is made of.
    pub contents: Contents,
}

/// What an artifact is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A file that is delivered as it is.
    File(PathBuf),
    /// Files that are packed.
    Archive(Archive),
}

/// An archive to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// How it is packed.
    pub format: ArchiveFormat,
    /// The one folder in it.
    pub folder: String,
    /// What is in that folder, sorted by name.
    pub entries: Vec<Entry>,
}

/// One file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path below the archive's folder, with forward slashes.
    pub name: String,
    /// Where it is read from.
    pub path: PathBuf,
    /// Whether users run it.
    pub executable: bool,
}

/// One (package, target) that cannot be delivered, or a package's files of no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The package.
    pub package: PackageId,
    /// The target; none for files that belong to none.
    pub target: Option<Target>,
    /// What would have been delivered: a file name where that is known.
    pub item: String,
    /// The kinds of artifacts that it may have been: it concerns only those who take one of them.
    pub kinds: Vec<ArtifactKind>,
    /// The stable name of what is wrong, such as `artifact-missing`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What the user can do.
    pub hint: Option<String>,
    /// Whether the same may be there when it is looked for again.
    pub retryable: bool,
    /// Whether the package's `optional` list has this target, so that it holds nothing back.
    pub optional: bool,
}

impl Failure {
    /// The failure of `package` for `target`, which may be one of its `optional` ones.
    pub fn new(package: &PackageId, target: Option<Target>, optional: &[Target], error: &impl Diagnose) -> Self {
        let (name, built) = (package.name(), vec![ArtifactKind::Archive, ArtifactKind::Binary]);
        let (item, kinds) = match &target {
            Some(target) => (format!("{name}-{target}"), built),
            None => (name.to_owned(), vec![ArtifactKind::File]),
        };
        Self {
            package: package.clone(),
            item,
            kinds,
            code: error.code(),
            message: crate::error::chain(error),
            hint: error.hint(),
            retryable: false,
            optional: target.as_ref().is_some_and(|target| optional.contains(target)),
            target,
        }
    }

    /// The same about everything that the release with this tag has.
    #[must_use]
    pub fn of_whole_release(self, tag: &str) -> Self {
        use ArtifactKind::{Archive, Binary, Checksum, File};
        Self { item: tag.to_owned(), kinds: vec![Archive, Binary, Checksum, File], ..self }
    }
}

/// The search for built files in one workspace.
#[derive(Debug)]
pub struct Search<'a> {
    config: &'a Config,
    workspace: &'a Workspace,
    fence: Fence,
}

impl<'a> Search<'a> {
    /// A search with these settings. Looks at nothing yet.
    pub fn new(config: &'a Config, workspace: &'a Workspace) -> Self {
        Self { config, workspace, fence: Fence::around(config, workspace) }
    }

    /// What was built of `release` for `target`: all of it, from the first place that holds all of it.
    pub fn locate(
        &self,
        participant: &Participant<'_>,
        release: &Release,
        target: &Target,
    ) -> Result<Located, ResolveError> {
        let located = if participant.artifacts.is_empty() {
            places::search(self.config, self.workspace, participant, release, target)?
        } else {
            places::ready_made(&self.workspace.root, participant, release, target)?
        };
        match &located {
            Located::Binaries(binaries) => {
                for binary in binaries {
                    self.check_file(&binary.path, true)?;
                    self.check_owner(binary, participant, target)?;
                    self.check_version(&binary.path, &release.version)?;
                    self.check_platform(&binary.path, target)?;
                }
            }
            Located::ReadyMade(paths) => {
                for path in paths {
                    self.check_file(path, true)?;
                    if is_raw_binary(path)? {
                        self.check_platform(path, target)?;
                    }
                }
            }
        }
        Ok(located)
    }

    /// Whether there is something fit to deliver that a build would not renew. Cargo's own folder does not count:
    /// nobody knows which version was built there last, and Cargo finds out faster than anybody else.
    pub fn is_built(&self, participant: &Participant<'_>, release: &Release, target: &Target) -> bool {
        match self.locate(participant, release, target) {
            Ok(Located::Binaries(binaries)) => !binaries.iter().any(|binary| self.is_in_cargo_folder(binary, target)),
            Ok(Located::ReadyMade(_)) => true,
            Err(_) => false,
        }
    }

    /// What is delivered of each of `releases` for the targets of its participant. A missing or unfit file fails its
    /// (package, target) alone; names that cannot be delivered, and mistakes in the configuration, are errors.
    pub fn resolve(
        &self,
        participants: &[Participant<'_>],
        releases: Vec<Arc<Release>>,
    ) -> Result<Vec<Resolved>, SampoError> {
        let mut resolved = Vec::new();
        for release in releases {
            let index = participants.binary_search_by(|participant| participant.id().cmp(&release.package));
            if let Ok(index) = index {
                resolved.push(self.resolve_one(&participants[index], release)?);
            }
        }
        Ok(resolved)
    }

    fn resolve_one(&self, participant: &Participant<'_>, release: Arc<Release>) -> Result<Resolved, SampoError> {
        let optional = participant.optional.to_vec();
        let failed = |target: Option<&Target>, error: &ResolveError| {
            Failure::new(participant.id(), target.cloned(), &optional, error)
        };
        let mut names = Names::default();
        let mut artifacts = Vec::new();
        let mut failures = Vec::new();
        for target in &participant.targets {
            // A target that failed keeps its names: what would collide once it is there collides now.
            let expected =
                naming::built_names(self.config, participant, &release, target).map_err(ResolveError::from)?;
            for name in &expected {
                names.claim(name, &format!("`{}` for {target}", participant.id()))?;
            }
            match self.plan(participant, &release, target) {
                Ok(planned) => {
                    names.claim_all(planned.iter().filter(|artifact| !expected.contains(&artifact.name)))?;
                    artifacts.extend(planned);
                }
                Err(error) if error.is_fatal() => return Err(error.into()),
                Err(error) => failures.push(failed(Some(target), &error)),
            }
        }
        match self.files(participant) {
            Ok(planned) => {
                names.claim_all(&planned)?;
                artifacts.extend(planned);
            }
            Err(error) if error.is_fatal() => return Err(error.into()),
            Err(error) => failures.push(failed(None, &error)),
        }
        self.claim_checksums(&artifacts, &mut names)?;
        artifacts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Resolved { release, artifacts, failures, optional })
    }

    fn plan(
        &self,
        participant: &Participant<'_>,
        release: &Release,
        target: &Target,
    ) -> Result<Vec<Planned>, ResolveError> {
        let config = &self.config.distribute.archive;
        let target_of = || Some(target.clone());
        match (self.locate(participant, release, target)?, config.format_for(target)) {
            (Located::ReadyMade(paths), _) => paths
                .into_iter()
                .map(|path| {
                    let kind = if is_raw_binary(&path)? { ArtifactKind::Binary } else { ArtifactKind::Archive };
                    let name = files::name_of(&path)?;
                    Ok(Planned { name, kind, target: target_of(), contents: Contents::File(path) })
                })
                .collect(),
            (Located::Binaries(binaries), ArchiveFormat::None) => binaries
                .into_iter()
                .map(|binary| {
                    let name = naming::raw_binary_name(config, release, target, participant, &binary.name)?;
                    let contents = Contents::File(binary.path);
                    Ok(Planned { name, kind: ArtifactKind::Binary, target: target_of(), contents })
                })
                .collect(),
            (Located::Binaries(binaries), format) => {
                let folder = naming::archive_stem(config, release, target)?;
                let name = folder.clone() + format.suffix();
                let entries = self.entries(participant, binaries, target)?;
                let contents = Contents::Archive(Archive { format, folder, entries });
                Ok(vec![Planned { name, kind: ArtifactKind::Archive, target: target_of(), contents }])
            }
        }
    }

    /// What goes into an archive: the executables, and what is included beside them.
    fn entries(
        &self,
        participant: &Participant<'_>,
        binaries: Vec<Binary>,
        target: &Target,
    ) -> Result<Vec<Entry>, ResolveError> {
        let folder = participant.package.manifest.parent().unwrap_or(&self.workspace.root);
        let mut entries =
            include::included(&self.config.distribute.include, folder, &self.workspace.root, &self.fence)?;
        for Binary { name, path } in binaries {
            let name = name + target.executable_suffix();
            entries.retain(|entry| entry.name != name);
            entries.push(Entry { name, path, executable: true });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The package's files that belong to no target.
    fn files(&self, participant: &Participant<'_>) -> Result<Vec<Planned>, ResolveError> {
        let mut planned = Vec::new();
        for glob in participant.files {
            let found = self.files_of(glob)?;
            if found.is_empty() {
                let package = participant.id().clone();
                return Err(ResolveError::NoMatch { package, target: None, globs: vec![glob.clone()] });
            }
            planned.extend(found.into_iter().filter(|file| !planned.contains(file)).collect::<Vec<_>>());
        }
        Ok(planned)
    }

    /// The files of no target that `glob` matches.
    pub fn files_of(&self, glob: &str) -> Result<Vec<Planned>, ResolveError> {
        let plan = |path: PathBuf| {
            self.check_file(&path, false)?;
            let name = files::name_of(&path)?;
            Ok(Planned { name, kind: ArtifactKind::File, target: None, contents: Contents::File(path) })
        };
        files::matches(&self.workspace.root, glob)?.into_iter().map(plan).collect()
    }

    /// Checksum files are artifacts too, and their names must not be taken.
    fn claim_checksums(&self, artifacts: &[Planned], names: &mut Names) -> Result<(), ResolveError> {
        let checksums = self.config.distribute.checksums;
        if checksums.has_file() && !artifacts.is_empty() {
            names.claim(checksum::SUMS_FILE, "the list of checksums")?;
        }
        if checksums.has_sidecars() {
            for Planned { name, .. } in artifacts {
                names.claim(&checksum::sidecar_name(name), &format!("the checksum of `{name}`"))?;
            }
        }
        Ok(())
    }

    fn check_file(&self, path: &Path, is_built: bool) -> Result<(), ResolveError> {
        if self.fence.admit(path)?.len() == 0 {
            return Err(ResolveError::Empty { path: self.shown(path), is_built });
        }
        Ok(())
    }

    /// The programs of all packages share Cargo's own folder, and one in `dist`, where the last of a name replaces the
    /// others.
    fn check_owner(&self, binary: &Binary, participant: &Participant<'_>, target: &Target) -> Result<(), ResolveError> {
        let of_target = self.workspace.root.join(&self.config.distribute.artifacts_dir).join(target.as_str());
        if !self.is_in_cargo_folder(binary, target) && !binary.path.starts_with(of_target) {
            return Ok(());
        }
        let package = participant.package;
        let others = self.workspace.packages.iter().filter(|other| other.id != package.id);
        let others = others.filter(|other| !self.config.packages.ignores(other));
        match others.into_iter().find(|other| other.binaries.contains(&binary.name)) {
            None => Ok(()),
            Some(other) => Err(ResolveError::Ambiguous {
                path: self.shown(&binary.path),
                package: package.id.clone(),
                other: other.id.clone(),
            }),
        }
    }

    fn is_in_cargo_folder(&self, binary: &Binary, target: &Target) -> bool {
        places::cargo_folder(self.workspace, target).is_some_and(|folder| binary.path.starts_with(folder))
    }

    fn check_version(&self, path: &Path, expected: &Version) -> Result<(), ResolveError> {
        match BuildStamp::version_of(path)? {
            Some(found) if found != *expected => {
                Err(ResolveError::Stale { path: self.shown(path), found, expected: expected.clone() })
            }
            _ => Ok(()),
        }
    }

    fn check_platform(&self, path: &Path, target: &Target) -> Result<(), ResolveError> {
        if !self.config.distribute.check_platform {
            return Ok(());
        }
        if let Verdict::Unknown(reason) = platform::check(path, target)? {
            tracing::debug!("the platform of {} is not checked: {reason}", path.display());
        }
        Ok(())
    }

    fn shown(&self, path: &Path) -> String {
        files::shown(path, &self.workspace.root)
    }
}

fn is_raw_binary(path: &Path) -> Result<bool, ResolveError> {
    let is_archive = path.to_str().is_some_and(|name| naming::archive_format_of(name).is_some());
    Ok(!is_archive && platform::is_executable(path)?)
}

fn origin(artifact: &Planned) -> String {
    match &artifact.contents {
        Contents::File(path) => format!("`{}`", path.display()),
        Contents::Archive(archive) => format!("the archive of `{}`", archive.folder),
    }
}

/// The names that are taken in one release, with who took them.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    /// Takes `name`, which must be fit to be a file name everywhere, and not be taken.
    fn claim(&mut self, name: &str, origin: &str) -> Result<(), ResolveError> {
        if let Some(reason) = naming::defect(name) {
            return Err(ResolveError::BadName { name: name.to_owned(), origin: origin.to_owned(), reason });
        }
        match self.0.insert(naming::collision_key(name), origin.to_owned()) {
            None => Ok(()),
            Some(first) => Err(ResolveError::DuplicateName { name: name.to_owned(), first, second: origin.to_owned() }),
        }
    }

    fn claim_all<'a>(&mut self, artifacts: impl IntoIterator<Item = &'a Planned>) -> Result<(), ResolveError> {
        artifacts.into_iter().try_for_each(|artifact| self.claim(&artifact.name, &origin(artifact)))
    }
}

#[cfg(test)]
#[path = "resolve/resolve_tests.rs"]
mod tests;
