//! What the repository tells about a version that was released: the version before it, and what changed since.

use std::fs;

use semver::Version;

use crate::changeset::Level;
use crate::config::GitConfig;
use crate::git::{GitError, Tag};
use crate::project::Project;
use crate::release::changelog;
use crate::workspace::{Package, PackageId, Workspace};

/// Knows the past of every package.
#[derive(Debug)]
pub struct Histories<'a> {
    git: &'a GitConfig,
    workspace: &'a Workspace,
    tags: Vec<Tag>,
}

/// The past of one version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The highest lower version with a tag in this clone.
    pub previous: Option<Version>,
    /// How much the version rose from there.
    pub bump: Option<Level>,
    /// Its section of the changelog.
    pub changelog: Option<String>,
}

impl<'a> Histories<'a> {
    /// Reads the tags of this clone.
    pub async fn read(project: &'a Project) -> Result<Self, GitError> {
        let tags = project.git().tags().await?;
        Ok(Self { git: &project.config.git, workspace: &project.workspace, tags })
    }

    /// The past of `package` at `version`. What cannot be found out is left out.
    pub fn of(&self, package: &PackageId, version: &Version) -> History {
        let tagged = self.tags.iter().filter_map(|tag| self.git.version_in_tag(&tag.name, package));
        let previous = tagged.filter(|tagged| tagged.cmp_precedence(version).is_lt()).max();
        History {
            bump: previous.as_ref().and_then(|previous| level_between(previous, version)),
            previous,
            changelog: self.workspace.package(package).and_then(|package| section(package, version)),
        }
    }
}

/// The number that rose first; none if only the pre-release changed.
fn level_between(old: &Version, new: &Version) -> Option<Level> {
    let numbers = [(old.major, new.major), (old.minor, new.minor), (old.patch, new.patch)];
    let levels = [Level::Major, Level::Minor, Level::Patch];
    numbers.into_iter().zip(levels).find_map(|((old, new), level)| (old != new).then_some(level))
}

fn section(package: &Package, version: &Version) -> Option<String> {
    let text = fs::read_to_string(package.manifest.with_file_name("CHANGELOG.md")).ok()?;
    changelog::section(&text, version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fixtures::{config, package, workspace};

    #[test]
    fn the_version_before_is_the_highest_lower_one_of_the_package() {
        let (config, workspace) = (config(""), workspace([package("a", &[])]));
        let names = ["a-v0.9.0", "a-v1.0.0", "a-v1.10.0", "a-v1.2.0-rc.1", "a-v1.9.0", "b-v1.1.0", "v1.1.1"];
        let tags = names.map(|name| Tag { name: name.into(), commit: "c0ffee".into() }).into();
        let histories = Histories { git: &config.git, workspace: &workspace, tags };
        let table = [
            ("2.0.0", Some("1.10.0"), Some(Level::Major)),
            ("1.10.0", Some("1.9.0"), Some(Level::Minor)),
            ("1.9.0", Some("1.2.0-rc.1"), Some(Level::Minor)),
            ("1.2.0", Some("1.2.0-rc.1"), None),
            ("1.0.1", Some("1.0.0"), Some(Level::Patch)),
            ("0.9.0", None, None),
        ];
        for (version, previous, bump) in table {
            let history = histories.of(&workspace.packages[0].id, &version.parse().unwrap());
            assert_eq!(history.previous, previous.map(|previous| previous.parse().unwrap()), "{version}");
            assert_eq!((history.bump, history.changelog), (bump, None), "{version}");
        }
    }
}
