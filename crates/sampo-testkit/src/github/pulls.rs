//! Pull requests: listed, made and changed as GitHub does it, with a look into the repository where there is one.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::api::{Call, forbidden_for};
use super::releases::{appears, paginate};
use super::server::{Host, Shared};
use super::state::{PullRequest, State};

const LONGEST_BODY: usize = 65_536;
const LONGEST_TITLE: usize = 256;
const CREATE_KEYS: &[&str] = &["title", "body", "head", "base", "draft", "maintainer_can_modify"];
const UPDATE_KEYS: &[&str] = &["title", "body", "state", "base", "maintainer_can_modify"];

type Result<T = Answer, E = Answer> = std::result::Result<T, E>;

/// Answers requests below `pulls`; none if there is no such request.
pub(crate) fn answer(state: &mut State, call: &Call<'_>, method: &str, rest: &[&str]) -> Option<Result> {
    Some(match (method, rest) {
        ("GET", []) => list(state, call),
        ("POST", []) => create(state, call),
        ("GET", [number]) => show(state, call.shared, number.parse().ok()?),
        ("PATCH", [number]) => update(state, call, number.parse().ok()?),
        _ => return None,
    })
}

fn list(state: &mut State, call: &Call<'_>) -> Result {
    let wanted = call.head.query("state").unwrap_or_else(|| "open".into());
    let (head, base) = (call.head.query("head"), call.head.query("base"));
    let owner = state.owner.clone();
    let mut shown: Vec<PullRequest> = Vec::new();
    for pull in state.pulls.iter_mut().rev() {
        // GitHub ignores a filter without an owner.
        let is_from = |head: &String| !head.contains(':') || *head == format!("{owner}:{}", pull.head);
        let matches = (wanted == "all" || wanted == pull.state())
            && head.as_ref().is_none_or(is_from)
            && base.as_ref().is_none_or(|base| *base == pull.base);
        if matches && appears(&mut pull.hidden) {
            shown.push(pull.clone());
        }
    }
    let (page, link) = paginate(call, state.id, "pulls", &shown);
    let body: Vec<Value> = page.iter().map(|pull| present(state, call.shared, pull)).collect();
    let answer = Answer::json(200, &Value::Array(body));
    Ok(link.into_iter().fold(answer, |answer, link| answer.header("link", link)))
}

fn show(state: &State, shared: &Shared, number: u64) -> Result {
    let pull = state.pulls.iter().find(|pull| pull.number == number).ok_or_else(Answer::not_found)?;
    Ok(Answer::json(200, &present(state, shared, pull)))
}

fn create(state: &mut State, call: &Call<'_>) -> Result {
    require_write(call)?;
    let object = checked(call, CREATE_KEYS)?;
    if call.access.is_some_and(super::Access::is_installation) && state.pulls_are_forbidden {
        let message = "GitHub Actions is not permitted to create or approve pull requests.";
        return Err(Answer::error(403, message));
    }
    let required = |key: &str| {
        let missing =
            || Answer::invalid(&json!([{ "resource": "PullRequest", "code": "missing_field", "field": key }]));
        text(&object, key)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    };
    let (title, head, base) = (required("title")?, required("head")?, required("base")?);
    let head = head.strip_prefix(&format!("{}:", state.owner)).unwrap_or(&head).to_owned();
    if let Some(repository) = &state.git_folder {
        check_branches(repository, &head, &base)?;
    }
    if state.pulls.iter().any(|pull| pull.is_open && pull.head == head && pull.base == base) {
        let message = format!("A pull request already exists for {}:{head}.", state.owner);
        return Err(Answer::invalid(&json!([{ "resource": "PullRequest", "code": "custom", "message": message }])));
    }
    let number = state.new_id();
    let pull =
        PullRequest { number, title, body: text(&object, "body")?, head, base, is_open: true, hidden: state.lag };
    state.pulls.push(pull.clone());
    Ok(Answer::json(201, &present(state, call.shared, &pull)))
}

fn update(state: &mut State, call: &Call<'_>, number: u64) -> Result {
    require_write(call)?;
    let object = checked(call, UPDATE_KEYS)?;
    let pull = state.pulls.iter_mut().find(|pull| pull.number == number).ok_or_else(Answer::not_found)?;
    if let Some(title) = text(&object, "title")? {
        pull.title = title;
    }
    if object.contains_key("body") {
        pull.body = text(&object, "body")?;
    }
    match text(&object, "state")?.as_deref() {
        None => {}
        Some("open") => pull.is_open = true,
        Some("closed") => pull.is_open = false,
        Some(_) => return Err(Answer::wrong_type("state", "it is not one of `open`, `closed`")),
    }
    show(state, call.shared, number)
}

fn require_write(call: &Call<'_>) -> Result<()> {
    match call.access {
        Some(access) if access.can_write() => Ok(()),
        Some(access) => Err(forbidden_for(access, "pull_requests=write")),
        None => Err(Answer::error(401, "Requires authentication")),
    }
}

/// The object that was sent, whose keys are known and whose texts are not too long.
fn checked(call: &Call<'_>, keys: &[&str]) -> Result<Map<String, Value>> {
    let object = call.object()?;
    if let Some(key) = object.keys().find(|key| !keys.contains(&key.as_str())) {
        return Err(Answer::wrong_type(key, "it is not a known property"));
    }
    for (key, longest) in [("title", LONGEST_TITLE), ("body", LONGEST_BODY)] {
        if text(&object, key)?.is_some_and(|text| text.chars().count() > longest) {
            let message = format!("{key} is too long (maximum is {longest} characters)");
            return Err(Answer::custom("PullRequest", key, &message));
        }
    }
    Ok(object)
}

fn text(object: &Map<String, Value>, key: &str) -> Result<Option<String>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Answer::wrong_type(key, &format!("{other} is not a string"))),
    }
}

/// Both branches must be there, and differ.
fn check_branches(repository: &Path, head: &str, base: &str) -> Result<()> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(repository).args(arguments).output().expect("git");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    for (field, branch) in [("head", head), ("base", base)] {
        if git(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")]).is_none() {
            return Err(Answer::invalid(&json!([{ "resource": "PullRequest", "field": field, "code": "invalid" }])));
        }
    }
    let ahead = git(&["rev-list", "--count", &format!("refs/heads/{base}..refs/heads/{head}")]);
    if ahead.as_deref() == Some("0") {
        let message = format!("No commits between {base} and {head}");
        return Err(Answer::invalid(&json!([{ "resource": "PullRequest", "code": "custom", "message": message }])));
    }
    Ok(())
}

fn present(state: &State, shared: &Shared, pull: &PullRequest) -> Value {
    let name = state.full_name();
    let branch = |branch: &str| json!({ "label": format!("{}:{branch}", state.owner), "ref": branch });
    json!({
        "id": 1_000_000 + pull.number,
        "number": pull.number,
        "state": pull.state(),
        "title": pull.title,
        "body": pull.body,
        "url": format!("{}/repos/{name}/pulls/{}", shared.base(Host::Api), pull.number),
        "html_url": format!("{}/{name}/pull/{}", shared.base(Host::Web), pull.number),
        "head": branch(&pull.head),
        "base": branch(&pull.base),
        "user": { "login": "github-actions[bot]" },
    })
}
