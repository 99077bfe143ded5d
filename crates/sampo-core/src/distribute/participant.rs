//! The packages that take part in a distribution: what each delivers, and for which targets.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::config::distribute::PackageOverrides;
use crate::config::{CommandLine, Config, ConfigError};
use crate::error::Diagnose;
use crate::project::Project;
use crate::similar::nearest;
use crate::target::Target;
use crate::template::{TargetScope, Template};
use crate::workspace::{Package, PackageId, Workspace, WorkspaceError};

mod targets;

/// A package that has something to deliver, with all that the configuration says about it.
#[derive(Debug, Clone)]
pub struct Participant<'a> {
    /// The package.
    pub package: &'a Package,
    /// The targets asked for: all of [`configured_targets`](Self::configured_targets), or those left by [`narrow`].
    pub targets: Vec<Target>,
    /// Every target that it is released for.
    pub configured_targets: &'a [Target],
    /// Those that may be missing without holding back the release.
    pub optional: &'a [Target],
    /// The names of its executables, without a suffix.
    pub binaries: &'a [String],
    /// Globs of ready-made artifacts, instead of the search for executables.
    pub artifacts: &'a [Template<TargetScope>],
    /// Globs of files that belong to no target.
    pub files: &'a [String],
    /// The backends it goes to; none for all.
    pub backends: Option<&'a [String]>,
    /// The command that builds it; none for a plain Cargo build.
    pub build: Option<&'a CommandLine<TargetScope>>,
}

impl Participant<'_> {
    /// The package's id.
    pub fn id(&self) -> &PackageId {
        &self.package.id
    }

    /// Whether `target` may be missing without holding back the release.
    pub fn is_optional(&self, target: &Target) -> bool {
        self.optional.contains(target)
    }

    /// Fails if something has to be built but nobody said for which targets.
    pub fn require_targets(&self, config: &Config) -> Result<(), ConfigError> {
        if !self.configured_targets.is_empty() || !self.is_per_target() {
            return Ok(());
        }
        let message = format!("`{}` has no target to be built for", self.package.id);
        Err(config.source().error_at(&["distribute"], message).with_hint(
            "add the platforms of your users to `.sampo/config.toml`:\n\n[distribute]\ntargets = \
             [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\", \"x86_64-pc-windows-msvc\"]",
        ))
    }

    /// Whether it delivers anything that exists once for each target.
    pub fn is_per_target(&self) -> bool {
        !self.binaries.is_empty() || !self.artifacts.is_empty()
    }
}

/// Every package of `workspace` that takes part, sorted by id.
///
/// A package with an executable does unless `enabled = false`; any other once its table names something to deliver.
pub fn participants<'a>(config: &'a Config, workspace: &'a Workspace) -> Result<Vec<Participant<'a>>, ConfigError> {
    check_distinct(config, &["distribute", "targets"], &config.distribute.targets)?;
    check_globs(config, &["distribute", "include"], &config.distribute.include)?;
    let tables = Tables::read(config, workspace)?;
    targets::check(config)?;
    let visible = workspace.packages.iter().filter(|package| !config.packages.ignores(package));
    visible.filter_map(|package| read(config, package, tables.of(package)).transpose()).collect()
}

/// Tells of a package whether `sampo distribute` has something to build and deliver for it.
pub fn has_artifacts(project: &Project) -> Result<impl Fn(&PackageId) -> bool + use<>, ConfigError> {
    let participants = participants(&project.config, &project.workspace)?;
    let ids: HashSet<PackageId> = participants.iter().map(|participant| participant.id().clone()).collect();
    Ok(move |package: &PackageId| ids.contains(package))
}

/// The `[distribute.packages]` tables, by the package that they are about.
struct Tables<'a>(HashMap<&'a PackageId, Table<'a>>);

#[derive(Clone, Copy)]
struct Table<'a> {
    key: &'a str,
    overrides: &'a PackageOverrides,
}

impl<'a> Tables<'a> {
    fn read(config: &'a Config, workspace: &'a Workspace) -> Result<Self, ConfigError> {
        let mut tables: HashMap<&PackageId, Table<'a>> = HashMap::new();
        for (key, overrides) in &config.distribute.packages {
            let error = |message: String| config.source().error_at(&["distribute", "packages", key], message);
            let package = workspace.resolve(key).map_err(|unknown: WorkspaceError| error(unknown.to_string()))?;
            if let Some(targets) = &overrides.targets {
                check_distinct(config, &["distribute", "packages", key, "targets"], targets)?;
            }
            check_globs(config, &["distribute", "packages", key, "files"], &overrides.files)?;
            if let Some(other) = tables.insert(&package.id, Table { key, overrides }) {
                return Err(error(format!("`{}` has two tables: `{}` and `{key}`", package.id, other.key)));
            }
        }
        Ok(Self(tables))
    }

    fn of(&self, package: &Package) -> Option<Table<'a>> {
        self.0.get(&package.id).copied()
    }
}

fn read<'a>(
    config: &'a Config,
    package: &'a Package,
    table: Option<Table<'a>>,
) -> Result<Option<Participant<'a>>, ConfigError> {
    let overrides = table.map(|table| table.overrides);
    if overrides.is_some_and(|overrides| overrides.enabled == Some(false)) {
        return Ok(None);
    }
    let configured_targets =
        overrides.and_then(|overrides| overrides.targets.as_deref()).unwrap_or(&config.distribute.targets);
    let mut participant = Participant {
        package,
        targets: Vec::new(),
        configured_targets,
        optional: overrides.map_or(&[], |overrides| &overrides.optional),
        binaries: overrides.and_then(|overrides| overrides.binaries.as_deref()).unwrap_or(&package.binaries),
        artifacts: overrides.map_or(&[], |overrides| &overrides.artifacts),
        files: overrides.map_or(&[], |overrides| &overrides.files),
        backends: overrides.and_then(|overrides| overrides.backends.as_deref()),
        build: overrides.and_then(|overrides| overrides.build.as_ref()).or(config.distribute.build.as_ref()),
    };
    if participant.is_per_target() {
        participant.targets = configured_targets.to_vec();
    }
    let Some(table) = table else { return Ok((!participant.binaries.is_empty()).then_some(participant)) };
    check_table(config, &participant, table)?;
    Ok(Some(participant))
}

/// A table must describe something that can be delivered.
fn check_table(config: &Config, participant: &Participant<'_>, table: Table<'_>) -> Result<(), ConfigError> {
    let package = participant.package;
    let error = |key: Option<&str>, message: String| {
        let path: Vec<&str> = ["distribute", "packages", table.key].into_iter().chain(key).collect();
        config.source().error_at(&path, message)
    };
    let stray = participant.binaries.iter().find(|name| !package.binaries.contains(name));
    if let Some(stray) = stray.filter(|_| participant.artifacts.is_empty()) {
        let message = format!("`{stray}` is no binary target of `{}`", package.id);
        let known: Vec<&str> = package.binaries.iter().map(String::as_str).collect();
        let hint = match nearest(stray, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "it has none: name ready-made files in `artifacts` instead".into(),
            None => format!("it has: {}", known.join(", ")),
        };
        return Err(error(Some("binaries"), message).with_hint(hint));
    }
    if !participant.is_per_target() && participant.files.is_empty() {
        let message = format!("`{}` has nothing to deliver: it builds no executable", package.id);
        let hint = "name its `artifacts` or `files` in this table, or set `enabled = false`";
        return Err(error(None, message).with_hint(hint));
    }
    Ok(())
}

fn check_distinct(config: &Config, path: &[&str], targets: &[Target]) -> Result<(), ConfigError> {
    match targets.iter().enumerate().find(|(index, target)| targets[..*index].contains(target)) {
        None => Ok(()),
        Some((index, target)) => {
            let message = format!("`{target}` stands twice in `targets`");
            Err(config.source().error_at(&[path, &[&index.to_string()]].concat(), message))
        }
    }
}

/// Globs are those of files below the root, since nothing else belongs to a release.
fn check_globs(config: &Config, path: &[&str], globs: &[String]) -> Result<(), ConfigError> {
    globs.iter().enumerate().try_for_each(|(index, glob)| {
        let error = |message: String| config.source().error_at(&[path, &[&index.to_string()]].concat(), message);
        glob::Pattern::new(glob).map_err(|reason| error(format!("`{glob}` is not a glob: {}", reason.msg)))?;
        if leads_outside(glob) {
            let message = format!("`{glob}` may lead out of the workspace");
            return Err(error(message).with_hint("copy what is to be delivered into the workspace, and name it there"));
        }
        Ok(())
    })
}

/// Whether it is absolute or climbs to a parent folder, in the notation of any system.
fn leads_outside(glob: &str) -> bool {
    let parts: Vec<&str> = glob.split(['/', '\\']).collect();
    Path::new(glob).is_absolute() || glob.starts_with(['/', '\\']) || parts[0].ends_with(':') || parts.contains(&"..")
}

/// `--package` or `--target` leaves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NarrowError {
    /// There is no such package.
    #[error(transparent)]
    Package(#[from] WorkspaceError),
    /// There is such a package, but it takes no part.
    #[error("`{package}` has nothing to distribute")]
    NotDistributed {
        /// The package.
        package: PackageId,
        /// Those that do take part, for people.
        known: String,
    },
    /// No package asked for is released for this target.
    #[error("nothing is distributed for `{target}`")]
    Target {
        /// The target.
        target: Target,
        /// The targets that there are, for people.
        known: String,
    },
}

impl Diagnose for NarrowError {
    fn code(&self) -> &'static str {
        match self {
            Self::Package(error) => error.code(),
            Self::NotDistributed { .. } => "not-distributed",
            Self::Target { .. } => "unknown-target",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Package(error) => error.hint(),
            Self::NotDistributed { package, known } => Some(format!(
                "distributed are: {known}; another package takes part once `[distribute.packages.\"{package}\"]` \
                 names its `artifacts` or `files`"
            )),
            Self::Target { known, .. } => Some(format!("configured are: {known}")),
        }
    }
}

/// Those of `participants` that `--package` and `--target` leave, with the targets that they leave. An empty list
/// leaves everything; a name that leaves nothing is an error.
pub fn narrow<'a>(
    mut participants: Vec<Participant<'a>>,
    workspace: &Workspace,
    packages: &[String],
    targets: &[Target],
) -> Result<Vec<Participant<'a>>, NarrowError> {
    if !packages.is_empty() {
        let mut wanted = Vec::new();
        for name in packages {
            let id = &workspace.resolve(name)?.id;
            if !participants.iter().any(|participant| participant.id() == id) {
                let known = listed(participants.iter().map(|participant| participant.id().to_string()));
                return Err(NarrowError::NotDistributed { package: id.clone(), known });
            }
            wanted.push(id);
        }
        participants.retain(|participant| wanted.contains(&participant.id()));
    }
    if !targets.is_empty() {
        let known = || participants.iter().flat_map(|participant| &participant.targets);
        if let Some(stray) = targets.iter().find(|target| !known().any(|known| known == *target)) {
            let known = listed(known().map(ToString::to_string));
            return Err(NarrowError::Target { target: stray.clone(), known });
        }
        for participant in &mut participants {
            participant.targets.retain(|target| targets.contains(target));
        }
        participants.retain(|participant| !participant.targets.is_empty());
    }
    Ok(participants)
}

/// Distinct names, sorted, as many as a person wants to read.
fn listed(names: impl Iterator<Item = String>) -> String {
    const MANY: usize = 12;
    let names: Vec<String> = names.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    match names.len() {
        0 => "none".into(),
        count if count > MANY => format!("{} and {} more", names[..MANY].join(", "), count - MANY),
        _ => names.join(", "),
    }
}

#[cfg(test)]
#[path = "participant_tests.rs"]
mod tests;
