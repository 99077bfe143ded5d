//! What a repository says about itself: whether the token may write to it, and where its tags point.

use super::error::GithubError;
use super::model::{Pointer, RepositoryDescription};
use super::{Call, Github};
use crate::config::Repository;

/// How many tags may point at one another.
const LONGEST_TAG_CHAIN: usize = 5;

impl Github {
    /// Fails unless there is a token, GitHub takes it, and it may write to `repository` as far as can be told.
    pub async fn check_write_access(
        &self,
        repository: &Repository,
        variables: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<(), GithubError> {
        let Some(token) = self.token() else {
            let variables = variables.into_iter().map(Into::into).collect();
            return Err(GithubError::CredentialsMissing { variables });
        };
        let action = format!("write to `{repository}`");
        let described: RepositoryDescription = self.fetch(Call::get(&action).of(repository)).await?;
        let push = described.permissions.and_then(|permissions| permissions.push);
        if push != Some(false) || self.is_installation().await? {
            return Ok(());
        }
        let (message, variable) = ("the token may only read".to_owned(), Some(token.variable().to_owned()));
        Err(GithubError::PermissionDenied { action, message, needed: Some("contents=write".to_owned()), variable })
    }

    /// Whether anybody may see `repository`, as far as GitHub tells.
    pub async fn is_public(&self, repository: &Repository) -> Result<bool, GithubError> {
        let call = Call::get(format!("look at `{repository}`")).of(repository);
        Ok(self.fetch::<RepositoryDescription>(call).await?.private == Some(false))
    }

    /// Whether the token is that of an app's installation, such as a workflow's own: of those GitHub always says that
    /// they may not push.
    pub(super) async fn is_installation(&self) -> Result<bool, GithubError> {
        let call = Call::get("ask what kind of token this is").at(["installation", "repositories"]);
        match self.send(call.query("per_page", "1")).await {
            Ok(()) => Ok(true),
            Err(GithubError::PermissionDenied { .. } | GithubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The hash of the commit that `tag` stands for, through however many annotated tags; none if there is no such
    /// tag.
    pub async fn commit_of_tag(&self, repository: &Repository, tag: &str) -> Result<Option<String>, GithubError> {
        let action = format!("look up the tag `{tag}`");
        let call = Call::get(&action).of(repository).at(["git", "ref", "tags", tag]);
        let Some(pointer) = self.find::<Pointer>(call).await? else { return Ok(None) };
        let mut object = pointer.object;
        for _ in 0..LONGEST_TAG_CHAIN {
            if object.kind != "tag" {
                return Ok(Some(object.sha));
            }
            let call = Call::get(&action).of(repository).at(["git", "tags", &object.sha]);
            object = self.fetch::<Pointer>(call).await?.object;
        }
        Err(GithubError::InvalidAnswer { action, reason: "its tags point at one another".into() })
    }
}
