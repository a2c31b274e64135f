//! Where a copy comes from, as `custom_metadata` on it.
//!
//! Vault allows 64 entries, keys of 1 to 128 bytes and values of 1 to 512, all printable. Our six entries always fit;
//! of the source's own entries what fits is copied, and what does not is reported.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use crate::dns::{self, DnsError};
use crate::hash;
use crate::marks::{Installation, Nonce};
use crate::text::as_text;
use crate::vault::reference::SecretRef;

/// Entry: the environment the copy was made for.
pub const ENVIRONMENT: &str = "eod-env";
/// Entry: the installation that made it.
pub const INSTALLATION: &str = "eod-installation";
/// Entry: `<mount>/<path>` of the source.
pub const SOURCE: &str = "eod-src";
/// Entry: the version of the source, or `NO_VERSION`.
pub const SOURCE_VERSION: &str = "eod-src-version";
/// Entry: when the server stored the copy.
pub const CREATED: &str = "eod-created";
/// Entry: the nonce of the run that made or adopted the copy.
pub const NONCE: &str = "eod-nonce";

/// Value of [`SOURCE_VERSION`] where the source has no versions, and of [`CREATED`] where the time is not known.
const NO_VERSION: &str = "none";
/// What all our keys begin with; such entries of a source are never copied.
const OURS: &str = "eod-";
const MOST_ENTRIES: usize = 64;
const OUR_ENTRIES: usize = 6;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 512;

/// The name of the environment a copy is made for: any DNS label. Whether there is such an environment is not asked.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EnvironmentLabel(String);

/// Whose a copy is and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyProvenance {
    /// The environment.
    pub environment: EnvironmentLabel,
    /// The installation.
    pub installation: Installation,
    /// The source.
    pub source: SecretRef,
    /// The version of the source; none where it has none.
    pub source_version: Option<u64>,
    /// When the server stored the copy, as it wrote the time.
    pub created: Option<String>,
    /// The nonce of the run.
    pub nonce: Nonce,
}

/// An entry of the source's metadata that the copy does not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeftOut {
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: &'static str,
}

as_text!(EnvironmentLabel);

impl EnvironmentLabel {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvironmentLabel {
    type Err = DnsError;

    fn from_str(text: &str) -> Result<Self, DnsError> {
        dns::check_label(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for EnvironmentLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CopyProvenance {
    /// The copy's whole `custom_metadata`: ours, and of the source's what fits, in the order of its keys.
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
                    left_out.push(LeftOut { key: key.clone(), reason: "there are 64 entries without it" });
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

/// A source as an entry's value. Characters that Vault may not take for printable are percent-encoded, and a
/// reference too long for a value is its hash: it is compared, never followed.
pub(super) fn source_entry(source: &SecretRef) -> String {
    let mut text = String::new();
    for character in source.to_string().chars() {
        if character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric() {
            text.push(character);
        } else {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                // Writing to a String does not fail.
                let _written = write!(text, "%{byte:02x}");
            }
        }
    }
    if text.len() <= LONGEST_VALUE { text } else { format!("sha256:{}", hash::sha256_hex(text.as_bytes())) }
}

fn unfit(key: &str, value: &str) -> Option<&'static str> {
    let printable = |text: &str| !text.chars().any(char::is_control);
    if !(1..=LONGEST_KEY).contains(&key.len()) {
        Some("its key has more than 128 bytes, or none")
    } else if !(1..=LONGEST_VALUE).contains(&value.len()) {
        Some("its value has more than 512 bytes, or none")
    } else if !printable(key) || !printable(value) {
        Some("it contains a character that cannot be printed")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
