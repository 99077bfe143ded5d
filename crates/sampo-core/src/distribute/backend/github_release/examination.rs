//! Whether GitHub takes the token, whether that may write releases, and whether the repository takes what is to come.

use super::{GithubReleases, asset_name};
use crate::config::Repository;
use crate::distribute::backend::Prospect;
use crate::distribute::columns::listed;
use crate::distribute::finding::answers::{archived, unanswered};
use crate::distribute::finding::{Check, Finding, Level};
use crate::error::SampoError;
use crate::github::settings::Settings;
use crate::github::{GithubError, Token};

impl GithubReleases {
    pub(super) async fn examination(&self, prospect: &Prospect) -> Vec<Finding> {
        let mut findings: Vec<Finding> = renamed(&prospect.names).into_iter().collect();
        let repository = match self.repository() {
            Ok(repository) => repository,
            Err(error) => {
                findings.push(Finding { fix: error.hint, ..Check::Access.error(error.message) });
                return findings;
            }
        };
        let Some(token) = self.github.token() else {
            findings.push(self.token_missing(prospect));
            return findings;
        };
        findings.push(Check::Credentials.ok(format!("there is a token in `{}`", token.variable())));
        if prospect.is_online {
            findings.extend(self.ask(repository, token).await);
        } else {
            findings.push(
                Check::Access.note(format!("not checked, being offline: what the token may do in `{repository}`")),
            );
        }
        findings
    }

    fn token_missing(&self, prospect: &Prospect) -> Finding {
        let addresses = self.github.addresses();
        if !addresses.is_ambient() && self.config.token_env.is_none() {
            let api = addresses.api().to_owned();
            return Check::Credentials.failed(&GithubError::CredentialsForeign { api }.into());
        }
        let error = SampoError::from(GithubError::CredentialsMissing { variables: self.variables() });
        let finding = Check::Credentials.failed(&error);
        match prospect.level_of_absence() {
            Level::Error => finding,
            level => {
                Finding { level, title: format!("{}, so that its rights are not checked", finding.title), ..finding }
            }
        }
    }

    fn variables(&self) -> Vec<String> {
        crate::distribute::backend::BackendConfig::token_variables(&self.config)
    }

    async fn ask(&self, repository: &Repository, token: &Token) -> Vec<Finding> {
        let (settings, may_push) = match self.rights(repository).await {
            Ok(rights) => rights,
            Err(error) => return vec![unanswered(Check::Access, &error, self.github.addresses())],
        };
        let mut findings = vec![access(repository, token, &settings, may_push)];
        if settings.archived == Some(true) {
            findings.push(archived(repository));
        }
        findings.extend(self.discussions(repository, &settings));
        findings
    }

    async fn rights(&self, repository: &Repository) -> Result<(Settings, Option<bool>), GithubError> {
        let settings = self.github.settings(repository).await?;
        let may_push = self.github.may_push(&settings).await?;
        Ok((settings, may_push))
    }

    fn discussions(&self, repository: &Repository, settings: &Settings) -> Option<Finding> {
        let category = self.config.discussion_category.as_ref()?.as_str();
        Some(match settings.has_discussions {
            Some(false) => {
                let title = format!("`discussion_category` is set, but `{repository}` has no discussions");
                Check::Discussions
                    .error(title)
                    .because("publishing a release would fail")
                    .fix("switch discussions on in the repository's settings, or remove `discussion_category`")
            }
            _ => Check::Discussions
                .note(format!("`{repository}` must have a discussion category `{category}`"))
                .because("which categories there are is not asked"),
        })
    }
}

/// What the token may do, as far as GitHub tells.
fn access(repository: &Repository, token: &Token, settings: &Settings, may_push: Option<bool>) -> Finding {
    let variable = token.variable();
    if !settings.scopes_suffice() {
        let wanted = if settings.private == Some(true) { "repo" } else { "public_repo" };
        let title = format!("the token in `{variable}` lacks the scope `{wanted}`");
        return Check::Access
            .error(title)
            .because(format!("its scopes are: {}", settings.scopes.join(", ")))
            .fix(format!("make a token with the scope `{wanted}`, or a fine-grained one that may write contents"));
    }
    match may_push {
        Some(false) => Check::Access
            .error(format!("the token in `{variable}` may only read `{repository}`"))
            .fix("use a token that may write contents; in a workflow: `permissions: { contents: write }`"),
        Some(true) => {
            Check::Access.ok(format!("GitHub takes the token in `{variable}`, which may write to `{repository}`"))
        }
        None => Check::Access.ok(format!("GitHub takes the token in `{variable}` for `{repository}`")),
    }
}

/// The names that GitHub would change, which a delivery refuses.
fn renamed(names: &[String]) -> Option<Finding> {
    let changed = names.iter().map(|name| (name, asset_name::stored_as(name))).filter(|(name, stored)| *name != stored);
    let changed: Vec<String> = changed.map(|(name, stored)| format!("`{name}` would be `{stored}`")).collect();
    if changed.is_empty() {
        return None;
    }
    let fix = "use ASCII letters, digits and `._-+@` in `archive.name` and file names";
    Some(Check::ArtifactNames.error("GitHub would rename files").because(listed(&changed)).fix(fix))
}
