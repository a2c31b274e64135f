//! Commands of `eod`: they list, report and change environments on a cluster.
//!
//! Every command reads the cluster and the ledgers, decides with `eod-domain`, and writes with preconditions. Text output
//! is for people and may change; JSON output has a version and only gets new keys.
//!
//! # Guarantees
//!
//! - A command that changes an environment checks its ownership labels first, and sends uid and resourceVersion with the
//!   write.
//! - Every change is recorded as an event of the ledger, with the caller's user name at the API server.
//! - Errors go to stderr. stdout has only results.

mod arguments;
mod cluster;
mod command;
mod config;
#[cfg(feature = "contract")]
pub mod contract;
mod duration_text;
mod environment_view;
mod failure;
mod fleet;
mod forges;
mod log;
mod output;
mod ports;
mod random;
mod recorder;
mod session;
mod settings;
mod table;

pub use crate::command::run;
