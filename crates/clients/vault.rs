//! HashiCorp Vault (and OpenBao): secrets of the KV engine, their metadata, and copies of them.
//!
//! The requests are those of `vaultrs`, with a few of our own where it has none. Sending them is ours, because a
//! secret's safety depends on it: which host gets the token, what is retried, what is logged.
//!
//! # Guarantees
//! - No server is ever guessed and no token is looked for on disk: what [`VaultAccess`] does not name is not used.
//! - The token goes to the configured host only. A redirect to another host is refused and named.
//! - No child token is made. A login happens at the first call, and again when its token ends or is refused.
//! - Every call ends at its deadline and at its cancellation. At most eight requests are in flight.
//! - Values, tokens and login secrets never reach an error, a log line or `Debug`.

mod access;
mod client;
pub mod clone;
mod endpoints;
mod exchange;
mod failure;
mod kv;
mod login;
mod mount;
mod secret;
mod session;
mod transport;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use access::{Auth, JwtSource, VaultAccess, VaultAccessError, VaultSettings};
pub use client::{Vault, VaultLimits};
pub use failure::VaultRefusal;
pub use kv::{Created, ListedName, Receipt, SecretRead, Written};
pub use mount::{KvVersion, MountInfo};
pub use secret::{Metadata, Secret, SecretMap, VersionState};
pub use session::TokenInfo;
pub use transport::VaultConnectError;

/// Targets of log lines written by the libraries below this client. They log every answer that is not a success as an
/// error, although "not found" is an ordinary answer here, so a log layer leaves them out. None of them carries a
/// value or a token as this client uses them.
pub const NOISY_TARGETS: [&str; 4] = ["rustify::client", "rustify::endpoint", "rustify::http", "vaultrs::api"];
