//! The connection: one HTTP client for the configured server. It does not follow redirects and does not retry.

use std::{fs, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Body, Certificate, Client, Request, Url, redirect::Policy};
use zeroize::Zeroizing;

use super::{
    access::{Authority, VaultAccess},
    connect_error::{FileContent, VaultConnectError},
    failure::VaultFailure,
    problem::VaultProblem,
    request::RawRequest,
};
use crate::{
    chain::root,
    send::AttemptFailure,
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    tls::{install_tls_provider, is_untrusted},
};

/// Header of the token.
const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// A server with `require_request_header` refuses requests without it, as protection from browsers.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
/// Maximum number of redirects of one request within the same host.
const MAX_REDIRECTS: usize = 3;
/// Maximum size of a response in bytes: far more than the largest secret that Vault stores.
const MAX_RESPONSE: usize = 32 << 20;

/// A server with its HTTP client.
pub(super) struct VaultTransport {
    client: Client,
    address: ServerAddress,
    /// URL up to and including `/v1`.
    base: Url,
    namespace: Option<HeaderValue>,
}

/// A response with its body.
pub(super) struct VaultResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl VaultTransport {
    pub(super) fn new(access: &VaultAccess, user_agent: &str) -> Result<Self, VaultConnectError> {
        install_tls_provider();
        let mut base = access.address.clone().ok_or(VaultConnectError::NoAddress)?;
        base.set_path(&format!("{}/v1", base.path().trim_end_matches('/')));
        let visible: String = user_agent.chars().filter(|c| matches!(c, ' '..='~')).collect();
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .user_agent(visible.trim());
        if let Some(pem) = authority(&access.authority)? {
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| VaultConnectError::BadAuthority)?;
            if certificates.is_empty() {
                return Err(VaultConnectError::BadAuthority);
            }
            builder = builder.tls_certs_only(certificates);
        }
        if access.skip_verify {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        let own = !matches!(access.authority, Authority::System);
        let client = builder
            .build()
            .map_err(|error| if own { VaultConnectError::BadAuthority } else { VaultConnectError::Tls(error) })?;
        let address = access.server_address();
        Ok(Self { client, address, base, namespace: access.namespace.clone() })
    }

    /// Sends one request, and follows redirects within the same host.
    pub(super) async fn send(
        &self,
        request: &RawRequest,
        token: Option<&HeaderValue>,
    ) -> Result<VaultResponse, AttemptFailure<VaultFailure>> {
        let mut url = self.url(&request.path)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_to(url.clone(), request, token).await?;
            if !matches!(response.status.as_u16(), 301 | 302 | 307 | 308) {
                return Ok(response);
            }
            url = next(&url, &response).map_err(AttemptFailure::System)?;
        }
        Err(AttemptFailure::System(VaultFailure::Redirected(VaultProblem::RedirectLoop)))
    }

    async fn send_to(
        &self,
        url: Url,
        request: &RawRequest,
        token: Option<&HeaderValue>,
    ) -> Result<VaultResponse, AttemptFailure<VaultFailure>> {
        let request = self.http_request(url, request, token);
        let mut response = self.client.execute(request).await.map_err(|error| self.failure(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(error))? {
            if body.len() + chunk.len() > MAX_RESPONSE {
                return Err(AttemptFailure::System(VaultFailure::NotVault(status)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(VaultResponse { status, headers, body })
    }

    fn http_request(&self, url: Url, request: &RawRequest, token: Option<&HeaderValue>) -> Request {
        let mut http = Request::new(request.method.clone(), url);
        let headers = http.headers_mut();
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = token {
            headers.insert(TOKEN, token.clone());
        }
        if !request.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *http.body_mut() = Some(Body::from(request.body.clone()));
        }
        http
    }

    fn url(&self, path: &str) -> Result<Url, ConnectionFailure> {
        let whole = format!("{}{path}", self.base);
        Url::parse(&whole).map_err(|error| ConnectionFailure::new(&self.address, ConnectionProblem::Broken, error))
    }

    fn failure(&self, error: reqwest::Error) -> ConnectionFailure {
        let error = error.without_url();
        let problem = if is_untrusted(&error) {
            ConnectionProblem::Untrusted
        } else if error.is_connect() {
            ConnectionProblem::Unreachable
        } else {
            ConnectionProblem::Broken
        };
        ConnectionFailure::new(&self.address, problem, root(&error))
    }
}

/// The target of a redirect. The token must not go to another host than the configured one.
fn next(url: &Url, response: &VaultResponse) -> Result<Url, VaultFailure> {
    let location = response.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok()).ok_or(VaultFailure::NotVault(response.status))?;
    let same = next.scheme() == url.scheme()
        && next.host_str() == url.host_str()
        && next.port_or_known_default() == url.port_or_known_default();
    if same { Ok(next) } else { Err(VaultFailure::Redirected(VaultProblem::Redirected { to: origin(&next) })) }
}

fn authority(authority: &Authority) -> Result<Option<Vec<u8>>, VaultConnectError> {
    match authority {
        Authority::System => Ok(None),
        Authority::Pem(pem) => Ok(Some(pem.clone().into_bytes())),
        Authority::File(file) => {
            let read = fs::read(file);
            let what = FileContent::Authority;
            read.map(Some).map_err(|source| VaultConnectError::File { what, file: file.clone(), source })
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
