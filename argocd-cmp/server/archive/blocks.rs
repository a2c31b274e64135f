//! Byte level of the archive: counts and hashes the compressed bytes, and charges the unpacked bytes to the limits.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, ArchiveLimits, DeclaredArchive};

/// Size of a tar block in bytes.
const BLOCK: usize = 512;

/// Tar read in blocks of 512 bytes.
pub(super) struct Blocks<'a, R> {
    inflated: GzDecoder<CompressedReader<R>>,
    limits: &'a ArchiveLimits,
    unpacked: u64,
    scratch: Vec<u8>,
}

/// Reader of the compressed bytes.
struct CompressedReader<R> {
    inner: R,
    hash: Sha256,
    count: u64,
    declared: u64,
}

impl<'a, R: BufRead> Blocks<'a, R> {
    /// Wraps a compressed archive.
    pub(super) fn new(archive: R, declared: u64, limits: &'a ArchiveLimits) -> Self {
        let sent = CompressedReader { inner: archive, hash: Sha256::new(), count: 0, declared };
        Self { inflated: GzDecoder::new(sent), limits, unpacked: 0, scratch: Vec::new() }
    }

    /// Number of bytes unpacked so far.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Reads the next header; none after two blocks of zeros.
    pub(super) fn header(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block != [0; BLOCK] {
            return Ok(Some(block));
        }
        self.fill(&mut block)?;
        if block == [0; BLOCK] { Ok(None) } else { Err(ArchiveError::NoEnd) }
    }

    /// Reads the content of an entry and skips its padding. The caller has checked `size` against a limit.
    pub(super) fn content(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        let size = usize::try_from(size).map_err(|_| ArchiveError::Unpacked { limit: self.limits.unpacked })?;
        let mut content = vec![0; size];
        self.fill(&mut content)?;
        self.fill([0; BLOCK].get_mut(..padding(size)).unwrap_or_default())?;
        Ok(content)
    }

    /// Skips the content of an entry.
    pub(super) fn skip(&mut self, size: u64) -> Result<(), ArchiveError> {
        let mut left = size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX);
        // A size above the limit is refused without reading the content.
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

    /// Checks that only zeros follow the end, and compares size and checksum with the declared values.
    pub(super) fn finish(mut self, declared: &DeclaredArchive) -> Result<(), ArchiveError> {
        let mut rest = [0; BLOCK];
        loop {
            let read = self.inflated.read(&mut rest).map_err(|error| self.archive_error(error))?;
            if read == 0 {
                break;
            }
            self.charge(read)?;
            if rest.iter().take(read).any(|byte| *byte != 0) {
                return Err(ArchiveError::AfterEnd);
            }
        }
        let mut sent = self.inflated.into_inner();
        if !sent.fill_buf()?.is_empty() {
            return Err(ArchiveError::AfterCompression);
        }
        if sent.count != declared.size {
            return Err(ArchiveError::Size { declared: declared.size, got: sent.count });
        }
        if <[u8; 32]>::from(sent.hash.finalize()) != declared.sha256 {
            return Err(ArchiveError::Checksum);
        }
        Ok(())
    }

    /// Fills the buffer completely.
    fn fill(&mut self, mut room: &mut [u8]) -> Result<(), ArchiveError> {
        while !room.is_empty() {
            let read = self.inflated.read(room).map_err(|error| self.archive_error(error))?;
            if read == 0 {
                return Err(self.archive_error(io::ErrorKind::UnexpectedEof.into()));
            }
            self.charge(read)?;
            room = room.get_mut(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Charges unpacked bytes to the limits.
    fn charge(&mut self, read: usize) -> Result<(), ArchiveError> {
        self.unpacked += read as u64;
        let ArchiveLimits { unpacked, ratio, free, .. } = *self.limits;
        if self.unpacked > unpacked {
            return Err(ArchiveError::Unpacked { limit: unpacked });
        }
        let sent = self.inflated.get_ref().count;
        if self.unpacked > free && self.unpacked / ratio.max(1) > sent {
            return Err(ArchiveError::Ratio { limit: ratio });
        }
        Ok(())
    }

    /// Converts an error of reading. A truncated archive has an error of its own.
    fn archive_error(&self, error: io::Error) -> ArchiveError {
        let sent = self.inflated.get_ref();
        match error.kind() {
            io::ErrorKind::UnexpectedEof if sent.count < sent.declared => {
                ArchiveError::Size { declared: sent.declared, got: sent.count }
            }
            io::ErrorKind::UnexpectedEof => ArchiveError::NoEnd,
            _ => error.into(),
        }
    }
}

/// Bytes between the content of an entry and the next block.
fn padding(size: usize) -> usize {
    size.next_multiple_of(BLOCK) - size
}

impl<R: BufRead> BufRead for CompressedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.inner.fill_buf()?;
        if self.count >= self.declared && !buffer.is_empty() {
            let got = self.count.saturating_add(buffer.len() as u64);
            return Err(io::Error::other(ArchiveError::Size { declared: self.declared, got }));
        }
        Ok(buffer)
    }

    fn consume(&mut self, amount: usize) {
        // The buffer is already filled, so this reads nothing and cannot fail.
        if let Ok(buffer) = self.inner.fill_buf() {
            self.hash.update(buffer.get(..amount).unwrap_or(buffer));
        }
        self.count += amount as u64;
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for CompressedReader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut buffer = self.fill_buf()?;
        let read = buffer.read(room)?;
        self.consume(read);
        Ok(read)
    }
}
