//! Tests of the codecs as a whole: known bytes, random values, hostile bytes and the laws of equality.

mod generate;
mod hostile;
mod laws;
mod state;
mod wire;
