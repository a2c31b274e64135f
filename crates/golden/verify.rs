//! Verification of a masked copy: values of the source are looked for in every column of the result.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aho_corasick::AhoCorasick;
use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession, SqlStatement},
};
use eod_masking::{ColumnName, MaskingPolicy, RefusedRule, TableName, classify};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    copy_format::{CopyDecoder, CopyFormatError},
    database::{DatabaseCatalogue, DatabaseTable},
    digest::{hex, rules_fingerprint},
    progress::{BuildProgress, PendingRows, sizes},
    samples::SourceSamples,
    source::SourceSnapshot,
    sql::{SESSION, quoted_name, quoted_table, rows, run},
    table_load::MAX_ROW,
    workers::{WorkQueue, all},
};

/// Result of a verification. It contains no values.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VerifyReport {
    /// Rows and digests of the tables, as they are stored.
    pub tables: BTreeMap<TableName, StoredTable>,
    /// Number of values that were looked for.
    pub values: usize,
    /// Problems. A copy is good if it has none.
    pub findings: Vec<VerifyFinding>,
}

/// Rows of a table as they are stored.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct StoredTable {
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 of the rows in the binary format of COPY, in their physical order.
    pub digest: String,
}

/// A problem.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyFinding {
    /// Other number of rows than in the source.
    #[error("table {table} has {found} rows, expected {expected}")]
    Rows {
        /// Table.
        table: TableName,
        /// Rows of the source, or 0 for a table that the policy empties.
        expected: u64,
        /// Rows of the copy.
        found: u64,
    },
    /// Value of the source in a column of the copy.
    #[error(
        "column {found_in} has values of column {of} of the source in {rows} rows; give it a rule, for example the same domain"
    )]
    Value {
        /// Column of the copy.
        found_in: ColumnName,
        /// Column of the source with the value.
        of: ColumnName,
        /// Number of rows with such a value.
        rows: u64,
    },
    /// Constraint or index that was valid in the source.
    #[error("{0} is not valid")]
    Invalid(String),
    /// Other rows than those that the manifest describes.
    #[error("table {0} has other rows than its manifest says; build the golden database again")]
    Changed(TableName),
    /// Other decisions than those that the policy makes.
    #[error("the rules of table {0} are not those of the policy; build the golden database again")]
    Rules(TableName),
    /// Bytes of a value of the source in a file of the database.
    #[error("the files of the database contain {count} values of column {of} of the source")]
    Files {
        /// Column of the source with the values.
        of: ColumnName,
        /// Number of matches.
        count: u64,
    },
}

/// Verification that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Policy that does not fit the source.
    #[error("the policy does not fit the database: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Refused(Vec<RefusedRule>),
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
    /// Rows that the decoder refuses.
    #[error("cannot read table {table}: {source}")]
    Format {
        /// Table.
        table: TableName,
        /// Problem.
        source: CopyFormatError,
    },
    /// Values that cannot be searched for together.
    #[error("the search for values failed")]
    Search,
    /// File of the database that cannot be read.
    #[error("cannot read the files of the database: {0}")]
    File(#[from] std::io::Error),
    /// Worker that panicked.
    #[error("a worker of the verification ended unexpectedly")]
    Worker,
}

/// Verification of one database.
pub(crate) struct Verification<'a> {
    /// Database to verify.
    pub(crate) target: &'a Postgres,
    /// Policy.
    pub(crate) policy: &'a MaskingPolicy,
    /// Tables that the target must have.
    pub(crate) expected: &'a BTreeMap<TableName, ExpectedTable>,
    /// Maximum number of tables at the same time.
    pub(crate) workers: usize,
    /// Receiver of the progress.
    pub(crate) progress: &'a Arc<dyn BuildProgress>,
}

/// Facts that a table must have.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExpectedTable {
    /// Number of rows.
    pub(crate) rows: u64,
    /// Digest of the stored rows; none if it is not known.
    pub(crate) digest: Option<String>,
    /// Fingerprint of the decisions about its columns; none if it is not known.
    pub(crate) rules: Option<String>,
}

/// Result of a verification with the values that were looked for.
pub(crate) struct Verified {
    pub(crate) report: VerifyReport,
    pub(crate) samples: SourceSamples,
}

/// Verifies a copy that was made with the policy. The source must not have changed since.
///
/// # Errors
///
/// [`VerifyError`]. Problems of the copy are findings, not errors.
pub async fn verify_copy(
    source: &Postgres,
    target: &Postgres,
    policy: &MaskingPolicy,
    deadline: &Deadline,
) -> Result<VerifyReport, VerifyError> {
    let mut snapshot = SourceSnapshot::open(source, deadline).await?;
    let catalogue = DatabaseCatalogue::read(&mut snapshot.session, deadline).await?;
    let classification = classify(policy, &catalogue.masking_catalogue()).map_err(VerifyError::Refused)?;
    let mut expected = BTreeMap::new();
    for table in &catalogue.tables {
        let name = table.name();
        let is_empty = classification.empty.contains(&name);
        let rows = if is_empty { 0 } else { count(&mut snapshot.session, table, deadline).await? };
        expected.insert(name, ExpectedTable { rows, ..ExpectedTable::default() });
    }
    let silent: Arc<dyn BuildProgress> = Arc::new(());
    let verification = Verification { target, policy, expected: &expected, workers: 1, progress: &silent };
    let verified = verification.run(Some(&mut snapshot.session), deadline).await?;
    snapshot.session.close(deadline).await?;
    Ok(verified.report)
}

/// Rows and digests of all tables of a database, as they are stored. At most `workers` tables are read at the same time.
///
/// # Errors
///
/// [`VerifyError`].
pub async fn stored_tables(
    target: &Postgres,
    workers: usize,
    deadline: &Deadline,
) -> Result<BTreeMap<TableName, StoredTable>, VerifyError> {
    let mut session = target.connect(deadline).await?;
    let catalogue = DatabaseCatalogue::read(&mut session, deadline).await?;
    session.close(deadline).await?;
    let nothing = Arc::new(SourceSamples::default().search().map_err(|_| VerifyError::Search)?);
    let progress: Arc<dyn BuildProgress> = Arc::new(());
    let scanned = scan_all(target, workers, catalogue.tables, &nothing, &progress, deadline).await?;
    Ok(scanned.into_iter().map(|(name, stored, _)| (name, stored)).collect())
}

impl Verification<'_> {
    /// Reads all rows of the target once. Values of the source are looked for if there is a session in its snapshot.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]. Problems of the copy are findings, not errors.
    pub(crate) async fn run(
        &self,
        source: Option<&mut PostgresSession>,
        deadline: &Deadline,
    ) -> Result<Verified, VerifyError> {
        let mut target = self.target.connect(deadline).await?;
        let target_catalogue = DatabaseCatalogue::read(&mut target, deadline).await?;
        let (mut samples, mut known) = (SourceSamples::default(), None);
        if let Some(source) = source {
            let catalogue = DatabaseCatalogue::read(source, deadline).await?;
            let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(VerifyError::Refused)?;
            samples = SourceSamples::read(source, &catalogue, &classification, deadline).await?;
            known = Some(invalid(source, deadline).await?);
        }
        let mut report = VerifyReport { values: samples.len(), ..VerifyReport::default() };
        report.findings.extend(self.changed_rules(&target_catalogue)?);
        let search = Arc::new(samples.search().map_err(|_| VerifyError::Search)?);
        let tables: Vec<_> = target_catalogue.tables.into_iter().filter(|table| self.expects(table)).collect();
        for (name, stored, matches) in
            scan_all(self.target, self.workers, tables, &search, self.progress, deadline).await?
        {
            let expected = self.expected.get(&name).cloned().unwrap_or_default();
            if stored.rows != expected.rows {
                let (expected, found) = (expected.rows, stored.rows);
                report.findings.push(VerifyFinding::Rows { table: name.clone(), expected, found });
            } else if expected.digest.is_some_and(|digest| digest != stored.digest) {
                report.findings.push(VerifyFinding::Changed(name.clone()));
            }
            for ((column, sample), rows) in matches {
                let found_in = ColumnName::new(name.clone(), column);
                if let Some(of) = samples.column(sample) {
                    report.findings.push(VerifyFinding::Value { found_in, of: of.clone(), rows });
                }
            }
            report.tables.insert(name, stored);
        }
        for (table, expected) in self.expected.iter().filter(|(table, _)| !report.tables.contains_key(*table)) {
            report.findings.push(VerifyFinding::Rows { table: table.clone(), expected: expected.rows, found: 0 });
        }
        report.findings = merged(report.findings);
        let found = invalid(&mut target, deadline).await?;
        // Without a source the constraints that some rows may break are not known.
        if let Some(known) = known {
            report.findings.extend(found.difference(&known).cloned().map(VerifyFinding::Invalid));
        }
        target.close(deadline).await?;
        Ok(Verified { report, samples })
    }

    /// Tables with other decisions than expected: the policy is applied to the catalogue of the target.
    fn changed_rules(&self, target: &DatabaseCatalogue) -> Result<Vec<VerifyFinding>, VerifyError> {
        if self.expected.values().all(|expected| expected.rules.is_none()) {
            return Ok(Vec::new());
        }
        let classification = classify(self.policy, &target.masking_catalogue()).map_err(VerifyError::Refused)?;
        let is_changed = |table: &&DatabaseTable| {
            let expected = self.expected.get(&table.name()).and_then(|expected| expected.rules.as_ref());
            expected.is_some_and(|rules| *rules != rules_fingerprint(table, &classification))
        };
        Ok(target.tables.iter().filter(is_changed).map(|table| VerifyFinding::Rules(table.name())).collect())
    }

    fn expects(&self, table: &DatabaseTable) -> bool {
        self.expected.contains_key(&table.name())
    }
}

/// Scans tables, at most `workers` at the same time. The result is in the order of their names.
async fn scan_all(
    target: &Postgres,
    workers: usize,
    tables: Vec<DatabaseTable>,
    search: &Arc<AhoCorasick>,
    progress: &Arc<dyn BuildProgress>,
    deadline: &Deadline,
) -> Result<Vec<ScannedTable>, VerifyError> {
    let workers = workers.clamp(1, tables.len().max(1));
    progress.tables(&sizes(&tables));
    let queue = WorkQueue::new(tables);
    let mut scanned = all(
        workers,
        || VerifyError::Worker,
        || {
            let (target, queue, search) = (target.clone(), queue.clone(), Arc::clone(search));
            let (progress, deadline) = (Arc::clone(progress), deadline.clone());
            async move { scan_tables(&target, &queue, &search, &*progress, &deadline).await }
        },
    )
    .await?;
    scanned.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(scanned)
}

/// Table with its rows and the values that were found in them.
type ScannedTable = (TableName, StoredTable, Matches);

/// Scans tables of the queue until it is empty.
async fn scan_tables(
    target: &Postgres,
    queue: &WorkQueue<DatabaseTable>,
    search: &AhoCorasick,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<Vec<ScannedTable>, VerifyError> {
    let mut session = target.connect(deadline).await?;
    run(&mut session, "prepare", "the session", SESSION, deadline).await?;
    let mut scanned = Vec::new();
    while let Some(table) = queue.next() {
        session.set_phase("verify", Some(&table.name().to_string()), deadline).await?;
        let (stored, matches) = scan(&mut session, &table, search, progress, deadline).await?;
        progress.table_done(&table.name(), stored.rows);
        scanned.push((table.name(), stored, matches));
    }
    session.close(deadline).await?;
    Ok(scanned)
}

async fn count(session: &mut PostgresSession, table: &DatabaseTable, deadline: &Deadline) -> Result<u64, Error> {
    let name = table.name();
    let sql = format!("SELECT count(*) FROM ONLY {}", quoted_table(&name));
    let target = format!("the number of rows of table {name}");
    let found = session.query(&SqlStatement::new("read", &target, &sql), &[], deadline).await?;
    let count: i64 = found.first().and_then(|row| row.try_get(0).ok()).unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Number of rows by column of the table and index of the value.
type Matches = BTreeMap<(String, usize), u64>;

/// Reads all rows of a table and searches their fields.
async fn scan(
    session: &mut PostgresSession,
    table: &DatabaseTable,
    search: &AhoCorasick,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<(StoredTable, Matches), VerifyError> {
    let name = table.name();
    let columns: Vec<_> = table.stored_columns().map(|column| column.name.as_str()).collect();
    let list: Vec<_> = columns.iter().map(|column| quoted_name(column)).collect();
    let list = if list.is_empty() { String::new() } else { format!(" ({})", list.join(", ")) };
    // The owner, as everything that reads or writes tables of the target. FORCE ROW LEVEL SECURITY is lifted for the reader.
    let lift = format!(
        "BEGIN; SET LOCAL ROLE {}; ALTER TABLE ONLY {} NO FORCE ROW LEVEL SECURITY",
        quoted_name(&table.owner),
        quoted_table(&name)
    );
    let target = format!("rows of table {name}");
    run(session, "read", &target, &lift, deadline).await?;
    let sql = format!("COPY {}{list} TO STDOUT (FORMAT binary)", quoted_table(&name));
    let statement = SqlStatement::new("read", &target, &sql);
    let mut copy = session.copy_out(&statement, deadline).await?;
    let mut decoder = CopyDecoder::new(columns.len(), MAX_ROW);
    let (mut digest, mut matches) = (Sha256::new(), Matches::new());
    let malformed = |source| VerifyError::Format { table: name.clone(), source };
    let mut pending = PendingRows::of(&name, progress);
    while let Some(bytes) = copy.next().await? {
        decoder.push(&bytes);
        while let Some(row) = decoder.next_row().map_err(malformed)? {
            digest.update(row.bytes());
            pending.add_row();
            for (field, column) in row.fields().zip(&columns) {
                let found = field.and_then(|field| search.find(field));
                if let Some(found) = found {
                    *matches.entry(((*column).to_owned(), found.pattern().as_usize())).or_default() += 1;
                }
            }
        }
        pending.add_bytes(bytes.len());
    }
    let rows = decoder.finish().map_err(malformed)?;
    pending.report();
    drop(copy);
    // FORCE is active again after the transaction.
    run(session, "read", &target, "ROLLBACK", deadline).await?;
    Ok((StoredTable { rows, digest: hex(&digest.finalize()) }, matches))
}

/// One finding per pair of columns.
fn merged(findings: Vec<VerifyFinding>) -> Vec<VerifyFinding> {
    let mut others = Vec::new();
    let mut pairs: BTreeMap<(ColumnName, ColumnName), u64> = BTreeMap::new();
    for finding in findings {
        match finding {
            VerifyFinding::Value { found_in, of, rows } => *pairs.entry((found_in, of)).or_default() += rows,
            other => others.push(other),
        }
    }
    let values = pairs.into_iter().map(|((found_in, of), rows)| VerifyFinding::Value { found_in, of, rows });
    others.into_iter().chain(values).collect()
}

#[derive(Deserialize)]
struct InvalidRow {
    name: String,
}

const INVALID: &str = "\
SELECT 'index ' || i.indexrelid::regclass::text AS name FROM pg_index i WHERE NOT i.indisvalid
UNION ALL SELECT 'constraint ' || conname || ' of table ' || conrelid::regclass::text FROM pg_constraint
WHERE NOT convalidated";

/// Indexes and constraints that are not valid.
async fn invalid(session: &mut PostgresSession, deadline: &Deadline) -> Result<BTreeSet<String>, Error> {
    let found: Vec<InvalidRow> = rows(session, "the constraints and indexes", INVALID, &[], deadline).await?;
    Ok(found.into_iter().map(|row| row.name).collect())
}
