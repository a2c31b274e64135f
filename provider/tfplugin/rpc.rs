//! The calls of the protocol, one module per group. Each call decodes the request, runs it, and encodes the answer.

pub(crate) mod change;
pub(crate) mod configure;
pub(crate) mod data_source;
pub(crate) mod ephemeral;
pub(crate) mod function;
pub(crate) mod resource;
pub(crate) mod schema;
pub(crate) mod wire;
