//! SHA-256 digests, and the checksum files that list them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::PathError;

/// The name of the file that lists the digests of a whole release.
pub const SUMS_FILE: &str = "SHA256SUMS";

/// The name of the file beside the artifact `name` that holds its digest.
pub fn sidecar_name(name: &str) -> String {
    format!("{name}.sha256")
}

/// The SHA-256 digest of a file, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// The digest and the length of a file, read once.
    pub fn of_file(path: &Path) -> Result<(Self, u64), PathError> {
        let mut file = File::open(path).map_err(PathError::new("read", path))?;
        Self::of_reader(&mut file).map_err(PathError::new("read", path))
    }

    /// The digest and the length of what is left in `reader`.
    pub fn of_reader(reader: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 * 1024];
        let mut bytes = 0;
        loop {
            let read = reader.read(&mut buffer)?;
            if read == 0 {
                return Ok((Self(hasher.finalize().into()), bytes));
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    }

    /// The digest as bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// The text is not a SHA-256 digest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a SHA-256 digest: expected 64 hexadecimal digits")]
pub struct DigestError(String);

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError(text.to_owned()))?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A SHA-256 digest" })
    }
}

/// The digests of several files by name, as `sha256sum` writes and checks them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<String, Digest>);

/// A line is not one of `sha256sum`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line} is not a checksum: expected 64 hexadecimal digits, two blanks and a file name")]
pub struct SumsError {
    line: usize,
}

impl Sums {
    /// Reads a checksum file. Marks of binary mode (`*NAME`), line ends of Windows and empty lines are accepted; anything
    /// else that is no checksum is refused, and so is a second digest for one name.
    pub fn parse(text: &str) -> Result<Self, SumsError> {
        let mut sums = BTreeMap::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() {
                continue;
            }
            let (name, digest) = parse_line(line).ok_or(SumsError { line: index + 1 })?;
            if sums.insert(name.to_owned(), digest).is_some_and(|other| other != digest) {
                return Err(SumsError { line: index + 1 });
            }
        }
        Ok(Self(sums))
    }

    /// The digest of `name`.
    pub fn get(&self, name: &str) -> Option<Digest> {
        self.0.get(name).copied()
    }

    /// These lines, with those of `ours` in place of their own.
    pub fn overlaid_by(mut self, ours: Self) -> Self {
        self.0.extend(ours.0);
        self
    }

    /// The names and digests, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.0.iter().map(|(name, digest)| (name.as_str(), *digest))
    }
}

fn parse_line(line: &str) -> Option<(&str, Digest)> {
    let (digest, name) = line.split_at_checked(64)?;
    let name = name.strip_prefix(' ')?;
    let name = name.strip_prefix([' ', '*'])?;
    (!name.is_empty()).then_some(())?;
    Some((name, digest.parse().ok()?))
}

impl FromIterator<(String, Digest)> for Sums {
    fn from_iter<I: IntoIterator<Item = (String, Digest)>>(sums: I) -> Self {
        Self(sums.into_iter().collect())
    }
}

impl fmt::Display for Sums {
    /// A line for each name, sorted: `sha256sum --check` reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, digest)| writeln!(f, "{digest}  {name}"))
    }
}

/// What comes of two checksum files for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// Every line of both.
    Union(Sums),
    /// This name has another digest in each, so that one of them is wrong.
    Contradiction(String),
}

/// Adds the lines of `ours` to those that stand in `existing` already. Neither may hold anything but checksums.
pub fn merge(existing: &str, ours: &str) -> Result<Merge, SumsError> {
    let mut union = Sums::parse(existing)?;
    for (name, digest) in Sums::parse(ours)?.0 {
        if union.get(&name).is_some_and(|other| other != digest) {
            return Ok(Merge::Contradiction(name));
        }
        union.0.insert(name, digest);
    }
    Ok(Merge::Union(union))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(content: &str, name: &str) -> String {
        format!("{}  {name}\n", Digest::of(content))
    }

    #[test]
    fn a_checksum_file_is_written_as_it_is_read() {
        let text = line("a", "a b.tar.gz") + &line("b", "b.zip");
        assert_eq!(Sums::parse(&text).unwrap().to_string(), text);
    }

    #[test]
    fn other_tools_ways_of_writing_are_understood() {
        let text = line("b", "b.zip").to_uppercase().replace("B.ZIP\n", "b.zip\r\n\r\n")
            + &line("a", "a").replace("  a", " *a");
        let sums = Sums::parse(&text).unwrap();
        assert_eq!(sums.get("b.zip"), Some(Digest::of("b")));
        assert_eq!(sums.get("a"), Some(Digest::of("a")));
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        let good = line("a", "a");
        for bad in ["Not Found", "<html>", &good[1..], &good.replace("  a", " a"), &line("a", ""), &line("b", "a")] {
            assert_eq!(Sums::parse(&format!("{good}{bad}")).unwrap_err(), SumsError { line: 2 }, "{bad}");
        }
    }

    #[test]
    fn merging_keeps_every_line_unless_a_name_contradicts() {
        let (a, b) = (line("a", "a"), line("b", "b"));
        let union = Merge::Union(Sums::parse(&format!("{a}{b}")).unwrap());
        assert_eq!(merge(&b, &a).unwrap(), union);
        assert_eq!(merge(&format!("{b}{a}"), &a).unwrap(), union);
        assert_eq!(merge(&a, &line("other", "a")).unwrap(), Merge::Contradiction("a".into()));
        assert!(merge("Not Found", &a).is_err());
    }
}
