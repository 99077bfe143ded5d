//! Which releases are distributed: those tagged at HEAD, named by tag or in a plan, or every package's current one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use semver::Version;

use super::model::Release;
use super::participant::Participant;
use crate::SampoError;
use crate::config::{Config, Repository};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::release::plan_file::{PlannedRelease, ReleasePlan};
use crate::workspace::{Package, PackageId, Workspace};

mod error;
mod tags;

pub use error::SelectError;
use tags::Tags;

/// How releases are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Exactly these tags.
    Tags(Vec<String>),
    /// Those of the release plan in this file.
    Plan(PathBuf),
    /// The current version of every participant, wherever its tag stands.
    All,
    /// The current versions that are tagged at HEAD.
    AtHead,
}

/// What is known when releases are chosen.
pub struct Scene<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The packages.
    pub workspace: &'a Workspace,
    /// Those that take part, already narrowed; sorted by id.
    pub participants: &'a [Participant<'a>],
    /// The repository's git.
    pub git: &'a Git,
    /// The repository on GitHub, where it is known.
    pub repository: Option<Repository>,
    /// Finds the section of a version in a package's changelog.
    pub notes: &'a (dyn Fn(&Package, &Version) -> Option<String> + Sync),
    /// Where to tell what was left out.
    pub reporter: &'a dyn Reporter,
}

/// What a selection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// These releases, sorted by package and version; at least one.
    Releases(Vec<Release>),
    /// None, which is no error.
    Nothing(Nothing),
}

/// Why nothing was selected, and what could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    /// One sentence without a full stop.
    pub message: String,
    /// The release that is next in line, and how to select it.
    pub hint: Option<String>,
}

/// One release that was found, before its commit's date is known.
struct Candidate<'a> {
    package: &'a Package,
    version: Version,
    tag: String,
    commit: String,
    /// The notes of a plan, which come before those in the changelog.
    notes: Option<String>,
}

/// The releases that `selection` means. Changes nothing; asks the remote only for tags that are missing locally.
pub async fn select(selection: &Selection, scene: &Scene<'_>) -> Result<Selected, SampoError> {
    if scene.participants.is_empty() {
        return Ok(nothing("no package has anything to distribute", None));
    }
    let mut tags = Tags::local(scene.git).await?;
    let candidates = match selection {
        Selection::Tags(names) => by_tag(names, scene, &mut tags).await?,
        Selection::Plan(file) => by_plan(&ReleasePlan::read(file)?, scene, &mut tags).await?,
        Selection::All => current(scene, &mut tags).await?,
        Selection::AtHead => at_head(scene, &mut tags).await?,
    };
    if candidates.is_empty() {
        return Ok(match selection {
            Selection::Plan(_) => nothing("the release plan has no release with anything to distribute", None),
            _ => Nothing::next_in_line(scene, &tags).await?.into(),
        });
    }
    for candidate in &candidates {
        require_targets(scene, candidate.package)?;
    }
    Ok(Selected::Releases(releases(candidates, scene).await?))
}

/// The releases that would be made: no tag, commit or date yet, so that nothing is delivered by them.
pub fn planned(scene: &Scene<'_>, versions: &[(PackageId, Version)]) -> Result<Vec<Release>, SampoError> {
    let mut releases = Vec::new();
    for (id, version) in versions {
        let Some(participant) = participant(scene, id) else { continue };
        participant.require_targets(scene.config)?;
        let tag = scene.config.git.tag(id, &version.to_string());
        releases.push(release(scene, participant.package, version.clone(), tag));
    }
    releases.sort_by(in_order);
    Ok(releases)
}

/// The current version of every participant as a [`planned`] release, for work that needs no tag, such as a build.
pub fn untagged(scene: &Scene<'_>) -> Result<Vec<Release>, SampoError> {
    let versions: Vec<(PackageId, Version)> = scene
        .participants
        .iter()
        .filter_map(|participant| Some((participant.id().clone(), current_version(participant.package)?)))
        .collect();
    planned(scene, &versions)
}

/// Fails if there is a remote `origin` that lacks the tag of a release, or has it at another commit: what is
/// published there would belong to a commit that nobody can see.
pub async fn check_pushed(git: &Git, releases: &[Release]) -> Result<(), SampoError> {
    if releases.is_empty() || git.origin_url().await?.is_none() {
        return Ok(());
    }
    let remote = Tags::remote(git).await?;
    for release in releases {
        let found = remote.commit_of(&release.tag);
        if found.is_none() || found != release.commit.as_deref() {
            return Err(SelectError::NotPushed { tag: release.tag.clone(), moved: found.is_some() }.into());
        }
    }
    Ok(())
}

async fn by_tag<'a>(names: &[String], scene: &Scene<'a>, tags: &mut Tags) -> Result<Vec<Candidate<'a>>, SampoError> {
    let mut wanted = Vec::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        wanted.extend(owners(name, scene, tags)?.into_iter().map(|(package, version)| (package, version, name)));
    }
    let mut candidates = Vec::new();
    for (package, version, name) in wanted {
        let commit = tags.require(name, scene.git).await?;
        candidates.push(Candidate { package, version, tag: name.clone(), commit, notes: None });
    }
    Ok(candidates)
}

/// The packages that `tag` is the tag of. Several only if the format does not tell them apart, and then those whose
/// current version it is.
fn owners<'a>(tag: &str, scene: &Scene<'a>, tags: &Tags) -> Result<Vec<(&'a Package, Version)>, SelectError> {
    let git = &scene.config.git;
    let participants = scene.participants.iter().map(|participant| participant.package);
    let mut found: Vec<(&Package, Version)> =
        participants.filter_map(|package| Some((package, git.version_in_tag(tag, &package.id)?))).collect();
    if found.len() > 1 {
        let is_current = |(package, version): &&(&Package, Version)| current_version(package).as_ref() == Some(version);
        let current: Vec<_> = found.iter().filter(is_current).cloned().collect();
        let shared = found.iter().all(|(package, _)| !git.format_for(&package.id).distinguishes_packages());
        let is_clear = current.len() == 1 || (shared && !current.is_empty());
        if !is_clear {
            let packages = found.iter().map(|(package, _)| package.id.to_string()).collect();
            return Err(SelectError::AmbiguousTag { tag: tag.to_owned(), packages });
        }
        found = current;
    }
    if found.is_empty() {
        let elsewhere = scene.workspace.packages.iter().find(|package| git.version_in_tag(tag, &package.id).is_some());
        let tag = tag.to_owned();
        return Err(match elsewhere {
            Some(package) => SelectError::NotDistributed { tag, package: package.id.clone() },
            None => SelectError::UnknownTag { formats: formats(scene.config), nearest: tags.nearest(&tag), tag },
        });
    }
    Ok(found)
}

fn formats(config: &Config) -> String {
    match &config.git.short_tags {
        Some(_) => format!("`{}` and `{}`", config.git.tag_format, config.git.short_tags_format),
        None => format!("`{}`", config.git.tag_format),
    }
}

async fn by_plan<'a>(plan: &ReleasePlan, scene: &Scene<'a>, tags: &mut Tags) -> Result<Vec<Candidate<'a>>, SampoError> {
    let mut candidates = Vec::new();
    for planned in &plan.releases {
        let known = scene.workspace.package(&planned.package).is_some();
        if !known {
            scene.workspace.resolve(&planned.package.to_string())?;
        }
        let Some(participant) = participant(scene, &planned.package) else { continue };
        candidates.push(read_planned(planned, participant.package, scene, tags).await?);
    }
    Ok(candidates)
}

/// A plan says which releases are meant, never what they are: that is decided by their tags.
async fn read_planned<'a>(
    planned: &PlannedRelease,
    package: &'a Package,
    scene: &Scene<'_>,
    tags: &mut Tags,
) -> Result<Candidate<'a>, SampoError> {
    let PlannedRelease { tag, version, changelog: notes, .. } = planned.clone();
    let version: Version = version.parse().map_err(|source| SelectError::PlanVersion {
        package: planned.package.clone(),
        version: planned.version.clone(),
        source,
    })?;
    if scene.config.git.version_in_tag(&tag, &package.id).as_ref() != Some(&version) {
        let expected = scene.config.git.tag(&package.id, &planned.version);
        return Err(SelectError::PlanTag { package: package.id.clone(), version, tag, expected }.into());
    }
    let commit = tags.require(&tag, scene.git).await?;
    Ok(Candidate { package, version, tag, commit, notes })
}

/// The current version of every participant that is tagged; a warning for each that is not.
async fn current<'a>(scene: &Scene<'a>, tags: &mut Tags) -> Result<Vec<Candidate<'a>>, SampoError> {
    complete(scene, tags).await?;
    let (tagged, untagged) = split(scene, tags);
    for (package, version, tag) in untagged {
        let message = format!("`{}` {version} is left out: there is no tag `{tag}`", package.id);
        scene.reporter.report(Event::Warning { message: &message, hint: Some("`sampo publish` makes the tag") });
    }
    Ok(tagged)
}

async fn at_head<'a>(scene: &Scene<'a>, tags: &mut Tags) -> Result<Vec<Candidate<'a>>, SampoError> {
    complete(scene, tags).await?;
    let head = scene.git.head().await?;
    Ok(split(scene, tags).0.into_iter().filter(|candidate| candidate.commit == head).collect())
}

/// A shallow checkout has no tags, or only some: those of current versions are then looked up on the remote.
async fn complete(scene: &Scene<'_>, tags: &mut Tags) -> Result<(), SampoError> {
    if split(scene, tags).1.is_empty() {
        return Ok(());
    }
    let is_shallow = scene.git.is_shallow().await?;
    if !is_shallow && !tags.is_empty() {
        return Ok(());
    }
    match tags.add_remote(scene.git).await {
        Err(error) if is_shallow => Err(error.into()),
        Err(error) => {
            let message = crate::error::chain(&error);
            scene.reporter.report(Event::Warning { message: &message, hint: None });
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The participants' current versions: those that are tagged, and those that are not with the tag they would have.
fn split<'a>(scene: &Scene<'a>, tags: &Tags) -> (Vec<Candidate<'a>>, Vec<(&'a Package, Version, String)>) {
    let (mut tagged, mut untagged) = (Vec::new(), Vec::new());
    for package in scene.participants.iter().map(|participant| participant.package) {
        let Some(version) = current_version(package) else { continue };
        let tag = scene.config.git.tag(&package.id, &version.to_string());
        match tags.commit_of(&tag) {
            Some(commit) => {
                tagged.push(Candidate { package, version, tag, commit: commit.to_owned(), notes: None });
            }
            None => untagged.push((package, version, tag)),
        }
    }
    (tagged, untagged)
}

/// Adds what git knows about the commits, in a few processes for all of them.
async fn releases(candidates: Vec<Candidate<'_>>, scene: &Scene<'_>) -> Result<Vec<Release>, SampoError> {
    let commits: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.commit.as_str()).collect();
    let commits: Vec<&str> = commits.into_iter().collect();
    let times = scene.git.commit_times(&commits).await.map_err(|source| {
        let tags = candidates.iter().map(|candidate| candidate.tag.clone()).collect();
        SelectError::MissingCommits { tags, source }
    })?;
    let mut releases: Vec<Release> = candidates
        .into_iter()
        .map(|candidate| {
            let notes = candidate.notes.or_else(|| (scene.notes)(candidate.package, &candidate.version));
            let commit_time = times.get(&candidate.commit).copied().unwrap_or_default();
            let release = release(scene, candidate.package, candidate.version, candidate.tag);
            Release { commit: Some(candidate.commit), commit_time, notes, ..release }
        })
        .collect();
    releases.sort_by(in_order);
    Ok(releases)
}

fn release(scene: &Scene<'_>, package: &Package, version: Version, tag: String) -> Release {
    Release {
        package: package.id.clone(),
        version,
        tag,
        commit: None,
        commit_time: 0,
        path: package.path.clone(),
        notes: None,
        repository: scene.repository.clone(),
    }
}

fn in_order(a: &Release, b: &Release) -> std::cmp::Ordering {
    (&a.package, &a.version).cmp(&(&b.package, &b.version))
}

fn participant<'a>(scene: &Scene<'a>, id: &PackageId) -> Option<&'a Participant<'a>> {
    let index = scene.participants.binary_search_by(|participant| participant.id().cmp(id)).ok()?;
    Some(&scene.participants[index])
}

fn require_targets(scene: &Scene<'_>, package: &Package) -> Result<(), SampoError> {
    participant(scene, &package.id).map_or(Ok(()), |participant| Ok(participant.require_targets(scene.config)?))
}

/// A version that is no SemVer cannot be released.
fn current_version(package: &Package) -> Option<Version> {
    package.version.as_deref()?.parse().ok()
}

fn nothing(message: impl Into<String>, hint: Option<String>) -> Selected {
    Selected::Nothing(Nothing { message: message.into(), hint })
}

impl From<Nothing> for Selected {
    fn from(nothing: Nothing) -> Self {
        Self::Nothing(nothing)
    }
}

impl Nothing {
    /// Next in line is the current version that was tagged last; if none is tagged, one that could be.
    async fn next_in_line(scene: &Scene<'_>, tags: &Tags) -> Result<Self, SampoError> {
        let (tagged, untagged) = split(scene, tags);
        let commits: Vec<&str> = tagged.iter().map(|candidate| candidate.commit.as_str()).collect();
        // Without the commits (a shallow checkout) the order is that of the names.
        let times = scene.git.commit_times(&commits).await.unwrap_or_default();
        let last = tagged.into_iter().rev().max_by_key(|candidate| times.get(&candidate.commit).copied());
        if let Some(Candidate { package, version, tag, commit, .. }) = last {
            let commit = &commit[..commit.len().min(9)];
            return Ok(Self {
                message: "no current version is tagged at HEAD".into(),
                hint: Some(format!(
                    "next in line is `{}` {version}, tagged `{tag}` at {commit}: select it with `--tag {tag}`, or \
                     every current version with `--all`",
                    package.id
                )),
            });
        }
        let hint = untagged.first().map(|(package, version, tag)| {
            format!(
                "next in line is `{}` {version}: once `sampo publish` has made the tag `{tag}`, it is selected at that \
                 commit, and anywhere with `--tag {tag}`",
                package.id
            )
        });
        Ok(Self { message: "no current version is tagged".into(), hint })
    }
}

#[cfg(test)]
#[path = "select/select_tests.rs"]
mod tests;
