//! What `cargo binstall` must be told in the manifests of the programs.

use super::SetupError;
use super::toml_file::TomlFile;
use crate::config::Config;
use crate::distribute::binstall::{self, Advice};
use crate::distribute::participant::Participant;
use crate::transaction::{self, Change};

/// The manifests that lack something. `repository` is the address that theirs must name, where it is known.
pub(super) fn changes(
    config: &Config,
    participants: &[Participant<'_>],
    repository: Option<&str>,
) -> Result<Vec<Change>, SetupError> {
    let changes = participants.iter().map(|participant| change(config, participant, repository));
    changes.filter_map(Result::transpose).collect()
}

fn change(
    config: &Config,
    participant: &Participant<'_>,
    repository: Option<&str>,
) -> Result<Option<Change>, SetupError> {
    if !binstall::is_within_reach(config, participant) {
        return Ok(None);
    }
    let path = &participant.package.manifest;
    let Some(before) = transaction::read(path)? else { return Ok(None) };
    let mut manifest = TomlFile::parse(path, &before)?;
    if let Some(repository) = repository.filter(|_| manifest.get(&["package", "repository"]).is_none()) {
        manifest.set(&["package"], "repository", repository);
    }
    if let Some(Advice { lines, .. }) = binstall::advice(config, participant) {
        manifest.merge(
            &lines
                .parse::<toml_edit::DocumentMut>()
                .map_err(|source| SetupError::Toml { path: path.clone(), source: Box::new(source) })?,
        );
    }
    let after = manifest.into_text();
    Ok((after != before).then(|| Change { path: path.clone(), before: Some(before), after: Some(after) }))
}
