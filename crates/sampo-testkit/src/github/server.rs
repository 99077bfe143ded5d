//! The listening half of the fake: connections, the log of requests, and planned faults.

use std::convert::Infallible;
use std::fmt;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::fault::{self, Effect, Fault, Kind};
use super::state::State;
use super::{api, downloads, uploads};

/// Which of GitHub's hosts was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// `api.github.com`.
    Api,
    /// `uploads.github.com`.
    Uploads,
    /// The object storage that downloads are redirected to.
    Storage,
    /// `github.com`.
    Web,
}

impl Host {
    pub(crate) const ALL: [Self; 4] = [Self::Api, Self::Uploads, Self::Storage, Self::Web];
}

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Where.
    pub host: Host,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, with the query if there is one, as sent.
    pub path: String,
    /// Whether it carried an `Authorization` header.
    pub authorized: bool,
    /// What was answered; none if nothing was.
    pub status: Option<u16>,
}

impl fmt::Display for LoggedRequest {
    /// `GET /repos/acme/app 200`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "-".into(), |status| status.to_string());
        write!(f, "{} {} {status}", self.method, self.path)
    }
}

/// What the handlers share.
pub(crate) struct Shared {
    state: Mutex<State>,
    log: Mutex<Vec<LoggedRequest>>,
    /// The base URL of each host, in the order of [`Host::ALL`].
    pub(crate) bases: [String; 4],
    pub(crate) enterprise: bool,
}

impl Shared {
    pub(crate) fn new(state: State, bases: [String; 4], enterprise: bool) -> Self {
        Self { state: Mutex::new(state), log: Mutex::default(), bases, enterprise }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Where the other API is, which no version is part of.
    pub(crate) fn graphql_path(&self) -> &'static [&'static str] {
        if self.enterprise { &["api", "graphql"] } else { &["graphql"] }
    }

    pub(crate) fn base(&self, host: Host) -> &str {
        &self.bases[Host::ALL.iter().position(|known| *known == host).expect("every host has a base")]
    }
}

/// The part of a request that comes before its body.
pub(crate) struct Head {
    pub(crate) host: Host,
    pub(crate) method: Method,
    /// As sent.
    pub(crate) path: String,
    /// As sent.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
}

impl Head {
    fn new(host: Host, parts: Parts) -> Self {
        let path = parts.uri.path().to_owned();
        Self { host, method: parts.method, path, query: parts.uri.query().map(str::to_owned), headers: parts.headers }
    }

    /// The decoded segments of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        self.path.split('/').skip(1).map(decode).collect()
    }

    /// A decoded value of the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The query without these names, followed by `&` unless it is empty.
    pub(crate) fn query_without(&self, names: &[&str]) -> String {
        let query = self.query.as_deref().unwrap_or_default();
        let kept = query.split('&').filter(|pair| !pair.is_empty());
        let kept = kept.filter(|pair| !names.contains(&pair.split('=').next().unwrap_or_default()));
        kept.map(|pair| format!("{pair}&")).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
    }

    pub(crate) fn path_and_query(&self) -> String {
        self.query.as_ref().map_or_else(|| self.path.clone(), |query| format!("{}?{query}", self.path))
    }
}

/// The connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed on purpose")
    }
}

impl std::error::Error for Closed {}

/// Serves every host on a thread of its own until `end` fires.
pub(crate) fn run(shared: &Arc<Shared>, listeners: Vec<(Host, TcpListener)>, end: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for (host, listener) in listeners {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::spawn(accept(Arc::clone(shared), host, listener));
        }
        let _ = end.await;
    });
    runtime.shutdown_background();
}

async fn accept(shared: Arc<Shared>, host: Host, listener: tokio::net::TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request: http::Request<Incoming>| {
                let shared = Arc::clone(&shared);
                async move { respond(&shared, host, request).await }
            });
            // An error here is a client that went away, or one that was dropped on purpose.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(shared: &Shared, host: Host, request: http::Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (parts, body) = request.into_parts();
    let head = Head::new(host, parts);
    let entry = {
        let mut log = shared.log();
        log.push(LoggedRequest {
            host,
            method: head.method.to_string(),
            path: head.path_and_query(),
            authorized: head.headers.contains_key("authorization"),
            status: None,
        });
        log.len() - 1
    };
    let struck = fault::strike(&mut shared.state().faults, head.method.as_str(), &head.path);
    let response = match struck {
        None => carry_out(shared, &head, body).await?,
        Some(fault) => fail(shared, &head, body, fault).await?,
    };
    // The log may have been cleared in the meantime.
    if let Some(logged) = shared.log().get_mut(entry) {
        logged.status = Some(response.status().as_u16());
    }
    Ok(response)
}

async fn carry_out(shared: &Shared, head: &Head, body: Incoming) -> Result<Response<Body>, Closed> {
    match head.host {
        Host::Api => {
            let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
            Ok(api::answer(shared, head, &body).into_response())
        }
        Host::Uploads => uploads::receive(shared, head, body).await,
        Host::Storage => Ok(downloads::storage(shared, head)),
        Host::Web => Ok(downloads::web(shared, head)),
    }
}

async fn fail(shared: &Shared, head: &Head, body: Incoming, fault: Fault) -> Result<Response<Body>, Closed> {
    let right = match fault.effect {
        Effect::None => None,
        Effect::Half => {
            uploads::begin_only(shared, head, body).await;
            None
        }
        Effect::Done => Some(carry_out(shared, head, body).await?),
    };
    match fault.kind {
        Kind::Answer(answer) => Ok(answer.into_response()),
        Kind::Drop => Err(Closed),
        Kind::Stall => std::future::pending().await,
        Kind::Truncated => Ok(cut(right.expect("a cut answer was carried out")).await),
        Kind::Instead(text) => {
            let status = right.expect("a replaced answer was carried out").status();
            Ok(Answer::new(status.as_u16(), "application/json; charset=utf-8", text).into_response())
        }
    }
}

/// The same response, whose connection breaks in the middle of the body.
async fn cut(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body of our own").to_bytes();
    // An answer without a body is cut by promising one.
    parts.headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(bytes.len().max(2)));
    let half = bytes.slice(..bytes.len() / 2);
    let first =
        futures::stream::once(async move { Ok::<Bytes, Infallible>(half) }).map(|chunk| chunk.map_err(|_| Closed));
    let pause = futures::stream::once(async {
        // Lets the first half leave before the connection breaks.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        Err::<Bytes, Closed>(Closed)
    });
    Response::from_parts(parts, Body::from_stream(first.chain(pause)))
}
