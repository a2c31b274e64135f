//! Sizes and durations of a build before it begins.

use std::collections::BTreeMap;

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::Classification;
use serde::Deserialize;

use crate::{build_report::EstimatedTable, completion::masked, database::DatabaseCatalogue, sql::rows};

/// Bytes per second of a copy, its verification included, measured on two cores.
const BYTES_PER_SECOND: u64 = 130 << 20;
/// Index entries per second, measured on two cores.
const ENTRIES_PER_SECOND: u64 = 1_000_000;

#[derive(Deserialize)]
struct TableSizeRow {
    oid: u32,
    rows: i64,
    indexes: u64,
}

const TABLE_SIZES: &str = "\
SELECT c.oid::bigint AS oid, greatest(c.reltuples, 0)::bigint AS rows,
       (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) AS indexes
FROM pg_class c WHERE c.relkind = 'r'";

/// Sums over the tables that are copied.
pub(crate) struct EstimatedSums {
    /// Size of the tables in bytes, without indexes.
    pub(crate) bytes: u64,
    /// Number of rows.
    pub(crate) rows: u64,
    /// Duration in seconds.
    pub(crate) seconds: u64,
}

/// Tables of the database of a session, in the order of its catalogue.
///
/// # Errors
///
/// The query failed.
pub(crate) async fn estimated_tables(
    session: &mut PostgresSession,
    catalogue: &DatabaseCatalogue,
    classification: &Classification,
    deadline: &Deadline,
) -> Result<Vec<EstimatedTable>, Error> {
    let sizes: Vec<TableSizeRow> = rows(session, "the sizes of the tables", TABLE_SIZES, &[], deadline).await?;
    let sizes: BTreeMap<_, _> = sizes.into_iter().map(|row| (row.oid, row)).collect();
    let estimated = catalogue.tables.iter().map(|table| {
        let size = sizes.get(&table.oid);
        EstimatedTable {
            name: table.name(),
            bytes: u64::try_from(table.bytes).unwrap_or_default(),
            rows: size.and_then(|size| u64::try_from(size.rows).ok()).unwrap_or_default(),
            indexes: size.map(|size| size.indexes).unwrap_or_default(),
            masked: masked(classification, table),
            is_empty: classification.empty.contains(&table.name()),
        }
    });
    Ok(estimated.collect())
}

/// Sums over the tables that get rows.
pub(crate) fn sums(tables: &[EstimatedTable]) -> EstimatedSums {
    let copied = || tables.iter().filter(|table| !table.is_empty);
    let bytes = copied().map(|table| table.bytes).sum::<u64>();
    let entries = copied().map(|table| table.rows.saturating_mul(table.indexes)).fold(0, u64::saturating_add);
    EstimatedSums {
        bytes,
        rows: copied().map(|table| table.rows).sum(),
        seconds: duration(bytes) + entries.div_ceil(ENTRIES_PER_SECOND),
    }
}

/// Duration of reading so many bytes, in seconds.
pub(crate) fn duration(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_SECOND)
}
