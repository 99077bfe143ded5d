//! Releases: made, listed, found, changed, published and deleted as GitHub does it.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::api::Call;
use super::server::{Host, Shared};
use super::state::{Access, Asset, Release, State, Tag};

const LONGEST_BODY: usize = 125_000;
const CREATE_KEYS: &[&str] = &[
    "tag_name",
    "target_commitish",
    "name",
    "body",
    "draft",
    "prerelease",
    "discussion_category_name",
    "generate_release_notes",
    "make_latest",
];

type Result<T = Answer, E = Answer> = std::result::Result<T, E>;

/// Answers requests below `releases`; none if there is no such request.
pub(crate) fn answer(state: &mut State, call: &Call<'_>, method: &str, rest: &[&str]) -> Option<Result> {
    let id = |text: &str| text.parse::<u64>().ok();
    Some(match (method, rest) {
        ("GET", []) => list(state, call),
        ("POST", []) => create(state, call),
        ("POST", ["generate-notes"]) => generate_notes(state, call),
        ("GET", ["latest"]) => latest(state, call),
        ("GET", ["tags", tag @ ..]) => by_tag(state, call, &tag.join("/")),
        ("GET", ["assets", asset]) => super::downloads::asset(state, call, id(asset)?),
        ("DELETE", ["assets", asset]) => delete_asset(state, call, id(asset)?),
        ("GET", [release]) => show(state, call, id(release)?),
        ("PATCH", [release]) => update(state, call, id(release)?),
        ("DELETE", [release]) => delete(state, call, id(release)?),
        ("GET", [release, "assets"]) => assets(state, call, id(release)?),
        _ => return None,
    })
}

fn sees_drafts(access: Option<Access>) -> bool {
    access.is_some_and(Access::can_write)
}

/// The state of reads that lag behind: whether this one is shown yet.
pub(super) fn appears(hidden: &mut u32) -> bool {
    let shown = *hidden == 0;
    *hidden = hidden.saturating_sub(1);
    shown
}

fn list(state: &mut State, call: &Call<'_>) -> Result {
    let drafts = sees_drafts(call.access);
    let mut shown: Vec<Release> = Vec::new();
    for release in state.releases.iter_mut().rev() {
        if appears(&mut release.hidden) && (drafts || !release.draft) {
            shown.push(release.clone());
        }
    }
    let (page, link) = paginate(call, state.id, "releases", &shown);
    let body: Vec<Value> = page.iter().map(|release| present(state, call.shared, release)).collect();
    let answer = Answer::json(200, &Value::Array(body));
    Ok(link.into_iter().fold(answer, |answer, link| answer.header("link", link)))
}

/// The page that was asked for, and the `Link` header to the others.
pub(super) fn paginate<'a, T>(call: &Call<'_>, repository: u64, path: &str, all: &'a [T]) -> (&'a [T], Option<String>) {
    let number =
        |name: &str, default: usize| call.head.query(name).and_then(|n| n.parse().ok()).unwrap_or(default).max(1);
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    let last = all.len().div_ceil(size).max(1);
    let start = ((page - 1) * size).min(all.len());
    let end = (start + size).min(all.len());
    let base = call.shared.base(Host::Api);
    let url = |page: usize| {
        let filters = call.head.query_without(&["per_page", "page"]);
        format!("<{base}/repositories/{repository}/{path}?{filters}per_page={size}&page={page}>")
    };
    let mut links = Vec::new();
    if page > 1 {
        links.push(format!("{}; rel=\"prev\"", url(page - 1)));
    }
    if page < last {
        links.push(format!("{}; rel=\"next\"", url(page + 1)));
        links.push(format!("{}; rel=\"last\"", url(last)));
    }
    (&all[start..end], (!links.is_empty()).then(|| links.join(", ")))
}

fn by_tag(state: &mut State, call: &Call<'_>, tag: &str) -> Result {
    let release = state.releases.iter_mut().find(|release| !release.draft && release.tag == tag);
    let release = release.ok_or_else(Answer::not_found)?;
    if !appears(&mut release.hidden) {
        return Err(Answer::not_found());
    }
    let id = release.id;
    show(state, call, id)
}

fn latest(state: &mut State, call: &Call<'_>) -> Result {
    let id = state.latest().ok_or_else(Answer::not_found)?.id;
    show(state, call, id)
}

fn show(state: &mut State, call: &Call<'_>, id: u64) -> Result {
    let drafts = sees_drafts(call.access);
    let release = state.release_mut(id).filter(|release| drafts || !release.draft).ok_or_else(Answer::not_found)?;
    let mut shown = release.clone();
    shown.assets = visible_assets(release);
    Ok(Answer::json(200, &present(state, call.shared, &shown)))
}

fn visible_assets(release: &mut Release) -> Vec<Asset> {
    release.assets.iter_mut().filter_map(|asset| appears(&mut asset.hidden).then(|| asset.clone())).collect()
}

fn assets(state: &mut State, call: &Call<'_>, id: u64) -> Result {
    let drafts = sees_drafts(call.access);
    let release = state.release_mut(id).filter(|release| drafts || !release.draft).ok_or_else(Answer::not_found)?;
    let shown = visible_assets(release);
    let release = release.clone();
    let (page, link) = paginate(call, state.id, &format!("releases/{id}/assets"), &shown);
    let body: Vec<Value> = page.iter().map(|asset| present_asset(state, call.shared, &release, asset)).collect();
    let answer = Answer::json(200, &Value::Array(body));
    Ok(link.into_iter().fold(answer, |answer, link| answer.header("link", link)))
}

fn create(state: &mut State, call: &Call<'_>) -> Result {
    call.require_write()?;
    let sent = call.object()?;
    check_types(&sent)?;
    let tag = text(&sent, "tag_name").filter(|tag| !tag.is_empty()).ok_or_else(|| {
        Answer::invalid(&json!([{ "resource": "Release", "code": "missing_field", "field": "tag_name" }]))
    })?;
    check_commitish(state, &sent)?;
    let draft = flag(&sent, "draft").unwrap_or(false);
    let id = state.new_id();
    let release = Release {
        id,
        tag,
        title: text(&sent, "name"),
        body: text(&sent, "body"),
        draft: true,
        prerelease: flag(&sent, "prerelease").unwrap_or(false),
        immutable: false,
        discussion_category: None,
        assets: Vec::new(),
        hidden: state.lag,
    };
    check_body(release.body.as_deref())?;
    check_tag(state, &release)?;
    state.releases.push(release);
    if !draft && let Err(refusal) = publish(state, id, &sent) {
        state.releases.pop();
        return Err(refusal);
    }
    let body = present(state, call.shared, state.release(id).expect("just made"));
    Ok(Answer::json(201, &body).header("location", body["url"].as_str().unwrap_or_default()))
}

fn update(state: &mut State, call: &Call<'_>, id: u64) -> Result {
    call.require_write()?;
    let sent = call.object()?;
    check_types(&sent)?;
    check_commitish(state, &sent)?;
    check_body(text(&sent, "body").as_deref())?;
    let release = state.release(id).ok_or_else(Answer::not_found)?.clone();
    let draft = flag(&sent, "draft").unwrap_or(release.draft);
    let tag = text(&sent, "tag_name");
    if release.immutable && draft {
        return Err(Answer::custom("Release", "state", "state cannot be changed when release is immutable"));
    }
    if release.immutable && tag.as_ref().is_some_and(|tag| *tag != release.tag) {
        return Err(Answer::custom("Release", "tag_name", "tag_name cannot be changed when release is immutable"));
    }
    let tag = match tag {
        Some(tag) => tag,
        // GitHub's trap: a draft that stays one and is not told its tag again loses it.
        None if release.draft && draft => format!("untagged-{:020x}", id * 0x9e37_79b9),
        None => release.tag.clone(),
    };
    let held = state.release_mut(id).expect("found above");
    held.tag = tag;
    held.title = text(&sent, "name").or(release.title.clone());
    held.body = text(&sent, "body").or(release.body.clone());
    held.prerelease = flag(&sent, "prerelease").unwrap_or(release.prerelease);
    let outcome = match (release.draft, draft) {
        (true, false) => publish(state, id, &sent),
        (false, true) => {
            held.draft = true;
            Ok(())
        }
        (false, false) => set_latest(state, id, &sent),
        (true, true) => Ok(()),
    };
    if let Err(refusal) = outcome {
        *state.release_mut(id).expect("found above") = release;
        return Err(refusal);
    }
    let body = present(state, call.shared, state.release(id).expect("found above"));
    Ok(Answer::json(200, &body))
}

/// Makes a draft public: its tag is taken, or invented if it does not exist.
fn publish(state: &mut State, id: u64, sent: &Map<String, Value>) -> Result<()> {
    let release = state.release(id).expect("known to the caller").clone();
    check_tag(state, &release)?;
    if state.releases.iter().any(|other| other.id != id && !other.draft && other.tag == release.tag) {
        return Err(Answer::invalid(
            &json!([{ "resource": "Release", "code": "already_exists", "field": "tag_name" }]),
        ));
    }
    if !state.tags.contains_key(&release.tag) {
        let target = text(sent, "target_commitish").filter(|target| is_hash(target));
        let commit = target.unwrap_or_else(|| state.default_branch_head.clone());
        state.tags.insert(release.tag.clone(), Tag { commit, object: None, invented: true });
    }
    set_latest(state, id, sent)?;
    let immutable = state.immutable_releases;
    let held = state.release_mut(id).expect("known to the caller");
    held.draft = false;
    held.immutable = immutable;
    held.discussion_category = text(sent, "discussion_category_name");
    Ok(())
}

fn set_latest(state: &mut State, id: u64, sent: &Map<String, Value>) -> Result<()> {
    let prerelease = state.release(id).is_some_and(|release| release.prerelease);
    match text(sent, "make_latest").as_deref() {
        Some("true") if prerelease => {
            return Err(Answer::custom("Release", "make_latest", "prereleases cannot be set as latest"));
        }
        Some("true") | None if !prerelease => state.latest = Some(id),
        Some("false") if state.latest == Some(id) => state.latest = None,
        _ => {}
    }
    Ok(())
}

fn check_types(sent: &Map<String, Value>) -> Result<()> {
    for (key, value) in sent {
        if !CREATE_KEYS.contains(&key.as_str()) {
            return Err(Answer::error(422, &format!("Invalid request.\n\n`{key}` is not a permitted key.")));
        }
        let is_flag = matches!(key.as_str(), "draft" | "prerelease" | "generate_release_notes");
        if is_flag && !value.is_boolean() {
            return Err(Answer::wrong_type(key, &format!("{value} is not a boolean")));
        }
        if !is_flag && !value.is_string() {
            return Err(Answer::wrong_type(key, &format!("{value} is not a string")));
        }
    }
    match text(sent, "make_latest").as_deref() {
        None | Some("true" | "false" | "legacy") => Ok(()),
        Some(other) => Err(Answer::wrong_type(
            "make_latest",
            &format!("{other} is not a member of [\"true\", \"false\", \"legacy\"]"),
        )),
    }
}

/// A branch or a full hash; a tag, a reference or a short hash is refused even where it would be ignored.
fn check_commitish(state: &State, sent: &Map<String, Value>) -> Result<()> {
    let Some(target) = text(sent, "target_commitish") else { return Ok(()) };
    let known_commit = target == state.default_branch_head || state.tags.values().any(|tag| tag.commit == target);
    if target == "main" || (is_hash(&target) && known_commit) {
        return Ok(());
    }
    Err(Answer::invalid(&json!([{ "resource": "Release", "code": "invalid", "field": "target_commitish" }])))
}

fn check_body(body: Option<&str>) -> Result<()> {
    if body.is_some_and(|body| body.chars().count() > LONGEST_BODY) {
        return Err(Answer::custom("Release", "body", "body is too long (maximum is 125000 characters)"));
    }
    Ok(())
}

fn check_tag(state: &State, release: &Release) -> Result<()> {
    if state.burned_tags.contains(&release.tag) {
        return Err(Answer::custom("Release", "tag_name", "tag_name was used by an immutable release"));
    }
    Ok(())
}

fn generate_notes(state: &State, call: &Call<'_>) -> Result {
    call.require_write()?;
    let sent = call.object()?;
    let known = ["tag_name", "target_commitish", "previous_tag_name", "configuration_file_path"];
    if let Some((key, value)) = sent.iter().find(|(key, value)| !known.contains(&key.as_str()) || !value.is_string()) {
        return Err(Answer::wrong_type(key, &format!("{value} is not permitted")));
    }
    let tag = text(&sent, "tag_name").ok_or_else(|| Answer::wrong_type("tag_name", "it is missing"))?;
    let previous = text(&sent, "previous_tag_name");
    if previous.as_ref().is_some_and(|previous| !state.tags.contains_key(previous)) {
        return Err(Answer::invalid(
            &json!([{ "resource": "Release", "code": "invalid", "field": "previous_tag_name" }]),
        ));
    }
    let range = previous.map_or_else(|| format!("commits/{tag}"), |previous| format!("compare/{previous}...{tag}"));
    let body = format!("## What's Changed\n* Everything\n\n**Full Changelog**: {range}");
    Ok(Answer::json(200, &json!({ "name": tag, "body": body })))
}

fn delete(state: &mut State, call: &Call<'_>, id: u64) -> Result {
    call.require_write()?;
    let at = state.releases.iter().position(|release| release.id == id).ok_or_else(Answer::not_found)?;
    let release = state.releases.remove(at);
    if release.immutable {
        state.burned_tags.insert(release.tag);
    }
    Ok(Answer::empty(204))
}

fn delete_asset(state: &mut State, call: &Call<'_>, id: u64) -> Result {
    call.require_write()?;
    let file = state.file(id);
    let (release, at) = state.holder(id).ok_or_else(Answer::not_found)?;
    if release.immutable {
        return Err(Answer::custom("ReleaseAsset", "base", "Cannot delete asset from an immutable release"));
    }
    release.assets.remove(at);
    let _ = std::fs::remove_file(file);
    Ok(Answer::empty(204))
}

fn text(sent: &Map<String, Value>, key: &str) -> Option<String> {
    sent.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn flag(sent: &Map<String, Value>, key: &str) -> Option<bool> {
    sent.get(key).and_then(Value::as_bool)
}

fn is_hash(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// A release as the API shows it.
fn present(state: &State, shared: &Shared, release: &Release) -> Value {
    let api = format!("{}/repos/{}/releases", shared.base(Host::Api), state.full_name());
    let uploads = format!("{}/repos/{}/releases", shared.base(Host::Uploads), state.full_name());
    let web = format!("{}/{}/releases", shared.base(Host::Web), state.full_name());
    let id = release.id;
    let embedded = release.assets.iter().take(state.embedded_assets);
    let assets: Vec<Value> = embedded.map(|asset| present_asset(state, shared, release, asset)).collect();
    json!({
        "url": format!("{api}/{id}"),
        "assets_url": format!("{api}/{id}/assets"),
        "upload_url": format!("{uploads}/{id}/assets{{?name,label}}"),
        "html_url": format!("{web}/tag/{}", web_tag(release)),
        "id": id,
        "tag_name": release.tag,
        "target_commitish": "main",
        "name": release.title,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": release.immutable,
        "created_at": "2026-01-02T03:04:05Z",
        "published_at": if release.draft { Value::Null } else { json!("2026-01-02T03:04:05Z") },
        "assets": assets,
    })
}

/// The tag in web addresses; a draft has none yet.
fn web_tag(release: &Release) -> String {
    if release.draft { format!("untagged-{:020x}", release.id) } else { release.tag.clone() }
}

pub(crate) fn present_asset(state: &State, shared: &Shared, release: &Release, asset: &Asset) -> Value {
    let api = format!("{}/repos/{}/releases/assets/{}", shared.base(Host::Api), state.full_name(), asset.id);
    let web = format!("{}/{}/releases/download", shared.base(Host::Web), state.full_name());
    let mut shown = json!({
        "url": api,
        "id": asset.id,
        "name": asset.name,
        "label": "",
        "state": asset.state,
        "content_type": "application/octet-stream",
        "size": asset.size,
        "download_count": 0,
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "uploader": { "login": "aino" },
        "browser_download_url": format!("{web}/{}/{}", web_tag(release), asset.name),
    });
    if state.digests {
        shown["digest"] = json!(asset.digest);
    }
    shown
}
