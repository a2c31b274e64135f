//! The Kubernetes API.
//!
//! Objects are `serde_json::Value`s that contain only the fields of their caller, so a field newer than this crate is
//! never dropped; only `metadata.managedFields` is removed from every response. An [`ObjectRef`] has all parts of an
//! object's URL, so requests need no discovery. [`Kubernetes::new`] does no I/O: the first request reads the
//! configuration and runs the exec plugin, once.
//!
//! # Guarantees
//! - No cluster is ever guessed: only the cluster of [`ClusterAccess`] is contacted.
//! - Every operation ends at its deadline and at its cancellation, independent of the server.
//! - At most sixteen requests are in flight.
//! - Tokens, keys and the output of an exec plugin are never part of an error, a log line or `Debug`.

mod access;
mod access_error;
mod blockers;
mod client;
mod conditions;
mod connect_error;
mod connection;
mod credential;
mod discovery;
mod endpoint;
mod exchange;
mod exec;
mod failure;
mod kubeconfig;
mod ledger;
mod object;
mod pages;
mod proxy;
mod reader;
mod rejection;
mod request;
mod response;
mod server_time;
mod verbs;
mod wait;

#[cfg(test)]
mod tests;

pub use access::{ClusterAccess, ClusterSettings};
pub use access_error::ClusterAccessError;
pub use blockers::{Blockers, BlockingObject};
pub use client::{ClusterLimits, Kubernetes};
pub use connect_error::ClusterConnectError;
pub use exec::{Exec, ExecError};
pub use kubeconfig::KubeconfigError;
pub use ledger::{
    HISTORY_PARTS, HeadPage, HistoryProblem, LedgerConfigMaps, LedgerProblem, LedgerSnapshot, ListedHead, StoredText,
    UnreadableEvent,
};
pub use object::{KindRef, ListQuery, ObjectRef};
pub use pages::{ListContent, ObjectPage};
pub use reader::{LiveNamespace, NamespaceReader};
pub use rejection::{FieldConflict, Rejection, StatusCause};
pub use secrecy::SecretString;
pub use server_time::ServerTime;
pub use verbs::{ApplyOptions, Deleted, Preconditions};
pub use wait::{LastSeen, WaitStep};
