//! Single calls to a Vault server, one connection each.

use std::io;

use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use serde_json::Value;

use crate::{access::Access, http::Origin};

/// A client with or without a token.
#[derive(Clone)]
pub struct Client {
    origin: Origin,
    headers: HeaderMap,
}

impl Client {
    /// A client of the server at this address, with its token.
    pub fn new(access: &Access) -> Self {
        let mut headers = HeaderMap::new();
        if !access.token.is_empty() {
            let mut token = HeaderValue::from_str(&access.token).unwrap();
            token.set_sensitive(true);
            headers.insert("x-vault-token", token);
        }
        Self { origin: Origin::new(access), headers }
    }

    /// Sends one call with an additional header, such as `x-vault-namespace`.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    /// Sends a call; returns the status and the body: JSON, or a string, or `null` if it is empty. `path` is relative to
    /// `/v1/` and percent-encoded.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_call(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends a call that must succeed.
    ///
    /// # Panics
    /// If it fails, with status and answer.
    #[track_caller]
    pub fn done(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        match self.call(method, path, body) {
            (200..=299, answer) => answer,
            (status, answer) => panic!("{method} {path}: {status} {answer}"),
        }
    }

    /// Sends a call; an error means that the connection failed. Blocks; must not be called from async code.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<(u16, Value)> {
        let content_type = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/v1/{path}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::from(body)))
            .map_err(io::Error::other)?;
        request.headers_mut().extend(self.headers.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let response = self.origin.send(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            Ok((status, parsed(&body)))
        })
    }
}

fn parsed(body: &[u8]) -> Value {
    match body {
        [] => Value::Null,
        _ => serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())),
    }
}
