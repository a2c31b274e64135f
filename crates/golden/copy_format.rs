//! Binary format of COPY: a stream of bytes to rows, and back.
//!
//! Memory is bounded by the largest row and one piece of the stream. No input causes a panic.

use std::ops::Range;

use bytes::Bytes;

/// First bytes of every binary copy.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, and length of the extension.
const HEADER: usize = SIGNATURE.len() + 4 + 4;
/// Flags that change the format, by the protocol. None of them is supported.
const CRITICAL_FLAGS: u32 = 0xffff_0000;
/// Length of a field that is NULL.
const NULL: i32 = -1;
/// Value of the field count at the end of the stream.
const END: i16 = -1;

/// Bytes that are not a binary copy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CopyFormatError {
    /// Copy without the signature, or with flags that are not supported.
    #[error("the copy has no header of the binary format")]
    Header,
    /// Row with another number of fields.
    #[error("a row of the copy has {found} fields, expected {expected}")]
    Fields {
        /// Number of columns of the copy.
        expected: usize,
        /// Number of fields of the row.
        found: i16,
    },
    /// Field with an invalid length.
    #[error("a field of the copy has the invalid length {0}")]
    Length(i32),
    /// Row that is larger than the limit.
    #[error("a row of the copy has more than {limit} bytes")]
    RowTooLarge {
        /// Maximum size of a row in bytes.
        limit: usize,
    },
    /// Bytes after the end of the copy.
    #[error("the copy has bytes after its end")]
    AfterEnd,
    /// Copy that ends before its end marker.
    #[error("the copy ended before its end marker")]
    Incomplete,
}

/// Decoder of a binary copy. Bytes go in as they arrive, rows come out as soon as they are complete.
pub struct CopyDecoder {
    columns: usize,
    limit: usize,
    buffer: Vec<u8>,
    /// Index in the buffer of the first byte that is not consumed.
    at: usize,
    /// Ranges in the buffer of the fields of the last row; none for NULL.
    fields: Vec<Option<Range<usize>>>,
    has_header: bool,
    is_done: bool,
    rows: u64,
}

/// A row. Its fields refer to the buffer of the decoder.
#[derive(Clone, Copy, Debug)]
pub struct CopyRow<'a> {
    buffer: &'a [u8],
    begin: usize,
    end: usize,
    fields: &'a [Option<Range<usize>>],
}

impl CopyDecoder {
    /// A decoder for rows with so many columns and at most `limit` bytes.
    pub fn new(columns: usize, limit: usize) -> Self {
        Self {
            columns,
            limit,
            buffer: Vec::new(),
            at: 0,
            fields: Vec::with_capacity(columns),
            has_header: false,
            is_done: false,
            rows: 0,
        }
    }

    /// Adds the next bytes of the copy. Call it after [`CopyDecoder::next_row`] has returned none.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        // A large row must not keep its memory for the rest of the table.
        if self.buffer.is_empty() && self.buffer.capacity() > (1 << 20) {
            self.buffer = Vec::new();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next row; none if its bytes are not complete, or after the end.
    ///
    /// # Errors
    ///
    /// [`CopyFormatError`] if the bytes are not a binary copy, or the row is too large.
    pub fn next_row(&mut self) -> Result<Option<CopyRow<'_>>, CopyFormatError> {
        if self.is_done {
            return if self.at < self.buffer.len() { Err(CopyFormatError::AfterEnd) } else { Ok(None) };
        }
        if !self.has_header {
            let Some(length) = self.header()? else { return Ok(None) };
            self.at += length;
            self.has_header = true;
        }
        let begin = self.at;
        let Some(count) = self.i16_at(begin) else { return Ok(None) };
        if count == END {
            self.at += 2;
            self.is_done = true;
            return self.next_row();
        }
        if usize::try_from(count).ok() != Some(self.columns) {
            return Err(CopyFormatError::Fields { expected: self.columns, found: count });
        }
        self.fields.clear();
        let mut at = begin + 2;
        for _ in 0..self.columns {
            let Some(length) = self.i32_at(at) else { return Ok(None) };
            at += 4;
            if length == NULL {
                self.fields.push(None);
                continue;
            }
            let length = usize::try_from(length).map_err(|_| CopyFormatError::Length(length))?;
            // Checked before the bytes arrive, so that a wrong length does not fill the memory.
            if length > self.limit || at - begin > self.limit - length {
                return Err(CopyFormatError::RowTooLarge { limit: self.limit });
            }
            if at + length > self.buffer.len() {
                return Ok(None);
            }
            self.fields.push(Some(at..at + length));
            at += length;
        }
        self.at = at;
        self.rows += 1;
        Ok(Some(CopyRow { buffer: &self.buffer, begin, end: at, fields: &self.fields }))
    }

    /// Checks that the copy is complete, and returns the number of its rows.
    ///
    /// # Errors
    ///
    /// [`CopyFormatError::Incomplete`] if the end marker is missing.
    pub fn finish(&self) -> Result<u64, CopyFormatError> {
        if self.is_done { Ok(self.rows) } else { Err(CopyFormatError::Incomplete) }
    }

    /// Length of the header; none if it is not complete.
    fn header(&self) -> Result<Option<usize>, CopyFormatError> {
        let known = self.buffer.len().min(SIGNATURE.len());
        if self.buffer.get(..known) != SIGNATURE.get(..known) {
            return Err(CopyFormatError::Header);
        }
        let (Some(flags), Some(extension)) = (self.i32_at(SIGNATURE.len()), self.i32_at(SIGNATURE.len() + 4)) else {
            return Ok(None);
        };
        let extension = usize::try_from(extension).map_err(|_| CopyFormatError::Header)?;
        if flags.cast_unsigned() & CRITICAL_FLAGS != 0 || extension > self.limit {
            return Err(CopyFormatError::Header);
        }
        Ok((self.buffer.len() >= HEADER + extension).then_some(HEADER + extension))
    }

    fn i16_at(&self, at: usize) -> Option<i16> {
        self.buffer.get(at..)?.first_chunk().copied().map(i16::from_be_bytes)
    }

    fn i32_at(&self, at: usize) -> Option<i32> {
        self.buffer.get(at..)?.first_chunk().copied().map(i32::from_be_bytes)
    }
}

impl<'a> CopyRow<'a> {
    /// Fields in their order; none for NULL.
    pub fn fields(&self) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a> {
        let (buffer, fields) = (self.buffer, self.fields);
        fields.iter().map(|range| range.clone().and_then(|range| buffer.get(range)))
    }

    /// The bytes of the row in the copy.
    pub fn bytes(&self) -> &'a [u8] {
        self.buffer.get(self.begin..self.end).unwrap_or_default()
    }
}

/// Encoder of a binary copy.
pub struct CopyEncoder {
    columns: i16,
    buffer: Vec<u8>,
    /// Index of the first byte of the last row.
    row: usize,
}

impl CopyEncoder {
    /// An encoder for rows with so many columns. It begins with the header.
    pub fn new(columns: usize) -> Self {
        let mut buffer = SIGNATURE.to_vec();
        buffer.extend_from_slice(&[0; 8]);
        // PostgreSQL has at most 1,600 columns.
        Self { columns: i16::try_from(columns).unwrap_or(i16::MAX), row: buffer.len(), buffer }
    }

    /// Begins a row. [`CopyEncoder::field`] follows once per column.
    pub fn begin_row(&mut self) {
        self.row = self.buffer.len();
        self.buffer.extend_from_slice(&self.columns.to_be_bytes());
    }

    /// Adds a field; none for NULL.
    pub fn field(&mut self, value: Option<&[u8]>) {
        let length = value.map_or(NULL, |value| i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.buffer.extend_from_slice(&length.to_be_bytes());
        self.buffer.extend_from_slice(value.unwrap_or_default());
    }

    /// Adds a field that a function writes. False makes it NULL.
    ///
    /// # Errors
    ///
    /// The error of the function.
    pub fn field_with<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<bool, E>) -> Result<(), E> {
        write_counted(&mut self.buffer, write)
    }

    /// The bytes of the last row.
    pub fn last_row(&self) -> &[u8] {
        self.buffer.get(self.row..).unwrap_or_default()
    }

    /// Number of bytes that were not taken.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// True if all bytes were taken.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Takes the bytes until now.
    pub fn take(&mut self) -> Bytes {
        self.row = 0;
        Bytes::from(std::mem::take(&mut self.buffer))
    }

    /// Adds the end marker and takes the rest of the bytes.
    pub fn finish(mut self) -> Bytes {
        self.buffer.extend_from_slice(&END.to_be_bytes());
        self.take()
    }
}

/// Writes a length of four bytes and the bytes that a function writes after it. False makes it NULL.
pub(crate) fn write_counted<E>(
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<bool, E>,
) -> Result<(), E> {
    let begin = buffer.len();
    buffer.extend_from_slice(&NULL.to_be_bytes());
    if write(buffer)? {
        let length = i32::try_from(buffer.len() - begin - 4).unwrap_or(i32::MAX);
        if let Some(place) = buffer.get_mut(begin..begin + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    } else {
        buffer.truncate(begin + 4);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
