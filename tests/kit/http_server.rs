//! HTTP server of the fakes: one thread, one runtime, a task per connection.

use std::{error::Error, future::Future, net::TcpListener};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot, task::JoinSet};
use tokio_rustls::TlsAcceptor;

/// Serves until the other end of `stopped` is dropped, which closes every connection. An error of an answer closes its
/// connection without a response.
pub(crate) fn serve<Answer, Answers, Content, Failure>(
    listener: TcpListener,
    stopped: oneshot::Receiver<()>,
    answer: Answer,
) where
    Answer: Fn(Request<Incoming>) -> Answers + Clone + Send + 'static,
    Answers: Future<Output = Result<Response<Content>, Failure>> + Send + 'static,
    Content: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    Failure: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    accept(listener, stopped, move |stream| {
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer.clone()));
        async move { drop(connection.await) }
    });
}

/// Serves over TLS. A connection without a valid handshake is closed.
pub(crate) fn serve_tls<Answer, Answers, Content, Failure>(
    listener: TcpListener,
    tls: TlsAcceptor,
    stopped: oneshot::Receiver<()>,
    answer: Answer,
) where
    Answer: Fn(Request<Incoming>) -> Answers + Clone + Send + 'static,
    Answers: Future<Output = Result<Response<Content>, Failure>> + Send + 'static,
    Content: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    Failure: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    accept(listener, stopped, move |stream| {
        let (tls, answer) = (tls.clone(), answer.clone());
        async move {
            if let Ok(stream) = tls.accept(stream).await {
                drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await);
            }
        }
    });
}

/// Runs a task for each connection until the other end of `stopped` is dropped.
fn accept<Connection>(
    listener: TcpListener,
    mut stopped: oneshot::Receiver<()>,
    connection: impl Fn(TcpStream) -> Connection,
) where
    Connection: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        // Dropping the set ends every connection.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    connections.spawn(connection(stream));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    });
}
