//! Manifest of a golden database: a description of its rows without any value. It is stored in the schema `eod` of the database; the
//! comment of the database, which every role of the server can read, has a digest of it only.

use eod_clients::{
    Deadline, Error,
    postgres::{PostgresSession, SqlStatement},
};
use eod_masking::MaskingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    digest::hex,
    inventory::DatabaseInventory,
    marked::transaction,
    masked_copy::CopyReport,
    sql::{quoted_name, quoted_text, rows},
    verify::VerifyReport,
};

/// Number of hexadecimal digits of the digest in a comment.
const SHORT: usize = 16;

/// The manifest.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenManifest {
    /// Version of the form: 1.
    pub version: u32,
    /// SHA-256 of the policy file, in hexadecimal digits.
    pub policy: String,
    /// Check value of the key.
    pub key_check: String,
    /// Version of the server that has the golden database, for example 180004.
    pub server_version: u32,
    /// Version of the system catalogue of that server.
    pub catalogue_version: u32,
    /// Name of the source, without credentials.
    pub source: String,
    /// Time of the snapshot in RFC 3339.
    pub taken_at: String,
    /// Tables in the order of their names.
    pub tables: Vec<ManifestTable>,
    /// Definitions of enums, composite types, domains and ranges.
    pub types: Vec<String>,
}

/// A table of a manifest.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// Name with its schema, as a policy writes it.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 of the masked rows as they are stored.
    pub digest: String,
    /// Fingerprint of the decisions about its columns.
    pub rules: String,
    /// Fingerprint of the names and types of its columns.
    pub columns: String,
    /// Definitions of its indexes.
    pub indexes: Vec<String>,
}

/// Facts of a manifest that a copy does not know.
#[derive(Clone, Debug)]
pub struct ManifestFacts<'a> {
    /// Text of the policy file.
    pub policy: &'a [u8],
    /// Key.
    pub key_check: String,
    /// Name of the source, without credentials.
    pub source: &'a str,
    /// Time of the snapshot.
    pub taken_at: jiff::Timestamp,
}

#[derive(Deserialize)]
struct ManifestRow {
    document: GoldenManifest,
}

impl<'a> ManifestFacts<'a> {
    /// Facts from the policy file, the key, the name of the source and the time of the snapshot.
    pub fn new(policy: &'a [u8], key: &MaskingKey, source: &'a str, taken_at: jiff::Timestamp) -> Self {
        Self { policy, key_check: key.check_value(), source, taken_at }
    }
}

impl GoldenManifest {
    /// Manifest of a copy, its verification and its definitions.
    pub fn new(
        report: &CopyReport,
        verified: &VerifyReport,
        inventory: &DatabaseInventory,
        facts: &ManifestFacts<'_>,
        server_version: u32,
    ) -> Self {
        let tables = report.tables.iter().map(|table| ManifestTable {
            name: table.name.to_string(),
            rows: table.rows,
            digest: verified.tables.get(&table.name).map(|stored| stored.digest.clone()).unwrap_or_default(),
            rules: table.rules.clone(),
            columns: table.columns.clone(),
            indexes: inventory.indexes.get(&table.name).cloned().unwrap_or_default(),
        });
        Self {
            version: 1,
            policy: hex(&Sha256::digest(facts.policy)),
            key_check: facts.key_check.clone(),
            server_version,
            catalogue_version: inventory.catalogue_version,
            source: facts.source.to_owned(),
            taken_at: facts.taken_at.to_string(),
            tables: tables.collect(),
            types: inventory.types.clone(),
        }
    }

    /// Short digest for the comment of the database.
    pub fn digest(&self) -> String {
        // A struct of texts and numbers always has a JSON form.
        let document = serde_json::to_vec(self).unwrap_or_default();
        let mut digest = hex(&Sha256::digest(document));
        digest.truncate(SHORT);
        digest
    }

    /// Stores the manifest in the schema `eod` of the database of the session, as the owner of the database. Other roles have
    /// no right to it.
    ///
    /// # Errors
    ///
    /// A statement failed.
    pub async fn store(&self, session: &mut PostgresSession, owner: &str, deadline: &Deadline) -> Result<(), Error> {
        let document = quoted_text(&serde_json::to_string(self).unwrap_or_default());
        let sql = format!(
            "BEGIN; SET LOCAL ROLE {}; CREATE SCHEMA IF NOT EXISTS eod; DROP TABLE IF EXISTS eod.manifest; \
             CREATE TABLE eod.manifest (document jsonb NOT NULL); INSERT INTO eod.manifest VALUES ({document}); COMMIT",
            quoted_name(owner)
        );
        transaction(session, "store", "the manifest", &sql, deadline).await
    }

    /// Reads the manifest of the database of the session; none if it has none.
    ///
    /// # Errors
    ///
    /// A query failed, or the manifest has another version.
    pub async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Option<Self>, Error> {
        let exists = "SELECT to_regclass('eod.manifest') IS NOT NULL";
        let found = session.query(&SqlStatement::new("read", "the manifest", exists), &[], deadline).await?;
        if !found.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
            return Ok(None);
        }
        let found: Vec<ManifestRow> =
            rows(session, "the manifest", "SELECT document FROM eod.manifest", &[], deadline).await?;
        Ok(found.into_iter().next().map(|row| row.document))
    }
}
