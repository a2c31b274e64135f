//! The msgpack form of values, the one that Terraform sends and expects.
//!
//! The form is guided by the type: a number may travel as an integer, a float or decimal text, and a dynamic value as
//! a pair of its type and itself. So bytes are read straight into a [`Value`], without a tree in between. Whatever the
//! bytes are, reading them takes memory in proportion to their length and neither panics nor exhausts the stack.

mod decode;
mod encode;
mod read;

pub use self::decode::decode;
pub use self::encode::encode;
pub(crate) use self::read::{Reader, Token};
#[cfg(doc)]
use crate::value::Value;
pub use crate::value::{DecodeError, EncodeError};

/// The extension code under which Terraform says what it knows about an unknown value.
const REFINED: i8 = 12;
