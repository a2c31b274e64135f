//! Golden databases: tables of PostgreSQL are copied through masking functions and keep their definitions.
//!
//! - [`MaskedCopy`]: copies all tables of a database into one with the same structure, several at the same time.
//! - [`GoldenServer`]: creation of a golden database, closed and with a comment of ownership; removal of killed builds.
//! - [`verify_copy`]: looks for values of the source in every column of the copy.
//! - [`GoldenManifest`]: tables, rows, digests and fingerprints, stored in the golden database.
//! - [`load_table`]: one table in one transaction. Its indexes and constraints are dropped and created again
//!   from their own definitions, its triggers are disabled and enabled again; a failure rolls back.
//! - [`DatabaseCatalogue`]: tables, columns and foreign keys of a database, for the decisions of a policy.
//! - [`CopyDecoder`] and [`CopyEncoder`]: the binary format of COPY as a stream.
//! - [`ValueCodec`]: binary values to the texts that masking functions work on, and back.
//!
//! # Guarantees
//!
//! - The target gets masked rows only. Values that cannot be masked are an error, and errors contain no values.
//! - Statements run as the owner of the table or view, never as superuser, although the session may be one.
//! - Memory does not depend on the size of a table, only on its largest row, which has at most 256 MiB.
//!
//! # Not supported
//!
//! Event triggers must be disabled before. Indexes of partitions that belong to an index of the parent are not dropped
//! during the load. `CHECK` constraints, generated columns and expressions of indexes run functions of the database, as the owner.

mod birth;
mod copy_format;
mod database;
mod definition;
mod derived;
mod digest;
mod foreign_keys;
mod load;
mod manifest;
mod masked_copy;
mod plan;
mod row_masker;
mod sql;
mod value;
mod verify;

pub use self::{
    birth::{GoldenError, GoldenName, GoldenNameError, GoldenServer, GoldenState},
    copy_format::{CopyDecoder, CopyEncoder, CopyFormatError, CopyRow},
    database::{DatabaseCatalogue, DatabaseColumn, DatabaseForeignKey, DatabaseTable},
    definition::TableDefinition,
    load::{LoadError, LoadedTable, TableLoad, load_table},
    manifest::{GoldenManifest, ManifestFacts, ManifestTable},
    masked_copy::{CopyReport, MaskedCopy, MaskedCopyError},
    plan::PlanError,
    row_masker::{ColumnAction, RowError, RowMasker},
    value::{ValueCodec, ValueError, rewrite_array},
    verify::{StoredTable, VerifyError, VerifyFinding, VerifyReport, verify_copy},
};

#[cfg(test)]
mod tests;
