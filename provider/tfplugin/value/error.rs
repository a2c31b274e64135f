//! Errors of decoding and encoding values.
//!
//! Both codecs use these errors. They contain the path and the kinds of values, but never their contents, because any
//! value can be a secret.

use std::fmt;

use super::MAX_DEPTH;
use crate::number::NumberError;
use crate::path::{Path, Step};
use crate::ty::TypeError;

/// The bytes are not a value of the expected type.
#[derive(Debug)]
pub struct DecodeError(Box<(Path, DecodeReason)>);

/// The value does not fit the type of its encoding.
#[derive(Debug)]
pub struct EncodeError(Box<(Path, EncodeReason)>);

/// Reason for a decoding error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The bytes contain a value of another type.
    #[error("expected {expected}, got {got}")]
    Kind {
        /// Expected kind.
        expected: &'static str,
        /// Actual kind.
        got: &'static str,
    },
    /// A tuple has the wrong number of elements.
    #[error("expected {expected} elements, got {got}")]
    Length {
        /// Expected number of elements.
        expected: usize,
        /// Actual number of elements.
        got: usize,
    },
    /// The bytes end inside the value, or a header has more elements than remaining bytes.
    #[error("expected more bytes, got the end of the value")]
    Truncated,
    /// There are bytes after the value.
    #[error("expected the end of the value, got {0} more bytes")]
    Trailing(usize),
    /// The byte is not the start of a msgpack value.
    #[error("expected a msgpack value, got the reserved byte 0xc1")]
    Reserved,
    /// The value has too many levels of nesting.
    #[error("expected values nested at most {MAX_DEPTH} levels deep, got a deeper value")]
    Depth,
    /// A string is not UTF-8.
    #[error("expected UTF-8 text, got other bytes")]
    Utf8,
    /// The number was refused.
    #[error("expected a number that Terraform supports")]
    Number(#[source] NumberError),
    /// The type of a dynamic value was refused.
    #[error("expected a value with a valid type")]
    Type(#[source] TypeError),
    /// The object has an attribute that is not in its type.
    #[error("expected only attributes of the schema, got `{0}`; use a provider version with this attribute")]
    Extra(String),
    /// A key is duplicated.
    #[error("expected each key once, got `{0}` twice")]
    Duplicate(String),
    /// Too many attributes are missing: adding nulls for them would use far more memory than the value itself.
    #[error("expected complete objects, got too many objects without their attributes")]
    Sparse,
    /// The bytes are not JSON, or are nested too deeply for the JSON parser.
    #[error("expected JSON")]
    Json(#[source] serde_json::Error),
}

/// Reason for an encoding error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeReason {
    /// The value has another type.
    #[error("expected {expected}, got {got}; this is an error in the provider")]
    Kind {
        /// Expected kind.
        expected: &'static str,
        /// Actual kind.
        got: &'static str,
    },
    /// A tuple has the wrong number of elements.
    #[error("expected {expected} elements, got {got}; this is an error in the provider")]
    Length {
        /// Expected number of elements.
        expected: usize,
        /// Actual number of elements.
        got: usize,
    },
    /// An attribute of the object is missing. Terraform requires every attribute, null if it is not set.
    #[error("expected every attribute of the schema, but this one is missing; this is an error in the provider")]
    Missing,
    /// The object has an attribute that is not in the type.
    #[error("expected only attributes of the schema, got another one; this is an error in the provider")]
    Extra,
    /// The elements of a collection of dynamic values have different types, which crashes Terraform.
    #[error("expected elements of one type, got different types; use a tuple or an object instead")]
    Mixed,
    /// The value has too many levels of nesting.
    #[error("expected values nested at most {MAX_DEPTH} levels deep, got a deeper value")]
    Depth,
    /// The value or its text is longer than the limit of msgpack.
    #[error("expected at most 4294967295 bytes or elements, got more")]
    TooLong,
    /// JSON has no form for this value.
    #[error("expected a value that JSON supports, got {0}")]
    NoJson(&'static str),
}

macro_rules! located {
    ($error:ident, $reason:ident) => {
        impl $error {
            /// Path of the invalid part.
            pub fn path(&self) -> &Path {
                &self.0.0
            }

            /// Reason of the error.
            pub fn reason(&self) -> &$reason {
                &self.0.1
            }

            /// Adds an outer step to the path of this error.
            pub(crate) fn inside(mut self, step: Step) -> Self {
                self.0.0.prepend(step);
                self
            }
        }

        impl From<$reason> for $error {
            fn from(reason: $reason) -> Self {
                Self(Box::new((Path::root(), reason)))
            }
        }

        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (path, reason) = &*self.0;
                if path.is_root() { reason.fmt(f) } else { write!(f, "{path}: {reason}") }
            }
        }

        impl std::error::Error for $error {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                std::error::Error::source(&self.0.1)
            }
        }
    };
}

located!(DecodeError, DecodeReason);
located!(EncodeError, EncodeReason);
