//! Where the folder of a release is: what the template says, and nothing that a name could make of it.

use std::path::{Path, PathBuf};

use semver::Version;

use super::failure::invalid;
use crate::distribute::backend::BackendError;
use crate::distribute::model::Release;
use crate::distribute::naming;
use crate::template::{ReleaseScope, Template, TemplateError};

/// The folder of `release` as a path that may start at the root of the workspace.
pub(super) fn folder(template: &Template<ReleaseScope>, release: &Release) -> Result<PathBuf, BackendError> {
    let path = template.render(&release.variables()).map_err(|error| invalid(&error))?;
    match stray(template.source(), &path) {
        None => Ok(path.into()),
        Some(reason) => {
            let message = format!("`{path}` cannot be the folder of `{}`: {reason}", release.tag);
            Err(BackendError::new("folder-name", message)
                .with_hint("the names in it must be those of folders; change `path`, or the name that does not fit"))
        }
    }
}

/// What is wrong with the template for every release; none if nothing is.
pub(super) fn defect(template: &Template<ReleaseScope>, is_ordered: bool) -> Result<Option<String>, TemplateError> {
    let source = template.source();
    let at = |minor: u64| {
        let version = Version::new(1, minor, 0);
        let release = Release { tag: format!("my-cli-v{version}"), version, ..Release::example() };
        template.render(&release.variables())
    };
    let (one, other) = (at(2)?, at(3)?);
    let shelf = |path: &str| Path::new(path).parent().map(Path::to_owned);
    Ok(if one == other {
        Some(format!(
            "`{source}` is the same folder for every version: it must contain `{{{{ version }}}}` or `{{{{ tag }}}}`"
        ))
    } else if let Some(reason) = stray(source, &one) {
        Some(format!("`{source}` cannot be the folder of a release: {reason}"))
    } else if is_ordered && shelf(&one) != shelf(&other) {
        Some(format!(
            "`latest` and `keep` need the releases of a package side by side: let `{source}` end with the version, or set \
             `latest = false`"
        ))
    } else {
        None
    })
}

/// Why `path`, which `source` was rendered to, is not below the folder that `source` begins with.
fn stray(source: &str, path: &str) -> Option<String> {
    let is_separator = |c: char| c == '/' || (cfg!(windows) && c == '\\');
    let written: Vec<&str> = source.split(is_separator).collect();
    let parts: Vec<&str> = path.split(is_separator).collect();
    let climbs = |parts: &[&str]| parts.iter().take_while(|part| matches!(**part, "." | "..")).count();
    if Path::new(path).has_root() != Path::new(source).has_root() || climbs(&parts) != climbs(&written) {
        return Some("it begins elsewhere than is written".into());
    }
    let below = &parts[climbs(&parts)..];
    if below.contains(&"..") {
        return Some("`..` leads out of it".into());
    }
    // What is written there is what is wanted; what comes from a name must be fit to be one.
    let from_names =
        below.iter().enumerate().filter(|(index, part)| !(written.contains(part) || part.is_empty() && *index == 0));
    let last = below.len() - 1;
    from_names
        .filter(|(index, part)| !(*index == last && part.is_empty() && source.ends_with(is_separator)))
        .find_map(|(_, part)| naming::defect(part).map(|reason| format!("`{part}` is no name for a folder: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Ecosystem, PackageId};

    fn folder_of(source: &str, name: &str, tag: &str) -> Result<PathBuf, String> {
        let template = Template::parse(source).unwrap();
        let package = PackageId::new(Ecosystem::Cargo, name);
        let release = Release { package, tag: tag.into(), ..Release::example() };
        folder(&template, &release).map_err(|error| {
            assert_eq!(error.code, "folder-name");
            error.message
        })
    }

    #[test]
    fn names_stay_below_the_folder_that_is_written() {
        for (source, name, tag, expected) in [
            ("site/{{ crate }}/{{ version }}", "my-cli", "v1", "site/my-cli/1.2.0"),
            ("site/{{ crate }}/{{ version }}", "@acme/tool", "v1", "site/@acme/tool/1.2.0"),
            ("site/{{ tag }}", "x", "release/v1.2.0", "site/release/v1.2.0"),
            ("/srv/{{ crate }}-{{ version }}/", "x", "v1", "/srv/x-1.2.0/"),
            ("../../www/{{ version }}", "x", "v1", "../../www/1.2.0"),
            ("./{{ version }}", "x", "v1", "./1.2.0"),
        ] {
            assert_eq!(folder_of(source, name, tag).unwrap(), Path::new(expected), "{source}");
        }
        for (name, tag) in [
            ("..", "v1"),
            ("../x", "v1"),
            ("a/../../b", "v1"),
            ("a\nb", "v1"),
            ("a//b", "v1"),
            ("a.", "v1"),
            ("x", "-v1"),
        ] {
            let message = folder_of("site/{{ crate }}/{{ tag }}", name, tag).unwrap_err();
            assert!(message.contains("cannot be the folder of"), "{message}");
        }
        for name in ["/etc", "../etc", ".."] {
            folder_of("{{ crate }}/{{ version }}", name, "v1").unwrap_err();
        }
    }

    #[test]
    fn a_template_that_is_unfit_for_every_release_is_found_out() {
        let defect = |source: &str, is_ordered: bool| defect(&Template::parse(source).unwrap(), is_ordered).unwrap();
        for fit in
            ["site/{{ version }}", "{{ crate }}/{{ tag }}/", "/srv/{{ crate }}-{{ version }}", "../{{ version }}"]
        {
            assert_eq!(defect(fit, true), None, "{fit}");
        }
        assert!(defect("site/{{ crate }}", false).unwrap().contains("same folder for every version"));
        assert!(defect("site/{{ version }}/..", false).unwrap().contains("`..` leads out of it"));
        let apart = "{{ version }}/{{ crate }}";
        assert_eq!(defect(apart, false), None);
        assert!(defect(apart, true).unwrap().contains("side by side"));
    }
}
