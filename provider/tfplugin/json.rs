//! The JSON form of values, which Terraform uses for the state.
//!
//! Terraform passes a stored state as JSON that an older provider version can have written. So decoding is lenient in
//! the same cases as Terraform: attributes that are not in the type are dropped, missing attributes are null, and
//! primitive types are converted into each other if the text allows it. Numbers keep all digits.

mod decode;
mod encode;

pub use self::decode::decode_state;
pub use self::encode::encode_state;
pub use crate::value::{DecodeError, EncodeError};

#[cfg(test)]
mod tests;
