//! The way of the archive from the caller's stream to the thread that unpacks it.
//!
//! What waits on the way is bounded: where the thread is busy the stream is not read, and HTTP/2 holds the caller back.

use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::sync::mpsc;

/// Small pieces are joined up to this size; repo-server sends 1 KiB at a time.
const JOINED: usize = 32 << 10;
/// Joined pieces on the way.
const PIECES: usize = 4;

/// The caller's end.
pub(crate) struct PipeWriter {
    pieces: mpsc::Sender<Piece>,
    joined: BytesMut,
}

/// The thread's end: an archive to read.
pub(crate) struct PipeReader {
    pieces: mpsc::Receiver<Piece>,
    current: Bytes,
    has_ended: bool,
}

enum Piece {
    Bytes(Bytes),
    /// The caller has sent everything. A pipe that closes without it was abandoned.
    End,
}

/// Nobody reads any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Closed;

/// A new pipe.
pub(crate) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let writer = PipeWriter { pieces: sender, joined: BytesMut::new() };
    (writer, PipeReader { pieces: receiver, current: Bytes::new(), has_ended: false })
}

impl PipeWriter {
    /// Sends a piece, as soon as there is room.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), Closed> {
        if self.joined.is_empty() && bytes.len() >= JOINED {
            return self.send(Piece::Bytes(bytes)).await;
        }
        self.joined.extend_from_slice(&bytes);
        if self.joined.len() >= JOINED { self.flush().await } else { Ok(()) }
    }

    /// Says that this was all.
    pub(crate) async fn end(mut self) -> Result<(), Closed> {
        self.flush().await?;
        self.send(Piece::End).await
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        let joined = self.joined.split().freeze();
        if joined.is_empty() { Ok(()) } else { self.send(Piece::Bytes(joined)).await }
    }

    async fn send(&self, piece: Piece) -> Result<(), Closed> {
        self.pieces.send(piece).await.map_err(|_| Closed)
    }
}

impl BufRead for PipeReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.has_ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = bytes,
                Some(Piece::End) => self.has_ended = true,
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
