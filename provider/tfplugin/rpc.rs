//! The calls of the protocol, grouped: from the wire, call, to the wire.

pub(crate) mod change;
pub(crate) mod configure;
pub(crate) mod data_source;
pub(crate) mod ephemeral;
pub(crate) mod function;
pub(crate) mod resource;
pub(crate) mod schema;
pub(crate) mod wire;
