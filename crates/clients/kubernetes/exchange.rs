//! One request and its response over HTTP.

use std::io;

use http::{
    HeaderValue, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Error as TransportError;
use kube::client::Body;

use super::{
    connection::ClusterConnection, failure::ApiFailure, rejection::Rejection, request::ApiRequest,
    response::ResponseBody, server_time::ServerClock,
};
use crate::{
    chain::{find, root},
    error::BoxError,
    headers::retry_after,
    send::AttemptFailure,
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    tls::is_untrusted,
};

/// Maximum size of a response in bytes: far more than a page of five hundred objects.
const MAX_RESPONSE: usize = 256 << 20;

/// Sends one request, and stores the server's time of its response.
pub(super) async fn exchange<R: ResponseBody>(
    connection: &ClusterConnection,
    request: &ApiRequest,
    clock: &ServerClock,
) -> Result<R, AttemptFailure<ApiFailure>> {
    let address = &connection.address;
    let broken = |cause: BoxError| ConnectionFailure::new(address, ConnectionProblem::Broken, cause);
    let request = http_request(request, connection.authorization.as_ref()).map_err(|error| broken(error.into()))?;
    let response = connection.client.send(request).await.map_err(|error| transport_failure(address, error))?;
    let (head, body) = response.into_parts();
    clock.note(&head.headers);
    let body = Limited::new(body, MAX_RESPONSE).collect().await.map_err(|error| broken(root(&*error).into()))?;
    let body = body.to_bytes();
    if !head.status.is_success() {
        let rejection = Rejection::read(head.status.as_u16(), &body);
        return Err(AttemptFailure::System(ApiFailure::Rejected {
            rejection,
            retry_after: retry_after(&head.headers),
        }));
    }
    // The parser's message may quote the object, which may contain secrets.
    R::read(&body).map_err(|_| broken("the response is cut off or not JSON".into()).into())
}

fn http_request(request: &ApiRequest, authorization: Option<&HeaderValue>) -> Result<Request<Body>, http::Error> {
    let body = request.body.clone().map_or_else(Body::empty, Body::from);
    let mut http = Request::builder()
        .method(request.verb.method())
        .uri(&request.path)
        .header(ACCEPT, request.accept)
        .header(CONTENT_TYPE, request.verb.content_type())
        .body(body)?;
    if let Some(authorization) = authorization {
        http.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    Ok(http)
}

fn transport_failure(address: &ServerAddress, error: kube::Error) -> ConnectionFailure {
    let cause: BoxError = match error {
        kube::Error::Service(cause) => cause,
        kube::Error::HyperError(cause) => Box::new(cause),
        other => Box::new(other),
    };
    let not_connected = find::<TransportError>(&*cause).is_some_and(TransportError::is_connect);
    let refused = find::<io::Error>(&*cause).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    let problem = if is_untrusted(&*cause) {
        ConnectionProblem::Untrusted
    } else if not_connected || refused {
        ConnectionProblem::Unreachable
    } else {
        ConnectionProblem::Broken
    };
    ConnectionFailure::new(address, problem, root(&*cause))
}
