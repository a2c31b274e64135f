//! One request and its answer, and what the ways of failing mean.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Error as TransportError;
use kube::client::Body;

use super::{answer::ResponseBody, client::ApiRequest, connection::ClusterConnectError, rejection::Rejection};
use crate::{
    deadline::{Stop, seconds},
    error::ErrorKind,
    retry::Symptom,
};

/// Far more than a page of five hundred objects; a server that sends more is broken or hostile.
const LONGEST_ANSWER: usize = 256 << 20;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Why one attempt gave no answer.
#[derive(Debug)]
pub(super) enum ClusterFailure {
    /// There is no connection to send on.
    NotConnected(Arc<ClusterConnectError>),
    /// Nobody answers at the address.
    Unreachable(BoxError),
    /// The server's certificate is not trusted.
    Distrusted(BoxError),
    /// The connection broke, or the answer makes no sense.
    Broken(BoxError),
    /// No answer within the time of one attempt.
    Silent(Duration),
    /// The server refused.
    Refused { rejection: Rejection, retry_after: Option<Duration> },
    /// The call ended first.
    Stopped { stop: Stop, sent: bool },
}

/// Sends one request.
pub(super) async fn exchange<A: ResponseBody>(
    client: &kube::Client,
    authorization: Option<&HeaderValue>,
    ask: &ApiRequest,
) -> Result<A, ClusterFailure> {
    let request = Request::builder().method(ask.verb.method()).uri(&ask.path).header(ACCEPT, ask.accept);
    let request = request.header(CONTENT_TYPE, ask.verb.content_type());
    let body = ask.body.clone().map_or_else(Body::empty, Body::from);
    let mut request = request.body(body).map_err(|error| ClusterFailure::Broken(error.into()))?;
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    let (head, body) = client.send(request).await.map_err(transport_failure)?.into_parts();
    let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(ClusterFailure::Broken)?.to_bytes();
    if !head.status.is_success() {
        let rejection = Rejection::read(head.status.as_u16(), &body);
        return Err(ClusterFailure::Refused { rejection, retry_after: retry_after(&head.headers) });
    }
    // The parser's words may quote the object, which may hold secrets.
    A::read(&body).map_err(|_| ClusterFailure::Broken("the answer is cut off or not JSON".into()))
}

impl ClusterFailure {
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { rejection, .. } => Some(rejection.code),
            _ => None,
        }
    }

    pub(super) fn symptom(&self) -> Symptom {
        match self {
            Self::NotConnected(_) | Self::Distrusted(_) | Self::Stopped { .. } => Symptom::Permanent,
            Self::Unreachable(_) => Symptom::Unreachable,
            Self::Broken(_) | Self::Silent(_) => Symptom::Interrupted,
            Self::Refused { rejection, retry_after } => {
                Symptom::Answered { code: rejection.code, retry_after: *retry_after }
            }
        }
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConnected(error) => error.kind(),
            Self::Unreachable(_) | Self::Distrusted(_) | Self::Broken(_) | Self::Silent(_) => ErrorKind::Unavailable,
            Self::Refused { rejection, .. } => rejection.kind(),
            Self::Stopped { stop, .. } => ErrorKind::from(*stop),
        }
    }

    /// Whether a write may have been stored all the same.
    pub(super) fn may_be_stored(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Silent(_) => true,
            Self::Refused { rejection, .. } => rejection.code >= 500,
            Self::Stopped { sent, .. } => *sent,
            Self::NotConnected(_) | Self::Unreachable(_) | Self::Distrusted(_) => false,
        }
    }

    /// The link for an error's chain: the server's own words directly, everything else with a sentence.
    pub(super) fn into_source(self) -> BoxError {
        match self {
            Self::NotConnected(error) => error.into(),
            Self::Refused { rejection, .. } if rejection.code == 401 => Box::new(NotLoggedIn(rejection)),
            Self::Refused { rejection, .. } => Box::new(rejection),
            other => Box::new(other),
        }
    }
}

impl fmt::Display for ClusterFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => error.fmt(f),
            Self::Unreachable(_) => f.write_str("the API server cannot be reached"),
            Self::Distrusted(_) => f.write_str(
                "the certificate of the API server is not trusted; check the certificate authority and the server name",
            ),
            Self::Broken(_) => f.write_str("the connection broke before the answer was complete"),
            Self::Silent(limit) => write!(f, "the API server gave no answer within {}", seconds(limit)),
            Self::Refused { rejection, .. } => rejection.fmt(f),
            Self::Stopped { stop, .. } => stop.fmt(f),
        }
    }
}

impl StdError for ClusterFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreachable(cause) | Self::Distrusted(cause) | Self::Broken(cause) => Some(&**cause),
            Self::NotConnected(error) => error.source(),
            Self::Refused { .. } | Self::Silent(_) | Self::Stopped { .. } => None,
        }
    }
}

/// A 401 that a renewed credential did not help against.
#[derive(Debug, thiserror::Error)]
#[error(
    "the API server does not accept the credentials, also after they were read again; renew them, or check that they belong to this cluster"
)]
struct NotLoggedIn(#[source] Rejection);

fn transport_failure(error: kube::Error) -> ClusterFailure {
    let cause: BoxError = match error {
        kube::Error::Service(cause) => cause,
        kube::Error::HyperError(cause) => Box::new(cause),
        other => Box::new(other),
    };
    let distrust = |error: &rustls::Error| matches!(error, rustls::Error::InvalidCertificate(_));
    if find::<rustls::Error>(&*cause).is_some_and(distrust) {
        return ClusterFailure::Distrusted(cause);
    }
    let no_connection = find::<TransportError>(&*cause).is_some_and(TransportError::is_connect);
    let refused = find::<io::Error>(&*cause).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    if no_connection || refused { ClusterFailure::Unreachable(cause) } else { ClusterFailure::Broken(cause) }
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

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    // The API server writes seconds; a date, which proxies may write, falls back to our own pauses.
    value.trim().parse().ok().map(Duration::from_secs)
}
