//! The byte stream below gRPC: a Unix socket or TCP, with or without TLS.

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream of any transport.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}
