//! HTTPS requests with limits. Redirects are followed here, so that credentials stay on their host.

use eod_render::ToolError;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Certificate, Client, StatusCode, Url, redirect::Policy};
use std::error::Error;
use std::time::Duration;

use super::SERVER_REMEDY;
use super::credentials::Credentials;
use super::failure::error;

/// Client and credentials.
pub(super) struct Web<'a> {
    pub(super) client: &'a Client,
    pub(super) credentials: &'a Credentials,
}

/// Response with its whole body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Maximum number of redirects of one request.
const MAX_REDIRECTS: usize = 5;

/// Client that follows no redirects by itself.
pub(super) fn client(roots: &[Certificate]) -> Result<Client, String> {
    // Fails if a provider is installed already, which is the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .https_only(true)
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("eod-cmp/", env!("CARGO_PKG_VERSION")))
        .tls_certs_merge(roots.iter().cloned())
        .build()
        .map_err(|error| root(&error))
}

impl Web<'_> {
    /// Sends a GET request. `authorization` is sent to the host of `url` only.
    ///
    /// # Errors
    ///
    /// Fails if the server cannot be reached, redirects to another protocol or too often, or sends more than `limit` bytes.
    pub(super) async fn get(
        &self,
        url: &Url,
        authorization: Option<&HeaderValue>,
        accept: Option<&'static str>,
        limit: usize,
    ) -> Result<Answer, ToolError> {
        let mut target = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            if target.scheme() != "https" {
                let message = format!("`{url}` redirects to `{target}`, which is not HTTPS");
                return Err(error(message, "have the repository redirect to HTTPS only"));
            }
            let mut request = self.client.get(target.clone());
            if let Some(authorization) = authorization.filter(|_| target.origin() == url.origin()) {
                request = request.header(AUTHORIZATION, authorization);
            }
            if let Some(accept) = accept {
                request = request.header(ACCEPT, accept);
            }
            let failed = |problem: reqwest::Error| {
                error(format!("`{target}` cannot be read: {}", root(&problem.without_url())), SERVER_REMEDY)
            };
            let mut response = request.send().await.map_err(failed)?;
            let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
            if let Some(location) = location {
                let next = location.to_str().ok().and_then(|location| target.join(location).ok());
                let invalid = || error(format!("`{target}` redirects to an invalid URL"), SERVER_REMEDY);
                target = next.ok_or_else(invalid)?;
                continue;
            }
            let too_large = || {
                let message = format!("`{target}` must have at most {limit} bytes");
                error(message, "use a smaller chart, or commit it to the directory `charts/`")
            };
            let declared = response.content_length().unwrap_or_default();
            if usize::try_from(declared).map_or(true, |declared| declared > limit) {
                return Err(too_large());
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(failed)? {
                if body.len() + chunk.len() > limit {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
            return Ok(Answer { status: response.status(), headers: response.headers().clone(), body });
        }
        Err(error(format!("`{url}` redirects more than {MAX_REDIRECTS} times"), SERVER_REMEDY))
    }

    /// Sends a GET request, with the credentials of the host if there are any. Another status than 200 is an error.
    pub(super) async fn get_ok(&self, url: &Url, limit: usize) -> Result<Vec<u8>, ToolError> {
        let authorization = self.credentials.of(url);
        let answer = self.get(url, authorization, None, limit).await?;
        answer.ok(url)
    }
}

impl Answer {
    /// Body of a response with the status 200.
    pub(super) fn ok(self, url: &Url) -> Result<Vec<u8>, ToolError> {
        match self.status {
            StatusCode::OK => Ok(self.body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let message = format!("`{url}`: access denied (status {})", self.status.as_u16());
                Err(error(message, "have the platform add credentials for the host to --registry-config"))
            }
            StatusCode::NOT_FOUND => Err(error(
                format!("`{url}` does not exist (status 404)"),
                "correct the repository or the version in `Chart.yaml`, and run `helm dependency update`",
            )),
            other => Err(error(format!("`{url}`: expected the status 200, got {}", other.as_u16()), SERVER_REMEDY)),
        }
    }
}

/// Root cause of an error. The links before it only name the layers of the HTTP library.
fn root(error: &reqwest::Error) -> String {
    let mut root: &dyn Error = error;
    while let Some(next) = root.source() {
        root = next;
    }
    root.to_string()
}
