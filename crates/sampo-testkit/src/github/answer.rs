//! What the fake answers, with the bodies and headers that GitHub words its refusals in.

use axum::body::{Body, Bytes};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// An answer with a body of any kind.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
    }

    /// An answer in JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// GitHub's usual error body, with its status as a string.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        let body = json!({
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": status.to_string(),
        });
        Self::json(status, &body)
    }

    pub(crate) fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::error(401, "Bad credentials")
    }

    /// A 422 about one field.
    pub(crate) fn invalid(errors: &Value) -> Self {
        let body = json!({
            "message": "Validation Failed",
            "errors": errors,
            "documentation_url": "https://docs.github.com/rest/releases/releases",
            "status": "422",
        });
        Self::json(422, &body)
    }

    /// A 422 that carries a message of its own.
    pub(crate) fn custom(resource: &str, field: &str, message: &str) -> Self {
        let entry = json!({ "resource": resource, "code": "custom", "field": field, "message": message });
        Self::invalid(&json!([entry]))
    }

    /// A 422 because of a wrong type in the request.
    pub(crate) fn wrong_type(property: &str, complaint: &str) -> Self {
        let message = format!("Invalid request.\n\nFor 'properties/{property}', {complaint}.");
        Self::error(422, &message)
    }

    /// Errors of the uploads host: no `status`, no rate-limit headers, and the connection is closed.
    pub(crate) fn upload_error(status: u16, message: &str, errors: Option<&Value>) -> Self {
        let mut body = json!({
            "message": message,
            "request_id": "0400:1A2B:3C4D5E:6F7081:67000000",
            "documentation_url": "https://docs.github.com/rest",
        });
        if let Some(errors) = errors {
            body["errors"] = errors.clone();
        }
        Self::json(status, &body).header("connection", "close")
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let length = self.body.len();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).expect("a status that exists");
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).expect("a header name");
            headers.append(name, HeaderValue::try_from(value).expect("a header value"));
        }
        if length > 0 {
            headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}
