//! Bounded pipe for an archive, from the caller's stream to the thread that unpacks it.
//!
//! If the thread is busy and the pipe is full, the stream is not read and the flow control of HTTP/2 stops the caller.

use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::sync::mpsc;

/// Maximum size of joined small parts, in bytes. repo-server sends 1 KiB at a time.
const JOINED_BYTES: usize = 32 << 10;
/// Maximum number of joined parts in the pipe.
const MAX_PARTS: usize = 4;

/// Writing end, for the stream of the caller.
pub(crate) struct PipeWriter {
    parts: mpsc::Sender<PipePart>,
    joined: BytesMut,
}

/// Reading end, for the thread that unpacks.
pub(crate) struct PipeReader {
    parts: mpsc::Receiver<PipePart>,
    current: Bytes,
    has_ended: bool,
}

enum PipePart {
    Bytes(Bytes),
    /// The archive is complete. A pipe that is closed without this part was abandoned.
    End,
}

/// Error of a pipe without a reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PipeClosed;

/// Creates a pipe.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = mpsc::channel(MAX_PARTS);
    let writer = PipeWriter { parts: sender, joined: BytesMut::new() };
    (writer, PipeReader { parts: receiver, current: Bytes::new(), has_ended: false })
}

impl PipeWriter {
    /// Writes bytes and waits while the pipe is full.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), PipeClosed> {
        if self.joined.is_empty() && bytes.len() >= JOINED_BYTES {
            return self.send(PipePart::Bytes(bytes)).await;
        }
        self.joined.extend_from_slice(&bytes);
        if self.joined.len() >= JOINED_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Marks the archive as complete.
    pub(crate) async fn end(mut self) -> Result<(), PipeClosed> {
        self.flush().await?;
        self.send(PipePart::End).await
    }

    async fn flush(&mut self) -> Result<(), PipeClosed> {
        let joined = self.joined.split().freeze();
        if joined.is_empty() { Ok(()) } else { self.send(PipePart::Bytes(joined)).await }
    }

    async fn send(&self, part: PipePart) -> Result<(), PipeClosed> {
        self.parts.send(part).await.map_err(|_| PipeClosed)
    }
}

impl BufRead for PipeReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.has_ended {
            match self.parts.blocking_recv() {
                Some(PipePart::Bytes(bytes)) => self.current = bytes,
                Some(PipePart::End) => self.has_ended = true,
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount.min(self.current.len()));
    }
}

impl Read for PipeReader {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(room)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
