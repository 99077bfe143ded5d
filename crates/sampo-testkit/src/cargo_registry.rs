//! A strict fake of a Cargo registry on this machine: a sparse index, downloads and the publish call.
//!
//! It refuses what the public registry refuses, in its words, keeps what it took, and can be told to fail.

use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;

mod upload;

use upload::Upload;

/// The token that may publish.
pub const TOKEN: &str = "cio-fake-token-that-may-publish";

/// How one publish call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishFault {
    /// Nothing is stored, and the answer has this status.
    Refused(u16),
    /// The crate is stored, but the answer is a 503 all the same.
    AnswerLost,
}

/// A running registry without a crate.
pub struct CargoRegistry {
    address: SocketAddr,
    shared: Arc<Mutex<Contents>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Contents {
    base: String,
    /// The lines of the index, by crate.
    index: BTreeMap<String, Vec<Value>>,
    files: HashMap<(String, String), Bytes>,
    published: Vec<String>,
    requests: Vec<String>,
    publish_calls: usize,
    faults: HashMap<usize, PublishFault>,
    index_is_down: bool,
}

type Shared = State<Arc<Mutex<Contents>>>;

impl CargoRegistry {
    /// Starts one on a free port, on a thread of its own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("an address");
        let contents = Contents { base: format!("http://{address}"), ..Contents::default() };
        let shared = Arc::new(Mutex::new(contents));
        let (end, ended) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(listener, serving, ended));
        Self { address, shared, end: Some(end), thread: Some(thread) }
    }

    /// The URL of its index, for `[registries.NAME]` in Cargo's configuration.
    pub fn index_url(&self) -> String {
        format!("sparse+http://{}/index/", self.address)
    }

    /// Makes the `nth` publish call from now on, counted from 1, go wrong.
    pub fn fail_publish(&self, nth: usize, fault: PublishFault) -> &Self {
        let mut contents = self.contents();
        let call = contents.publish_calls + nth;
        contents.faults.insert(call, fault);
        drop(contents);
        self
    }

    /// Answers every question to the index with a 403, or no longer does.
    pub fn set_index_down(&self, is_down: bool) -> &Self {
        self.contents().index_is_down = is_down;
        self
    }

    /// Marks a published version as yanked.
    pub fn yank(&self, name: &str, version: &str) -> &Self {
        let mut contents = self.contents();
        let lines = contents.index.get_mut(name).unwrap_or_else(|| panic!("no crate `{name}`"));
        let line = lines.iter_mut().find(|line| line["vers"] == version);
        line.unwrap_or_else(|| panic!("no version {version} of `{name}`"))["yanked"] = true.into();
        drop(contents);
        self
    }

    /// What was published, as `NAME@VERSION`, in order.
    pub fn published(&self) -> Vec<String> {
        self.contents().published.clone()
    }

    /// How often something was sent to be published, whatever came of it.
    pub fn publish_calls(&self) -> usize {
        self.contents().publish_calls
    }

    /// Every request, as `METHOD PATH`, in order.
    pub fn requests(&self) -> Vec<String> {
        self.contents().requests.clone()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        lock(&self.shared)
    }
}

impl Drop for CargoRegistry {
    fn drop(&mut self) {
        // Both fail only if the server has ended by itself.
        let _ = self.end.take().map(|end| end.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn lock(shared: &Mutex<Contents>) -> MutexGuard<'_, Contents> {
    shared.lock().expect("no handler panics while it holds the lock")
}

fn serve(listener: TcpListener, shared: Arc<Mutex<Contents>>, ended: oneshot::Receiver<()>) {
    let router = Router::new()
        .route("/index/config.json", get(config))
        .route("/index/1/{name}", get(index_short))
        .route("/index/2/{name}", get(index_short))
        .route("/index/3/{first}/{name}", get(index_of_three))
        .route("/index/{first}/{second}/{name}", get(index))
        .route("/api/v1/crates/new", put(publish))
        .route("/api/v1/crates/{name}/{version}/download", get(download))
        .layer(DefaultBodyLimit::max(16 * 1024 * 1024))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), log))
        .with_state(shared);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        tokio::select! {
            result = axum::serve(listener, router) => result.expect("a server"),
            _ = ended => {}
        }
    });
}

async fn log(State(shared): Shared, request: Request, next: Next) -> Response {
    lock(&shared).requests.push(format!("{} {}", request.method(), request.uri().path()));
    next.run(request).await
}

async fn config(State(shared): Shared) -> Response {
    let contents = lock(&shared);
    let base = &contents.base;
    axum::Json(json!({ "dl": format!("{base}/api/v1/crates"), "api": base })).into_response()
}

async fn index_short(State(shared): Shared, Path(name): Path<String>) -> Response {
    lines_of(&shared, &name, name.len() <= 2)
}

async fn index_of_three(State(shared): Shared, Path((first, name)): Path<(String, String)>) -> Response {
    lines_of(&shared, &name, name.len() == 3 && name.starts_with(&first))
}

async fn index(State(shared): Shared, Path((first, second, name)): Path<(String, String, String)>) -> Response {
    let fits = name.get(..2) == Some(first.as_str()) && name.get(2..4) == Some(second.as_str());
    lines_of(&shared, &name, fits)
}

fn lines_of(shared: &Mutex<Contents>, name: &str, path_fits: bool) -> Response {
    let contents = lock(shared);
    if contents.index_is_down {
        return (StatusCode::FORBIDDEN, "the index is closed").into_response();
    }
    match contents.index.get(name).filter(|_| path_fits) {
        Some(lines) => lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn download(State(shared): Shared, Path(key): Path<(String, String)>) -> Response {
    match lock(&shared).files.get(&key) {
        Some(bytes) => ([(header::CONTENT_TYPE, "application/gzip")], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn publish(State(shared): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let mut contents = lock(&shared);
    contents.publish_calls += 1;
    let call = contents.publish_calls;
    let fault = contents.faults.get(&call).copied();
    if let Some(PublishFault::Refused(status)) = fault {
        let status = StatusCode::from_u16(status).expect("a status");
        return refusal(status, "the registry is out of order");
    }
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != TOKEN) {
        return refusal(StatusCode::FORBIDDEN, "authentication failed");
    }
    let stored = Upload::read(&body).and_then(|upload| contents.store(upload));
    match stored {
        Err(reason) => refusal(StatusCode::BAD_REQUEST, &reason),
        Ok(()) if fault.is_some() => refusal(StatusCode::SERVICE_UNAVAILABLE, "the answer was lost"),
        Ok(()) => {
            let warnings = json!({ "invalid_categories": [], "invalid_badges": [], "other": [] });
            axum::Json(json!({ "warnings": warnings })).into_response()
        }
    }
}

fn refusal(status: StatusCode, detail: &str) -> Response {
    (status, axum::Json(json!({ "errors": [{ "detail": detail }] }))).into_response()
}

impl Contents {
    fn store(&mut self, upload: Upload) -> Result<(), String> {
        let Upload { name, version, line, needs, file } = upload;
        if let Some(unknown) = needs.iter().find(|needed| !self.index.contains_key(*needed)) {
            return Err(format!("no known crate named `{unknown}`"));
        }
        if self.files.contains_key(&(name.clone(), version.clone())) {
            return Err(format!("crate version `{version}` is already uploaded"));
        }
        self.published.push(format!("{name}@{version}"));
        self.index.entry(name.clone()).or_default().push(line);
        self.files.insert((name, version), file);
        Ok(())
    }
}
