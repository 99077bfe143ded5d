//! Which packages take part: those to upload, in order, and those that are only tagged.

use std::collections::HashSet;

use super::{PublishError, order};
use crate::config::Config;
use crate::workspace::{DependencyKind, Package, PackageId, Workspace};

/// The packages that take part.
#[derive(Debug)]
pub(super) struct Participants<'a> {
    /// To be in their registries, each after what it needs.
    pub publishable: Vec<&'a Package>,
    /// To be tagged only, sorted by id.
    pub tagged: Vec<&'a Package>,
}

/// Splits the packages and puts them in order. Pure: nothing is asked of git or a registry.
pub(super) fn participants<'a>(workspace: &'a Workspace, config: &Config) -> Result<Participants<'a>, PublishError> {
    let visible = workspace.packages.iter().filter(|package| !config.packages.ignores(package));
    let (publishable, unpublishable): (Vec<&Package>, Vec<&Package>) = visible.partition(|package| package.publishable);
    let missing = missing_dependencies(&publishable);
    if !missing.is_empty() {
        return Err(PublishError::UnpublishableDependencies { missing });
    }
    let publishable = order::in_waves(&publishable).map_err(|packages| PublishError::Cycle { packages })?;
    let tagged = unpublishable.into_iter().filter(|package| config.git.tag_unpublished.contains(package)).collect();
    Ok(Participants { publishable, tagged })
}

/// Each package with a runtime dependency that will not be in a registry.
fn missing_dependencies(publishable: &[&Package]) -> Vec<(PackageId, PackageId)> {
    let known: HashSet<&PackageId> = publishable.iter().map(|package| &package.id).collect();
    let runtime = |package: &Package| {
        let needed = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Runtime);
        needed.map(|dependency| dependency.package.clone()).collect::<Vec<_>>()
    };
    let pairs = publishable.iter().flat_map(|package| runtime(package).into_iter().map(|id| (package.id.clone(), id)));
    let mut missing: Vec<(PackageId, PackageId)> = pairs.filter(|(_, needed)| !known.contains(needed)).collect();
    missing.dedup();
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixtures::{config, development, package, runtime, unpublishable, workspace};

    fn names(packages: &[&Package]) -> Vec<String> {
        packages.iter().map(|package| package.id.name().to_owned()).collect()
    }

    #[test]
    fn unpublishable_packages_are_tagged_as_configured_and_ignored_ones_are_left_out() {
        let workspace = workspace([
            package("a", &[]),
            package("secret", &[]),
            unpublishable("tool-one", &[]),
            unpublishable("tool-two", &[]),
        ]);
        let found = |text: &str| {
            let config = config(text);
            let participants = participants(&workspace, &config).unwrap();
            (names(&participants.publishable), names(&participants.tagged))
        };
        let text = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found(""), (text(&["a", "secret"]), text(&["tool-one", "tool-two"])));
        let ignoring = "[packages]\nignore = [\"secret\"]\n[git]\ntag_unpublished = [\"*-two\"]\n";
        assert_eq!(found(ignoring), (text(&["a"]), text(&["tool-two"])));
        assert_eq!(found("[git]\ntag_unpublished = false\n"), (text(&["a", "secret"]), vec![]));
        assert_eq!(found("[packages]\nignore_unpublished = true\n"), (text(&["a", "secret"]), vec![]));
    }

    #[test]
    fn every_dependency_that_no_registry_will_have_is_listed() {
        let packages = [
            package("a", &[runtime("private"), development("private", Some("1"))]),
            package("b", &[runtime("ignored"), runtime("a")]),
            package("ignored", &[]),
            unpublishable("private", &[]),
        ];
        let workspace = workspace(packages);
        let error = participants(&workspace, &config("[packages]\nignore = [\"ignored\"]\n")).unwrap_err();
        let expected = "packages to publish depend on packages that are not: `cargo/a` on `cargo/private`, `cargo/b` on `cargo/ignored`";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_unpublishable_package_may_depend_on_anything() {
        let workspace = workspace([unpublishable("app", &[runtime("lib")]), unpublishable("lib", &[])]);
        let config = config("");
        let participants = participants(&workspace, &config).unwrap();
        assert_eq!(names(&participants.tagged), ["app", "lib"]);
    }
}
