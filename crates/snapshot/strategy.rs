//! Sharing of blocks between a clone and its golden database.
//!
//! A file system that cannot share blocks copies them without an error, so the setting of the server does not suffice. The rate
//! shows the sharing: disks copy some hundred megabytes per second, and sharing does not depend on the size.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Minimum size of a measurement in bytes. The duration for less is that of the server's checkpoints.
const LEAST: u64 = 256 << 20;
/// Rate of a copy, in bytes per second: at most this.
const COPIED: f64 = 600e6;
/// Rate of a clone with shared blocks, in bytes per second: at least this.
const SHARED: f64 = 1_500e6;

/// Sharing of blocks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CloneStrategy {
    /// The clone shares blocks with the golden database.
    Clone,
    /// All blocks were copied.
    Copy,
    /// The golden database is too small to tell.
    Unknown,
}

/// Measurement of one `CREATE DATABASE`.
pub(crate) struct CopyMeasurement {
    /// Setting `file_copy_method`; none before PostgreSQL 18.
    pub(crate) method: Option<String>,
    /// Size of the database in bytes.
    pub(crate) bytes: u64,
    /// Duration of the statement.
    pub(crate) duration: Duration,
}

impl CopyMeasurement {
    /// Strategy that the measurement shows.
    pub(crate) fn strategy(&self) -> CloneStrategy {
        if !self.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("clone")) {
            return CloneStrategy::Copy;
        }
        if self.bytes < LEAST {
            return CloneStrategy::Unknown;
        }
        #[allow(clippy::cast_precision_loss, reason = "a size for a rate")]
        let rate = self.bytes as f64 / self.duration.as_secs_f64().max(0.001);
        if rate >= SHARED {
            CloneStrategy::Clone
        } else if rate <= COPIED {
            CloneStrategy::Copy
        } else {
            CloneStrategy::Unknown
        }
    }
}

#[cfg(test)]
mod tests;
