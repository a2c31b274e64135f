//! The msgpack form of values, which Terraform sends and expects.
//!
//! The form depends on the type: a number can be an integer, a float or decimal text, and a dynamic value is a pair of
//! its type and its value. So bytes are decoded directly into a [`Value`], without an intermediate tree. For any input,
//! decoding uses memory in proportion to its length, does not panic and does not overflow the stack.

mod decode;
mod encode;
mod read;

pub use self::decode::decode;
pub use self::encode::encode;
pub(crate) use self::read::{MsgpackReader, Token};
#[cfg(doc)]
use crate::value::Value;
pub use crate::value::{DecodeError, EncodeError};

/// Extension code of an unknown value with a refinement.
const REFINED: i8 = 12;

#[cfg(test)]
mod tests;
