//! Contents of a clone as numbers and one digest, without names or values.

use std::{collections::BTreeMap, fmt};

use eod_clients::{Deadline, postgres::Postgres};
use eod_golden::{StoredTable, VerifyError, stored_tables};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Number of tables that are read at the same time.
const WORKERS: usize = 2;

/// Rows of all tables of a clone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloneContents {
    /// Number of tables.
    pub tables: u64,
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 of the names, the numbers of rows and the digests of all tables, in hexadecimal digits.
    pub digest: String,
}

impl CloneContents {
    /// Reads all rows of a database.
    ///
    /// # Errors
    ///
    /// [`VerifyError`].
    pub async fn read(database: &Postgres, deadline: &Deadline) -> Result<Self, VerifyError> {
        Ok(Self::of(&stored_tables(database, WORKERS, deadline).await?))
    }

    fn of<N: fmt::Display>(tables: &BTreeMap<N, StoredTable>) -> Self {
        let mut digest = Sha256::new();
        for (name, table) in tables {
            let line = format!("{name} {} {}", table.rows, table.digest);
            // The length, so that no two lists have one digest.
            digest.update(format!("{} {line}", line.len()));
        }
        Self {
            tables: tables.len().try_into().unwrap_or(u64::MAX),
            rows: tables.values().map(|table| table.rows).sum(),
            digest: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl fmt::Display for CloneContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.get(..12).unwrap_or_default();
        write!(f, "{} rows in {} tables (digest {digest})", self.rows, self.tables)
    }
}

#[cfg(test)]
mod tests;
