//! Engine of the reaper: warns environments, ends them step by step, and removes things that an end has left.
//!
//! The engine knows no Kubernetes API, no HTTP and no clock. Every remote system is a trait in [`ports`]. All decisions are
//! pure functions of `eod-domain`; the engine reads what they need and carries out their result.
//!
//! # Guarantees
//!
//! - Nothing is deleted on doubt: an error, an empty or a short list is never a reason for an end.
//! - Every write has a precondition: uid and resourceVersion of the object that was read. The lease only keeps two reapers
//!   from doing the same work; correctness does not depend on it.
//! - An end is a list of steps. Each is recorded in the ledger, can be repeated, and can be continued by another run.
//! - A dry run calls no method that writes.

// The futures of the ports run on the caller's thread, so that a simulation can run them in virtual time.
#![allow(async_fn_in_trait)]
// The switch of a deliberate bug is the constant `false` outside of tests.
#![cfg_attr(not(test), allow(clippy::eq_op, clippy::nonminimal_bool, clippy::overly_complex_bool_expr))]

mod absent;
mod blocked;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod deployments;
mod due;
mod end;
mod lease;
mod mark;
mod metrics;
mod mutation;
mod observed;
mod orphans;
pub mod ports;
mod pull_requests;
mod reap;
mod records;
mod report;
mod run;
mod seal;
mod settings;
#[cfg(test)]
mod simulation;
mod summary;
mod survey;

pub use crate::metrics::metrics_text;
pub use crate::reap::reap;
pub use crate::report::{ReportedAction, ReportedProblem, RunOutcome, RunReport};
pub use crate::settings::{Breakers, ReaperSettings, RunOptions};
pub use crate::summary::{OrphanSighting, RunSummary};
