//! Why bytes are not a value of a type, or a value cannot be written as one.
//!
//! Both codecs use these errors. They name the place and the kinds of what was met, never its contents, because any
//! value may be a secret.

use std::fmt;

use super::MAX_DEPTH;
use crate::number::NumberError;
use crate::path::{Path, Step};
use crate::ty::TypeError;

/// Bytes that are not a value of the expected type.
#[derive(Debug)]
pub struct DecodeError(Box<(Path, DecodeReason)>);

/// A value that does not fit the type as which it should be written.
#[derive(Debug)]
pub struct EncodeError(Box<(Path, EncodeReason)>);

/// What is wrong with the bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The bytes hold something of another type.
    #[error("expected {expected}, got {got}")]
    Kind {
        /// What the type asks for.
        expected: &'static str,
        /// What was met.
        got: &'static str,
    },
    /// A tuple has the wrong number of elements.
    #[error("expected {expected} elements, got {got}")]
    Length {
        /// The number of elements of the type.
        expected: usize,
        /// The number of elements that was met.
        got: usize,
    },
    /// The bytes end inside the value, or announce more elements than they can hold.
    #[error("expected more bytes, got the end of the value")]
    Truncated,
    /// Bytes follow the value.
    #[error("expected the end of the value, got {0} more bytes")]
    Trailing(usize),
    /// A byte that starts no msgpack value.
    #[error("expected a msgpack value, got the reserved byte 0xc1")]
    Reserved,
    /// The value nests too deeply.
    #[error("expected values nested at most {MAX_DEPTH} levels deep, got a deeper value")]
    Depth,
    /// A string is not UTF-8.
    #[error("expected UTF-8 text, got other bytes")]
    Utf8,
    /// A number was refused.
    #[error("expected a number that Terraform can hold")]
    Number(#[source] NumberError),
    /// The type beside a dynamic value was refused.
    #[error("expected a readable type beside the value")]
    Type(#[source] TypeError),
    /// The object has an attribute that its type lacks.
    #[error("expected only attributes of the schema, got `{0}`; use the provider version that knows this attribute")]
    Extra(String),
    /// A key occurs twice.
    #[error("expected each key once, got `{0}` twice")]
    Duplicate(String),
    /// So many attributes are missing that filling them in would take far more memory than the value itself.
    #[error("expected complete objects, got too many objects without their attributes")]
    Sparse,
    /// The bytes are not JSON, or nest too deeply for the JSON reader.
    #[error("expected JSON")]
    Json(#[source] serde_json::Error),
}

/// What is wrong with the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeReason {
    /// The value is of another type.
    #[error("expected {expected}, got {got}; this is an error in the provider")]
    Kind {
        /// What the type asks for.
        expected: &'static str,
        /// What the value is.
        got: &'static str,
    },
    /// A tuple has the wrong number of elements.
    #[error("expected {expected} elements, got {got}; this is an error in the provider")]
    Length {
        /// The number of elements of the type.
        expected: usize,
        /// The number of elements of the value.
        got: usize,
    },
    /// The object lacks this attribute. Terraform wants every attribute, null if it is not set.
    #[error("expected every attribute of the schema, got none for this one; this is an error in the provider")]
    Missing,
    /// The object has this attribute and its type does not.
    #[error("expected only attributes of the schema, got another one; this is an error in the provider")]
    Extra,
    /// The elements of a collection of dynamic values have different types, which crashes Terraform.
    #[error("expected elements of one type, got different types; use a tuple or an object instead")]
    Mixed,
    /// The value nests too deeply.
    #[error("expected values nested at most {MAX_DEPTH} levels deep, got a deeper value")]
    Depth,
    /// The value or its text is longer than msgpack can say.
    #[error("expected at most 4294967295 bytes or elements, got more")]
    TooLong,
    /// JSON has no form for this value.
    #[error("expected a value that JSON can hold, got {0}")]
    NoJson(&'static str),
}

macro_rules! located {
    ($error:ident, $reason:ident) => {
        impl $error {
            /// Where in the value the fault is.
            pub fn path(&self) -> &Path {
                &self.0.0
            }

            /// What the fault is.
            pub fn reason(&self) -> &$reason {
                &self.0.1
            }

            /// The same error one level further out.
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
