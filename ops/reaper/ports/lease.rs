//! Lease of an installation: keeps two reapers from doing the same work.

use jiff::{SignedDuration, Timestamp};

use super::call::{CallError, ObjectVersion};

/// Store of the lease.
pub trait LeasePort {
    /// Reads the lease; none if it does not exist.
    ///
    /// # Errors
    ///
    /// The call failed.
    async fn read(&self) -> Result<Option<StoredLease>, CallError>;

    /// Writes the lease. Without a version it is created and must not exist.
    ///
    /// # Errors
    ///
    /// The call failed, or the version is not the current one.
    async fn write(&self, version: Option<&ObjectVersion>, record: &LeaseRecord) -> Result<StoredLease, CallError>;
}

/// Record of a lease with its version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredLease {
    /// Version that was read or written.
    pub version: ObjectVersion,
    /// Record.
    pub record: LeaseRecord,
}

/// Record of a lease.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeaseRecord {
    /// Run that holds the lease; none if it was released.
    pub holder: Option<String>,
    /// Time of the last renewal, by the clock of the holder. It is never compared with another clock.
    pub renewed_at: Timestamp,
    /// Duration after which the lease may be taken over, if its record was seen unchanged for all of it.
    pub duration: SignedDuration,
    /// Number of changes of the holder.
    pub transitions: u64,
}
