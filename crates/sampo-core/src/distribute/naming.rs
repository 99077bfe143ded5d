//! The names of artifacts: what is built, what is packed, and what names are fit to be delivered.

use std::borrow::Cow;

use super::model::Release;
use super::participant::Participant;
use crate::config::Config;
use crate::config::distribute::{ArchiveConfig, ArchiveFormat};
use crate::target::Target;
use crate::template::TemplateError;
use crate::workspace::PackageId;

/// The longest file name that every usual file system takes.
const LONGEST: usize = 255;

/// `CRATE-TARGET`: the folder that one build leaves behind, and its name as a workflow artifact.
pub fn build_name(package: &PackageId, target: &Target) -> String {
    format!("{}-{target}", file_name_part(package.name()))
}

/// A package's name as part of a file name; names of other ecosystems may be scoped (`@acme/tool`).
pub fn file_name_part(name: &str) -> Cow<'_, str> {
    if name.contains(['/', '\\']) {
        Cow::Owned(name.trim_start_matches('@').replace(['/', '\\'], "-"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The name of the archive of a release for `target` without its suffix, which is also the folder in it.
pub fn archive_stem(config: &ArchiveConfig, release: &Release, target: &Target) -> Result<String, TemplateError> {
    stem(config, release, target, release.package.name())
}

/// The name of one executable that is delivered as it is: that of the archive, with the executable's name in place of
/// the package's where there are several.
pub fn raw_binary_name(
    config: &ArchiveConfig,
    release: &Release,
    target: &Target,
    participant: &Participant<'_>,
    binary: &str,
) -> Result<String, TemplateError> {
    let name = if participant.binaries.len() > 1 { binary } else { release.package.name() };
    Ok(stem(config, release, target, name)? + target.executable_suffix())
}

/// The names of what is made of a build for `target`; none where ready-made artifacts take its place.
pub fn built_names(
    config: &Config,
    participant: &Participant<'_>,
    release: &Release,
    target: &Target,
) -> Result<Vec<String>, TemplateError> {
    let archive = &config.distribute.archive;
    if !participant.artifacts.is_empty() {
        return Ok(Vec::new());
    }
    match archive.format_for(target) {
        ArchiveFormat::None => {
            let binaries = participant.binaries.iter();
            binaries.map(|binary| raw_binary_name(archive, release, target, participant, binary)).collect()
        }
        format => Ok(vec![archive_stem(archive, release, target)? + format.suffix()]),
    }
}

fn stem(config: &ArchiveConfig, release: &Release, target: &Target, name: &str) -> Result<String, TemplateError> {
    let name = file_name_part(name);
    let mut variables = release.variables_for(Some(target));
    variables.set("package", name.as_ref()).set("crate", name.as_ref());
    config.name.render(&variables)
}

/// Whether a file name is that of an archive that Sampo could have made.
pub fn archive_format_of(name: &str) -> Option<ArchiveFormat> {
    ArchiveFormat::ARCHIVES.iter().copied().find(|format| name.ends_with(format.suffix()))
}

/// What keeps `name` from being a file name at every destination; none if nothing does.
pub fn defect(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it is empty"),
        "." | ".." => Some("it names a folder"),
        _ if name.contains(['/', '\\']) => Some("it contains a path separator"),
        _ if name.chars().any(char::is_control) => Some("it contains a control character"),
        _ if name.len() > LONGEST => Some("it is longer than 255 bytes"),
        _ if name.starts_with(' ') || name.ends_with([' ', '.']) => {
            Some("it begins or ends with a blank or ends with a dot, which Windows drops")
        }
        _ if name.starts_with('-') => Some("it begins with `-`, which tools take for an option"),
        _ => None,
    }
}

/// Two names with the same key are one file on the file systems of macOS and Windows.
pub fn collision_key(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Ecosystem;

    #[test]
    fn names_that_are_no_file_name_somewhere_are_found_out() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0", "-rf", " a", "a ", "a.", &"x".repeat(256)] {
            assert!(defect(name).is_some(), "{name:?}");
        }
        for name in ["a", ".hidden", "a b", "my-cli-1.0.0+build.1-x86_64.tar.gz", "größe"] {
            assert_eq!(defect(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_scoped_name_stays_one_file_name() {
        let target = "x86_64-unknown-linux-gnu".parse().unwrap();
        let id = PackageId::new(Ecosystem::Cargo, "@acme/tool");
        assert_eq!(build_name(&id, &target), "acme-tool-x86_64-unknown-linux-gnu");
    }
}
