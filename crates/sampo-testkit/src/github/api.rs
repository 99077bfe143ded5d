//! The API host: who may ask, and which handler answers.

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::graphql;
use super::people;
use super::pulls;
use super::releases;
use super::server::{Head, Host, Shared};
use super::settings;
use super::state::{Access, State};

/// A request to the repository that was let in.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) head: &'a Head,
    pub(crate) body: &'a [u8],
    pub(crate) access: Option<Access>,
}

impl Call<'_> {
    /// Refuses whoever may not write.
    pub(crate) fn require_write(&self) -> Result<(), Answer> {
        match self.access {
            Some(access) if access.can_write() => Ok(()),
            Some(access) => Err(forbidden(access)),
            None => Err(Answer::error(401, "Requires authentication")),
        }
    }

    /// The JSON object that was sent.
    pub(crate) fn object(&self) -> Result<serde_json::Map<String, Value>, Answer> {
        if !self.head.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(Answer::error(415, "Unsupported Media Type"));
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Answer::error(422, "Invalid request.\n\nFor 'links/0/schema', it is not an object.")),
            Err(_) => Err(Answer::error(400, "Problems parsing JSON")),
        }
    }
}

pub(crate) fn forbidden(access: Access) -> Answer {
    forbidden_for(access, "contents=write")
}

/// What a token hears that lacks the permission `needed`.
pub(crate) fn forbidden_for(access: Access, needed: &str) -> Answer {
    let by = if access.is_installation() { "integration" } else { "personal access token" };
    Answer::error(403, &format!("Resource not accessible by {by}")).header("x-accepted-github-permissions", needed)
}

/// Answers one request to the API host.
pub(crate) fn answer(shared: &Shared, head: &Head, body: &[u8]) -> Answer {
    let mut state = shared.state();
    state.learn_tags();
    let answer = admit(&state, head).and_then(|access| route(shared, &mut state, head, body, access));
    answer.unwrap_or_else(|refusal| refusal).header("x-github-request-id", "0400:1A2B:3C4D5E")
}

/// The rules for every request: who it is and what it says about itself.
fn admit(state: &State, head: &Head) -> Result<Option<Access>, Answer> {
    if head.header("user-agent").is_none_or(str::is_empty) {
        let page = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return Err(Answer::new(403, "text/html", page));
    }
    if let Some(version) = head.header("x-github-api-version")
        && !["2022-11-28", "2026-03-10"].contains(&version)
    {
        return Err(Answer::error(400, &format!("Invalid API version: {version}")));
    }
    let accepted = head.header("accept").unwrap_or_default();
    let known = ["application/vnd.github+json", "application/json", "application/octet-stream"];
    if !known.contains(&accepted) {
        return Err(Answer::error(
            415,
            &format!("Unsupported 'Accept' header: '{accepted}'. Must accept 'application/json'."),
        ));
    }
    authenticate(state, head)
}

/// What the token in `Authorization` may do; none without a token.
pub(crate) fn authenticate(state: &State, head: &Head) -> Result<Option<Access>, Answer> {
    let Some(header) = head.header("authorization") else { return Ok(None) };
    let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("token "));
    token.and_then(|token| state.tokens.get(token)).copied().map(Some).ok_or_else(Answer::bad_credentials)
}

fn route(
    shared: &Shared,
    state: &mut State,
    head: &Head,
    body: &[u8],
    access: Option<Access>,
) -> Result<Answer, Answer> {
    let segments = head.segments();
    let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments == shared.graphql_path() && head.method == Method::POST {
        return graphql::answer(state, &Call { shared, head, body, access });
    }
    if shared.enterprise {
        if segments.get(..2) != Some(&["api", "v3"]) {
            return Err(unknown(state, head));
        }
        segments.drain(..2);
    }
    let call = Call { shared, head, body, access };
    match segments.as_slice() {
        ["installation", "repositories"] if head.method == Method::GET || head.method == Method::HEAD => {
            installation(access)
        }
        ["repos", owner, name, rest @ ..] => {
            enter(shared, state, head, &format!("{owner}/{name}"), access)?;
            repository(state, &call, rest)
        }
        ["repositories", id, rest @ ..] => {
            if *id != state.id.to_string() || !visible(state, access) {
                return Err(Answer::not_found());
            }
            repository(state, &call, rest)
        }
        _ => Err(unknown(state, head)),
    }
}

fn installation(access: Option<Access>) -> Result<Answer, Answer> {
    match access {
        Some(access) if access.is_installation() => {
            Ok(Answer::json(200, &json!({ "total_count": 1, "repositories": [] })))
        }
        Some(_) => Err(Answer::error(
            403,
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        )),
        None => Err(Answer::error(401, "Requires authentication")),
    }
}

fn visible(state: &State, access: Option<Access>) -> bool {
    access.map_or(!state.private, Access::can_see)
}

/// Lets requests for the repository in, sends those for its former names on, and knows no other.
fn enter(shared: &Shared, state: &State, head: &Head, name: &str, access: Option<Access>) -> Result<(), Answer> {
    if !visible(state, access) {
        return Err(Answer::not_found());
    }
    if name.eq_ignore_ascii_case(&state.full_name()) {
        return Ok(());
    }
    if !state.former_names.contains(name) {
        return Err(Answer::not_found());
    }
    let by_id = format!("/repositories/{}", state.id);
    let prefix = if shared.enterprise { "/api/v3" } else { "" };
    let path = head.path_and_query().replacen(&format!("{prefix}/repos/{name}"), &by_id, 1);
    let location = format!("{}{path}", shared.base(Host::Api));
    let (status, message) =
        if head.method == Method::GET { (301, "Moved Permanently") } else { (307, "Temporary Redirect") };
    let body = json!({ "message": message, "url": location, "documentation_url": "https://docs.github.com/rest" });
    Err(Answer::json(status, &body).header("location", location))
}

fn repository(state: &mut State, call: &Call<'_>, rest: &[&str]) -> Result<Answer, Answer> {
    let method = call.head.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let answer = Answer::json(200, &describe(state, call.access));
            Ok(match settings::scopes(state, call.access) {
                Some(scopes) => answer.header("x-oauth-scopes", scopes),
                None => answer,
            })
        }
        ("GET", ["git", "ref", "tags", tag @ ..]) => reference(state, &tag.join("/")),
        ("GET", ["git", "tags", object]) => tag_object(state, object),
        ("GET", ["commits", commit]) => people::commit(state, commit),
        ("GET", ["contributors"]) => people::contributors(state, call.head),
        ("GET", ["immutable-releases"]) => settings::immutable_releases(state, call.access),
        ("GET", ["actions", "permissions", "workflow"]) => settings::workflows(state, call.access),
        (_, ["pulls", rest @ ..]) => {
            pulls::answer(state, call, method, rest).unwrap_or_else(|| Err(unknown(state, call.head)))
        }
        (_, ["releases", rest @ ..]) => {
            releases::answer(state, call, method, rest).unwrap_or_else(|| Err(unknown(state, call.head)))
        }
        _ => Err(unknown(state, call.head)),
    }
}

fn describe(state: &State, access: Option<Access>) -> Value {
    let mut repository = json!({
        "id": state.id,
        "name": state.name,
        "full_name": state.full_name(),
        "private": state.private,
        "default_branch": state.settings.default_branch,
        "archived": state.settings.archived,
        "has_discussions": !state.categories.is_empty(),
    });
    if let Some(access) = access {
        // Of an installation GitHub always says no here, whatever it may do.
        let push = access.can_write() && !access.is_installation();
        let pull = !access.is_installation();
        repository["permissions"] =
            json!({ "admin": access == Access::Admin, "maintain": false, "push": push, "triage": push, "pull": pull });
    }
    repository
}

fn reference(state: &State, tag: &str) -> Result<Answer, Answer> {
    let known = state.tags.get(tag).ok_or_else(Answer::not_found)?;
    let (kind, sha) = known.object.as_ref().map_or(("commit", &known.commit), |object| ("tag", object));
    Ok(Answer::json(200, &json!({ "ref": format!("refs/tags/{tag}"), "object": { "type": kind, "sha": sha } })))
}

fn tag_object(state: &State, object: &str) -> Result<Answer, Answer> {
    let found = state.tags.iter().find(|(_, tag)| tag.object.as_deref() == Some(object));
    let (name, tag) = found.ok_or_else(Answer::not_found)?;
    let body = json!({ "tag": name, "sha": object, "object": { "type": "commit", "sha": tag.commit } });
    Ok(Answer::json(200, &body))
}

/// A request that the fake does not know is a mistake in the caller or a gap here: it must be seen.
pub(crate) fn unknown(state: &mut State, head: &Head) -> Answer {
    let request = format!("{} {}", head.method, head.path_and_query());
    state.unknown.push(request.clone());
    Answer::error(501, &format!("the fake GitHub does not know `{request}`"))
}
