//! The Kubernetes API.
//!
//! Objects are `serde_json::Value`s that carry only what their caller owns, so a field newer than this crate is
//! never dropped; only `metadata.managedFields` is left out of every answer. An [`ObjectRef`] says where an object
//! lives, so nothing is ever discovered. Connecting is lazy: [`Kubernetes::new`] does no I/O, and the first call reads
//! the configuration and runs the exec plugin, once.
//!
//! # Guarantees
//! - No cluster is ever guessed: what [`ClusterAccess`] does not name is not contacted.
//! - Every call ends at its deadline and at its cancellation, whatever the server does.
//! - At most sixteen requests are in flight.
//! - Tokens, keys and what an exec plugin prints never reach an error, a log line or `Debug`.

mod access;
mod answer;
mod blockers;
mod client;
mod conditions;
mod connection;
mod credential;
mod endpoint;
mod exchange;
mod exec;
mod kubeconfig;
mod object;
mod proxy;
mod reader;
mod rejection;
mod verbs;
mod wait;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use access::{ClusterAccess, ClusterAccessError, ClusterSettings};
pub use blockers::{Blockers, BlockingObject};
pub use client::{ClusterLimits, Kubernetes};
pub use connection::ClusterConnectError;
pub use exec::{Exec, ExecError};
pub use kubeconfig::KubeconfigError;
pub use object::{KindRef, ListQuery, ObjectRef};
pub use reader::{LiveNamespace, NamespaceReader};
pub use rejection::{FieldConflict, Rejection, StatusCause};
pub use secrecy::SecretString;
pub use verbs::{ApplyOptions, Deleted, Preconditions};
pub use wait::{LastSeen, WaitStep};

/// Installs the process-wide TLS provider, AWS-LC, unless one is installed already.
///
/// rustls panics without one where several are compiled in. The client calls this itself before it connects; a
/// `main` may call it as its first line so that every other TLS user in the process agrees.
pub fn install_tls_provider() {
    // The only error is that another thread was faster, and then a provider is installed, which is all we want.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
