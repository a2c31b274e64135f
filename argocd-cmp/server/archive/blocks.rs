//! The bytes below the entries: what was sent, counted and hashed; what it unpacks to, counted against the limits.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, Limits, Stated};

const BLOCK: usize = 512;

/// A tar in blocks of 512 bytes.
pub(super) struct Blocks<'a, R> {
    inflated: GzDecoder<Sent<R>>,
    limits: &'a Limits,
    unpacked: u64,
    scratch: Vec<u8>,
}

/// The compressed bytes on their way in.
struct Sent<R> {
    inner: R,
    hash: Sha256,
    count: u64,
    stated: u64,
}

impl<'a, R: BufRead> Blocks<'a, R> {
    pub(super) fn new(archive: R, stated: u64, limits: &'a Limits) -> Self {
        let sent = Sent { inner: archive, hash: Sha256::new(), count: 0, stated };
        Self { inflated: GzDecoder::new(sent), limits, unpacked: 0, scratch: Vec::new() }
    }

    /// Bytes unpacked so far.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// The next header; none behind two blocks of zeros.
    pub(super) fn header(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block != [0; BLOCK] {
            return Ok(Some(block));
        }
        self.fill(&mut block)?;
        if block == [0; BLOCK] { Ok(None) } else { Err(ArchiveError::NoEnd) }
    }

    /// The contents of an entry, and its padding read away. The caller has held `size` against a limit.
    pub(super) fn content(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        let size = usize::try_from(size).map_err(|_| ArchiveError::Unpacked { limit: self.limits.unpacked })?;
        let mut content = vec![0; size];
        self.fill(&mut content)?;
        self.fill([0; BLOCK].get_mut(..padding(size)).unwrap_or_default())?;
        Ok(content)
    }

    /// Reads the contents of an entry away.
    pub(super) fn skip(&mut self, size: u64) -> Result<(), ArchiveError> {
        let mut left = size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX);
        // What is claimed beyond the limit need not be read to be refused.
        if left > self.limits.unpacked {
            return Err(ArchiveError::Unpacked { limit: self.limits.unpacked });
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(32 << 10, 0);
        while left > 0 {
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(scratch.len());
            self.fill(scratch.get_mut(..step).unwrap_or_default())?;
            left -= step as u64;
        }
        self.scratch = scratch;
        Ok(())
    }

    /// Reads what follows the end, which may be zeros only, and holds all that came against what was stated.
    pub(super) fn finish(mut self, stated: &Stated) -> Result<(), ArchiveError> {
        let mut rest = [0; BLOCK];
        loop {
            let read = self.inflated.read(&mut rest).map_err(|error| self.because(error))?;
            if read == 0 {
                break;
            }
            self.count(read)?;
            if rest.iter().take(read).any(|byte| *byte != 0) {
                return Err(ArchiveError::AfterEnd);
            }
        }
        let mut sent = self.inflated.into_inner();
        if !sent.fill_buf()?.is_empty() {
            return Err(ArchiveError::AfterCompression);
        }
        if sent.count != stated.size {
            return Err(ArchiveError::Size { stated: stated.size, got: sent.count });
        }
        if <[u8; 32]>::from(sent.hash.finalize()) != stated.sha256 {
            return Err(ArchiveError::Checksum);
        }
        Ok(())
    }

    fn fill(&mut self, mut room: &mut [u8]) -> Result<(), ArchiveError> {
        while !room.is_empty() {
            let read = self.inflated.read(room).map_err(|error| self.because(error))?;
            if read == 0 {
                return Err(self.because(io::ErrorKind::UnexpectedEof.into()));
            }
            self.count(read)?;
            room = room.get_mut(read..).unwrap_or_default();
        }
        Ok(())
    }

    fn count(&mut self, read: usize) -> Result<(), ArchiveError> {
        self.unpacked += read as u64;
        let Limits { unpacked, ratio, free, .. } = *self.limits;
        if self.unpacked > unpacked {
            return Err(ArchiveError::Unpacked { limit: unpacked });
        }
        let sent = self.inflated.get_ref().count;
        if self.unpacked > free && self.unpacked / ratio.max(1) > sent {
            return Err(ArchiveError::Ratio { limit: ratio });
        }
        Ok(())
    }

    /// A sender that stopped early is told apart from one that sent something else.
    fn because(&self, error: io::Error) -> ArchiveError {
        let sent = self.inflated.get_ref();
        match error.kind() {
            io::ErrorKind::UnexpectedEof if sent.count < sent.stated => {
                ArchiveError::Size { stated: sent.stated, got: sent.count }
            }
            io::ErrorKind::UnexpectedEof => ArchiveError::NoEnd,
            _ => error.into(),
        }
    }
}

fn padding(size: usize) -> usize {
    size.next_multiple_of(BLOCK) - size
}

impl<R: BufRead> BufRead for Sent<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.inner.fill_buf()?;
        if self.count >= self.stated && !buffer.is_empty() {
            let got = self.count.saturating_add(buffer.len() as u64);
            return Err(io::Error::other(ArchiveError::Size { stated: self.stated, got }));
        }
        Ok(buffer)
    }

    fn consume(&mut self, amount: usize) {
        // The buffer was filled before, so this reads nothing and cannot fail.
        if let Ok(buffer) = self.inner.fill_buf() {
            self.hash.update(buffer.get(..amount).unwrap_or(buffer));
        }
        self.count += amount as u64;
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Sent<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut buffer = self.fill_buf()?;
        let read = buffer.read(room)?;
        self.consume(read);
        Ok(read)
    }
}
