//! The stream of the caller: the metadata once, then the archive in parts.
//!
//! repo-server reads a reply only after it has sent everything; the user sees an earlier reply as "EOF" without a text.
//! So the stream is always read to its end before the reply.

use std::time::Instant;

use bytes::Bytes;
use eod_proto::argocd as wire;
use tonic::{Status, Streaming};

use crate::archive::{ArchiveError, DeclaredArchive};
use crate::pipe::PipeWriter;

/// Stream of one call.
pub(crate) struct Intake {
    stream: Streaming<wire::AppStreamRequest>,
    /// Time of the last message, if the stream has ended.
    ended: Option<Instant>,
}

/// Reasons for an invalid stream.
#[derive(Debug)]
pub(crate) enum IntakeError {
    /// The caller disconnected or violated HTTP/2.
    Disconnected(Status),
    /// The messages have an invalid order.
    Order(&'static str),
    /// The archive is invalid or differs from its declared size or checksum.
    Archive(ArchiveError),
}

impl Intake {
    /// Wraps an unread stream.
    pub(crate) fn new(stream: Streaming<wire::AppStreamRequest>) -> Self {
        Self { stream, ended: None }
    }

    /// Reads the first message.
    pub(crate) async fn metadata(&mut self) -> Result<wire::ManifestRequestMetadata, IntakeError> {
        use wire::app_stream_request::Request;
        match self.next().await?.map(|message| message.request) {
            Some(Some(Request::Metadata(metadata))) => Ok(metadata),
            Some(Some(Request::File(_))) => {
                Err(IntakeError::Order("expected the metadata first, got a part of the archive"))
            }
            Some(None) => Err(IntakeError::Order("expected the metadata first, got an empty message")),
            None => Err(IntakeError::Order("expected the metadata, got the end of the stream")),
        }
    }

    /// Reads the next part of the archive; none at its end.
    async fn part(&mut self) -> Result<Option<Bytes>, IntakeError> {
        use wire::app_stream_request::Request;
        match self.next().await?.map(|message| message.request) {
            Some(Some(Request::File(wire::File { chunk }))) => Ok(Some(chunk)),
            Some(Some(Request::Metadata(_))) => Err(IntakeError::Order("the metadata were sent twice")),
            Some(None) => Err(IntakeError::Order("expected a part of the archive, got an empty message")),
            None => Ok(None),
        }
    }

    /// Reads a small archive into memory.
    pub(crate) async fn receive_all(&mut self, declared: &DeclaredArchive) -> Result<Vec<u8>, IntakeError> {
        let mut whole = Vec::with_capacity(usize::try_from(declared.size).unwrap_or_default());
        while let Some(part) = self.part().await? {
            whole.extend_from_slice(&part);
            if whole.len() as u64 > declared.size {
                let (declared, got) = (declared.size, whole.len() as u64);
                return Err(IntakeError::Archive(ArchiveError::Size { declared, got }));
            }
        }
        Ok(whole)
    }

    /// Writes the archive into a pipe until the reader closes it.
    pub(crate) async fn feed(&mut self, mut pipe: PipeWriter) -> Result<(), IntakeError> {
        while let Some(part) = self.part().await? {
            if pipe.write(part).await.is_err() {
                // The reader reports its own error.
                return Ok(());
            }
        }
        // The reader may have closed the pipe before the end as well.
        let _ = pipe.end().await;
        Ok(())
    }

    /// Reads the rest of the stream and discards it.
    pub(crate) async fn drain(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// Time of the last byte; none if the stream has not ended.
    pub(crate) fn ended(&self) -> Option<Instant> {
        self.ended
    }

    async fn next(&mut self) -> Result<Option<wire::AppStreamRequest>, IntakeError> {
        if self.ended.is_some() {
            return Ok(None);
        }
        let message = self.stream.message().await;
        if !matches!(message, Ok(Some(_))) {
            self.ended = Some(Instant::now());
        }
        message.map_err(IntakeError::Disconnected)
    }
}
