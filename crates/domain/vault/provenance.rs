//! Provenance of a copy, stored in its `custom_metadata`.
//!
//! Vault allows 64 entries, keys of 1 to 128 bytes and values of 1 to 512, all printable. The six entries of EoD always fit.
//! Entries of the source are copied if they fit, else reported.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::dns::{DnsError, check_label};
use crate::hash;
use crate::installation::{Installation, Nonce};
use crate::text::text_type;
use crate::vault::reference::SecretRef;

/// Entry: environment of the copy.
pub const ENVIRONMENT: &str = "eod-env";
/// Entry: installation that created the copy.
pub const INSTALLATION: &str = "eod-installation";
/// Entry: `<mount>/<path>` of the source.
pub const SOURCE: &str = "eod-src";
/// Entry: version of the source, or `none`.
pub const SOURCE_VERSION: &str = "eod-src-version";
/// Entry: storage time of the copy, or `none`.
pub const CREATED: &str = "eod-created";
/// Entry: nonce of the run that created or adopted the copy.
pub const NONCE: &str = "eod-nonce";

/// Value of [`SOURCE_VERSION`] for a source without versions, and of [`CREATED`] for an unknown time.
const NO_VERSION: &str = "none";
/// Prefix of EoD's keys. Such entries of a source are never copied.
const OURS: &str = "eod-";
const MOST_ENTRIES: usize = 64;
const OUR_ENTRIES: usize = 6;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 512;

text_type! {
    /// Name of the environment of a copy: any DNS label. The environment need not exist.
    pub struct EnvironmentLabel, check = check_label, error = DnsError
}

/// Owner and source of a copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyProvenance {
    /// Environment of the copy.
    pub environment: EnvironmentLabel,
    /// Installation that created the copy.
    pub installation: Installation,
    /// Source of the copy.
    pub source: SecretRef,
    /// Version of the source; none if it has no versions.
    pub source_version: Option<u64>,
    /// Storage time of the copy, as written by the server.
    pub created: Option<String>,
    /// Nonce of the run.
    pub nonce: Nonce,
}

/// Entry of the source's metadata that is missing in the copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeftOut {
    /// Key of the entry.
    pub key: String,
    /// Reason: a clause about the entry.
    pub reason: &'static str,
}

impl CopyProvenance {
    /// Complete `custom_metadata` of the copy: EoD's entries, and entries of the source that fit, in the order of their
    /// keys.
    pub fn custom_metadata(&self, source: &BTreeMap<String, String>) -> (BTreeMap<String, String>, Vec<LeftOut>) {
        let mut merged = self.entries();
        let mut left_out = Vec::new();
        for (key, value) in source {
            if key.starts_with(OURS) {
                continue;
            }
            match unfit(key, value) {
                Some(reason) => left_out.push(LeftOut { key: key.clone(), reason }),
                None if merged.len() >= MOST_ENTRIES => {
                    left_out.push(LeftOut { key: key.clone(), reason: "it would be over the limit of 64 entries" });
                }
                None => {
                    merged.insert(key.clone(), value.clone());
                }
            }
        }
        (merged, left_out)
    }

    fn entries(&self) -> BTreeMap<String, String> {
        let version = self.source_version.map_or_else(|| NO_VERSION.to_owned(), |version| version.to_string());
        let created = self.created.clone().filter(|created| unfit(CREATED, created).is_none());
        let entries: [(&str, String); OUR_ENTRIES] = [
            (ENVIRONMENT, self.environment.to_string()),
            (INSTALLATION, self.installation.to_string()),
            (SOURCE, source_entry(&self.source)),
            (SOURCE_VERSION, version),
            (CREATED, created.unwrap_or_else(|| NO_VERSION.to_owned())),
            (NONCE, self.nonce.as_str().to_owned()),
        ];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// Source as the value of an entry. Characters that Vault may not accept as printable are percent-encoded. A reference that
/// is too long is replaced by its hash: it is only compared, never resolved.
pub(super) fn source_entry(source: &SecretRef) -> String {
    let mut text = String::new();
    for character in source.to_string().chars() {
        if character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric() {
            text.push(character);
        } else {
            let mut buffer = [0; 4];
            let escaped = utf8_percent_encode(character.encode_utf8(&mut buffer), NON_ALPHANUMERIC);
            text.push_str(&escaped.to_string().to_lowercase());
        }
    }
    if text.len() <= LONGEST_VALUE { text } else { format!("sha256:{}", hash::sha256_hex(text.as_bytes())) }
}

fn unfit(key: &str, value: &str) -> Option<&'static str> {
    let printable = |text: &str| !text.chars().any(char::is_control);
    if !(1..=LONGEST_KEY).contains(&key.len()) {
        Some("its key is empty or has more than 128 bytes")
    } else if !(1..=LONGEST_VALUE).contains(&value.len()) {
        Some("its value is empty or has more than 512 bytes")
    } else if !printable(key) || !printable(value) {
        Some("it contains a character that is not printable")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
