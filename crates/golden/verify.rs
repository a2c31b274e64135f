//! Verification of a masked copy: values of the source are looked for in every column of the result.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession, SqlStatement},
};
use eod_masking::{
    Classification, ColumnDecision, ColumnName, MaskKind, MaskingPolicy, RefusedRule, TableName, classify,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    copy_format::{CopyDecoder, CopyFormatError},
    database::{DatabaseCatalogue, DatabaseTable},
    digest::hex,
    load::MAX_ROW,
    sql::{SESSION, quoted_name, quoted_table, rows, run},
};

/// Kinds with outputs that a value of the source is never by chance. The others have few outputs, or permute values that exist.
const SAMPLED: [MaskKind; 8] = [
    MaskKind::Card,
    MaskKind::Email,
    MaskKind::Hash,
    MaskKind::Iban,
    MaskKind::Text,
    MaskKind::Url,
    MaskKind::Username,
    MaskKind::Uuid,
];
/// Values per column.
const SAMPLE: i64 = 200;
/// Shortest value to look for, in characters. Shorter ones are parts of other words.
const SHORTEST: usize = 8;

/// Characters of a longer value that are looked for: its beginning. The search needs memory for all of them.
const LONGEST: i32 = 100;

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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
    let mut source = source.connect(deadline).await?;
    let begin = format!("{SESSION}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    run(&mut source, "begin", "the snapshot", &begin, deadline).await?;
    let mut target = target.connect(deadline).await?;
    let catalogue = DatabaseCatalogue::read(&mut source, deadline).await?;
    let target_catalogue = DatabaseCatalogue::read(&mut target, deadline).await?;
    let classification = classify(policy, &catalogue.masking_catalogue()).map_err(VerifyError::Refused)?;
    let samples = samples(&mut source, &catalogue, &classification, deadline).await?;
    let mut report = VerifyReport { values: samples.len(), ..VerifyReport::default() };
    let values: Vec<&str> = samples.iter().map(|(value, _)| value.as_str()).collect();
    let search = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostFirst).build(values);
    let search = search.map_err(|_| VerifyError::Search)?;
    for table in &target_catalogue.tables {
        let name = table.name();
        if let Some(original) = catalogue.tables.iter().find(|table| table.name() == name) {
            let expected =
                if classification.empty.contains(&name) { 0 } else { count(&mut source, original, deadline).await? };
            let (stored, matches) = scan(&mut target, table, &search, deadline).await?;
            if stored.rows != expected {
                report.findings.push(VerifyFinding::Rows { table: name.clone(), expected, found: stored.rows });
            }
            for ((column, sample), rows) in matches {
                let found_in = ColumnName::new(name.clone(), column);
                if let Some((_, of)) = samples.get(sample) {
                    report.findings.push(VerifyFinding::Value { found_in, of: of.clone(), rows });
                }
            }
            report.tables.insert(name, stored);
        }
    }
    report.findings = merged(report.findings);
    let known = invalid(&mut source, deadline).await?;
    let found = invalid(&mut target, deadline).await?;
    report.findings.extend(found.difference(&known).cloned().map(VerifyFinding::Invalid));
    target.close(deadline).await?;
    source.close(deadline).await?;
    Ok(report)
}

/// Values of masked columns, each with its column.
async fn samples(
    session: &mut PostgresSession,
    catalogue: &DatabaseCatalogue,
    classification: &Classification,
    deadline: &Deadline,
) -> Result<Vec<(String, ColumnName)>, Error> {
    let mut found: BTreeMap<String, ColumnName> = BTreeMap::new();
    for table in &catalogue.tables {
        for column in table.stored_columns().filter(|column| !column.is_array()) {
            let name = ColumnName::new(table.name(), &column.name);
            let Some(ColumnDecision::Mask { domain }) = classification.columns.get(&name) else { continue };
            let kind = classification.domains.get(domain).map(|domain| domain.function.kind());
            if !kind.is_some_and(|kind| SAMPLED.contains(&kind)) {
                continue;
            }
            let (column, table) = (quoted_name(&column.name), quoted_table(&table.name()));
            // Rows of the whole table: the first ones are often from one time.
            let sql = format!(
                "SELECT left({column}::text, $3) FROM ONLY {table} WHERE length({column}::text) >= $1 \
                 ORDER BY hashtext({column}::text) LIMIT $2"
            );
            let target = format!("a sample of column {name}");
            let least = i32::try_from(SHORTEST).unwrap_or(i32::MAX);
            let values = session
                .query(&SqlStatement::new("read", &target, &sql), &[&least, &SAMPLE, &LONGEST], deadline)
                .await?;
            for row in &values {
                if let Ok(value) = row.try_get::<_, String>(0) {
                    found.entry(value.trim().to_owned()).or_insert_with(|| name.clone());
                }
            }
        }
    }
    found.retain(|value, _| value.chars().count() >= SHORTEST);
    Ok(found.into_iter().collect())
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
    while let Some(bytes) = copy.next().await? {
        decoder.push(&bytes);
        while let Some(row) = decoder.next_row().map_err(malformed)? {
            digest.update(row.bytes());
            for (field, column) in row.fields().zip(&columns) {
                let found = field.and_then(|field| search.find(field));
                if let Some(found) = found {
                    *matches.entry(((*column).to_owned(), found.pattern().as_usize())).or_default() += 1;
                }
            }
        }
    }
    let rows = decoder.finish().map_err(malformed)?;
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
