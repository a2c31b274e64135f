//! Calls of a webhook, as GitHub makes them.

use std::io;

use http::{Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::Value;

use crate::{access::Access, http::Origin};

/// Sends an event about a pull request.
pub(super) async fn send(url: &str, event: &Value) -> io::Result<()> {
    let uri: http::Uri = url.parse().map_err(io::Error::other)?;
    let authority = uri.authority().ok_or_else(|| io::Error::other("the URL has no host"))?;
    let request = Request::post(uri.path())
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-github-event", "pull_request")
        .body(Full::new(Bytes::from(event.to_string())))
        .map_err(io::Error::other)?;
    let origin = Origin::new(&Access { server: format!("http://{authority}"), ca_pem: None, token: String::new() });
    let status = origin.send(request).await?.status();
    if status.is_success() { Ok(()) } else { Err(io::Error::other(format!("the webhook answered {status}"))) }
}
