//! Samples of masked values of a source, which must not be found in the copy.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, BuildError as SearchError, MatchKind};
use eod_clients::{
    Deadline, Error,
    postgres::{PostgresSession, SqlStatement},
};
use eod_masking::{
    Classification, ColumnDecision, ColumnName, JsonLeaf, JsonPath, JsonStep, MaskKind, TypeClass, rewrite_json,
};

use crate::{
    database::{DatabaseCatalogue, DatabaseColumn, DatabaseTable},
    sql::{quoted_name, quoted_table},
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
/// Maximum number of values per column.
const PER_COLUMN: usize = 200;
/// Maximum number of values. The search needs memory for all of them.
const ALL: usize = 20_000;
/// Shortest value to look for, in characters. Shorter ones are parts of other words.
const SHORTEST: usize = 8;
/// Characters of a longer value that are looked for: its beginning.
const LONGEST: usize = 100;
/// Maximum number of rows with one value. A value of more rows is a common word and not personal.
const COMMON: i64 = 10;
/// Size of a table in bytes from which on only a part of it is read.
const LARGE: i64 = 256 << 20;
/// Maximum length of a document in characters. Others are not sampled.
const MAX_DOCUMENT: i32 = 1 << 20;

/// Values with their columns.
#[derive(Default)]
pub(crate) struct SourceSamples {
    values: Vec<(Vec<u8>, ColumnName)>,
}

impl SourceSamples {
    /// Reads samples of all columns that are masked by functions with distinctive outputs, and of the strings of documents.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub(crate) async fn read(
        session: &mut PostgresSession,
        catalogue: &DatabaseCatalogue,
        classification: &Classification,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let mut columns = Vec::new();
        for table in &catalogue.tables {
            for column in table.stored_columns() {
                let name = ColumnName::new(table.name(), &column.name);
                match classification.columns.get(&name) {
                    Some(ColumnDecision::Mask { domain }) if is_sampled(classification, domain) => {
                        columns.push((table, column, name, None));
                    }
                    Some(ColumnDecision::Json { paths, strings }) if !column.is_array() => {
                        columns.push((table, column, name, Some((paths, strings))));
                    }
                    _ => {}
                }
            }
        }
        let limit = (ALL / columns.len().max(1)).clamp(1, PER_COLUMN);
        let mut found: BTreeMap<Vec<u8>, ColumnName> = BTreeMap::new();
        for (table, column, name, json) in columns {
            let values = match json {
                None => values_of(session, table, column, &name, limit, deadline).await?,
                Some((paths, strings)) => {
                    let documents = documents_of(session, table, column, &name, limit, deadline).await?;
                    leaves(&documents, paths, strings.as_deref(), classification, limit)
                }
            };
            for value in values {
                found.entry(value).or_insert_with(|| name.clone());
            }
        }
        Ok(Self { values: found.into_iter().collect() })
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Column of the value with an index.
    pub(crate) fn column(&self, index: usize) -> Option<&ColumnName> {
        self.values.get(index).map(|(_, column)| column)
    }

    /// Search for all values, without regard to the case of ASCII letters. A match has the index of its value.
    ///
    /// # Errors
    ///
    /// The values need too much memory.
    pub(crate) fn search(&self) -> Result<AhoCorasick, SearchError> {
        let values = self.values.iter().map(|(value, _)| value);
        AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(values)
    }
}

fn is_sampled(classification: &Classification, domain: &str) -> bool {
    let kind = classification.domains.get(domain).map(|domain| domain.function.kind());
    kind.is_some_and(|kind| SAMPLED.contains(&kind))
}

/// Table to read: a part of it if it is large. The part is the same in every run.
fn relation(table: &DatabaseTable) -> String {
    let name = quoted_table(&table.name());
    if table.bytes <= LARGE {
        return format!("ONLY {name}");
    }
    // Percent, in thousandths, so that the number needs no floating point.
    let thousandths = (LARGE.saturating_mul(100_000) / table.bytes).max(1);
    format!("ONLY {name} TABLESAMPLE SYSTEM ({}.{:03}) REPEATABLE (0)", thousandths / 1000, thousandths % 1000)
}

/// Values of a column, or items of its arrays, in the bytes that a copy would have.
async fn values_of(
    session: &mut PostgresSession,
    table: &DatabaseTable,
    column: &DatabaseColumn,
    name: &ColumnName,
    limit: usize,
    deadline: &Deadline,
) -> Result<Vec<Vec<u8>>, Error> {
    let (quoted, relation) = (quoted_name(&column.name), relation(table));
    let (item, from) = if column.is_array() {
        ("i.item".to_owned(), format!("{relation} CROSS JOIN LATERAL unnest({quoted}) AS i(item)"))
    } else {
        (quoted, relation)
    };
    let is_bytes = column.class() == TypeClass::Bytes;
    let (length, value) = if is_bytes {
        (format!("length({item})"), format!("encode(substring({item} from 1 for {LONGEST}), 'hex')"))
    } else {
        (format!("length({item}::text)"), format!("left({item}::text, {LONGEST})"))
    };
    // Values of the whole table: the first rows are often from one time.
    let sql = format!(
        "SELECT v FROM (SELECT {value} AS v FROM {from} WHERE {length} >= {SHORTEST}) x \
         GROUP BY v HAVING count(*) <= {COMMON} ORDER BY hashtext(v), v LIMIT {limit}"
    );
    let texts = texts(session, name, &sql, deadline).await?;
    let mut values = Vec::new();
    for text in texts {
        if is_bytes {
            values.extend(bytes_of_hex(&text));
            continue;
        }
        if column.class() == TypeClass::Uuid {
            // A column of type uuid has the value as 16 bytes.
            values.extend(bytes_of_hex(&text));
        }
        values.push(text.trim().as_bytes().to_vec());
    }
    values.retain(|value| value.len() >= SHORTEST);
    Ok(values)
}

async fn documents_of(
    session: &mut PostgresSession,
    table: &DatabaseTable,
    column: &DatabaseColumn,
    name: &ColumnName,
    limit: usize,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let (column, relation) = (quoted_name(&column.name), relation(table));
    let sql = format!(
        "SELECT {column}::text FROM {relation} WHERE length({column}::text) BETWEEN {SHORTEST} AND {MAX_DOCUMENT} \
         ORDER BY hashtext({column}::text) LIMIT {limit}"
    );
    texts(session, name, &sql, deadline).await
}

async fn texts(
    session: &mut PostgresSession,
    name: &ColumnName,
    sql: &str,
    deadline: &Deadline,
) -> Result<Vec<String>, Error> {
    let target = format!("a sample of column {name}");
    let found = session.query(&SqlStatement::new("read", &target, sql), &[], deadline).await?;
    Ok(found.iter().filter_map(|row| row.try_get::<_, String>(0).ok()).collect())
}

/// Strings of documents that are masked: no rule keeps them, and a rule or the default for strings masks them.
fn leaves(
    documents: &[String],
    paths: &[(JsonPath, Option<String>)],
    strings: Option<&str>,
    classification: &Classification,
    limit: usize,
) -> Vec<Vec<u8>> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    let is_masked = |steps: &[JsonStep]| {
        let mut matching = paths.iter().filter(|(path, _)| path.matches(steps)).peekable();
        if matching.peek().is_none() {
            return strings.is_some_and(|domain| is_sampled(classification, domain));
        }
        // Several rules can match; the value counts only if all of them mask it.
        matching.all(|(_, domain)| domain.as_deref().is_some_and(|domain| is_sampled(classification, domain)))
    };
    for document in documents {
        // A text that is not JSON is replaced as a whole, and has no leaves.
        let _is_json = rewrite_json(document, |steps, leaf| {
            // A string with escapes has another form in the document.
            if let JsonLeaf::Text(text) = leaf
                && text.chars().count() >= SHORTEST
                && !text.contains(|c: char| c == '"' || c == '\\' || c.is_control())
                && is_masked(steps)
            {
                let beginning = text.chars().take(LONGEST).collect();
                *counts.entry(beginning).or_default() += 1;
            }
            None
        });
    }
    let rare = counts.into_iter().filter(|(_, count)| *count <= COMMON);
    rare.map(|(value, _)| value.into_bytes()).take(limit).collect()
}

/// Bytes of hexadecimal digits, without regard to other characters.
fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| digit.try_into().ok()).collect();
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(pairs.filter_map(|pair| Some(pair.first()? * 16 + pair.last()?)).collect())
}

#[cfg(test)]
mod tests;
