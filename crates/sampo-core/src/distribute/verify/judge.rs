//! What is right and what is wrong at one destination: pure, from what was seen there and what is to be believed.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, Ruling, short};
use super::given::Wanted;
use super::observe::{Seen, SeenFile};
use super::verification::{Against, Check, CheckStatus, Inspection, Visibility};
use crate::distribute::backend::{BackendError, Presence};
use crate::distribute::checksum::{Digest, SUMS_FILE, Sums};
use crate::distribute::expected::{artifact_of_sidecar, is_checksum};
use crate::distribute::model::Item;
use crate::distribute::site::Site;

/// As many faults of a list as a person wants to read.
const MANY: usize = 5;

/// What helps where a destination cannot be asked.
const CHECK_TELLS: &str = "a `command` backend can tell with a `check`";

/// The judgement of one site. With `strays`, files that nobody expects are named.
pub(super) fn inspect(
    site: &Site<'_>,
    seen: &Seen,
    wanted: &[Wanted],
    evidence: &Evidence<'_>,
    strays: bool,
) -> Inspection {
    let inspection = |visibility, checks| Inspection {
        backend: site.backend_name().to_owned(),
        place: site.place.clone().ok(),
        visibility,
        code: None,
        message: None,
        hint: None,
        checks,
    };
    let failed = |visibility, error: &BackendError| Inspection {
        code: Some(error.code.to_owned()),
        message: Some(error.message.clone()),
        hint: error.hint.clone(),
        ..inspection(visibility, Vec::new())
    };
    match seen {
        Seen::LeftOut(reason) => {
            Inspection { message: Some(reason.clone()), ..inspection(Visibility::LeftOut, Vec::new()) }
        }
        Seen::Failed(error) => failed(Visibility::Unreachable, error),
        Seen::Mute(error) => Inspection {
            hint: Some(format!("{CHECK_TELLS}, where the files are on this machine")),
            ..failed(Visibility::Unknown, error)
        },
        Seen::Nothing => inspection(Visibility::Absent, wanted.iter().map(absent).collect()),
        Seen::Surveyed(presences) => {
            let checks: Vec<Check> = presences.iter().map(|(item, presence)| surveyed(item, presence)).collect();
            let is_told = checks.iter().any(|check| check.status != CheckStatus::Unknown);
            match is_told {
                true => inspection(Visibility::Visible, checks),
                false => Inspection { hint: Some(CHECK_TELLS.into()), ..inspection(Visibility::Unknown, checks) },
            }
        }
        Seen::Files { finished, files } => {
            let checks = Judge { site, files, evidence }.checks(wanted, strays);
            inspection(if *finished { Visibility::Visible } else { Visibility::Unfinished }, checks)
        }
    }
}

fn absent(wanted: &Wanted) -> Check {
    let status = if wanted.optional { CheckStatus::LeftOut } else { CheckStatus::Missing };
    Check { target: wanted.target.clone(), ..Check::new(wanted.name.label(), status) }
}

fn surveyed(item: &Item, presence: &Presence) -> Check {
    let check = |status| Check {
        target: item.artifact.as_ref().and_then(|artifact| artifact.target.clone()),
        expected_sha256: item.artifact.as_ref().map(|artifact| artifact.sha256),
        against: Some(Against::Check),
        ..Check::new(&item.name, status)
    };
    match presence {
        Presence::Identical => check(CheckStatus::Identical),
        Presence::Absent => check(CheckStatus::Missing),
        Presence::Different(found) => check(CheckStatus::Different).because(format!("there is {}", found.description)),
        Presence::Incomplete => check(CheckStatus::Incomplete),
        Presence::Closed(reason) => check(CheckStatus::Different).because(reason),
        Presence::Unknown => Check { against: None, ..check(CheckStatus::Unknown) },
    }
}

/// The files at one destination before their judge.
struct Judge<'a> {
    site: &'a Site<'a>,
    files: &'a BTreeMap<String, SeenFile>,
    evidence: &'a Evidence<'a>,
}

impl Judge<'_> {
    fn checks(&self, wanted: &[Wanted], strays: bool) -> Vec<Check> {
        let names = self.files.keys().map(String::as_str);
        let found: Vec<(&Wanted, Vec<&str>)> =
            wanted.iter().map(|wanted| (wanted, wanted.name.among(names.clone()))).collect();
        let artifacts = found.iter().flat_map(|(_, names)| names);
        let artifacts: BTreeSet<&str> = artifacts.copied().filter(|name| !is_checksum(name)).collect();
        let mut checks: BTreeMap<String, Check> = BTreeMap::new();
        for (wanted, names) in &found {
            if names.is_empty() {
                checks.insert(wanted.name.label(), absent(wanted));
            }
            for name in names {
                let check = Check { target: wanted.target.clone(), ..self.check(name, &artifacts) };
                checks.insert((*name).to_owned(), check);
            }
        }
        for (name, file) in self.files.iter().filter(|_| strays) {
            if !checks.contains_key(name) && self.site.is_stray(name) {
                let message = "the configuration knows nothing of it";
                let extra = Check { bytes: Some(file.bytes), ..Check::new(name, CheckStatus::Extra).because(message) };
                checks.insert(name.clone(), extra);
            }
        }
        checks.into_values().collect()
    }

    fn check(&self, name: &str, artifacts: &BTreeSet<&str>) -> Check {
        let file = &self.files[name];
        let check = match &file.digest {
            _ if !file.complete => {
                Check::new(name, CheckStatus::Incomplete).because("its upload was begun and has not ended")
            }
            Err(error) => Check::failed(name, CheckStatus::Unreachable, error),
            Ok(digest) if name == SUMS_FILE => self.list(file, *digest, artifacts),
            Ok(digest) => match artifact_of_sidecar(name) {
                Some(artifact) => self.sidecar(name, artifact, file, *digest),
                None => self.artifact(name, file, *digest),
            },
        };
        Check { bytes: Some(file.bytes), ..check }
    }

    fn artifact(&self, name: &str, file: &SeenFile, digest: Option<Digest>) -> Check {
        let check = |status| Check { sha256: digest, ..Check::new(name, status) };
        let (expected, against) = match self.evidence.rule(name) {
            Ruling::Known(expected, against) => (expected, against),
            Ruling::Disputed(words) => {
                return check(CheckStatus::Different).because(format!("nothing settles what it should be: {words}"));
            }
            Ruling::Unknown => return check(CheckStatus::Unverified).because("nothing says what it should be"),
        };
        let check = |status| Check { expected_sha256: Some(expected), against: Some(against), ..check(status) };
        match (digest, file.recorded) {
            (Some(found), _) if found != expected => {
                let message = format!("it has SHA-256 {} instead of {}", short(found), short(expected));
                check(CheckStatus::Different).because(message)
            }
            (Some(found), Some(recorded)) if found != recorded => {
                let message = format!("the destination gives it SHA-256 {}", short(recorded));
                check(CheckStatus::Inconsistent).because(message)
            }
            _ => check(CheckStatus::Identical),
        }
    }

    /// A list is right if it fits what stands beside it: two destinations may have different ones.
    fn list(&self, file: &SeenFile, digest: Option<Digest>, artifacts: &BTreeSet<&str>) -> Check {
        let check = |status| Check { sha256: digest, ..Check::new(SUMS_FILE, status) };
        let sums = match parse(file) {
            Ok(sums) => sums,
            Err(reason) => return check(CheckStatus::Inconsistent).because(reason),
        };
        let is_there = |name: &str| self.files.get(name).is_some_and(|file| file.complete);
        let strange = sums.iter().filter_map(|(name, listed)| {
            if !is_there(name) {
                return Some(format!("it lists `{name}`, which is not there"));
            }
            (!self.fits(name, listed)).then(|| format!("it gives `{name}` another digest, {}", short(listed)))
        });
        let unlisted = artifacts.iter().filter(|name| is_there(name) && sums.get(name).is_none());
        let unlisted = unlisted.map(|name| format!("it does not list `{name}`"));
        let faults: Vec<String> = strange.chain(unlisted).collect();
        match faults.len() {
            0 => check(CheckStatus::Identical),
            count => {
                let more = if count > MANY { format!("; and {} more", count - MANY) } else { String::new() };
                let message = faults[..count.min(MANY)].join("; ") + &more;
                check(CheckStatus::Inconsistent).because(message)
            }
        }
    }

    fn sidecar(&self, name: &str, artifact: &str, file: &SeenFile, digest: Option<Digest>) -> Check {
        let check = |status| Check { sha256: digest, ..Check::new(name, status) };
        if let Ruling::Known(expected, against) = self.evidence.rule(name)
            && digest == Some(expected)
        {
            return Check { expected_sha256: digest, against: Some(against), ..check(CheckStatus::Identical) };
        }
        let sums = match parse(file) {
            Ok(sums) => sums,
            Err(reason) => return check(CheckStatus::Inconsistent).because(reason),
        };
        match sums.get(artifact) {
            None => check(CheckStatus::Inconsistent).because(format!("it does not list `{artifact}`")),
            Some(listed) if !self.fits(artifact, listed) => {
                let message = format!("it gives `{artifact}` another digest, {}", short(listed));
                check(CheckStatus::Inconsistent).because(message)
            }
            Some(_) => check(CheckStatus::Identical),
        }
    }

    /// Whether `listed` is what `name` must be, or at least what it is.
    fn fits(&self, name: &str, listed: Digest) -> bool {
        let found = || self.files.get(name).and_then(|file| file.digest.as_ref().ok().copied().flatten());
        match self.evidence.rule(name) {
            Ruling::Known(expected, _) => listed == expected,
            Ruling::Disputed(_) | Ruling::Unknown => found().is_none_or(|found| listed == found),
        }
    }
}

fn parse(file: &SeenFile) -> Result<Sums, String> {
    let text = file.text.as_deref().ok_or("it is too large to be a checksum file")?;
    Sums::parse(text).map_err(|error| error.to_string())
}
