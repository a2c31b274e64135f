//! HTTP over reqwest, for the clients that use it: no redirects and no retries of its own.

use std::{error::Error as StdError, time::Duration};

use http::{HeaderMap, header::LOCATION};
use reqwest::{Client, ClientBuilder, Response, Url, redirect::Policy};

use crate::{
    chain::root,
    headers::visible_ascii,
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    tls::{install_tls_provider, is_untrusted},
};

/// Maximum number of redirects of one request.
pub(crate) const MAX_REDIRECTS: usize = 3;

/// Target of a redirect.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Redirect {
    /// A URL on the same host.
    SameHost(Url),
    /// Scheme, host and port of another host. Credentials must not be sent there.
    OtherHost(String),
    /// The response names no valid URL.
    Invalid,
}

/// A builder of a client that does not follow redirects and does not retry.
pub(crate) fn client_builder(user_agent: &str) -> ClientBuilder {
    install_tls_provider();
    Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(Duration::from_secs(10))
        .user_agent(visible_ascii(user_agent))
}

/// True for a status that redirects a request without a change of its method.
pub(crate) fn is_redirect(response_status: u16) -> bool {
    matches!(response_status, 301 | 302 | 307 | 308)
}

/// The target of a redirect from `url`.
pub(crate) fn redirect(url: &Url, headers: &HeaderMap) -> Redirect {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(next) = location.and_then(|location| url.join(location).ok()) else { return Redirect::Invalid };
    let same = next.scheme() == url.scheme()
        && next.host_str() == url.host_str()
        && next.port_or_known_default() == url.port_or_known_default();
    if same { Redirect::SameHost(next) } else { Redirect::OtherHost(next.origin().ascii_serialization()) }
}

/// The failure that an error of reqwest means.
pub(crate) fn connection_failure(address: &ServerAddress, error: reqwest::Error) -> ConnectionFailure {
    // The URL is part of the address.
    let error = error.without_url();
    let problem = if is_untrusted(&error) {
        ConnectionProblem::Untrusted
    } else if error.is_connect() {
        ConnectionProblem::Unreachable
    } else {
        ConnectionProblem::Broken
    };
    let error: &(dyn StdError + 'static) = &error;
    ConnectionFailure::new(address, problem, root(error))
}

/// Reads a body of at most `limit` bytes into `body`; `false` if it is longer.
pub(crate) async fn read_body(
    mut response: Response,
    limit: usize,
    body: &mut Vec<u8>,
) -> Result<bool, reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(false);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
