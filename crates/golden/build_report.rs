//! Reports of builds, verifications and estimates. They contain names, numbers and digests, and no values.

use eod_masking::TableName;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{facts::GoldenFacts, inventory::RolePrivileges, progress::BuildStep};

/// Report of a build.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BuildReport {
    /// Version of the form: 1.
    pub version: u32,
    /// Name of the golden database.
    pub name: String,
    /// Database that was built. [`GoldenServer::publish`](crate::GoldenServer::publish) renames it.
    pub database: String,
    /// Hosts and name of the source, without credentials.
    pub source: String,
    /// Facts that are stored with the database.
    pub facts: GoldenFacts,
    /// Number of attempts: more than one if a standby has interrupted the build.
    pub attempts: u32,
    /// Duration of each step in milliseconds.
    pub steps: Vec<StepTime>,
    /// Tables by name.
    pub tables: Vec<ReportTable>,
    /// Number of sequences that were set.
    pub sequences: usize,
    /// Number of materialized views that were refreshed.
    pub views: usize,
    /// Number of large objects that were copied.
    pub large_objects: u64,
    /// Number of values of the source that were looked for.
    pub values: usize,
    /// Findings that the caller has accepted beforehand.
    pub accepted: Vec<String>,
    /// Objects of the source that the golden database does not have.
    pub removed: Vec<String>,
    /// Privileges of roles other than owners.
    pub privileges: Vec<RolePrivileges>,
    /// Statements with privileges that were left out.
    pub privileges_left_out: Vec<String>,
    /// True if a checkpoint was made, so that files of replaced rows are gone.
    pub checkpoint: bool,
    /// True if the bytes of the files were searched.
    pub files: bool,
    /// True if the raw copy was removed, false if its removal failed; none if the build was not to remove one.
    pub raw_copy_removed: Option<bool>,
}

/// Duration of a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct StepTime {
    /// Step.
    pub step: BuildStep,
    /// Milliseconds.
    pub milliseconds: u64,
}

/// A table of a report.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReportTable {
    /// Name.
    #[serde(serialize_with = "as_text")]
    pub name: TableName,
    /// Number of rows.
    pub rows: u64,
    /// Number of columns that are masked.
    pub masked: usize,
    /// SHA-256 of the rows as they are stored.
    pub digest: String,
    /// Fingerprint of the decisions about its columns.
    pub rules: String,
}

/// Report of a verification of a finished golden database.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CheckReport {
    /// Version of the form: 1.
    pub version: u32,
    /// Database that was verified.
    pub database: String,
    /// Facts that are stored with it.
    pub facts: GoldenFacts,
    /// True if the policy file is the one of the build.
    pub same_policy: bool,
    /// Number of tables.
    pub tables: usize,
    /// Number of rows.
    pub rows: u64,
    /// Number of values of the source that were looked for; 0 without a source.
    pub values: usize,
    /// Problems. The database is good if there are none.
    pub findings: Vec<String>,
    /// Privileges of roles other than owners.
    pub privileges: Vec<RolePrivileges>,
}

/// Estimate of a build, which writes nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BuildEstimate {
    /// Version of the form: 1.
    pub version: u32,
    /// Hosts and name of the source, without credentials.
    pub source: String,
    /// Version of the source, for example 150018.
    pub source_version: u32,
    /// Version of the preview server.
    pub server_version: u32,
    /// Version of `pg_dump` that the build would use; none for a build from a raw copy.
    pub tools_version: Option<u32>,
    /// Time of the estimate by the clock of the source.
    pub at: Timestamp,
    /// Tables, the largest first.
    pub tables: Vec<EstimatedTable>,
    /// Size of all tables that are copied, in bytes.
    pub bytes: u64,
    /// Number of rows of these tables, as far as statistics know.
    pub rows: u64,
    /// Duration in seconds, from rates that were measured on two cores. Disks and networks can be slower.
    pub seconds: u64,
    /// Objects of the source that the golden database would not have.
    pub removed: Vec<String>,
}

/// Estimate of a verification, which writes nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CheckEstimate {
    /// Version of the form: 1.
    pub version: u32,
    /// Database that would be verified.
    pub database: String,
    /// Facts that are stored with it.
    pub facts: GoldenFacts,
    /// True if the policy file is the one of the build.
    pub same_policy: bool,
    /// Size of the copy that the verification would create and remove, in bytes; none if the server does not tell it.
    pub bytes: Option<u64>,
    /// Duration in seconds, from a rate that was measured on two cores; none without a size.
    pub seconds: Option<u64>,
}

/// A table of an estimate.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct EstimatedTable {
    /// Name.
    #[serde(serialize_with = "as_text")]
    pub name: TableName,
    /// Size in bytes without indexes.
    pub bytes: u64,
    /// Number of rows, as far as statistics know.
    pub rows: u64,
    /// Number of indexes.
    pub indexes: u64,
    /// Number of columns that are masked.
    pub masked: usize,
    /// True if the table gets no rows.
    pub is_empty: bool,
}

fn as_text<S: Serializer>(name: &TableName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(name)
}
