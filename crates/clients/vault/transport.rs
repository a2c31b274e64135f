//! The connection: one HTTP client for the configured server. It does not follow redirects and does not retry.

use std::fs;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Body, Certificate, Client, Request, Url};
use zeroize::Zeroizing;

use super::{
    access::{Authority, VaultAccess},
    connect_error::{FileContent, VaultConnectError},
    failure::VaultFailure,
    problem::VaultProblem,
    request::RawRequest,
};
use crate::{
    send::AttemptFailure,
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    web::{MAX_REDIRECTS, Redirect, client_builder, connection_failure, is_redirect, read_body, redirect},
};

/// Header of the token.
const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// A server with `require_request_header` refuses requests without it, as protection from browsers.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
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
        let mut base = access.address.clone().ok_or(VaultConnectError::NoAddress)?;
        base.set_path(&format!("{}/v1", base.path().trim_end_matches('/')));
        let mut builder = client_builder(user_agent);
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
            if !is_redirect(response.status.as_u16()) {
                return Ok(response);
            }
            url = self.redirected(&url, &response).map_err(AttemptFailure::System)?;
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
        let failure = |error| connection_failure(&self.address, error);
        let response = self.client.execute(request).await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Zeroizing::new(Vec::new());
        if !read_body(response, MAX_RESPONSE, &mut body).await.map_err(failure)? {
            return Err(AttemptFailure::System(VaultFailure::NotVault(status)));
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

    /// The target of a redirect. The token must not be sent to another host than the configured one.
    fn redirected(&self, url: &Url, response: &VaultResponse) -> Result<Url, VaultFailure> {
        match redirect(url, &response.headers) {
            Redirect::SameHost(next) => Ok(next),
            Redirect::OtherHost(to) => Err(VaultFailure::Redirected(VaultProblem::Redirected { to })),
            Redirect::Invalid => Err(VaultFailure::NotVault(response.status)),
        }
    }
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
