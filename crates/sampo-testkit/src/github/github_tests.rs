//! The fake is as strict as GitHub, and says what it remembers.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn request(github: &FakeGithub, method: Method, path: &str) -> RequestBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
        .request(method, format!("{}{path}", github.api_url()))
        .header("user-agent", "test")
        .header("accept", "application/vnd.github+json")
}

async fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

async fn get(github: &FakeGithub, path: &str) -> (u16, Value) {
    send(request(github, Method::GET, path).bearer_auth(TOKEN)).await
}

async fn post(github: &FakeGithub, path: &str, body: &Value) -> (u16, Value) {
    send(request(github, Method::POST, path).bearer_auth(TOKEN).json(body)).await
}

async fn patch(github: &FakeGithub, path: &str, body: &Value) -> (u16, Value) {
    send(request(github, Method::PATCH, path).bearer_auth(TOKEN).json(body)).await
}

const RELEASES: &str = "/repos/acme/app/releases";

fn upload(github: &FakeGithub, release: u64, name: &str) -> RequestBuilder {
    upload_as(github, release, name, "application/octet-stream")
}

fn upload_as(github: &FakeGithub, release: u64, name: &str, kind: &str) -> RequestBuilder {
    let url = format!("{}{RELEASES}/{release}/assets", github.shared.base(Host::Uploads));
    reqwest::Client::new()
        .post(url)
        .query(&[("name", name)])
        .header("user-agent", "test")
        .header("content-type", kind)
        .bearer_auth(TOKEN)
}

#[tokio::test]
async fn requests_must_say_who_they_are_and_what_they_want() {
    let github = FakeGithub::start();
    let bare = reqwest::Client::new().get(format!("{}{RELEASES}", github.api_url()));
    let response = bare.send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (403, "text/html"));
    let version = request(&github, Method::GET, RELEASES).header("x-github-api-version", "2020-01-01");
    assert_eq!(send(version).await.0, 400);
    let agent_only = reqwest::Client::new().get(format!("{}{RELEASES}", github.api_url())).header("user-agent", "test");
    assert_eq!(send(agent_only).await.0, 415);
    let (status, body) = send(request(&github, Method::GET, RELEASES).bearer_auth("wrong")).await;
    assert_eq!((status, &body["message"], &body["status"]), (401, &json!("Bad credentials"), &json!("401")));
}

#[tokio::test]
async fn who_may_not_write_is_told_so_in_githubs_way() {
    let github = FakeGithub::start();
    github.add_token("reader", Access::ReadOnlyInstallation).add_token("outsider", Access::None);
    let body = json!({ "tag_name": "v1", "draft": true });
    let anonymous = request(&github, Method::POST, RELEASES).json(&body);
    assert_eq!(send(anonymous).await.0, 401);
    assert_eq!(send(request(&github, Method::POST, RELEASES).bearer_auth("outsider").json(&body)).await.0, 404);
    let response = request(&github, Method::POST, RELEASES).bearer_auth("reader").json(&body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 403);
    assert_eq!(response.headers()["x-accepted-github-permissions"], "contents=write");
}

#[tokio::test]
async fn drafts_are_listed_to_writers_only_and_never_found_by_tag() {
    let github = FakeGithub::start();
    github.add_token("reader", Access::Read);
    let draft = github.add_draft("v1");
    assert_eq!(get(&github, &format!("{RELEASES}/tags/v1")).await.0, 404);
    assert_eq!(get(&github, RELEASES).await.1[0]["id"], draft);
    let (_, listed) = send(request(&github, Method::GET, RELEASES).bearer_auth("reader")).await;
    assert_eq!(listed, json!([]));
    assert_eq!(send(request(&github, Method::GET, &format!("{RELEASES}/{draft}")).bearer_auth("reader")).await.0, 404);
}

#[tokio::test]
async fn pages_are_linked_by_the_repositorys_id() {
    let github = FakeGithub::start();
    for n in 0..40 {
        github.add_draft(&format!("v{n}"));
    }
    let response = request(&github, Method::GET, RELEASES).bearer_auth(TOKEN).send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    assert!(
        link.contains(&format!("<{}/repositories/4711/releases?per_page=30&page=2>; rel=\"next\"", github.api_url()))
    );
    let page: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(page.as_array().unwrap().len(), 30);
    let (_, rest) = get(&github, "/repositories/4711/releases?per_page=30&page=2").await;
    assert_eq!(rest.as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn bodies_are_checked_as_github_checks_them() {
    let github = FakeGithub::start();
    github.add_tag("v1", COMMIT);
    let table = [
        (json!({}), "Validation Failed"),
        (json!({ "tag_name": "v1", "make_latest": true }), "properties/make_latest"),
        (json!({ "tag_name": "v1", "draft": "yes" }), "properties/draft"),
        (json!({ "tag_name": "v1", "target_commitish": "v1" }), "Validation Failed"),
        (json!({ "tag_name": "v1", "body": "x".repeat(125_001) }), "Validation Failed"),
        (json!({ "tag_name": "v1", "title": "x" }), "title"),
    ];
    for (body, message) in table {
        let (status, answer) = post(&github, RELEASES, &body).await;
        assert_eq!(status, 422);
        assert!(answer["message"].as_str().unwrap().contains(message), "{answer}");
    }
    let broken = request(&github, Method::POST, RELEASES).bearer_auth(TOKEN).header("content-type", "application/json");
    assert_eq!(send(broken.body("{")).await.0, 400);
    assert!(github.releases().is_empty());
}

#[tokio::test]
async fn a_draft_that_is_changed_without_its_tag_loses_it_and_a_missing_tag_is_invented() {
    let github = FakeGithub::start();
    let draft = github.add_draft("v1");
    patch(&github, &format!("{RELEASES}/{draft}"), &json!({ "name": "x" })).await;
    assert!(github.releases()[0].tag.starts_with("untagged-"));
    patch(&github, &format!("{RELEASES}/{draft}"), &json!({ "tag_name": "v1", "draft": false })).await;
    assert_eq!((github.release("v1").draft, github.invented_tags()), (false, vec!["v1".to_owned()]));
    let second = github.add_draft("v1");
    let (status, answer) = patch(&github, &format!("{RELEASES}/{second}"), &json!({ "draft": false })).await;
    assert_eq!((status, &answer["errors"][0]["code"]), (422, &json!("already_exists")));
}

#[tokio::test]
async fn uploads_are_checked_as_github_checks_them() {
    let github = FakeGithub::start();
    let draft = github.add_draft("v1");
    let chunked = futures::stream::once(async { Ok::<_, std::io::Error>("x") });
    let (status, answer) = send(upload(&github, draft, "a").body(reqwest::Body::wrap_stream(chunked))).await;
    assert_eq!((status, &answer["message"]), (400, &json!("Bad Content-Length: ")));
    let (status, answer) = send(upload_as(&github, draft, "a", "").body("x")).await;
    assert_eq!(status, 400, "{answer}");
    let form = upload_as(&github, draft, "a", "application/x-www-form-urlencoded").body("x");
    assert_eq!(send(form).await.1["message"], "Multipart form data required");
    assert_eq!(send(upload(&github, draft, ".").body("x")).await.0, 400);
    let (status, answer) = send(upload(&github, draft, "a").header("content-length", 0).body("")).await;
    assert_eq!((status, &answer["errors"][0]["message"]), (422, &json!("size must be greater than or equal to 1")));
    assert!(answer.get("status").is_none());
    let (status, answer) = send(upload(&github, draft, "my file~1.zip").body("x")).await;
    assert_eq!((status, &answer["name"], &answer["state"]), (201, &json!("my.file.1.zip"), &json!("uploaded")));
    assert_eq!(answer["digest"], "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
    let (status, answer) = send(upload(&github, draft, "my.file.1.zip").body("x")).await;
    assert_eq!((status, &answer["errors"][0]["code"]), (422, &json!("already_exists")));
    assert_eq!(send(upload(&github, 1, "a").body("x")).await.0, 404);
}

#[tokio::test]
async fn immutable_releases_stay_as_they_are_and_burn_their_tag() {
    let github = FakeGithub::start();
    github.with_immutable_releases().add_tag("v1", COMMIT);
    let id = github.add_published("v1");
    let asset = github.add_asset(id, "a", b"x");
    let (status, answer) = send(upload(&github, id, "b").body("x")).await;
    assert_eq!((status, &answer["message"]), (422, &json!("Cannot upload assets to an immutable release.")));
    let path = format!("{RELEASES}/assets/{asset}");
    assert_eq!(send(request(&github, Method::DELETE, &path).bearer_auth(TOKEN)).await.0, 422);
    assert_eq!(patch(&github, &format!("{RELEASES}/{id}"), &json!({ "draft": true })).await.0, 422);
    assert_eq!(patch(&github, &format!("{RELEASES}/{id}"), &json!({ "name": "x" })).await.0, 200);
    assert_eq!(send(request(&github, Method::DELETE, &format!("{RELEASES}/{id}")).bearer_auth(TOKEN)).await.0, 204);
    let (status, answer) = post(&github, RELEASES, &json!({ "tag_name": "v1", "draft": true })).await;
    assert_eq!((status, &answer["errors"][0]["message"]), (422, &json!("tag_name was used by an immutable release")));
}

#[tokio::test]
async fn downloads_are_redirected_to_a_storage_that_takes_no_second_authorisation() {
    let github = FakeGithub::start();
    let id = github.add_draft("v1");
    let asset = github.add_asset(id, "a", b"bytes");
    let path = format!("{RELEASES}/assets/{asset}");
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let asked = client.get(format!("{}{path}", github.api_url())).header("user-agent", "test").bearer_auth(TOKEN);
    let response = asked.header("accept", "application/octet-stream").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 302);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(client.get(&location).send().await.unwrap().bytes().await.unwrap(), "bytes");
    assert_eq!(client.get(&location).bearer_auth(TOKEN).send().await.unwrap().status().as_u16(), 400);
    let page = format!("{}/acme/app/releases/download/v1/a", github.web_url());
    assert_eq!(client.get(page).send().await.unwrap().status().as_u16(), 404);
}

#[tokio::test]
async fn a_renamed_repository_redirects_and_keeps_the_method() {
    let github = FakeGithub::start();
    github.rename("new", "name");
    assert_eq!(get(&github, RELEASES).await.0, 301);
    assert_eq!(post(&github, RELEASES, &json!({ "tag_name": "v1", "draft": true })).await.0, 307);
    assert_eq!(get(&github, "/repos/new/name/releases").await.0, 200);
}

#[tokio::test]
async fn faults_strike_the_planned_requests_before_or_after_their_effect() {
    let github = FakeGithub::start();
    let body = json!({ "tag_name": "v1", "draft": true });
    github
        .fail(Fault::on("POST", "*/releases").status(502))
        .fail(Fault::on("POST", "*/releases").status(500).after_effect());
    assert_eq!((post(&github, RELEASES, &body).await.0, github.releases().len()), (502, 0));
    assert_eq!((post(&github, RELEASES, &body).await.0, github.releases().len()), (500, 1));
    assert_eq!((post(&github, RELEASES, &body).await.0, github.releases().len()), (201, 2));
    github.fail(Fault::on("GET", "*").nth(2).dropped());
    assert_eq!(get(&github, RELEASES).await.0, 200);
    assert!(request(&github, Method::GET, RELEASES).send().await.is_err());
    let draft = github.add_draft("v2");
    github.fail(Fault::on("POST", "*/assets").dropped().half_way());
    assert!(upload(&github, draft, "a").body("x").send().await.is_err());
    assert_eq!(github.release("v2").assets[0].state, "starter");
    github.fail(Fault::on("GET", "*").truncated());
    let answer = request(&github, Method::GET, RELEASES).send().await.unwrap();
    assert!(answer.status().is_success() && answer.bytes().await.is_err());
    let statuses: Vec<Option<u16>> = github.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(502), Some(500), Some(201), Some(200), None, None, Some(200)]);
    assert_eq!(github.writes().len(), 4);
}

#[tokio::test]
async fn what_is_fresh_is_missing_from_lists_while_they_lag() {
    let github = FakeGithub::start();
    github.with_lag(1);
    let (_, made) = post(&github, RELEASES, &json!({ "tag_name": "v1", "draft": true })).await;
    assert_eq!(get(&github, RELEASES).await.1, json!([]));
    assert_eq!(get(&github, &format!("{RELEASES}/{}", made["id"])).await.0, 200);
    assert_eq!(get(&github, RELEASES).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_request_is_refused_and_remembered() {
    let github = FakeGithub::start();
    assert_eq!(get(&github, "/repos/acme/app/issues").await.0, 501);
    assert_eq!(github.take_unknown(), ["GET /repos/acme/app/issues"]);
}

const PULLS: &str = "/repos/acme/app/pulls";

fn pull(head: &str) -> Value {
    json!({ "title": "Release", "body": "text", "head": head, "base": "main" })
}

#[tokio::test]
async fn a_pull_request_is_made_once_found_by_its_branch_and_changed() {
    let github = FakeGithub::start();
    let (status, made) = post(&github, PULLS, &pull("release/main")).await;
    assert_eq!((status, &made["head"]["ref"]), (201, &json!("release/main")));
    let (status, refusal) = post(&github, PULLS, &pull("acme:release/main")).await;
    assert_eq!(status, 422);
    assert_eq!(refusal["errors"][0]["message"], "A pull request already exists for acme:release/main.");
    post(&github, PULLS, &pull("other")).await;
    let found = get(&github, &format!("{PULLS}?head=acme%3Arelease%2Fmain&base=main&state=open")).await.1;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["number"]), (1, &made["number"]));
    assert_eq!(get(&github, &format!("{PULLS}?base=next")).await.1, json!([]));

    let page = request(&github, Method::GET, &format!("{PULLS}?base=main&per_page=1")).bearer_auth(TOKEN);
    let link = page.send().await.unwrap().headers()["link"].to_str().unwrap().to_owned();
    assert!(link.contains("/pulls?base=main&per_page=1&page=2>; rel=\"next\""), "{link}");

    let number = made["number"].as_u64().unwrap();
    let (status, changed) = patch(&github, &format!("{PULLS}/{number}"), &json!({ "title": "Next" })).await;
    assert_eq!((status, &changed["title"], &changed["body"]), (200, &json!("Next"), &json!("text")));
    github.close_pull(number);
    assert_eq!(get(&github, PULLS).await.1.as_array().unwrap().len(), 1);
    assert_eq!(post(&github, PULLS, &pull("release/main")).await.0, 201);
}

#[tokio::test]
async fn a_pull_request_that_github_refuses_is_refused() {
    let github = FakeGithub::start();
    let with = |key: &str, value: Value| {
        let mut request = pull("release/main");
        request[key] = value;
        request
    };
    for request in [
        with("title", json!(null)),
        with("title", json!("x".repeat(257))),
        with("body", json!("x".repeat(65_537))),
        with("body", json!(1)),
        with("draught", json!(true)),
    ] {
        assert_eq!(post(&github, PULLS, &request).await.0, 422, "{request}");
    }
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x", "-C"];
        let mut command = std::process::Command::new("git");
        assert!(command.args(identity).arg(folder.path()).args(arguments).status().unwrap().success());
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["commit", "--quiet", "--allow-empty", "--message=first"]);
    git(&["branch", "same"]);
    github.with_git(folder.path());
    let refusal = post(&github, PULLS, &pull("missing")).await.1;
    assert_eq!((&refusal["errors"][0]["field"], &refusal["errors"][0]["code"]), (&json!("head"), &json!("invalid")));
    let refusal = post(&github, PULLS, &pull("same")).await.1;
    assert_eq!(refusal["errors"][0]["message"], "No commits between main and same");

    github.add_token("ghs_reader", Access::ReadOnlyInstallation).add_token("ghs_writer", Access::Installation);
    github.forbid_pulls();
    for (token, words) in
        [("ghs_reader", "not accessible by integration"), ("ghs_writer", "is not permitted to create")]
    {
        let (status, refusal) = send(request(&github, Method::POST, PULLS).bearer_auth(token).json(&pull("x"))).await;
        assert!(status == 403 && refusal["message"].as_str().unwrap().contains(words), "{refusal}");
    }
}

#[tokio::test]
async fn the_other_api_takes_only_what_it_knows_and_refuses_with_a_success() {
    let github = FakeGithub::start();
    github.with_discussions(&["ideas"]);
    let ask = async |query: &str, variables: Value| {
        let (status, body) = post(&github, "/graphql", &json!({ "query": query, "variables": variables })).await;
        assert_eq!(status, 200);
        (body["errors"][0]["type"].clone(), body["data"].clone())
    };
    let forum = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { discussionCategories(first: 9) { nodes { id } } } }";
    let known = json!({ "owner": "acme", "name": "app" });
    let category = ask(forum, known.clone()).await.1["repository"]["discussionCategories"]["nodes"][0]["id"].clone();
    assert_eq!(category, "DIC_ideas");
    assert_eq!(ask(forum, json!({ "owner": "acme", "name": "other" })).await.0, "NOT_FOUND");
    for broken in
        [forum.replace("id", "emoji"), forum.replace("owner: $owner", "owner: \"acme\""), format!("{forum}}}")]
    {
        assert_eq!(ask(&broken, known.clone()).await, (Value::Null, Value::Null), "{broken}");
    }
    assert_eq!(ask(forum, json!({ "owner": "acme", "name": "app", "after": null })).await.1, Value::Null);
    let open = "mutation($input: CreateDiscussionInput!) { createDiscussion(input: $input) { discussion { url } } }";
    let input = |category: &str, body: &str| json!({ "input": { "repositoryId": "R_4711", "categoryId": category, "title": "x", "body": body } });
    assert_eq!(ask(open, input("DIC_news", "text")).await.0, "NOT_FOUND");
    assert_eq!(ask(open, input("DIC_ideas", " ")).await.0, "UNPROCESSABLE");
    assert_eq!(ask(open, input("DIC_ideas", &"x".repeat(65_537))).await.0, "UNPROCESSABLE");
    assert!(github.discussions().is_empty());
    assert!(ask(open, input("DIC_ideas", "text")).await.1["createDiscussion"]["discussion"]["url"].is_string());
    assert_eq!(github.discussions().len(), 1);
    let (status, _) = send(request(&github, Method::POST, "/graphql").json(&json!({ "query": forum }))).await;
    assert_eq!(status, 401, "nobody may ask without a token");
}
