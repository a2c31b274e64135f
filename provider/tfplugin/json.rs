//! The JSON form of values, in which Terraform keeps a state.
//!
//! Terraform hands over a stored state as the JSON that an older provider may have written. So reading is lenient where
//! Terraform itself is: attributes that the type no longer has are dropped, missing ones are null, and primitive types
//! convert into each other where their text allows it. Numbers keep every digit.

mod decode;
mod encode;

pub use self::decode::decode_state;
pub use self::encode::encode_state;
pub use crate::value::{DecodeError, EncodeError};
