//! What a release must have, told by the configuration alone: no built file is looked at.

use glob::Pattern;

use super::checksum::{SUMS_FILE, sidecar_name};
use super::destination::Taker;
use super::model::{ArtifactKind, Release};
use super::naming;
use super::participant::Participant;
use super::resolve::ResolveError;
use crate::config::Config;
use crate::config::distribute::ArchiveFormat;
use crate::target::Target;

/// One thing that a release must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What it is called.
    pub name: Naming,
    /// What it is; several where only the file itself tells which of them.
    pub kinds: &'static [ArtifactKind],
    /// The target that it is made for.
    pub target: Option<Target>,
    /// Whether it may be missing.
    pub optional: bool,
}

/// How much of a name the configuration tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// All of it. Where a ready-made archive was delivered in its place, it has one of the names in `instead`.
    Exactly {
        /// The usual name.
        name: String,
        /// The names of ready-made archives.
        instead: Vec<String>,
    },
    /// That it is one or more of the files which any of these globs matched on the machine that delivered them.
    Matching(Vec<Pattern>),
}

impl Naming {
    /// This name and no other.
    pub fn exactly(name: impl Into<String>) -> Self {
        Self::Exactly { name: name.into(), instead: Vec::new() }
    }

    /// Those of `names` that it may stand for; empty if what is expected is not among them.
    pub fn among<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Vec<&'a str> {
        let find = |wanted: &String| names.clone().find(|name| name == wanted);
        match self {
            Self::Exactly { name, instead } => {
                std::iter::once(name).chain(instead).find_map(find).into_iter().collect()
            }
            Self::Matching(_) => names.filter(|name| self.fits(name)).collect(),
        }
    }

    /// Whether `name` may be it.
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::Exactly { name: usual, instead } => usual == name || instead.iter().any(|other| other == name),
            Self::Matching(patterns) => !is_checksum(name) && patterns.iter().any(|pattern| pattern.matches(name)),
        }
    }

    /// The name, or the globs, for people.
    pub fn label(&self) -> String {
        match self {
            Self::Exactly { name, .. } => name.clone(),
            Self::Matching(patterns) => patterns.iter().map(Pattern::as_str).collect::<Vec<_>>().join(" or "),
        }
    }

    fn sidecar(&self) -> Option<Self> {
        match self {
            Self::Exactly { name, instead } => Some(Self::Exactly {
                name: sidecar_name(name),
                instead: instead.iter().map(|name| sidecar_name(name)).collect(),
            }),
            Self::Matching(_) => None,
        }
    }
}

/// Whether a file of this name holds checksums of others.
pub fn is_checksum(name: &str) -> bool {
    name == SUMS_FILE || artifact_of_sidecar(name).is_some()
}

/// The artifact whose checksum a file of this name holds.
pub fn artifact_of_sidecar(name: &str) -> Option<&str> {
    name.strip_suffix(".sha256").filter(|artifact| sidecar_name(artifact) == name)
}

/// What `taker` must have of `release` for these targets; without any, only what belongs to no target.
pub fn expected(
    config: &Config,
    taker: &Taker,
    participant: &Participant<'_>,
    release: &Release,
    targets: &[Target],
) -> Result<Vec<Expected>, ResolveError> {
    let mut all = Vec::new();
    for target in targets.iter().filter(|_| participant.is_per_target()) {
        all.extend(of_target(config, participant, release, target)?);
    }
    for glob in participant.files {
        let name = by_glob(glob)?;
        all.push(Expected { name, kinds: &[ArtifactKind::File], target: None, optional: false });
    }
    let checksums = config.distribute.checksums;
    if checksums.has_sidecars() {
        let sidecars: Vec<Expected> = all.iter().filter_map(Expected::sidecar).collect();
        all.extend(sidecars);
    }
    all.retain(|expected| takes(taker, expected));
    let lists_something = all.iter().any(|expected| expected.kinds != [ArtifactKind::Checksum]);
    if checksums.has_file() && lists_something {
        let list = Expected {
            name: Naming::exactly(SUMS_FILE),
            kinds: &[ArtifactKind::Checksum],
            target: None,
            optional: all.iter().all(|expected| expected.optional),
        };
        all.extend(Some(list).filter(|list| takes(taker, list)));
    }
    Ok(all)
}

fn of_target(
    config: &Config,
    participant: &Participant<'_>,
    release: &Release,
    target: &Target,
) -> Result<Vec<Expected>, ResolveError> {
    let of = |name: Naming, kinds| Expected {
        name,
        kinds,
        target: Some(target.clone()),
        optional: participant.is_optional(target),
    };
    if !participant.artifacts.is_empty() {
        let variables = release.variables_for(Some(target));
        let globs = participant.artifacts.iter().map(|template| template.render_for_glob(&variables));
        return Ok(vec![ready_made(&globs.collect::<Result<Vec<_>, _>>()?, of)?]);
    }
    let kinds: &'static [ArtifactKind] = match config.distribute.archive.format_for(target) {
        ArchiveFormat::None => &[ArtifactKind::Binary],
        _ => &[ArtifactKind::Archive],
    };
    let stem = naming::build_name(&release.package, target);
    let instead: Vec<String> = ArchiveFormat::ARCHIVES.iter().map(|format| stem.clone() + format.suffix()).collect();
    let names = naming::built_names(config, participant, release, target)?;
    Ok(names.into_iter().map(|name| of(Naming::Exactly { name, instead: instead.clone() }, kinds)).collect())
}

/// One of several globs is enough: they may be written for different targets.
fn ready_made(
    globs: &[String],
    of: impl Fn(Naming, &'static [ArtifactKind]) -> Expected,
) -> Result<Expected, ResolveError> {
    let is_archive = |glob: &String| naming::archive_format_of(glob).is_some();
    let kinds: &'static [ArtifactKind] = match globs.iter().all(is_archive) {
        true => &[ArtifactKind::Archive],
        false => &[ArtifactKind::Archive, ArtifactKind::Binary],
    };
    match globs {
        [glob] => Ok(of(by_glob(glob)?, kinds)),
        globs => {
            let patterns = globs.iter().map(|glob| pattern(glob)).collect::<Result<_, _>>()?;
            Ok(of(Naming::Matching(patterns), kinds))
        }
    }
}

/// The names of the files that `glob` matches, wherever their folder is.
fn by_glob(glob: &str) -> Result<Naming, ResolveError> {
    let name = file_part(glob);
    let is_exact = !name.contains(['*', '?', '[']);
    if is_exact { Ok(Naming::exactly(name)) } else { Ok(Naming::Matching(vec![pattern(glob)?])) }
}

fn pattern(glob: &str) -> Result<Pattern, ResolveError> {
    Pattern::new(file_part(glob)).map_err(|source| ResolveError::BadGlob { glob: glob.to_owned(), source })
}

fn file_part(glob: &str) -> &str {
    glob.rsplit('/').next().unwrap_or(glob)
}

/// Where the file alone tells what it is, it is expected only of a destination that takes it in any case.
fn takes(taker: &Taker, expected: &Expected) -> bool {
    expected.kinds.iter().all(|kind| taker.takes_kind(*kind))
        && expected.target.as_ref().is_none_or(|target| taker.takes_target(target))
}

impl Expected {
    fn sidecar(&self) -> Option<Self> {
        let name = self.name.sidecar()?;
        Some(Self { name, kinds: &[ArtifactKind::Checksum], target: self.target.clone(), optional: self.optional })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among<'a>(name: &Naming, names: &[&'a str]) -> Vec<&'a str> {
        name.among(names.iter().copied())
    }

    #[test]
    fn a_ready_made_archive_stands_for_the_usual_one_only_where_that_is_missing() {
        let name =
            Naming::Exactly { name: "a-1.0.0-x.tar.gz".into(), instead: vec!["a-x.tar.gz".into(), "a-x.zip".into()] };
        assert_eq!(among(&name, &["a-x.zip", "a-1.0.0-x.tar.gz"]), ["a-1.0.0-x.tar.gz"]);
        assert_eq!(among(&name, &["a-x.zip", "b-x.zip"]), ["a-x.zip"]);
        assert_eq!(among(&name, &["b-x.zip"]), [""; 0]);
        let sidecar = name.sidecar().unwrap();
        assert!(sidecar.fits("a-1.0.0-x.tar.gz.sha256") && sidecar.fits("a-x.zip.sha256") && !sidecar.fits("a-x.zip"));
    }

    #[test]
    fn a_glob_stands_for_every_file_that_it_matches_and_for_no_checksum() {
        let name = by_glob("out/x86_64-unknown-linux-gnu/*").unwrap();
        assert_eq!(among(&name, &["a.deb", "a.deb.sha256", SUMS_FILE, "b.rpm"]), ["a.deb", "b.rpm"]);
        assert_eq!(name.label(), "*");
        assert_eq!(by_glob("docs/manual.pdf").unwrap(), Naming::exactly("manual.pdf"));
    }

    #[test]
    fn one_of_several_globs_is_enough() {
        let target: Target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let of = |name, kinds| Expected { name, kinds, target: Some(target.clone()), optional: false };
        let expected = ready_made(&["out/*.deb".into(), "out/*.zip".into()], of).unwrap();
        assert_eq!(expected.kinds, [ArtifactKind::Archive, ArtifactKind::Binary], "only a file tells what a `.deb` is");
        assert_eq!(among(&expected.name, &["a.zip", "a.rpm"]), ["a.zip"]);
        assert_eq!(expected.name.label(), "*.deb or *.zip");
        assert_eq!(ready_made(&["out/*.zip".into()], of).unwrap().kinds, [ArtifactKind::Archive]);
    }

    #[test]
    fn checksum_files_are_told_by_their_names() {
        assert!(is_checksum(SUMS_FILE) && is_checksum("a.zip.sha256") && !is_checksum("a.zip"));
        assert_eq!(artifact_of_sidecar("a.zip.sha256"), Some("a.zip"));
    }
}
