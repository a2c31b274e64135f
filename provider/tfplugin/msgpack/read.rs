//! Reader of msgpack tokens from untrusted bytes.

use crate::value::DecodeReason;

/// Reads tokens from the start of a slice.
pub(crate) struct MsgpackReader<'a>(&'a [u8]);

/// One token. After an array or map token, its elements follow as tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'a> {
    /// Nil.
    Nil,
    /// A bool.
    Bool(bool),
    /// An integer within `i64`, in any encoding.
    Int(i64),
    /// An integer above `i64`.
    Uint(u64),
    /// A 32-bit or 64-bit float.
    Float(f64),
    /// A string, not yet checked to be UTF-8.
    Str(&'a [u8]),
    /// Bytes.
    Bin(&'a [u8]),
    /// An extension with its code and data.
    Ext(i8, &'a [u8]),
    /// The header of an array with this many elements.
    Array(usize),
    /// The header of a map with this many entries.
    Map(usize),
}

impl<'a> MsgpackReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Number of remaining bytes.
    pub(crate) fn remaining(&self) -> usize {
        self.0.len()
    }

    /// Reads the next token. Refuses a header with more elements than remaining bytes.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, DecodeReason> {
        let [first] = self.array::<1>()?;
        match first {
            0x00..=0x7f => Ok(Token::Int(i64::from(first))),
            0x80..=0x8f => self.map_header(usize::from(first & 0x0f)),
            0x90..=0x9f => self.array_header(usize::from(first & 0x0f)),
            0xa0..=0xbf => self.take(usize::from(first & 0x1f)).map(Token::Str),
            0xc0 => Ok(Token::Nil),
            0xc1 => Err(DecodeReason::Reserved),
            0xc2 => Ok(Token::Bool(false)),
            0xc3 => Ok(Token::Bool(true)),
            0xc4..=0xc6 => self.sized(first - 0xc4).map(Token::Bin),
            0xc7..=0xc9 => {
                let length = self.length(first - 0xc7)?;
                self.ext(length)
            }
            0xca => Ok(Token::Float(f64::from(f32::from_be_bytes(self.array()?)))),
            0xcb => Ok(Token::Float(f64::from_be_bytes(self.array()?))),
            0xcc..=0xd3 => self.integer(first),
            0xd4..=0xd8 => self.ext(1 << (first - 0xd4)),
            0xd9..=0xdb => self.sized(first - 0xd9).map(Token::Str),
            0xdc | 0xdd => {
                let count = self.length(first - 0xdc + 1)?;
                self.array_header(count)
            }
            0xde | 0xdf => {
                let count = self.length(first - 0xde + 1)?;
                self.map_header(count)
            }
            0xe0..=0xff => Ok(Token::Int(i64::from(i8::from_be_bytes([first])))),
        }
    }

    /// Skips one value and all its elements, without recursion.
    pub(crate) fn skip(&mut self) -> Result<(), DecodeReason> {
        let mut pending = 1_usize;
        while let Some(rest) = pending.checked_sub(1) {
            pending = match self.token()? {
                Token::Array(count) => rest.saturating_add(count),
                Token::Map(count) => rest.saturating_add(count).saturating_add(count),
                _ => rest,
            };
        }
        Ok(())
    }

    fn integer(&mut self, first: u8) -> Result<Token<'a>, DecodeReason> {
        Ok(Token::Int(match first {
            0xcc => i64::from(u8::from_be_bytes(self.array()?)),
            0xcd => i64::from(u16::from_be_bytes(self.array()?)),
            0xce => i64::from(u32::from_be_bytes(self.array()?)),
            0xcf => {
                let wide = u64::from_be_bytes(self.array()?);
                return Ok(i64::try_from(wide).map_or(Token::Uint(wide), Token::Int));
            }
            0xd0 => i64::from(i8::from_be_bytes(self.array()?)),
            0xd1 => i64::from(i16::from_be_bytes(self.array()?)),
            0xd2 => i64::from(i32::from_be_bytes(self.array()?)),
            _ => i64::from_be_bytes(self.array()?),
        }))
    }

    fn ext(&mut self, length: usize) -> Result<Token<'a>, DecodeReason> {
        let code = i8::from_be_bytes(self.array()?);
        self.take(length).map(|body| Token::Ext(code, body))
    }

    fn array_header(&self, count: usize) -> Result<Token<'a>, DecodeReason> {
        if count > self.remaining() { Err(DecodeReason::Truncated) } else { Ok(Token::Array(count)) }
    }

    fn map_header(&self, count: usize) -> Result<Token<'a>, DecodeReason> {
        if count > self.remaining() / 2 { Err(DecodeReason::Truncated) } else { Ok(Token::Map(count)) }
    }

    fn sized(&mut self, width: u8) -> Result<&'a [u8], DecodeReason> {
        let length = self.length(width)?;
        self.take(length)
    }

    /// Reads a length of one, two or four bytes, for the widths 0, 1 and 2.
    fn length(&mut self, width: u8) -> Result<usize, DecodeReason> {
        let length = match width {
            0 => u32::from(u8::from_be_bytes(self.array()?)),
            1 => u32::from(u16::from_be_bytes(self.array()?)),
            _ => u32::from_be_bytes(self.array()?),
        };
        // A length that does not fit into `usize` is larger than the number of remaining bytes.
        usize::try_from(length).map_err(|_| DecodeReason::Truncated)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeReason> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(DecodeReason::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeReason> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(DecodeReason::Truncated)?;
        self.0 = rest;
        Ok(head)
    }
}

impl Token<'_> {
    /// Name of this token for error messages, without its contents.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a string",
            Self::Bin(_) => "bytes",
            Self::Ext(..) => "an unknown value",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
        }
    }
}

#[cfg(test)]
mod tests;
