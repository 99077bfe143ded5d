//! The repository's settings, and who may ask for them.

use serde_json::json;

use super::answer::Answer;
use super::state::{Access, State};

/// How the repository is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether nothing can be changed any more.
    pub archived: bool,
    /// The branch that everybody works from.
    pub default_branch: String,
    /// Whether workflows may write where they do not say what they may do.
    pub workflows_may_write: bool,
    /// The scopes of every token of a person, as in the header; none for fine-grained ones.
    pub scopes: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { archived: false, default_branch: "main".into(), workflows_may_write: false, scopes: None }
    }
}

/// What workflows may do, which only administrators are told.
pub(crate) fn workflows(state: &State, access: Option<Access>) -> Result<Answer, Answer> {
    match access {
        Some(Access::Admin) => {}
        Some(access) if access.is_installation() => {
            return Err(Answer::error(403, "Resource not accessible by integration")
                .header("x-accepted-github-permissions", "administration=read"));
        }
        Some(_) => return Err(Answer::error(403, "Must have admin rights to Repository.")),
        None => return Err(Answer::error(401, "Requires authentication")),
    }
    let default = if state.settings.workflows_may_write { "write" } else { "read" };
    let may_open = !state.pulls_are_forbidden;
    let body = json!({ "default_workflow_permissions": default, "can_approve_pull_request_reviews": may_open });
    Ok(Answer::json(200, &body))
}

/// Whether releases are immutable. That they are not reads like not being told.
pub(crate) fn immutable_releases(state: &State, access: Option<Access>) -> Result<Answer, Answer> {
    match access {
        Some(Access::Admin) if state.immutable_releases => {
            Ok(Answer::json(200, &json!({ "enabled": true, "enforced_by_owner": false })))
        }
        _ => Err(Answer::not_found()),
    }
}

/// The header that names a classic token's scopes.
pub(crate) fn scopes(state: &State, access: Option<Access>) -> Option<&str> {
    let is_persons = access.is_some_and(|access| !access.is_installation());
    state.settings.scopes.as_deref().filter(|_| is_persons)
}
