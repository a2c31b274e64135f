//! HashiCorp Vault (and OpenBao): secrets of the KV engine, their metadata, and copies of them.
//!
//! Most requests are those of `vaultrs`. They are sent by this crate, because the safety of a secret depends on the
//! host that gets the token, on retries and on logs.
//!
//! # Guarantees
//! - No server is ever guessed and no token on disk is used: only those of [`VaultAccess`] are.
//! - The token is sent to the configured host only. A redirect to another host is an error that names it.
//! - No child token is made. A login happens at the first request, and again if its token expires or is refused.
//! - Every operation ends at its deadline and at its cancellation. At most eight requests are in flight.
//! - Values, tokens and login secrets are never part of an error, a log line or `Debug`.

mod access;
mod access_error;
mod client;
pub mod clone;
mod connect_error;
mod endpoints;
mod engine;
mod exchange;
mod failure;
mod kv;
mod login;
mod login_error;
mod login_request;
mod mount;
mod problem;
mod refusal;
mod request;
mod secret;
mod session;
mod transport;

#[cfg(test)]
mod tests;

pub use access::{Auth, JwtSource, VaultAccess, VaultSettings};
pub use access_error::VaultAccessError;
pub use client::{Vault, VaultLimits};
pub use connect_error::{FileContent, VaultConnectError};
pub use engine::{KvVersion, MountInfo};
pub use kv::{Created, ListedName, Receipt, SecretRead, Written};
pub use problem::VaultProblem;
pub use refusal::VaultRefusal;
pub use secret::{Metadata, Secret, SecretMap, VersionState};
pub use session::TokenInfo;

/// Log targets of the libraries that this client uses. They log every response that is not a success as an error,
/// although "not found" is a normal response here, so a log layer drops them. With this client, none of their lines
/// contains a value or a token.
pub const NOISY_TARGETS: [&str; 4] = ["rustify::client", "rustify::endpoint", "rustify::http", "vaultrs::api"];
