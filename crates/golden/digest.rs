//! Digests as texts.

use eod_masking::{Classification, ColumnDecision, ColumnName};
use sha2::{Digest, Sha256};

use crate::database::DatabaseTable;

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fingerprint of the names and types of the columns of a table.
pub(crate) fn columns_fingerprint(table: &DatabaseTable) -> String {
    let parts = table.columns.iter().map(|column| {
        let generated = if column.generated { " generated" } else { "" };
        format!("{} {}{generated}", column.name, column.type_name)
    });
    fingerprint(parts)
}

/// Fingerprint of the decisions about the columns of a table, with everything but the key that outputs depend on. A new
/// version of EoD may have other fingerprints; a table with another fingerprint is masked again.
pub(crate) fn rules_fingerprint(table: &DatabaseTable, classification: &Classification) -> String {
    let name = table.name();
    if classification.empty.contains(&name) {
        return fingerprint(["empty".to_owned()]);
    }
    let domain = |name: &str| {
        let domain = classification.domains.get(name);
        domain.map(|domain| format!("{name:?} {:?} {:?} {:?}", domain.function, domain.room, domain.form))
    };
    let parts = table.columns.iter().map(|column| {
        let decision = classification.columns.get(&ColumnName::new(name.clone(), &column.name));
        let rule = match decision {
            None | Some(ColumnDecision::Keep) => "keep".to_owned(),
            Some(ColumnDecision::Generated) => "generated".to_owned(),
            Some(ColumnDecision::Mask { domain: name }) => format!("mask {:?}", domain(name)),
            Some(ColumnDecision::Json { paths, strings }) => {
                let paths = paths.iter().map(|(path, name)| format!("{path} {:?}", name.as_deref().map(domain)));
                format!("json {:?} {:?}", paths.collect::<Vec<_>>(), strings.as_deref().map(domain))
            }
        };
        format!("{} {rule}", column.name)
    });
    fingerprint(parts)
}

/// SHA-256 of texts with their lengths, so that no two lists have one digest.
fn fingerprint(parts: impl IntoIterator<Item = String>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}
