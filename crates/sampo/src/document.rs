//! Documents for programs: each goes to a file, or alone to standard output.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use sampo_core::SampoError;
use sampo_core::atomic::{self, Staged};

use crate::exit::Usage;
use crate::print;

/// What is printed on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON document, and nothing else.
    Json,
}

impl Format {
    /// Prints the one that was asked for.
    pub fn print(self, text: impl FnOnce() -> String, json: impl FnOnce() -> String) -> Result<(), SampoError> {
        match self {
            Self::Text => print::result(text()),
            Self::Json => print::line(json()),
        }
    }
}

/// Where a document goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// To this file, replacing an older one.
    File(PathBuf),
    /// To standard output, written `-`.
    StandardOutput,
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" { Self::StandardOutput } else { Self::File(text.into()) })
    }
}

impl Place {
    /// Fails if nothing can be written there.
    pub fn probe(&self) -> Result<(), SampoError> {
        match self {
            Self::File(path) => Ok(atomic::probe(path)?),
            Self::StandardOutput => Ok(()),
        }
    }

    /// Writes `text` and a line break, where it has none.
    pub fn write(&self, text: &str) -> Result<(), SampoError> {
        self.prepare(text)?.write()
    }

    /// The same in two steps: after this one, hardly anything can fail any more.
    pub fn prepare(&self, text: &str) -> Result<Prepared, SampoError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(match self {
            Self::File(path) => {
                let staged = Staged::new(path, format!("{text}\n"))?;
                staged.sync()?;
                Prepared::File(staged)
            }
            Self::StandardOutput => Prepared::StandardOutput(text.to_owned()),
        })
    }
}

/// A document that only has to be put into its place. A file is on the disk already, beside it.
#[derive(Debug)]
pub enum Prepared {
    /// For a file.
    File(Staged),
    /// For standard output.
    StandardOutput(String),
}

impl Prepared {
    /// Puts it there.
    pub fn write(self) -> Result<(), SampoError> {
        match self {
            Self::File(staged) => {
                let path = staged.commit()?;
                Ok(atomic::sync_folder(atomic::folder_of(&path))?)
            }
            Self::StandardOutput(text) => print::line(text),
        }
    }
}

/// Refuses a command line that asks for two documents on standard output; whether it asks for one.
///
/// Each option is given as it would be written for standard output, with what was written.
pub fn prints_one(format: Option<Format>, places: &[(&str, Option<&Place>)]) -> Result<bool, Usage> {
    let json = (format == Some(Format::Json)).then_some("--format json");
    let printed = places.iter().filter(|(_, place)| *place == Some(&Place::StandardOutput)).map(|(option, _)| *option);
    let printed: Vec<&str> = json.into_iter().chain(printed).collect();
    match printed.as_slice() {
        [] => Ok(false),
        [_] => Ok(true),
        several => Err(Usage(format!(
            "standard output takes one document, not those of `{}` together",
            several.join("` and `")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_output_takes_one_document() {
        let file = Place::from_str("plan.json").unwrap();
        let output = Place::from_str("-").unwrap();
        assert!(!prints_one(Some(Format::Text), &[("--plan -", Some(&file)), ("--build-matrix -", None)]).unwrap());
        assert!(prints_one(None, &[("--plan -", Some(&output))]).unwrap());
        let error = prints_one(Some(Format::Json), &[("--plan -", Some(&output))]).unwrap_err();
        assert!(error.to_string().contains("`--format json` and `--plan -`"), "{error}");
    }

    #[test]
    fn a_prepared_document_stands_in_its_place_only_once_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/plan.json");
        let place = Place::File(path.clone());
        drop(place.prepare("{}").unwrap());
        assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
        let prepared = place.prepare("{}").unwrap();
        assert!(!path.exists());
        prepared.write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
        assert!(Place::File(folder.path().into()).prepare("{}").is_err(), "a folder");
    }
}
