//! Binary form of arrays.

use super::{ValueCodec, ValueError};
use crate::copy_format::write_counted;

/// Maximum number of dimensions of PostgreSQL.
const DIMENSIONS: usize = 6;

/// Reader of bytes from the front.
struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    fn i32(&mut self) -> Option<i32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i32::from_be_bytes(*number))
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// Rewrites the items of an array that are not NULL. The function appends the new binary form of an item; false makes the
/// item NULL. Dimensions and type stay.
///
/// # Errors
///
/// The bytes are not an array, or the function fails.
pub fn rewrite_array(
    bytes: &[u8],
    out: &mut Vec<u8>,
    mut item: impl FnMut(&[u8], &mut Vec<u8>) -> Result<bool, ValueError>,
) -> Result<(), ValueError> {
    let malformed = || ValueError::Binary(ValueCodec::Other);
    let mut reader = ByteReader(bytes);
    let mut next = || reader.i32().ok_or_else(malformed);
    let (dimensions, flags, _item_type) = (next()?, next()?, next()?);
    let dimensions = usize::try_from(dimensions).ok().filter(|count| *count <= DIMENSIONS).ok_or_else(malformed)?;
    let mut count = usize::from(dimensions > 0);
    for _ in 0..dimensions {
        let length = usize::try_from(reader.i32().ok_or_else(malformed)?).map_err(|_| malformed())?;
        reader.i32().ok_or_else(malformed)?;
        count = count.checked_mul(length).ok_or_else(malformed)?;
    }
    let begin = out.len();
    out.extend_from_slice(bytes.get(..12 + 8 * dimensions).ok_or_else(malformed)?);
    let mut has_null = flags != 0;
    for _ in 0..count {
        let length = reader.i32().ok_or_else(malformed)?;
        if length == -1 {
            out.extend_from_slice(&length.to_be_bytes());
            continue;
        }
        let length = usize::try_from(length).map_err(|_| malformed())?;
        let value = reader.bytes(length).ok_or_else(malformed)?;
        write_counted(out, |out| {
            let is_value = item(value, out)?;
            has_null |= !is_value;
            Ok(is_value)
        })?;
    }
    if !reader.0.is_empty() {
        return Err(malformed());
    }
    // The flag says that items can be NULL.
    if has_null && let Some(flags) = out.get_mut(begin + 4..begin + 8) {
        flags.copy_from_slice(&1_i32.to_be_bytes());
    }
    Ok(())
}
