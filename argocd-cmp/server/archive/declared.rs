//! Size and checksum of an archive, declared by the sender before the archive.

use super::ArchiveError;

/// Declared size and digest of the compressed archive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeclaredArchive {
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 digest.
    pub sha256: [u8; 32],
}

impl DeclaredArchive {
    /// Parses the values of the metadata.
    ///
    /// # Errors
    ///
    /// Fails if the size is negative or the checksum is not a hexadecimal SHA-256.
    pub fn parse(size: i64, checksum: &str) -> Result<Self, ArchiveError> {
        let size = u64::try_from(size).map_err(|_| ArchiveError::DeclaredSize(size))?;
        let sha256 =
            digest(checksum).ok_or_else(|| ArchiveError::DeclaredChecksum(checksum.chars().take(80).collect()))?;
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
