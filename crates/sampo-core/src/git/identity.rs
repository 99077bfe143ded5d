//! In whose name commits and tags are made, where the user has not said so.

use super::{Git, GitError, failed};

/// A name and an address, as git writes them into commits and tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The name for people.
    pub name: &'static str,
    /// The address of mail.
    pub email: &'static str,
}

/// Who acts in workflows of GitHub.
pub const GITHUB_ACTIONS: Identity =
    Identity { name: "github-actions[bot]", email: "github-actions[bot]@users.noreply.github.com" };

impl Git {
    /// Makes `identity` that of this clone, as far as the user has set none: a name or an address that is there stays.
    pub async fn adopt(&self, identity: &Identity) -> Result<(), GitError> {
        // Where there is no repository, or one that git does not trust, `config` would keep the reason to itself.
        self.head().await?;
        if self.has_identity().await? {
            return Ok(());
        }
        for (key, value) in [("user.name", identity.name), ("user.email", identity.email)] {
            let known = self.run(&["config", "--get", key]).await.map_err(failed("read its configuration"))?;
            if known.stdout.trim().is_empty() {
                self.query(&["config", "--local", key, value], "note in whose name tags are made").await?;
            }
        }
        Ok(())
    }

    /// The same git, whose commands see what [`adopt`](Self::adopt) would do without that anything is written.
    pub async fn assuming(&self, identity: Identity) -> Result<Self, GitError> {
        let identity = if self.has_identity().await? { None } else { Some(identity) };
        Ok(Self { identity, ..self.clone() })
    }

    /// Whether somebody said who makes tags here. What git guesses from the machine does not count.
    async fn has_identity(&self) -> Result<bool, GitError> {
        let arguments = ["-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT"];
        let output = self.run(&arguments).await.map_err(failed("find out who makes the tags"))?;
        Ok(output.status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sampo_testkit::Repo;

    const NOBODY: Identity = Identity { name: "Nobody", email: "nobody@example.com" };

    /// What the clone's own configuration says, whatever the machine's says.
    fn local(repo: &Repo, key: &str) -> String {
        let output = repo.output("git", &["config", "--local", "--get", key]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[tokio::test]
    async fn a_folder_outside_of_every_repository_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Git::new(folder.path()).adopt(&NOBODY).await.unwrap_err();
        assert!(matches!(error, GitError::NoRepository { .. }), "{error}");
    }

    #[tokio::test]
    async fn an_identity_that_is_there_stays() {
        let repo = Repo::new();
        repo.git(&["config", "user.name", "Aino"]);
        repo.git(&["config", "user.email", "aino@example.com"]);
        let git = Git::new(repo.root());
        git.adopt(&NOBODY).await.unwrap();
        assert_eq!((local(&repo, "user.name"), local(&repo, "user.email")), ("Aino".into(), "aino@example.com".into()));
        assert_eq!(git.assuming(NOBODY).await.unwrap().identity, None);
    }
}
