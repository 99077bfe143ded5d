//! Which digest a file must have: whoever says so first and without contradiction.

use std::collections::{BTreeMap, BTreeSet};

use super::given::Given;
use super::observe::Seen;
use super::verification::Against;
use crate::distribute::checksum::{Digest, SUMS_FILE, Sums};
use crate::distribute::expected::{artifact_of_sidecar, is_checksum};
use crate::distribute::site::Site;

/// Everything that is said about the files of one release.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    given: BTreeMap<&'a str, Digest>,
    against: Against,
    /// Lines of lists.
    lists: Claims<'a>,
    /// Lines of sidecars.
    sidecars: Claims<'a>,
    /// What destinations noted when they received a file.
    records: Claims<'a>,
    /// What the files themselves are.
    contents: Claims<'a>,
}

/// What is to be believed about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It must have this digest.
    Known(Digest, Against),
    /// Several are claimed; who says what, for people.
    Disputed(String),
    /// Nobody says anything.
    Unknown,
}

/// Who gives which digest to a file, by its name.
#[derive(Debug, Default)]
struct Claims<'a>(BTreeMap<String, Vec<(&'a str, Digest)>>);

impl<'a> Claims<'a> {
    fn add(&mut self, name: &str, backend: &'a str, digest: Digest) {
        self.0.entry(name.to_owned()).or_default().push((backend, digest));
    }

    fn of(&self, name: &str) -> &[(&'a str, Digest)] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    fn digests(&self, name: &str) -> BTreeSet<Digest> {
        self.of(name).iter().map(|(_, digest)| *digest).collect()
    }

    fn words(&self, name: &str) -> String {
        let words = self.of(name).iter().map(|(backend, digest)| format!("`{backend}` says {}", short(*digest)));
        words.collect::<Vec<_>>().join(", ")
    }
}

impl<'a> Evidence<'a> {
    /// What is `given` beforehand, and what was seen of one release at its destinations.
    pub fn gather(given: &'a Given, seen: &[(&'a Site<'a>, &Seen)]) -> Self {
        let mut evidence = Self {
            given: given.digests(),
            against: given.against(),
            lists: Claims::default(),
            sidecars: Claims::default(),
            records: Claims::default(),
            contents: Claims::default(),
        };
        for (site, seen) in seen {
            if let Seen::Files { files, .. } = seen {
                let vouches = site.backend().vouches_for_digests();
                for (name, file) in files {
                    evidence.hear_text(site.backend_name(), name, file.text.as_deref());
                    let Ok(Some(digest)) = file.digest else { continue };
                    evidence.contents.add(name, site.backend_name(), digest);
                    if let Some(recorded) = file.recorded.filter(|_| !vouches) {
                        evidence.records.add(name, site.backend_name(), recorded);
                    }
                }
            }
        }
        evidence
    }

    /// A file that is no list at all says nothing here; that is found when it is its turn to be judged.
    fn hear_text(&mut self, backend: &'a str, file: &str, text: Option<&str>) {
        let Some(Ok(sums)) = text.map(Sums::parse) else { return };
        let is_list = file == SUMS_FILE;
        for (name, digest) in sums.iter() {
            if is_list {
                self.lists.add(name, backend, digest);
            } else if artifact_of_sidecar(file) == Some(name) {
                self.sidecars.add(name, backend, digest);
            }
        }
    }

    /// What `name` must be. A contradiction between claims is settled if the file is the same at every destination and
    /// as one of them says.
    pub fn rule(&self, name: &str) -> Ruling {
        if let Some(digest) = self.given.get(name) {
            return Ruling::Known(*digest, self.against);
        }
        let contents = self.contents.digests(name);
        let tiers =
            [(&self.lists, Against::Checksums), (&self.sidecars, Against::Checksums), (&self.records, Against::Record)];
        if let Some((claims, against)) = tiers.into_iter().find(|(claims, _)| !claims.of(name).is_empty()) {
            let claimed = claims.digests(name);
            let settled = if claimed.len() == 1 { &claimed } else { &contents };
            return match (settled.len(), settled.first()) {
                (1, Some(digest)) if claimed.contains(digest) => Ruling::Known(*digest, against),
                _ => Ruling::Disputed(claims.words(name)),
            };
        }
        // What a checksum file should be follows from what it lists, not from other checksum files.
        let witnesses = self.contents.of(name).len();
        match (contents.len(), contents.first()) {
            (1, Some(digest)) if witnesses > 1 && !is_checksum(name) => Ruling::Known(*digest, Against::Agreement),
            (0 | 1, _) => Ruling::Unknown,
            _ => Ruling::Disputed(self.contents.words(name)),
        }
    }
}

/// A digest as people compare it.
pub(super) fn short(digest: Digest) -> String {
    const ENOUGH: usize = 12;
    format!("{}…", &digest.to_string()[..ENOUGH])
}

#[cfg(test)]
mod tests {
    use super::*;

    type Said = &'static [(&'static str, &'static str)];

    /// What follows for the file `a` from who says what; a digest is told by the text that it is one of.
    fn rule(given: Option<&str>, lists: Said, sidecars: Said, records: Said, contents: Said) -> Ruling {
        let claims = |said: Said| {
            let mut claims = Claims::default();
            said.iter().for_each(|(backend, text)| claims.add("a", backend, Digest::of(text)));
            claims
        };
        let evidence = Evidence {
            given: given.map(|text| ("a", Digest::of(text))).into_iter().collect(),
            against: Against::Files,
            lists: claims(lists),
            sidecars: claims(sidecars),
            records: claims(records),
            contents: claims(contents),
        };
        evidence.rule("a")
    }

    fn known(text: &str, against: Against) -> Ruling {
        Ruling::Known(Digest::of(text), against)
    }

    #[test]
    fn whoever_comes_first_is_believed() {
        let (x, y): (Said, Said) = (&[("site", "x")], &[("site", "y")]);
        assert_eq!(rule(Some("given"), x, x, x, y), known("given", Against::Files));
        assert_eq!(rule(None, x, y, y, y), known("x", Against::Checksums));
        assert_eq!(rule(None, &[], x, y, y), known("x", Against::Checksums));
        assert_eq!(rule(None, &[], &[], x, y), known("x", Against::Record));
        assert_eq!(rule(None, &[], &[], &[], x), Ruling::Unknown, "nobody vouches for itself");
        assert_eq!(rule(None, &[], &[], &[], &[]), Ruling::Unknown);
    }

    #[test]
    fn destinations_that_hold_the_same_vouch_for_each_other() {
        let same = rule(None, &[], &[], &[], &[("site", "x"), ("github", "x")]);
        assert_eq!(same, known("x", Against::Agreement));
        let different = rule(None, &[], &[], &[], &[("site", "x"), ("github", "y")]);
        let words = format!("`site` says {}, `github` says {}", short(Digest::of("x")), short(Digest::of("y")));
        assert_eq!(different, Ruling::Disputed(words));
    }

    #[test]
    fn contradicting_lists_are_settled_by_files_that_are_the_same_everywhere() {
        let lists: Said = &[("site", "x"), ("github", "y")];
        assert_eq!(rule(None, lists, &[], &[], &[("site", "x"), ("github", "x")]), known("x", Against::Checksums));
        for contents in [&[("site", "x"), ("github", "y")], &[("site", "z"), ("github", "z")]] {
            assert!(matches!(rule(None, lists, &[], &[], contents), Ruling::Disputed(_)), "{contents:?}");
        }
    }
}
