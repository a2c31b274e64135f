//! What the caller streams: metadata once, then pieces of the archive.
//!
//! repo-server reads an answer only when it has sent everything; an earlier one reaches its user as "EOF" without a
//! text. So whatever happens, the stream is read to its end before anything is answered.

use std::time::Instant;

use bytes::Bytes;
use eod_proto::argocd as wire;
use tonic::{Status, Streaming};

use crate::archive::{ArchiveError, Stated};
use crate::pipe::PipeWriter;

/// A caller's stream.
pub(crate) struct Intake {
    stream: Streaming<wire::AppStreamRequest>,
    /// When the last message came, once it has.
    ended: Option<Instant>,
}

/// Why a stream is no request.
#[derive(Debug)]
pub(crate) enum IntakeError {
    /// The caller is gone or breaks HTTP/2.
    Gone(Status),
    /// The messages come in an order that means nothing.
    Order(&'static str),
    /// The bytes are not those that were stated.
    Archive(ArchiveError),
}

impl Intake {
    pub(crate) fn new(stream: Streaming<wire::AppStreamRequest>) -> Self {
        Self { stream, ended: None }
    }

    /// The first message.
    pub(crate) async fn metadata(&mut self) -> Result<wire::ManifestRequestMetadata, IntakeError> {
        use wire::app_stream_request::Request;
        match self.next().await?.map(|message| message.request) {
            Some(Some(Request::Metadata(metadata))) => Ok(metadata),
            Some(Some(Request::File(_))) => Err(IntakeError::Order("a piece of the archive came before the metadata")),
            Some(None) => Err(IntakeError::Order("the first message says nothing; expected the metadata")),
            None => Err(IntakeError::Order("the stream ended before the metadata came")),
        }
    }

    /// The next piece of the archive; none at its end.
    async fn piece(&mut self) -> Result<Option<Bytes>, IntakeError> {
        use wire::app_stream_request::Request;
        match self.next().await?.map(|message| message.request) {
            Some(Some(Request::File(wire::File { chunk }))) => Ok(Some(chunk)),
            Some(Some(Request::Metadata(_))) => Err(IntakeError::Order("the metadata came twice")),
            Some(None) => Err(IntakeError::Order("a message says nothing; expected a piece of the archive")),
            None => Ok(None),
        }
    }

    /// The whole archive, which is small.
    pub(crate) async fn whole(&mut self, stated: &Stated) -> Result<Vec<u8>, IntakeError> {
        let mut whole = Vec::with_capacity(usize::try_from(stated.size).unwrap_or_default());
        while let Some(piece) = self.piece().await? {
            whole.extend_from_slice(&piece);
            if whole.len() as u64 > stated.size {
                let (stated, got) = (stated.size, whole.len() as u64);
                return Err(IntakeError::Archive(ArchiveError::Size { stated, got }));
            }
        }
        Ok(whole)
    }

    /// Everything into a pipe, as far as somebody reads it.
    pub(crate) async fn feed(&mut self, mut pipe: PipeWriter) -> Result<(), IntakeError> {
        while let Some(piece) = self.piece().await? {
            if pipe.write(piece).await.is_err() {
                // Whoever unpacks knows why.
                return Ok(());
            }
        }
        // The same where nobody waits for the end.
        let _ = pipe.end().await;
        Ok(())
    }

    /// Reads and forgets what is left.
    pub(crate) async fn drain(&mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    /// When the last byte came.
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
        message.map_err(IntakeError::Gone)
    }
}
