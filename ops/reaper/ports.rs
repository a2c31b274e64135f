//! Remote systems of the reaper, one trait each. The caller implements them on real clients, the simulation on models.
//!
//! # Rules for every implementation
//!
//! - Each call ends by itself: it has a time limit. A write that timed out after it was sent is an error of the kind
//!   [`CallErrorKind::Unknown`], every other call that timed out of the kind [`CallErrorKind::Unavailable`].
//! - A call makes at most a few requests and does not retry a failed precondition.
//! - A method is named in the list of writing methods below, or it does not write. A dry run calls no writing method.
//!
//! Writing methods: [`ClusterPort::annotate`], [`ClusterPort::delete_namespace`], [`ClusterPort::confirm_deletion`],
//! [`LedgerPort::create`], [`LedgerPort::write_head`], [`LedgerPort::append`], [`LedgerPort::seal`],
//! [`LedgerPort::delete`], [`LedgerPort::add_history`], [`LedgerPort::write_summary`], [`ForgePort::set_label`],
//! [`LeasePort::write`], [`Backend::snapshot`], [`Backend::end`], [`OutwardPort::notify`].

mod backend;
mod call;
mod clock;
mod cluster;
mod forge;
mod lease;
mod ledger;
mod outward;

pub use self::backend::{Backend, BackendItem, BackendKind, BoxFuture, SnapshotOutcome};
pub use self::call::{CallError, CallErrorKind, ListPage, ObjectVersion, PageToken};
pub use self::clock::{ClockPort, ClockReading};
pub use self::cluster::{
    ApplicationFacts, ApplicationHealth, ApplicationLookup, ApplicationsAge, ClusterPort, DeploymentFacts, SyncedSource,
};
pub use self::forge::{ForgePort, PullRequestFacts, PullRequestLabel, RepositoryRules};
pub use self::lease::{LeasePort, LeaseRecord, StoredLease};
pub use self::ledger::{HeadEntry, LedgerPort, LooseEntry, StoredLedger};
pub use self::outward::{Notification, NotificationKind, OutwardPort};

/// All ports of one installation.
pub trait Ports {
    /// Cluster of the environments.
    type Cluster: ClusterPort;
    /// Store of the ledgers.
    type Ledgers: LedgerPort;
    /// Forges of the repositories.
    type Forge: ForgePort;
    /// Lease of the installation.
    type Lease: LeasePort;
    /// Both clocks.
    type Clock: ClockPort;
    /// Receivers of events.
    type Outward: OutwardPort;

    /// Cluster of the environments.
    fn cluster(&self) -> &Self::Cluster;
    /// Store of the ledgers.
    fn ledgers(&self) -> &Self::Ledgers;
    /// Forges of the repositories.
    fn forge(&self) -> &Self::Forge;
    /// Lease of the installation.
    fn lease(&self) -> &Self::Lease;
    /// Both clocks.
    fn clock(&self) -> &Self::Clock;
    /// Receivers of events.
    fn outward(&self) -> &Self::Outward;
    /// Backends with parts of environments outside of the namespace: DNS, databases, Vault, other objects.
    fn backends(&self) -> &[Box<dyn Backend + '_>];
}
