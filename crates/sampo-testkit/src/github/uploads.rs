//! The uploads host: receives assets, and is as particular about it as GitHub's.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::api::{authenticate, forbidden, unknown};
use super::asset_name::stored_as;
use super::releases::present_asset;
use super::server::{Closed, Head, Shared};
use super::state::{Access, Asset, State};

const LARGEST: u64 = 2_147_483_648;
const MOST_ASSETS: usize = 1000;

/// Takes in one asset. Until its last byte has come it stands there as `starter`.
pub(crate) async fn receive(shared: &Shared, head: &Head, body: Incoming) -> Result<Response<Body>, Closed> {
    let begun = begin(&mut shared.state(), shared, head);
    let (asset, expected) = match begun {
        Ok(begun) => begun,
        // The refusal goes out before the body was read.
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let (digest, size) = store(shared, asset, body).await?;
    if size != expected {
        return Err(Closed);
    }
    Ok(complete(&mut shared.state(), shared, asset, size, &digest).into_response())
}

/// Begins an upload and goes no further, as when a connection breaks.
pub(crate) async fn begin_only(shared: &Shared, head: &Head, mut body: Incoming) {
    if head.host == super::Host::Uploads {
        let _ = begin(&mut shared.state(), shared, head);
    }
    let _ = body.frame().await;
}

/// Checks the head of the request and makes the `starter`; its id, and the size to come.
fn begin(state: &mut State, shared: &Shared, head: &Head) -> Result<(u64, u64), Answer> {
    match authenticate(state, head) {
        Err(_) => return Err(Answer::upload_error(401, "Bad credentials", None)),
        Ok(None | Some(Access::None)) => return Err(Answer::upload_error(404, "Not Found", None)),
        Ok(Some(access)) if !access.can_write() => return Err(forbidden(access)),
        Ok(Some(_)) => {}
    }
    if head.header("user-agent").is_none_or(str::is_empty) {
        return Err(Answer::new(403, "text/html", "Request forbidden by administrative rules."));
    }
    let release = release_of(state, shared, head)?;
    let size = check_head(head)?;
    let sent = head.query("name").unwrap_or_default();
    let name = stored_as(&sent);
    if name.is_empty() {
        return Err(Answer::upload_error(400, &format!("Invalid name for request \"{sent}\""), None));
    }
    let held = state.release(release).ok_or_else(|| Answer::upload_error(404, "Not Found", None))?;
    if held.immutable {
        return Err(Answer::upload_error(422, "Cannot upload assets to an immutable release.", None));
    }
    let refuse = |field: &str, code: &str, message: Option<&str>| {
        let mut entry = json!({ "resource": "ReleaseAsset", "code": code, "field": field });
        if let Some(message) = message {
            entry["message"] = json!(message);
        }
        Err(Answer::upload_error(422, "Validation Failed", Some(&json!([entry]))))
    };
    if held.assets.iter().any(|asset| asset.name == name) {
        return refuse("name", "already_exists", None);
    }
    if held.assets.len() >= MOST_ASSETS {
        return refuse("file_count", "custom", Some("file_count limited to 1000 assets per release"));
    }
    match size {
        0 => return refuse("size", "custom", Some("size must be greater than or equal to 1")),
        LARGEST.. => return refuse("size", "custom", Some("size must be less than or equal to 2147483648")),
        _ => {}
    }
    let (id, hidden) = (state.new_id(), state.lag);
    let asset = Asset { id, name, state: "starter".into(), size: 0, digest: None, hidden };
    state.release_mut(release).expect("found above").assets.push(asset);
    Ok((id, size))
}

/// `/repos/acme/app/releases/17/assets`, below `/api/uploads` on an enterprise server.
fn release_of(state: &mut State, shared: &Shared, head: &Head) -> Result<u64, Answer> {
    let segments = head.segments();
    let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if shared.enterprise && segments.get(..2) == Some(&["api", "uploads"]) {
        segments.drain(..2);
    }
    match segments.as_slice() {
        ["repos", owner, name, "releases", id, "assets"] if head.method == http::Method::POST => {
            let known = format!("{owner}/{name}").eq_ignore_ascii_case(&state.full_name());
            let id = id.parse().ok().filter(|_| known);
            id.ok_or_else(|| Answer::upload_error(404, "Not Found", None))
        }
        _ => Err(unknown(state, head)),
    }
}

fn check_head(head: &Head) -> Result<u64, Answer> {
    let length = head.header("content-length").unwrap_or_default();
    let Ok(size) = length.parse() else {
        return Err(Answer::upload_error(400, &format!("Bad Content-Length: {length}"), None));
    };
    let kind = head.header("content-type").unwrap_or_default();
    if !kind.contains('/') {
        return Err(Answer::upload_error(400, &format!("Invalid Content-Type: '{kind}'"), None));
    }
    if kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("multipart/form-data") {
        return Err(Answer::upload_error(422, "Multipart form data required", None));
    }
    Ok(size)
}

/// Writes the body to disk as it comes, unless contents are discarded; its digest and size.
async fn store(shared: &Shared, asset: u64, mut body: Incoming) -> Result<(String, u64), Closed> {
    let (path, throttle) = {
        let state = shared.state();
        ((!state.discards).then(|| state.file(asset)), state.throttle)
    };
    let mut file = path.map(|path| File::create(path).expect("a file for an asset"));
    let started = tokio::time::Instant::now();
    let (mut hasher, mut size) = (Sha256::new(), 0u64);
    while let Some(frame) = body.frame().await {
        // The client went away: the `starter` stays.
        let Ok(chunk) = frame.map_err(|_| Closed)?.into_data() else { continue };
        hasher.update(&chunk);
        size += chunk.len() as u64;
        if let Some(file) = &mut file {
            file.write_all(&chunk).expect("room for an asset");
        }
        if let Some(rate) = throttle {
            // From the beginning on: what a single wait takes too long, the next ones make up for.
            tokio::time::sleep_until(started + Duration::from_secs_f64(size as f64 / rate as f64)).await;
        }
    }
    Ok((format!("sha256:{}", hex::encode(hasher.finalize())), size))
}

fn complete(state: &mut State, shared: &Shared, id: u64, size: u64, digest: &str) -> Answer {
    let Some((release, at)) = state.holder(id) else {
        return Answer::upload_error(500, "Error saving asset", None);
    };
    let asset = &mut release.assets[at];
    asset.state = "uploaded".into();
    asset.size = size;
    asset.digest = Some(digest.to_owned());
    let (release, asset) = (release.clone(), release.assets[at].clone());
    Answer::json(201, &present_asset(state, shared, &release, &asset))
}
