//! Bytes to and from GitHub: streamed, never held in memory as a whole.

use std::future::Future;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use url::Url;

use super::Github;
use super::call::Call;
use super::error::GithubError;
use super::model::Asset;
use super::transport::{Reached, network};
use crate::error::PathError;

/// How much of a file is read, and reported as sent, at a time.
const CHUNK: usize = 64 * 1024;

/// A file on its way to a release.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// What the release gave as `upload_url`.
    pub template: &'a str,
    /// The asset's name.
    pub name: &'a str,
    /// The file.
    pub path: &'a Path,
    /// Its size; a file of another size is not sent.
    pub bytes: u64,
}

/// What a user without any token gets of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForUsers {
    /// Its bytes.
    Fetched,
    /// The answer that there is no such file.
    Missing,
    /// Something else, such as a page that asks to log in.
    Other,
}

impl Github {
    /// Sends one file to the host that the release names for it. `sent` hears the size of each chunk as it leaves.
    /// How long it may take, as a whole and without progress, is for the caller to bound.
    pub(super) async fn send_file(
        &self,
        upload: Upload<'_>,
        sent: impl Fn(u64) + Send + 'static,
    ) -> Result<Asset, GithubError> {
        let action = format!("upload `{}`", upload.name);
        let url = self.upload_address(&upload, &action)?;
        self.admit(&action)?;
        let file = open(&upload).await?;
        let chunks = ReaderStream::with_capacity(file, CHUNK).inspect_ok(move |chunk| sent(chunk.len() as u64));
        let started = Instant::now();
        let transport = self.transport()?;
        let request = transport
            .streams
            .post(url.clone())
            .headers(transport.headers())
            .header(ACCEPT, "application/vnd.github+json")
            .header(CONTENT_TYPE, "application/octet-stream")
            // Without it the body would be sent in chunks, which GitHub refuses.
            .header(CONTENT_LENGTH, upload.bytes)
            .body(reqwest::Body::wrap_stream(chunks));
        let response = request.send().await.map_err(|error| network(&action, &error))?;
        let (status, elapsed) = (response.status(), started.elapsed());
        tracing::debug!(host = url.host_str(), name = upload.name, status = status.as_u16(), ?elapsed, "uploaded");
        transport.trace_headers(response.headers());
        let answer = self.in_time(&action, transport.read(response.into(), &action)).await??;
        self.success(answer, &action)?.read(&action)
    }

    /// The template without its variables, and with the name in the query.
    fn upload_address(&self, upload: &Upload<'_>, action: &str) -> Result<Url, GithubError> {
        let base = upload.template.split('{').next().unwrap_or_default();
        let url = Url::parse(base).ok().filter(|url| self.addresses().may_trust(url));
        let mut url = url.ok_or_else(|| GithubError::InvalidAnswer {
            action: action.to_owned(),
            reason: format!("`{base}` is no address to upload to"),
        })?;
        url.query_pairs_mut().append_pair("name", upload.name);
        Ok(url)
    }

    /// Fetches exactly `bytes` bytes, piece by piece, from the API or from where it sends the request on to. The token
    /// stays here.
    pub(super) async fn receive(&self, call: Call, bytes: u64, mut sink: impl FnMut(&[u8])) -> Result<(), GithubError> {
        let call = call.for_bytes();
        self.admit(&call.action)?;
        let transport = self.transport()?;
        let reached = transport.reach(self.addresses(), &call, self.path(&call));
        match self.in_time(&call.action, reached).await?? {
            Reached::Api(response) if response.status().is_success() => {
                let chunks = response.into_body().into_data_stream();
                self.drain(&call.action, bytes, chunks, &mut sink).await
            }
            Reached::Api(response) => {
                let answer = self.in_time(&call.action, transport.read(response, &call.action)).await??;
                self.success(answer, &call.action).map(drop)
            }
            Reached::Elsewhere(url) => {
                let response = transport.fetch_elsewhere(&call.action, url);
                let response = self.in_time(&call.action, response).await??;
                if !response.status().is_success() {
                    let (status, message) = (response.status().as_u16(), "the storage refused the download".into());
                    return Err(GithubError::Server { action: call.action, status, message });
                }
                self.drain(&call.action, bytes, response.bytes_stream(), &mut sink).await
            }
        }
    }

    /// Fetches exactly `bytes` bytes from a web address without the token.
    pub(super) async fn receive_as_user(
        &self,
        action: &str,
        address: &str,
        bytes: u64,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<ForUsers, GithubError> {
        let invalid = |error: url::ParseError| GithubError::InvalidAnswer {
            action: action.to_owned(),
            reason: format!("`{address}` is no address: {error}"),
        };
        let url = Url::parse(address).map_err(invalid)?;
        let response = self.in_time(action, self.transport()?.fetch_elsewhere(action, url)).await??;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let message = "the server refused the download".into();
            return Err(GithubError::Server { action: action.to_owned(), status: status.as_u16(), message });
        }
        if status == StatusCode::NOT_FOUND {
            return Ok(ForUsers::Missing);
        }
        if !status.is_success() || response.content_length() != Some(bytes) {
            return Ok(ForUsers::Other);
        }
        self.drain(action, bytes, response.bytes_stream(), &mut sink).await?;
        Ok(ForUsers::Fetched)
    }

    async fn drain<E: std::error::Error + 'static>(
        &self,
        action: &str,
        bytes: u64,
        chunks: impl Stream<Item = Result<Bytes, E>>,
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<(), GithubError> {
        let unexpected = |reason| Err(GithubError::InvalidAnswer { action: action.to_owned(), reason });
        let mut chunks = std::pin::pin!(chunks);
        let mut left = bytes;
        while let Some(chunk) = self.in_time(action, chunks.next()).await? {
            let chunk = chunk.map_err(|error| network(action, &error))?;
            match left.checked_sub(chunk.len() as u64) {
                Some(rest) => left = rest,
                None => return unexpected(format!("there are more than the {bytes} bytes that GitHub lists")),
            }
            sink(&chunk);
        }
        match left {
            0 => Ok(()),
            _ => unexpected(format!("{left} of the {bytes} bytes that GitHub lists are missing")),
        }
    }

    async fn in_time<T>(&self, action: &str, wait: impl Future<Output = T>) -> Result<T, GithubError> {
        tokio::time::timeout(self.timeout, wait).await.map_err(|_| self.timed_out(action))
    }
}

async fn open(upload: &Upload<'_>) -> Result<File, GithubError> {
    let file = File::open(upload.path).await.map_err(PathError::new("read", upload.path))?;
    let found = file.metadata().await.map_err(PathError::new("read", upload.path))?.len();
    if found != upload.bytes {
        let path = upload.path.display().to_string();
        return Err(GithubError::FileChanged { path, found, expected: upload.bytes });
    }
    Ok(file)
}
