//! The first files of `.sampo/`.

use std::path::{Path, PathBuf};

use crate::SampoError;
use crate::atomic;
use crate::config::{self, Repository};
use crate::environment::Environment;
use crate::git::{Git, GitError};
use crate::repository::repository_of_remote;
use crate::workspace::Workspace;

/// The branch that is released from unless the configuration says otherwise.
const USUAL_BRANCH: &str = "main";
/// The tag of a release unless the configuration says otherwise.
pub const USUAL_TAG: &str = "{package_name}-v{version}";

/// What the first configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The GitHub repository, where it is known.
    pub repository: Option<Repository>,
    /// The branch that is released from.
    pub default_branch: String,
    /// The template of tags.
    pub tag_format: String,
    /// The categories of changelogs; none groups entries by level.
    pub categories: Vec<String>,
    /// Whether an entry shows its commit.
    pub show_commit_hash: bool,
    /// Whether an entry thanks its author.
    pub show_acknowledgments: bool,
    /// Whether a release shows its date.
    pub show_release_date: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            repository: None,
            default_branch: USUAL_BRANCH.into(),
            tag_format: USUAL_TAG.into(),
            categories: Vec::new(),
            show_commit_hash: true,
            show_acknowledgments: true,
            show_release_date: true,
        }
    }
}

impl Answers {
    /// What the git repository of `folder` tells; outside one, the defaults.
    pub async fn detect(folder: &Path, environment: &Environment) -> Result<Self, GitError> {
        let git = Git::new(folder);
        let branch = match git.default_branch().await {
            Err(GitError::NoRepository { .. }) => return Ok(Self::default()),
            branch => branch?,
        };
        let repository = repository_of_remote(environment, &git).await?;
        Ok(Self { repository, default_branch: branch.unwrap_or_else(|| USUAL_BRANCH.into()), ..Self::default() })
    }

    /// The settings that differ from the defaults: table, key and value in TOML.
    fn settings(&self) -> Vec<(&'static str, &'static str, String)> {
        let usual = Self::default();
        let text = |text: &str| toml_edit::Value::from(text).to_string();
        let categories: toml_edit::Array = self.categories.iter().collect();
        let repository = self.repository.as_ref().map(ToString::to_string).unwrap_or_default();
        let all = [
            ("git", "default_branch", self.default_branch != usual.default_branch, text(&self.default_branch)),
            ("git", "tag_format", self.tag_format != usual.tag_format, text(&self.tag_format)),
            ("github", "repository", self.repository.is_some(), text(&repository)),
            ("changesets", "tags", !self.categories.is_empty(), categories.to_string()),
            ("changelog", "show_commit_hash", !self.show_commit_hash, "false".into()),
            ("changelog", "show_acknowledgments", !self.show_acknowledgments, "false".into()),
            ("changelog", "show_release_date", !self.show_release_date, "false".into()),
        ];
        all.into_iter().filter(|(.., differs, _)| *differs).map(|(table, key, _, value)| (table, key, value)).collect()
    }
}

/// A file that is missing, and what it will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Where, absolute.
    pub path: PathBuf,
    /// What.
    pub text: String,
}

/// Whether `folder` has a configuration, which stays as it is.
pub fn is_configured(folder: &Path) -> bool {
    folder.join(config::PATH).exists()
}

/// What is missing of `.sampo/` in `folder`, which must hold at least one package. Writes nothing; a file that is there
/// stays as it is.
pub async fn plan(folder: &Path, answers: &Answers) -> Result<Vec<NewFile>, SampoError> {
    Workspace::discover(folder).await?;
    let files = [
        (".sampo/README.md", include_str!("init/README.md").to_owned()),
        (config::PATH, configuration(answers)),
        (".sampo/changeset.md.example", include_str!("init/changeset.md.example").to_owned()),
    ];
    let files = files.into_iter().map(|(path, text)| NewFile { path: folder.join(path), text });
    Ok(files.filter(|file| !file.path.exists()).collect())
}

/// Makes the files of a plan.
pub fn apply(files: &[NewFile]) -> Result<(), SampoError> {
    files.iter().try_for_each(|file| Ok(atomic::write(&file.path, &file.text)?))
}

/// The template of the configuration, with the answers in the place of the defaults that it shows.
fn configuration(answers: &Answers) -> String {
    let mut table = "";
    let settings = answers.settings();
    let mut text = String::new();
    for line in include_str!("init/config.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = name;
        }
        let key = line.strip_prefix("# ").and_then(|setting| setting.split_once(" = ")).map(|(key, _)| key);
        let answer = settings.iter().find(|(of, name, _)| *of == table && Some(*name) == key);
        match answer {
            Some((_, key, value)) => text.push_str(&format!("{key} = {value}\n")),
            None => text.extend([line, "\n"]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use sampo_testkit::Repo;

    use super::*;
    use crate::config::Config;

    fn read(text: String) -> Config {
        Config::parse(Path::new("config.toml"), text).unwrap()
    }

    #[test]
    fn the_first_configuration_is_valid_with_and_without_its_comment_signs() {
        let text = include_str!("init/config.toml");
        let bare: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("#:"))
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect();
        assert!(bare.iter().filter(|line| line.contains(" = ")).count() > 10);
        assert_eq!(configuration(&Answers::default()), text);
        for text in [text.to_owned(), bare.join("\n")] {
            read(text);
        }
    }

    #[test]
    fn every_answer_stands_in_the_configuration() {
        let answers = Answers {
            repository: Some("acme/app".to_owned().try_into().unwrap()),
            default_branch: "trunk".into(),
            tag_format: "{package_name}@{version}".into(),
            categories: vec!["Added".into(), "Say \"so\"".into()],
            show_commit_hash: false,
            show_acknowledgments: false,
            show_release_date: false,
        };
        assert_eq!(answers.settings().len(), 7);
        let text = configuration(&answers);
        for (_, key, value) in answers.settings() {
            assert!(text.contains(&format!("\n{key} = {value}\n")), "{key}: {text}");
        }
        let config = read(text);
        assert_eq!(config.github.repository, answers.repository);
        assert_eq!(config.git.default_branch.as_str(), "trunk");
        assert_eq!(config.changesets.tags.len(), 2);
        assert!(!config.changelog.show_commit_hash && !config.changelog.show_acknowledgments);
        assert!(!config.changelog.show_release_date);
    }

    #[tokio::test]
    async fn branch_and_repository_are_those_that_git_knows() {
        let detect = async |repo: &Repo| {
            let answers = Answers::detect(repo.root(), &Environment::default()).await.unwrap();
            (answers.default_branch, answers.repository.map(|repository| repository.to_string()))
        };
        let repo = Repo::new();
        assert_eq!(detect(&repo).await, ("main".to_owned(), None));
        repo.commit("first");
        repo.git(&["branch", "--move", "master"]);
        assert_eq!(detect(&repo).await.0, "master");
        repo.git(&["switch", "--quiet", "--create", "feature/x"]);
        assert_eq!(detect(&repo).await.0, "master", "a branch of work is not released from");
        repo.git(&["remote", "add", "origin", "git@github.com:acme/app.git"]);
        repo.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
        repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]);
        assert_eq!(detect(&repo).await, ("trunk".to_owned(), Some("acme/app".to_owned())));
    }
}
