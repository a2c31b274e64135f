//! Clients of the systems EoD works with: one file per system, one error type, one retry policy.
//!
//! This crate knows how to talk and nothing about what is said: no environments, no tiers, no Terraform.
//! Every call takes a [`Deadline`], which carries its deadline and the token that stops it; nothing here waits longer
//! than its caller allowed.

pub mod deadline;
pub mod error;
pub mod kubernetes;
pub mod retry;
pub mod vault;

pub use deadline::Deadline;
pub use error::{Error, ErrorKind};
