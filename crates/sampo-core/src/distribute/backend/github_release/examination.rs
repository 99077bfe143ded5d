//! Whether GitHub takes the token, whether that may write releases, and whether the repository takes what is to come.

use super::{GithubReleases, asset_name};
use crate::config::Repository;
use crate::distribute::backend::Prospect;
use crate::distribute::columns::listed;
use crate::distribute::finding::answers::{archived, unanswered};
use crate::distribute::finding::{Check, Finding, Level};
use crate::error::SampoError;
use crate::github::discussions::Category;
use crate::github::settings::Settings;
use crate::github::{GithubError, Token};

const WITHOUT_CATEGORY: &str = "publishing a release would fail, and leave it a draft";

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
        findings.extend(self.discussions(repository, &settings).await);
        findings
    }

    async fn rights(&self, repository: &Repository) -> Result<(Settings, Option<bool>), GithubError> {
        let settings = self.github.settings(repository).await?;
        let may_push = self.github.may_push(&settings).await?;
        Ok((settings, may_push))
    }

    /// Publishing with a category that does not exist fails.
    async fn discussions(&self, repository: &Repository, settings: &Settings) -> Option<Finding> {
        let category = self.config.discussion_category.as_ref()?.as_str();
        let absent = |title: String, fix: String| Check::Discussions.error(title).because(WITHOUT_CATEGORY).fix(fix);
        if settings.has_discussions == Some(false) {
            let title = format!("`{repository}` has no discussions, which `discussion_category` needs");
            let fix = "switch them on in the repository's settings, or remove `discussion_category`";
            return Some(absent(title, fix.to_owned()));
        }
        let forum = match self.github.forum(repository).await {
            Ok(forum) => forum,
            Err(error) => {
                let title = format!("not checked: whether there is a discussion category `{category}`");
                return Some(Check::Discussions.note(title).because(error.to_string()));
            }
        };
        let is_it = |known: &Category| known.name.eq_ignore_ascii_case(category) || known.slug == category;
        if forum.categories().iter().any(is_it) {
            return Some(Check::Discussions.ok(format!("there is a discussion category `{category}`")));
        }
        let known: Vec<String> = forum.categories().iter().map(|known| format!("`{}`", known.name)).collect();
        let title = format!("`{repository}` has no discussion category `{category}`");
        Some(absent(title, format!("name one that there is: {}", listed(&known))))
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
