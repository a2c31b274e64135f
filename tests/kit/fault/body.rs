//! Bodies of the proxy's answers.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Sleep, sleep};

/// Time for the first half to reach the client before the connection is closed.
const HEAD_START: Duration = Duration::from_millis(20);

pub(super) type ProxiedBody = BoxBody<Bytes, io::Error>;

/// The first half of an answer, followed by an error, so that hyper closes the connection.
pub(super) fn half(whole: &Bytes) -> ProxiedBody {
    let first = whole.slice(..whole.len() / 2);
    Half { first: Some(first), pause: Box::pin(sleep(HEAD_START)) }.boxed()
}

struct Half {
    first: Option<Bytes>,
    /// Without the pause, the error would precede the write to the socket.
    pause: Pin<Box<Sleep>>,
}

impl Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        ready!(self.pause.as_mut().poll(context));
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}
