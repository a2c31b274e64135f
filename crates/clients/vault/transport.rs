//! The connection: one HTTP client for the configured server, which follows no redirect by itself and repeats nothing.

use std::{error::Error as StdError, fs, io, path::PathBuf, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Body, Certificate, Client, Request, Url, redirect::Policy};
use zeroize::Zeroizing;

use super::{
    access::{Authority, VaultAccess},
    endpoints::RawRequest,
    failure::VaultFailure,
};
use crate::{error::ErrorKind, kubernetes::install_tls_provider};

/// The header a token travels in.
const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Vault answers no request without it when it is told to, as protection from browsers.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
/// How often one request may be sent on within the same host.
const HOPS: usize = 3;
/// Far more than the largest secret Vault stores.
const LONGEST_ANSWER: usize = 32 << 20;

/// A server we can talk to.
pub(super) struct VaultTransport {
    client: Client,
    /// Scheme, host, port, and the path up to and with `/v1`.
    base: Url,
    namespace: Option<HeaderValue>,
}

/// What the server sent.
pub(super) struct VaultResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Why there is no way to talk to a server.
#[derive(Debug, thiserror::Error)]
pub enum VaultConnectError {
    /// Nothing names a server.
    #[error("no Vault is named; set `vault.address` in the provider block, or VAULT_ADDR")]
    NoAddress,
    /// Nothing says how to get a token.
    #[error(
        "there are no credentials for Vault; set `vault.auth` (token, approle, kubernetes or jwt) in the provider \
         block, or VAULT_TOKEN"
    )]
    NoAuth,
    /// A file that cannot be read.
    #[error("cannot read {what} from `{}`", file.display())]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No certificate.
    #[error("`vault.ca_cert` holds no usable certificate; expected PEM, or the path of a PEM file")]
    BadAuthority,
    /// The HTTP client cannot be made.
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
    /// A file that holds no token.
    #[error("`{}` holds no token, or more than one line", file.display())]
    NoToken {
        /// The file.
        file: PathBuf,
    },
}

impl VaultConnectError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoToken { .. } => ErrorKind::Unauthenticated,
            Self::NoAddress | Self::NoAuth | Self::File { .. } | Self::BadAuthority | Self::Tls(_) => {
                ErrorKind::Invalid
            }
        }
    }
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
        Ok(Self { client, base, namespace: access.namespace.clone() })
    }

    /// Sends one request, within the same host wherever the server sends it on to.
    pub(super) async fn send(
        &self,
        draft: &RawRequest,
        token: Option<&HeaderValue>,
    ) -> Result<VaultResponse, VaultFailure> {
        let mut url = self.url(&draft.path)?;
        for _ in 0..=HOPS {
            let answer = self.send_to(url.clone(), draft, token).await?;
            if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
                return Ok(answer);
            }
            let location = answer.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
            let next =
                location.and_then(|location| url.join(location).ok()).ok_or(VaultFailure::NotVault(answer.status))?;
            // The token goes to nobody but the server that was configured.
            let same = next.scheme() == url.scheme()
                && next.host_str() == url.host_str()
                && next.port_or_known_default() == url.port_or_known_default();
            if !same {
                return Err(VaultFailure::Redirected { to: origin(&next) });
            }
            url = next;
        }
        Err(VaultFailure::Redirected { to: format!("{} again and again", origin(&url)) })
    }

    async fn send_to(
        &self,
        url: Url,
        draft: &RawRequest,
        token: Option<&HeaderValue>,
    ) -> Result<VaultResponse, VaultFailure> {
        let mut request = Request::new(draft.method.clone(), url);
        let headers = request.headers_mut();
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = token {
            headers.insert(TOKEN, token.clone());
        }
        if !draft.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(Body::from(draft.body.clone()));
        }
        let mut response = self.client.execute(request).await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(VaultFailure::NotVault(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(VaultResponse { status, headers, body })
    }

    fn url(&self, path: &str) -> Result<Url, VaultFailure> {
        let whole = format!("{}{path}", self.base);
        Url::parse(&whole).map_err(|error| VaultFailure::Broken(error.into()))
    }
}

fn authority(authority: &Authority) -> Result<Option<Vec<u8>>, VaultConnectError> {
    match authority {
        Authority::System => Ok(None),
        Authority::Pem(pem) => Ok(Some(pem.clone().into_bytes())),
        Authority::File(file) => {
            let read = fs::read(file);
            let what = "the certificate authority (`vault.ca_cert`, VAULT_CACERT)";
            read.map(Some).map_err(|source| VaultConnectError::File { what, file: file.clone(), source })
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn failure(error: reqwest::Error) -> VaultFailure {
    let connecting = error.is_connect();
    let error = error.without_url();
    let root = root(&error);
    if find::<rustls::Error>(&error).is_some_and(|error| matches!(error, rustls::Error::InvalidCertificate(_))) {
        VaultFailure::Distrusted(root.into())
    } else if connecting {
        VaultFailure::Unreachable(root.into())
    } else {
        VaultFailure::Broken(root.into())
    }
}

/// The last link of a chain. Those before it only say which library it passed through.
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// Looks for an error in a chain, also inside of `io::Error`s, which do not show what they wrap.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        link = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
