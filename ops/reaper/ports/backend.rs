//! Backends: remote systems with parts of an environment outside of its namespace.

use std::future::Future;
use std::pin::Pin;

use eod_domain::EnvironmentName;
use eod_domain::ledger::EndStep;

use super::call::{CallError, ListPage, PageToken};

/// Future of a method of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Remote system with parts of environments. The module `contract`, which is compiled for tests only, checks
/// every implementation.
///
/// # Rules for every implementation
///
/// - An item has the ownership labels of this installation. The name of the environment in an item is the one in these
///   labels, never a part of a path or a name.
/// - A name that begins like another one is another environment: `pr-1` is not `pr-12`.
pub trait Backend {
    /// Kind of this backend.
    fn kind(&self) -> BackendKind;

    /// Finds all items of an environment. An empty list means that nothing is left.
    ///
    /// # Errors
    ///
    /// The call failed, or a part could not be searched.
    fn find<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>>;

    /// Ends an item. Succeeds if it is gone already. An item that was created again since it was found is not ended: that is
    /// an error of the kind [`super::CallErrorKind::Conflict`].
    ///
    /// # Errors
    ///
    /// The call failed, or the item is not the one that was found.
    fn end<'a>(&'a self, item: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>>;

    /// Lists a page of the items of all environments of this installation, for the search for orphans.
    ///
    /// # Errors
    ///
    /// The call failed.
    fn sweep<'a>(&'a self, page: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>>;

    /// Takes a snapshot of the data of an environment and verifies it. A backend without data has nothing to save.
    ///
    /// # Errors
    ///
    /// The snapshot failed or could not be verified. The environment is not ended then.
    fn snapshot<'a>(&'a self, _environment: &'a EnvironmentName) -> BoxFuture<'a, Result<SnapshotOutcome, CallError>> {
        Box::pin(async { Ok(SnapshotOutcome::NoData) })
    }
}

/// Kinds of backends, in the order of the steps of an end.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum BackendKind {
    /// DNS records.
    Dns,
    /// Namespaces. The engine deletes them itself, after more looks than a backend has. Tests check its calls as those of a
    /// backend.
    Namespace,
    /// Databases and their roles.
    Database,
    /// Copies of secrets in Vault.
    Vault,
    /// Objects of the cluster outside of the namespace.
    Objects,
}

/// Part of an environment in a backend.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BackendItem {
    /// Kind of the item for people: `secret`, `record`, `VolumeSnapshotContent`.
    pub kind: String,
    /// Name of the item, unique in its backend with the kind.
    pub name: String,
    /// Environment in the ownership labels of the item.
    pub environment: String,
    /// Precondition of its end: nonce, version or uid.
    pub version: String,
}

/// Result of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SnapshotOutcome {
    /// The backend has no data of the environment.
    NoData,
    /// The snapshot is complete and verified: its name.
    Verified(String),
}

impl BackendKind {
    /// True if the items of this backend are lost with an end. A DNS record is not: the next apply creates it again.
    pub fn has_data(self) -> bool {
        match self {
            Self::Dns => false,
            Self::Namespace | Self::Database | Self::Vault | Self::Objects => true,
        }
    }

    /// Step of an end that removes the items of this backend.
    pub fn step(self) -> EndStep {
        match self {
            Self::Dns => EndStep::Dns,
            Self::Namespace => EndStep::Namespace,
            Self::Database => EndStep::Database,
            Self::Vault => EndStep::Vault,
            Self::Objects => EndStep::Objects,
        }
    }
}
