//! Whether every target that a setting is about is one that a package is released for: a misspelt one would be
//! a setting without any effect.

use std::collections::BTreeSet;

use super::listed;
use crate::config::{Config, ConfigError};
use crate::target::{Target, nearest};

/// Fails if a runner, the extra keys of a matrix entry or the filter of a backend name a target of no package. While
/// nothing has targets yet, that is the greater lack.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let distribute = &config.distribute;
    let of_packages = distribute.packages.values().filter_map(|package| package.targets.as_ref());
    let known: BTreeSet<&Target> = distribute.targets.iter().chain(of_packages.flatten()).collect();
    if known.is_empty() {
        return Ok(());
    }
    let at = |table: &'static str| {
        move |target: &Target, message: String| {
            config.source().error_at(&["distribute", table, target.as_str()], message)
        }
    };
    check_all(distribute.runners.keys(), &known, at("runners"))?;
    check_all(distribute.matrix.keys(), &known, at("matrix"))?;
    distribute.backends.values().try_for_each(|table| {
        let filter = table.common.targets.iter().flatten();
        check_all(filter, &known, |_, message| table.error(Some("targets"), message))
    })
}

fn check_all<'a>(
    mut targets: impl Iterator<Item = &'a Target>,
    known: &BTreeSet<&Target>,
    error: impl Fn(&Target, String) -> ConfigError,
) -> Result<(), ConfigError> {
    let Some(stray) = targets.find(|target| !known.contains(target)) else { return Ok(()) };
    let hint = match nearest(stray.as_str(), known.iter().map(|target| target.as_str())) {
        Some(name) => format!("did you mean `{name}`? If not, add `{stray}` to `targets`"),
        None => format!("add it to `targets`, where these stand: {}", listed(known.iter().map(ToString::to_string))),
    };
    Err(error(stray, format!("`{stray}` is not a target of any package")).with_hint(hint))
}
