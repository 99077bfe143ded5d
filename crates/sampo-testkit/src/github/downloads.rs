//! Downloads of assets: through the API, from the web address, and from the storage that both redirect to.

use axum::body::Body;
use http::{Method, Response};

use super::answer::Answer;
use super::api::{Call, unknown};
use super::releases::present_asset;
use super::server::{Head, Host, Shared};
use super::state::{Access, State};

/// `GET releases/assets/{id}`: the description as JSON, or the bytes by way of a redirect.
pub(crate) fn asset(state: &mut State, call: &Call<'_>, id: u64) -> Result<Answer, Answer> {
    let drafts = call.access.is_some_and(Access::can_write);
    let (release, at) = state.holder(id).ok_or_else(Answer::not_found)?;
    if release.draft && !drafts {
        return Err(Answer::not_found());
    }
    let (release, asset) = (release.clone(), release.assets[at].clone());
    if call.head.header("accept") != Some("application/octet-stream") {
        return Ok(Answer::json(200, &present_asset(state, call.shared, &release, &asset)));
    }
    if asset.state != "uploaded" {
        return Err(Answer::not_found());
    }
    if state.direct_downloads {
        let bytes = std::fs::read(state.file(id)).expect("the bytes of an uploaded asset");
        return Ok(Answer::new(200, "application/octet-stream", bytes));
    }
    Ok(Answer::empty(302).header("location", signed_address(call.shared, id)))
}

fn signed_address(shared: &Shared, asset: u64) -> String {
    format!("{}/objects/{asset}?signature=s3cr3t-signature", shared.base(Host::Storage))
}

/// The object storage: takes its own signature only, and refuses a second way to authenticate.
pub(crate) fn storage(shared: &Shared, head: &Head) -> Response<Body> {
    let mut state = shared.state();
    let segments = head.segments();
    let id = match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["objects", id] if head.method == Method::GET => id.parse::<u64>().ok(),
        _ => None,
    };
    let Some(id) = id else { return unknown(&mut state, head).into_response() };
    if head.headers.contains_key("authorization") {
        let complaint = "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>";
        return Answer::new(400, "application/xml", complaint).into_response();
    }
    if head.query("signature").as_deref() != Some("s3cr3t-signature") {
        return Answer::new(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>").into_response();
    }
    match std::fs::read(state.file(id)) {
        Ok(bytes) => Answer::new(200, "application/octet-stream", bytes).into_response(),
        Err(_) => Answer::new(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>").into_response(),
    }
}

/// `github.com`: what a user without any token fetches.
pub(crate) fn web(shared: &Shared, head: &Head) -> Response<Body> {
    let mut state = shared.state();
    let segments = head.segments();
    match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [owner, name, "releases", "download", tag @ .., file]
            if head.method == Method::GET && format!("{owner}/{name}") == state.full_name() =>
        {
            let visible = state.published(&tag.join("/")).filter(|_| !state.private);
            let asset = visible.and_then(|release| {
                release.assets.iter().find(|asset| asset.name == *file && asset.state == "uploaded")
            });
            match asset {
                Some(asset) => Answer::empty(302).header("location", signed_address(shared, asset.id)),
                None => Answer::new(404, "text/html", "Not Found"),
            }
        }
        _ => unknown(&mut state, head),
    }
    .into_response()
}
