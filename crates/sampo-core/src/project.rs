//! A repository that Sampo looks after: its root, its configuration and its packages, read once.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::environment::Environment;
use crate::error::{PathError, SampoError};
use crate::event::{Event, Reporter};
use crate::git::Git;
use crate::workspace::{Workspace, find_root};

/// Everything that a command needs to know before it begins.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder that holds `.sampo/`, absolute.
    pub root: PathBuf,
    /// The configuration, checked.
    pub config: Config,
    /// The packages.
    pub workspace: Workspace,
    /// The environment variables of the run.
    pub environment: Environment,
}

impl Project {
    /// Reads the repository that `folder` belongs to. Names of packages in the configuration are checked here, so that
    /// no command works with a wrong one; a pattern that matches none is a warning.
    pub async fn open(folder: &Path, environment: Environment, reporter: &dyn Reporter) -> Result<Self, SampoError> {
        let folder = std::path::absolute(folder).map_err(PathError::new("find", folder))?;
        let root = find_root(&folder)?;
        let config = Config::load(&root)?;
        let workspace = Workspace::discover(&root).await?;
        config.check_packages(&workspace)?;
        for (key, pattern) in config.idle_patterns(&workspace) {
            reporter.report(Event::Warning {
                message: &format!("the pattern `{}` in `{key}` matches no package", pattern.as_str()),
                hint: Some("it is compared with whole ids, names and paths; `*` stands for any run of characters"),
            });
        }
        Ok(Self { root, config, workspace, environment })
    }

    /// Git in the root.
    pub fn git(&self) -> Git {
        Git::new(&self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Recorder, Silent};
    use sampo_testkit::Repo;

    #[tokio::test]
    async fn a_configuration_that_names_no_package_is_refused_whatever_the_command() {
        let repo = Repo::new();
        repo.cargo_workspace(&[("a", "1.0.0", "")]);
        let table = [
            ("[git]\nshort_tags = 'A'\n", "2:14: in `short_tags`: no package is named `A`"),
            ("[packages]\nfixed = [['a', 'bb']]\n", "2:16: in `fixed`: no package is named `bb`"),
            ("[packages]\nlinked = [['b', 'a']]\n", "2:12: in `linked`: no package is named `b`"),
        ];
        for (text, expected) in table {
            repo.write(".sampo/config.toml", text);
            let error = Project::open(repo.root(), Environment::default(), &Silent).await.unwrap_err().to_string();
            assert!(error.contains(&format!("config.toml:{expected}")), "{error}");
        }
        repo.write(".sampo/config.toml", "[git]\nshort_tags = 'a'\n[packages]\nfixed = [['a']]\n");
        assert!(Project::open(repo.root(), Environment::default(), &Silent).await.is_ok());
    }

    #[tokio::test]
    async fn a_pattern_that_matches_no_package_is_a_warning() {
        let repo = Repo::new();
        repo.cargo_workspace(&[("a", "1.0.0", "")]);
        let text = "[packages]\nignore = ['b', '*a']\n[git]\ntag_unpublished = ['cargo/*', 'crate/*']\n";
        repo.write(".sampo/config.toml", text);
        let recorder = Recorder::default();
        Project::open(repo.root(), Environment::default(), &recorder).await.unwrap();
        let [b, crates] = recorder.events().try_into().unwrap();
        assert!(b.contains("the pattern `b` in `ignore` matches no package"), "{b}");
        assert!(crates.contains("the pattern `crate/*` in `tag_unpublished` matches no package"), "{crates}");
    }
}
