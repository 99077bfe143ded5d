//! Commits and their authors, and the list of contributors.

use serde_json::{Value, json};

use super::answer::Answer;
use super::server::Head;
use super::state::State;

/// One commit; GitHub does not say "not found" of a hash that it does not know.
pub(crate) fn commit(state: &State, commit: &str) -> Result<Answer, Answer> {
    let author =
        state.commits.get(commit).ok_or_else(|| Answer::error(422, &format!("No commit found for SHA: {commit}")))?;
    let author = author.as_ref().map(|login| json!({ "login": login, "id": 1, "type": "User" }));
    Ok(Answer::json(200, &json!({ "sha": commit, "commit": { "author": { "name": "Somebody" } }, "author": author })))
}

/// A page of the contributors, those with the most commits first.
pub(crate) fn contributors(state: &State, head: &Head) -> Result<Answer, Answer> {
    let number = |name: &str, default: usize| head.query(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (page, size) = (number("page", 1), number("per_page", 30).min(100));
    let mut contributors: Vec<&(String, u64)> = state.contributors.iter().collect();
    contributors.sort_by_key(|(_, commits)| std::cmp::Reverse(*commits));
    let listed = contributors.into_iter().skip((page - 1) * size).take(size);
    let listed: Vec<Value> =
        listed.map(|(login, commits)| json!({ "login": login, "type": "User", "contributions": commits })).collect();
    Ok(Answer::json(200, &Value::Array(listed)))
}
