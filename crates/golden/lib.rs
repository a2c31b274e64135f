//! Golden databases: tables of PostgreSQL are copied through masking functions and keep their definitions.
//!
//! - [`CopyDecoder`] and [`CopyEncoder`]: the binary format of COPY as a stream.
//! - [`ValueCodec`]: binary values to the texts that masking functions work on, and back.

mod copy_format;
mod value;

pub use self::{
    copy_format::{CopyDecoder, CopyEncoder, CopyFormatError, CopyRow},
    value::{ValueCodec, ValueError, rewrite_array},
};
