//! SHA-256 digests, and the checksum files that list them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::PathError;

/// The file that lists the digests of all artifacts of a release, in the format of `sha256sum`.
pub const FILE_NAME: &str = "SHA256SUMS";

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

/// The union of two checksum files, sorted by name; none if they contradict each other or one is no checksum file.
pub fn merge(theirs: &str, ours: &str) -> Option<String> {
    let mut lines = parse(theirs)?;
    for (name, digest) in parse(ours)? {
        if lines.insert(name, digest).is_some_and(|before| before != digest) {
            return None;
        }
    }
    Some(lines.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect())
}

fn parse(text: &str) -> Option<std::collections::BTreeMap<&str, Digest>> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (digest, name) = line.split_once(' ')?;
            // The second character is a blank for text and `*` for binary mode.
            let name = name.strip_prefix([' ', '*'])?;
            Some((name, digest.parse().ok()?))
        })
        .collect()
}
