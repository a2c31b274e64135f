//! What the sender says about an archive before it sends it.

use super::ArchiveError;

/// Size and digest of the compressed archive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stated {
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Stated {
    /// Reads the words of the metadata.
    ///
    /// # Errors
    ///
    /// When the size is negative or the digest is no hexadecimal SHA-256.
    pub fn parse(size: i64, checksum: &str) -> Result<Self, ArchiveError> {
        let size = u64::try_from(size).map_err(|_| ArchiveError::StatedSize(size))?;
        let sha256 =
            digest(checksum).ok_or_else(|| ArchiveError::StatedChecksum(checksum.chars().take(80).collect()))?;
        Ok(Self { size, sha256 })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
