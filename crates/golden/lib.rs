//! Golden databases: tables of PostgreSQL are copied through masking functions and keep their definitions.
//!
//! # Commands
//!
//! A command makes a [`Postgres`](eod_clients::postgres::Postgres) of the maintenance database of the preview server, parses
//! policy and key, and calls one of these. All take a [`Deadline`](eod_clients::Deadline): the limit of the whole operation,
//! and a token that Ctrl-C cancels. After a cancellation the call removes what it has made before it returns, which takes up
//! to a minute; so the future must be awaited and not dropped.
//!
//! - [`GoldenBuild::run`]: builds `<name>_next` from a source on another server. [`GoldenBuild::estimate`] does the same
//!   checks and writes nothing, for a dry run.
//! - [`RawCopyBuild::run`]: builds it from a raw copy on the preview server, which is closed first; with
//!   [`RawCopyBuild::estimate`].
//! - [`GoldenCheck::run`]: verifies a finished golden database. Problems are findings of its report. With
//!   [`GoldenCheck::estimate`].
//! - [`GoldenServer::publish`]: gives the last build the name that clones are made from, and keeps the former version. With
//!   [`GoldenServer::estimate_publication`].
//! - [`InPlaceMasking::run`]: masks tables of a database in place; with [`InPlaceMasking::estimate`].
//! - [`GoldenServer::list`], [`GoldenServer::prune`]: all versions of the installation; removes old ones.
//!
//! [`BuildProgress`] receives steps, tables, rows and remarks for a bar or lines. Reports ([`BuildReport`], [`CheckReport`],
//! [`BuildEstimate`], [`CheckEstimate`], [`PublishReport`], [`GoldenVersion`], [`PrunedVersion`]) implement `Serialize`; they
//! contain names, numbers and digests, and no values. [`BuildError::kind`] tells wrong input from an unreachable server,
//! [`BuildError::is_cancelled`] a cancellation, and [`BuildError::chain`] prints all causes.
//!
//! # Parts
//!
//! - [`MaskedCopy`]: copies all tables of a database into one with the same structure, several at the same time.
//! - [`InPlaceMasking`]: masks tables of a database in place, through staging tables with masked rows.
//! - [`GoldenServer`]: creation of a golden database, closed and with a comment of ownership; removal of killed builds.
//! - [`verify_copy`]: looks for values of the source in every column of the copy.
//! - [`GoldenManifest`]: tables, rows, digests and fingerprints, stored in the golden database.
//! - [`load_table`]: one table in one transaction. Its indexes and constraints are dropped and created again
//!   from their own definitions, its triggers are disabled and enabled again; a failure rolls back.
//! - [`DatabaseCatalogue`]: tables, columns and foreign keys of a database, for the decisions of a policy.
//! - [`CopyDecoder`] and [`CopyEncoder`]: the binary format of COPY as a stream.
//! - [`ValueCodec`]: binary values to the texts that masking functions work on, and back.
//!
//! # Differences from the source
//!
//! All objects belong to the role `<name>_objects`. A golden database has no foreign servers, user mappings and foreign
//! tables, no subscriptions, event triggers and security labels, no extensions that run jobs or connect to other servers,
//! and nothing that depends on these. Tablespaces are those of the preview server. Privileges are those of PUBLIC, of the
//! roles of the policy and of the predefined roles. Large objects stay only if the policy keeps them. The report lists what
//! was left out.
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
mod build_error;
mod build_report;
mod build_request;
mod completion;
mod copy_format;
mod database;
mod definition;
mod derived;
mod digest;
mod estimate;
mod facts;
mod files;
mod foreign_keys;
mod golden_build;
mod golden_check;
mod grants;
mod in_place;
mod inspection;
mod inventory;
mod large_objects;
mod load;
mod manifest;
mod marked;
mod masked_copy;
mod plan;
mod policy_match;
mod progress;
mod publication;
mod raw_build;
mod raw_copy;
mod row_copy;
mod row_masker;
mod samples;
mod source;
mod sql;
mod statistics;
mod structure;
mod table_load;
mod toc;
mod tools;
mod value;
mod verify;
mod versions;
mod workers;

pub use self::{
    birth::{GoldenError, GoldenName, GoldenNameError, GoldenServer, GoldenState},
    build_error::BuildError,
    build_report::{BuildEstimate, BuildReport, CheckEstimate, CheckReport, EstimatedTable, ReportTable, StepTime},
    build_request::{BuildRequest, BuildSettings},
    copy_format::{CopyDecoder, CopyEncoder, CopyFormatError, CopyRow},
    database::{DatabaseCatalogue, DatabaseColumn, DatabaseForeignKey, DatabaseTable},
    definition::TableDefinition,
    facts::GoldenFacts,
    golden_build::GoldenBuild,
    golden_check::GoldenCheck,
    in_place::{InPlaceEstimate, InPlaceMasking},
    inventory::{DatabaseInventory, RolePrivileges},
    load::load_table,
    manifest::{GoldenManifest, ManifestFacts, ManifestTable},
    marked::{DatabaseTemplate, MarkedDatabase, MarkedFacts, MarkedState, transaction},
    masked_copy::{CopyReport, MaskedCopy, MaskedCopyError},
    plan::PlanError,
    progress::{BuildProgress, BuildStep},
    publication::{DEFAULT_VALID_FOR, PublishReport, PublishSettings},
    raw_build::RawCopyBuild,
    raw_copy::sessions_of_others,
    row_masker::{ColumnAction, RowError, RowMasker},
    sql::{quoted_name, quoted_text, rows, run},
    structure::StructureError,
    table_load::{LoadError, LoadedTable, TableLoad},
    tools::{DumpTools, ToolSearch, ToolsError},
    value::{ValueCodec, ValueError, rewrite_array},
    verify::{StoredTable, VerifyError, VerifyFinding, VerifyReport, stored_tables, verify_copy},
    versions::{DEFAULT_KEEP, GoldenVersion, PruneReason, PrunedVersion, VersionStage},
};

#[cfg(test)]
mod tests;
