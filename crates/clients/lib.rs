//! Clients of the remote systems: one folder per system, one error type, one send loop, one retry policy.
//!
//! This crate does transport and protocol only. It returns typed facts about failures (address of the server, origin
//! of the address, missing capability) and gives no advice: only the callers know how the user configures them.
//! Every operation takes a [`Deadline`], and no function waits longer than the deadline allows.

mod chain;
mod clock;
pub mod deadline;
pub mod error;
pub mod forge;
mod headers;
pub mod kubernetes;
pub mod postgres;
pub mod retry;
#[cfg(feature = "route53")]
pub mod route53;
mod send;
pub mod server;
pub mod tls;
pub mod vault;
mod web;

pub use chain::chain_text;
pub use deadline::Deadline;
pub use error::{Error, ErrorKind};
pub use server::{AddressOrigin, ConnectionFailure, ConnectionProblem, ServerAddress};
