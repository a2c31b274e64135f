//! Tests of both codecs: known bytes, random values, invalid bytes and the laws of equality.

mod generate;
mod hostile;
mod laws;
mod state;
mod wire;
