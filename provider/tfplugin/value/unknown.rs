//! A value that is not known yet, and what may be known about it already.
//!
//! Terraform refines unknown values by itself: `"pre-${unknown}"` is known to start with `pre-`. A provider that hands
//! such a value back must not lose that, so the bytes are kept as they came.

use std::fmt;

use crate::msgpack::{Reader, Token};

/// The key of "this is null" in a refinement.
const IS_NULL: i64 = 1;

/// The key of "the string starts with" in a refinement.
const PREFIX: i64 = 2;

/// A value that is not known yet.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unknown(Option<Box<[u8]>>);

impl Unknown {
    /// An unknown value of which nothing is known.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// The refinement as Terraform wrote it: a msgpack map. `None` if nothing is known.
    pub fn refinement(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// Whether the value is known not to become null.
    pub fn not_null(&self) -> bool {
        self.find(IS_NULL, |token| matches!(token, Token::Bool(false)).then_some(())).is_some()
    }

    /// The text with which the string is known to start.
    pub fn prefix(&self) -> Option<String> {
        self.find(PREFIX, |token| match token {
            Token::Str(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            _ => None,
        })
    }

    /// An unknown value with the refinement that these bytes hold. A body of at most one byte holds none.
    pub(crate) fn refined(body: &[u8]) -> Self {
        Self((body.len() > 1).then(|| body.into()))
    }

    /// What `read` makes of the entry under this key. A refinement that cannot be read says nothing.
    fn find<T>(&self, wanted: i64, read: impl FnOnce(Token<'_>) -> Option<T>) -> Option<T> {
        let mut reader = Reader::new(self.refinement()?);
        let Ok(Token::Map(entries)) = reader.token() else { return None };
        for _ in 0..entries {
            let Ok(Token::Int(key)) = reader.token() else { return None };
            if key == wanted {
                return read(reader.token().ok()?);
            }
            reader.skip().ok()?;
        }
        None
    }
}

/// Says only whether something is known, since a prefix may be part of a secret.
impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Unknown(refined)" } else { "Unknown" })
    }
}

#[cfg(test)]
mod tests;
