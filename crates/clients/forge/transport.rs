//! The connection: one HTTP client for the configured API, and the responses that it stores.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK},
};
use reqwest::{Body, Client, Request, Url};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    access::ForgeAccess,
    app::{GitHubApp, InstallationToken},
    dialect::Dialect,
    failure::{ForgeFailure, ForgeProblem},
    quota::RequestQuota,
    request::ForgeRequest,
    token::TokenSource,
    token_value::{TokenError, header},
};
use crate::{
    clock::TimeSource,
    send::{AttemptFailure, RemoteRequest as _, lock},
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    web::{MAX_REDIRECTS, Redirect, client_builder, connection_failure, is_redirect, read_body, redirect},
};

/// Maximum size of a response in bytes: far more than a page of a hundred pull requests.
const MAX_RESPONSE: usize = 32 << 20;

/// The connection to one forge.
pub(super) struct ForgeTransport {
    client: Client,
    access: ForgeAccess,
    address: ServerAddress,
    dialect: &'static dyn Dialect,
    clock: TimeSource,
    /// Responses with an `ETag`, by URL. A response that did not change costs no quota on GitHub.
    known: Mutex<BTreeMap<String, Arc<ForgePage>>>,
    quota: Mutex<Option<RequestQuota>>,
    /// Held while a token of the app is requested, so that concurrent requests request only one token.
    installation: AsyncMutex<Option<InstallationToken>>,
}

/// A response with its body.
struct ForgeResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// A successful response.
pub(super) struct ForgePage {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// URL of the next page of a list.
    pub(super) next: Option<String>,
    etag: Option<HeaderValue>,
}

impl ForgeTransport {
    pub(super) fn new(
        access: ForgeAccess,
        dialect: &'static dyn Dialect,
        user_agent: &str,
        clock: TimeSource,
    ) -> Result<Self, reqwest::Error> {
        let client = client_builder(user_agent).build()?;
        let address = access.server_address();
        let (known, quota, installation) = (Mutex::default(), Mutex::default(), AsyncMutex::default());
        Ok(Self { client, access, address, dialect, clock, known, quota, installation })
    }

    pub(super) fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Sends one request, and follows redirects within the same host.
    pub(super) async fn send(&self, request: &ForgeRequest) -> Result<Arc<ForgePage>, AttemptFailure<ForgeFailure>> {
        self.check_quota()?;
        let mut url = self.url(&request.path)?;
        for _ in 0..=MAX_REDIRECTS {
            let known = (!request.writes()).then(|| lock(&self.known).get(url.as_str()).cloned()).flatten();
            let response = self.exchange(&url, request, known.as_deref()).await?;
            if let Some(quota) = self.dialect.quota(&response.headers) {
                *lock(&self.quota) = Some(quota);
            }
            match known {
                Some(known) if response.status == StatusCode::NOT_MODIFIED => return Ok(known),
                _ if is_redirect(response.status.as_u16()) => url = self.redirected(&url, &response.headers)?,
                _ if response.status.is_success() => return Ok(self.remember(&url, request, response)),
                _ => return Err(self.refused(&response)),
            }
        }
        Err(problem(ForgeProblem::RedirectLoop))
    }

    async fn exchange(
        &self,
        url: &Url,
        request: &ForgeRequest,
        known: Option<&ForgePage>,
    ) -> Result<ForgeResponse, AttemptFailure<ForgeFailure>> {
        let mut http = Request::new(request.method.clone(), url.clone());
        let (name, token) = self.authorization().await?;
        http.headers_mut().insert(name, token);
        if let Some(etag) = known.and_then(|known| known.etag.clone()) {
            http.headers_mut().insert(IF_NONE_MATCH, etag);
        }
        if let Some(body) = &request.body {
            http.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *http.body_mut() = Some(Body::from(body.to_string()));
        }
        let response = self.execute(http).await?;
        if response.status == StatusCode::UNAUTHORIZED {
            // The next request gets a new token of the app.
            *self.installation.lock().await = None;
        }
        Ok(response)
    }

    async fn execute(&self, mut http: Request) -> Result<ForgeResponse, AttemptFailure<ForgeFailure>> {
        let failure = |error| connection_failure(&self.address, error);
        http.headers_mut().extend(self.dialect.headers());
        let response = self.client.execute(http).await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        if !read_body(response, MAX_RESPONSE, &mut body).await.map_err(failure)? {
            return Err(problem(ForgeProblem::Unreadable { status: status.as_u16() }));
        }
        Ok(ForgeResponse { status, headers, body: body.into() })
    }

    /// The header with the token.
    async fn authorization(&self) -> Result<(HeaderName, HeaderValue), AttemptFailure<ForgeFailure>> {
        if let TokenSource::App(app) = &self.access.token {
            return Ok((AUTHORIZATION, self.installation_token(app).await?));
        }
        let (name, prefix) = self.dialect.authorization();
        let token = self.access.token.read().map_err(no_token)?;
        let token = token.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        Ok((name, header(prefix, token).map_err(no_token)?))
    }

    /// The token of the installation. Requests a new one if there is none or it expires soon.
    async fn installation_token(&self, app: &GitHubApp) -> Result<HeaderValue, AttemptFailure<ForgeFailure>> {
        let mut held = self.installation.lock().await;
        let now = (self.clock)();
        if let Some(token) = held.as_ref().filter(|token| token.is_usable(now)) {
            return Ok(token.header.clone());
        }
        let mut http = Request::new(Method::POST, self.url(&app.token_path())?);
        http.headers_mut().insert(AUTHORIZATION, app.jwt(now).map_err(no_token)?);
        let response = self.execute(http).await?;
        if !response.status.is_success() {
            return Err(self.refused(&response));
        }
        let value: Option<Value> = serde_json::from_slice(&response.body).ok();
        let token = value.as_ref().and_then(InstallationToken::read);
        let token = token.ok_or_else(|| problem(ForgeProblem::Unreadable { status: response.status.as_u16() }))?;
        Ok(held.insert(token).header.clone())
    }

    fn refused(&self, response: &ForgeResponse) -> AttemptFailure<ForgeFailure> {
        let ForgeResponse { status, headers, body } = response;
        let quota = self.dialect.quota(headers);
        AttemptFailure::System(ForgeFailure::of_response(*status, headers, body, quota, (self.clock)()))
    }

    fn remember(&self, url: &Url, request: &ForgeRequest, response: ForgeResponse) -> Arc<ForgePage> {
        let ForgeResponse { status, headers, body } = response;
        let etag = headers.get(ETAG).cloned();
        let page = Arc::new(ForgePage { status, body, next: next_page(&headers), etag });
        if page.etag.is_some() && !request.writes() {
            lock(&self.known).insert(url.to_string(), Arc::clone(&page));
        }
        page
    }

    fn check_quota(&self) -> Result<(), AttemptFailure<ForgeFailure>> {
        let now = (self.clock)();
        match *lock(&self.quota) {
            Some(quota) if quota.is_used_up(now) => {
                Err(problem(ForgeProblem::QuotaUsedUp { remaining: quota.remaining, reset: quota.until_reset(now) }))
            }
            _ => Ok(()),
        }
    }

    fn redirected(&self, url: &Url, headers: &HeaderMap) -> Result<Url, AttemptFailure<ForgeFailure>> {
        match redirect(url, headers) {
            Redirect::SameHost(next) => Ok(next),
            Redirect::OtherHost(to) => Err(problem(ForgeProblem::Redirected { to })),
            Redirect::Invalid => Err(problem(ForgeProblem::RedirectLoop)),
        }
    }

    /// The URL of a path below the API. A further page is a whole URL, which must be on the same host.
    fn url(&self, path: &str) -> Result<Url, AttemptFailure<ForgeFailure>> {
        let whole = if path.starts_with('/') {
            format!("{}{path}", self.access.api.as_str().trim_end_matches('/'))
        } else {
            path.to_owned()
        };
        let broken = |error| ConnectionFailure::new(&self.address, ConnectionProblem::Broken, error);
        let url: Url = whole.parse().map_err(broken)?;
        if url.origin() == self.access.api.origin() {
            Ok(url)
        } else {
            Err(problem(ForgeProblem::Redirected { to: url.origin().ascii_serialization() }))
        }
    }
}

fn problem(problem: ForgeProblem) -> AttemptFailure<ForgeFailure> {
    AttemptFailure::System(ForgeFailure::Problem(problem))
}

fn no_token(error: TokenError) -> AttemptFailure<ForgeFailure> {
    AttemptFailure::System(ForgeFailure::NoToken(error))
}

/// The URL of the next page in a `Link` header such as `<https://…?page=2>; rel="next"`.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    links.into_iter().find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| target.to_owned())
    })
}
