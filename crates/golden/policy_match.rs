//! Comparison of the rules of a golden database with those of another policy.

use std::collections::BTreeSet;

use eod_masking::{ColumnDecision, ColumnName, MaskingPolicy, RefusedRule, TableName, TableRule, classify};
use sha2::{Digest, Sha256};

use crate::{
    database::{DatabaseCatalogue, DatabaseTable},
    digest::{hex, rules_fingerprint},
    manifest::GoldenManifest,
};

impl GoldenManifest {
    /// True if the golden database was built with this policy file.
    pub fn is_of_policy(&self, policy_text: &[u8]) -> bool {
        self.policy == hex(&Sha256::digest(policy_text))
    }

    /// Tables that the policy may mask more strictly than the golden database: it masks a column of them, and its rules for the
    /// table are not those of the golden database. Rules for tables and columns that the database does not have are ignored:
    /// migrations add them.
    ///
    /// # Errors
    ///
    /// The policy does not fit the database.
    pub fn differing_tables(
        &self,
        catalogue: &DatabaseCatalogue,
        policy: &MaskingPolicy,
    ) -> Result<Vec<TableName>, Vec<RefusedRule>> {
        let classification = classify(&known_part(policy, catalogue), &catalogue.masking_catalogue())?;
        let masks = |table: &DatabaseTable| {
            let name = table.name();
            let is_masked = |decision: Option<&ColumnDecision>| {
                matches!(decision, Some(ColumnDecision::Mask { .. } | ColumnDecision::Json { .. }))
            };
            classification.empty.contains(&name)
                || table
                    .columns
                    .iter()
                    .any(|column| is_masked(classification.columns.get(&ColumnName::new(name.clone(), &column.name))))
        };
        let is_built_so = |table: &DatabaseTable| {
            let name = table.name().to_string();
            let rules = rules_fingerprint(table, &classification);
            self.tables.iter().any(|known| known.name == name && known.rules == rules)
        };
        let differing = catalogue.tables.iter().filter(|table| masks(table) && !is_built_so(table));
        Ok(differing.map(DatabaseTable::name).collect())
    }
}

/// The policy without rules for tables and columns that the database does not have.
fn known_part(policy: &MaskingPolicy, catalogue: &DatabaseCatalogue) -> MaskingPolicy {
    let columns: BTreeSet<(TableName, &str)> = catalogue
        .tables
        .iter()
        .flat_map(|table| {
            let tables = catalogue.ancestors(&table.name());
            tables.into_iter().flat_map(|name| {
                table.columns.iter().map(move |column| (name.clone(), column.name.as_str())).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut known = policy.clone();
    for (table, rule) in &mut known.tables {
        if let TableRule::Columns(rules) = rule {
            rules.retain(|column, _| columns.contains(&(table.clone(), column)));
        }
    }
    let tables: BTreeSet<&TableName> = columns.iter().map(|(table, _)| table).collect();
    known.tables.retain(|table, _| tables.contains(table));
    known
}
