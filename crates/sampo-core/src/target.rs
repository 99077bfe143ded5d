//! A platform that binaries are built for, named by its Rust target triple.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::similar::nearest;

/// A Rust target triple such as `x86_64-unknown-linux-gnu`.
///
/// Any well-formed triple is accepted, also of targets that are newer than this program; what is derived from it
/// (operating system, suffix, runner) follows the naming rules of the Rust project's target list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target(String);

/// The text is not a target triple.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{triple}` is not a target triple: expected something like `x86_64-unknown-linux-gnu`{}", suggestion(.nearest.as_deref()))]
pub struct TargetError {
    triple: String,
    nearest: Option<String>,
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Where GitHub builds the usual targets natively. Labels that end in `-latest` move and are never used.
const RUNNERS: &[(&str, &str)] = &[
    ("x86_64-unknown-linux-gnu", "ubuntu-24.04"),
    ("x86_64-unknown-linux-musl", "ubuntu-24.04"),
    ("aarch64-unknown-linux-gnu", "ubuntu-24.04-arm"),
    ("aarch64-unknown-linux-musl", "ubuntu-24.04-arm"),
    ("i686-unknown-linux-gnu", "ubuntu-24.04"),
    ("i686-unknown-linux-musl", "ubuntu-24.04"),
    ("armv7-unknown-linux-gnueabihf", "ubuntu-24.04"),
    ("armv7-unknown-linux-musleabihf", "ubuntu-24.04"),
    ("riscv64gc-unknown-linux-gnu", "ubuntu-24.04"),
    ("aarch64-apple-darwin", "macos-15"),
    ("x86_64-apple-darwin", "macos-15-intel"),
    ("x86_64-pc-windows-msvc", "windows-2025"),
    ("x86_64-pc-windows-gnu", "windows-2025"),
    ("i686-pc-windows-msvc", "windows-2025"),
    ("aarch64-pc-windows-msvc", "windows-11-arm"),
];

/// The last parts of triples that are complete with two parts only (`aarch64-linux-android`, `wasm32-wasip1`).
const SHORT_SYSTEMS: &[&str] = &["wasip1", "wasip2", "wasip3", "wasi"];

impl Target {
    /// The triple as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The processor architecture as the triple names it: `x86_64`, `aarch64`, `armv7`, `riscv64gc`.
    pub fn arch(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The operating system: `linux`, `macos`, `windows`, or the triple's own word for a rarer one.
    pub fn os(&self) -> &str {
        let parts: Vec<&str> = self.0.split('-').collect();
        if self.0.contains("-windows-") {
            return "windows";
        }
        match parts.as_slice() {
            [_, _, "darwin", ..] => "macos",
            [_, system] => system,
            [_, "linux", ..] => "linux",
            [_, _, system, ..] => system,
            _ => "",
        }
    }

    /// Whether binaries for it are Windows executables.
    pub fn is_windows(&self) -> bool {
        self.os() == "windows"
    }

    /// The suffix of an executable: `.exe`, `.wasm` or nothing.
    pub fn executable_suffix(&self) -> &'static str {
        match self.arch() {
            "wasm32" | "wasm64" => ".wasm",
            _ if self.is_windows() => ".exe",
            _ => "",
        }
    }

    /// The triples that GitHub-hosted machines are known for.
    pub fn with_runners() -> impl Iterator<Item = &'static str> {
        RUNNERS.iter().map(|(triple, _)| *triple)
    }

    /// The runner label of GitHub-hosted machines that can build it, where one is known.
    pub fn default_runner(&self) -> Option<&'static str> {
        RUNNERS.iter().find(|(triple, _)| *triple == self.0).map(|(_, runner)| *runner)
    }

    /// The label of a machine of its operating system; one with Linux for a system that GitHub has no machine of.
    pub fn similar_runner(&self) -> &'static str {
        match self.os() {
            "windows" => "windows-2025",
            "macos" | "ios" | "tvos" | "watchos" | "visionos" => "macos-15",
            _ => "ubuntu-24.04",
        }
    }

    /// The usual target of which this is likely a misspelling: another one, and a letter or two away.
    pub fn meant(&self) -> Option<&'static str> {
        let distances = RUNNERS.iter().map(|(triple, _)| (strsim::osa_distance(&self.0, triple), *triple));
        distances.filter(|(distance, _)| (1..=2).contains(distance)).min().map(|(_, triple)| triple)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(triple: &str) -> Result<Self, TargetError> {
        let parts: Vec<&str> = triple.split('-').collect();
        let well_formed = parts.iter().all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.'))
        });
        let complete = match parts.len() {
            2 => SHORT_SYSTEMS.contains(&parts[1]),
            3..=5 => true,
            _ => false,
        };
        if well_formed && complete && parts[0].starts_with(|c: char| c.is_ascii_lowercase()) {
            return Ok(Self(triple.to_owned()));
        }
        let nearest = nearest(triple, RUNNERS.iter().map(|(triple, _)| *triple)).map(str::to_owned);
        Err(TargetError { triple: triple.to_owned(), nearest })
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(triple: String) -> Result<Self, TargetError> {
        triple.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl schemars::JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A Rust target triple",
            "examples": ["x86_64-unknown-linux-gnu"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triple_tells_system_architecture_and_suffix() {
        let table = [
            ("x86_64-unknown-linux-gnu", "x86_64", "linux", ""),
            ("armv7-unknown-linux-musleabihf", "armv7", "linux", ""),
            ("aarch64-linux-android", "aarch64", "linux", ""),
            ("aarch64-apple-darwin", "aarch64", "macos", ""),
            ("aarch64-apple-ios", "aarch64", "ios", ""),
            ("x86_64-pc-windows-msvc", "x86_64", "windows", ".exe"),
            ("x86_64-unknown-freebsd", "x86_64", "freebsd", ""),
            ("wasm32-wasip1", "wasm32", "wasip1", ".wasm"),
            ("thumbv8m.main-none-eabi", "thumbv8m.main", "eabi", ""),
        ];
        for (triple, arch, os, suffix) in table {
            let target: Target = triple.parse().unwrap();
            assert_eq!((target.arch(), target.os(), target.executable_suffix()), (arch, os, suffix), "{triple}");
        }
    }

    #[test]
    fn what_is_no_triple_is_refused_with_the_nearest_known_one() {
        for triple in
            ["", "linux", "x86_64", "x86_64-linux", "x86_64--linux-gnu", "X86_64-unknown-linux-gnu", "../x/y-a-b"]
        {
            assert!(triple.parse::<Target>().is_err(), "{triple}");
        }
        let error = "x86_64_unknown-linux-gnu-".parse::<Target>().unwrap_err();
        assert!(error.to_string().ends_with("did you mean `x86_64-unknown-linux-gnu`?"), "{error}");
    }

    #[test]
    fn a_letter_or_two_away_from_a_usual_target_is_a_misspelling() {
        let table = [
            ("x86_64-unkown-linux-gnu", Some("x86_64-unknown-linux-gnu")),
            ("aarch64-aplpe-darwin", Some("aarch64-apple-darwin")),
            ("x86_64-unknown-linux-gnu", None),
            ("x86_64-unknown-freebsd", None),
        ];
        for (triple, meant) in table {
            assert_eq!(triple.parse::<Target>().unwrap().meant(), meant, "{triple}");
        }
    }

    #[test]
    fn no_default_runner_is_a_moving_label() {
        for (triple, runner) in RUNNERS {
            assert!(triple.parse::<Target>().is_ok());
            assert!(!runner.ends_with("-latest"));
        }
    }
}
