//! The GraphQL API, as far as discussions need it. It answers 200 even where it refuses, as GitHub does.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::api::Call;
use super::server::Host;
use super::state::{Access, Discussion, State};

/// GitHub refuses longer texts.
const LONGEST_BODY: usize = 65_536;
/// GitHub gives no more at once.
const PAGE: usize = 100;

/// Every word that a query may have; any other is a field or argument that GitHub does not know.
const WORDS: &[&str] = &[
    "query",
    "mutation",
    "owner",
    "name",
    "after",
    "input",
    "String",
    "CreateDiscussionInput",
    "repository",
    "id",
    "hasDiscussionsEnabled",
    "discussionCategories",
    "first",
    "nodes",
    "slug",
    "discussions",
    "orderBy",
    "field",
    "CREATED_AT",
    "direction",
    "DESC",
    "title",
    "url",
    "createdAt",
    "pageInfo",
    "hasNextPage",
    "endCursor",
    "createDiscussion",
    "discussion",
];

/// Answers one question or order.
pub(crate) fn answer(state: &mut State, call: &Call<'_>) -> Result<Answer, Answer> {
    let Some(access) = call.access else {
        return Err(Answer::error(401, "This endpoint requires you to be authenticated."));
    };
    let sent = call.object()?;
    if let Some(key) = sent.keys().find(|key| !["query", "variables"].contains(&key.as_str())) {
        return Err(Answer::error(400, &format!("unexpected key {key}")));
    }
    let (Some(query), Some(variables)) = (sent.get("query").and_then(Value::as_str), sent.get("variables")) else {
        return Err(Answer::error(400, "A query attribute must be specified and must be a string."));
    };
    let variables = variables.as_object().cloned().unwrap_or_default();
    let data = check(query, &variables).and_then(|()| {
        if query.starts_with("mutation") {
            return create(state, call, access, &variables);
        }
        enter(state, access, &variables)?;
        let asked =
            if query.contains("discussionCategories") { categories(state) } else { list(state, call, &variables)? };
        Ok(json!({ "repository": asked }))
    });
    let body = match data {
        Ok(data) => json!({ "data": data }),
        Err((kind, message)) => json!({ "data": null, "errors": [{ "type": kind, "message": message }] }),
    };
    Ok(Answer::json(200, &body))
}

type Refusal = (Option<&'static str>, String);

/// Refuses unknown words, values in the place of variables, and variables that are not declared or not given.
fn check(query: &str, variables: &Map<String, Value>) -> Result<(), Refusal> {
    let invalid = |message: String| Err((None, message));
    if query.contains('"') || query.matches('{').count() != query.matches('}').count() {
        return invalid("Parse error on the query".into());
    }
    let words = query.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    if let Some(word) = words.clone().find(|word| !WORDS.contains(word) && word.parse::<usize>().is_err()) {
        return invalid(format!("Field '{word}' doesn't exist on type 'Repository'"));
    }
    if let Some(name) = variables.keys().find(|name| !query.contains(&format!("${name}:"))) {
        return invalid(format!("Variable ${name} is not declared"));
    }
    for required in ["owner", "name", "input"] {
        if query.contains(&format!("${required}:")) && variables.get(required).is_none_or(Value::is_null) {
            return invalid(format!("Variable ${required} was provided invalid value"));
        }
    }
    Ok(())
}

fn enter(state: &State, access: Access, variables: &Map<String, Value>) -> Result<(), Refusal> {
    let text = |name: &str| variables.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = format!("{}/{}", text("owner"), text("name"));
    if name == state.full_name() && access.can_see() {
        return Ok(());
    }
    Err((Some("NOT_FOUND"), format!("Could not resolve to a Repository with the name '{name}'.")))
}

fn categories(state: &State) -> Value {
    let category = |slug: &String| json!({ "id": category_id(slug), "name": slug.to_uppercase(), "slug": slug });
    let nodes: Vec<Value> = state.categories.iter().map(category).collect();
    json!({
        "id": repository_id(state),
        "hasDiscussionsEnabled": !state.categories.is_empty(),
        "discussionCategories": { "nodes": nodes },
    })
}

fn list(state: &State, call: &Call<'_>, variables: &Map<String, Value>) -> Result<Value, Refusal> {
    let after = match variables.get("after") {
        None | Some(Value::Null) => 0,
        Some(cursor) => {
            cursor.as_str().and_then(|text| text.strip_prefix("cursor:")?.parse().ok()).ok_or_else(|| {
                (Some("INVALID_CURSOR_ARGUMENTS"), format!("`{cursor}` does not appear to be a valid cursor."))
            })?
        }
    };
    let newest = state.discussions.iter().rev();
    let node = |discussion: &Discussion| {
        let (title, created) = (&discussion.title, "2026-01-02T03:04:05Z");
        json!({ "title": title, "url": address(state, call, discussion.number), "createdAt": created })
    };
    let nodes: Vec<Value> = newest.skip(after).take(PAGE).map(node).collect();
    let end = after + nodes.len();
    let page = json!({ "hasNextPage": end < state.discussions.len(), "endCursor": format!("cursor:{end}") });
    Ok(json!({ "discussions": { "nodes": nodes, "pageInfo": page } }))
}

fn create(
    state: &mut State,
    call: &Call<'_>,
    access: Access,
    variables: &Map<String, Value>,
) -> Result<Value, Refusal> {
    if !access.can_write() {
        return Err((Some("FORBIDDEN"), "Resource not accessible by integration".into()));
    }
    let input = variables.get("input").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| {
        let text = input.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
        text.ok_or_else(|| (Some("UNPROCESSABLE"), format!("{name} can't be blank")))
    };
    let (repository, category, title, body) =
        (text("repositoryId")?, text("categoryId")?, text("title")?, text("body")?);
    let known = state.categories.iter().find(|slug| category_id(slug) == category).cloned();
    let Some(category) = known.filter(|_| repository == repository_id(state)) else {
        return Err((Some("NOT_FOUND"), format!("Could not resolve to a node with the global id of '{category}'")));
    };
    if body.chars().count() > LONGEST_BODY {
        return Err((Some("UNPROCESSABLE"), format!("Body is too long (maximum is {LONGEST_BODY} characters)")));
    }
    let number = state.add_discussion(title, body, category);
    Ok(json!({ "createDiscussion": { "discussion": { "url": address(state, call, number) } } }))
}

fn address(state: &State, call: &Call<'_>, number: usize) -> String {
    format!("{}/{}/discussions/{number}", call.shared.base(Host::Web), state.full_name())
}

fn repository_id(state: &State) -> String {
    format!("R_{}", state.id)
}

fn category_id(slug: &str) -> String {
    format!("DIC_{slug}")
}
