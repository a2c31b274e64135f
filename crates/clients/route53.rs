//! Amazon Route 53: hosted zones, record sets, and batches of changes, on the AWS SDK for Rust.
//!
//! The decisions about records are those of the caller. [`ZoneWriters`] puts the changes of all callers of a process into few
//! calls.
//!
//! # Guarantees
//! - Nothing is loaded, read or contacted before the first call.
//! - The SDK signs and parses; attempts and pauses are those of all clients ([`crate::retry`]), so each attempt waits for the
//!   rate limits of this process and obeys the deadline. Throttling and a batch in work elsewhere (`PriorRequestNotComplete`)
//!   are repeated until the deadline.
//! - Only one batch per zone is in flight, and a batch is applied completely or not at all.
//! - A listing is complete, or an error.
//! - Access keys, session tokens and identity tokens are never part of an error, a log line or `Debug`.

mod access;
mod access_error;
mod batch_error;
mod change_receipt;
mod client;
mod credentials;
mod endpoints;
mod failure;
mod limits;
mod listing;
mod pending_entry;
mod rate_limit;
mod refusal;
mod request;
mod set_conversion;
mod sync;
mod token_bucket;
mod web_identity;
mod zone_writer;
mod zone_writers;

#[cfg(test)]
mod tests;

pub use access::{AssumedRole, AwsAccess, AwsSettings, IdentityToken, WebIdentityRole};
pub use access_error::AwsAccessError;
pub use change_receipt::{ChangeId, ChangeReceipt, ChangeState};
pub use client::Route53;
pub use failure::Route53Problem;
pub use limits::{RateLimit, Route53Limits};
pub use refusal::Route53Refusal;
pub use zone_writers::ZoneWriters;

/// Log targets of the AWS SDK. Some of their lines contain the id of an access key, so a log layer drops them at every level;
/// none contains a secret key or a token. This crate logs every request itself.
pub const SILENT_TARGETS: [&str; 5] = ["aws_config", "aws_runtime", "aws_sdk_", "aws_sigv4", "aws_smithy_"];
