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
pub struct Provenance {
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

impl Provenance {
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn provenance(source: &str) -> Provenance {
        Provenance {
            environment: "pr-1".parse().unwrap(),
            installation: "acme".parse().unwrap(),
            source: source.parse().unwrap(),
            source_version: Some(7),
            created: Some("2026-01-01T00:00:00.123456789Z".to_owned()),
            nonce: Nonce::new([1; 16]),
        }
    }

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn ours_stand_beside_the_sources() {
        let source = map(&[("team", "checkout"), ("eod-env", "other"), ("eod-whatever", "x")]);
        let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&source);
        assert_eq!(left_out, []);
        let expected = map(&[
            ("eod-created", "2026-01-01T00:00:00.123456789Z"),
            ("eod-env", "pr-1"),
            ("eod-installation", "acme"),
            ("eod-nonce", &"01".repeat(16)),
            ("eod-src", "secret/stage/shop"),
            ("eod-src-version", "7"),
            ("team", "checkout"),
        ]);
        assert_eq!(merged, expected);
    }

    #[test]
    fn what_does_not_fit_is_reported() {
        let mut source: BTreeMap<_, _> = (0..64).map(|n| (format!("k{n:02}"), "v".to_owned())).collect();
        source.insert("a-bell".to_owned(), "x\u{7}".to_owned());
        source.insert("a-long".to_owned(), "x".repeat(513));
        source.insert("a-most".to_owned(), "x".repeat(512));
        source.insert("b".repeat(129), "x".to_owned());
        let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&source);
        assert_eq!(merged.len(), 64);
        assert!(merged.contains_key("a-most") && merged.contains_key("k56") && !merged.contains_key("k57"));
        let keys: Vec<_> = left_out.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys[..3], ["a-bell", "a-long", "b".repeat(129).as_str()]);
        assert_eq!(left_out.len(), 3 + 7);
    }

    #[test]
    fn a_source_always_fits() {
        assert_eq!(source_entry(&"secret/a b/größe/🚀".parse().unwrap()), "secret/a b/größe/%f0%9f%9a%80");
        let long = format!("secret/{}", "a".repeat(900));
        assert!(source_entry(&long.parse().unwrap()).starts_with("sha256:"));
    }

    proptest! {
        // Each case draws a hundred texts.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_limits_hold_for_any_source(entries in proptest::collection::btree_map(".{0,140}", ".{0,600}", 0..90)) {
            let (merged, left_out) = provenance("secret/stage/shop").custom_metadata(&entries);
            prop_assert!(merged.len() <= MOST_ENTRIES);
            prop_assert!(merged.iter().all(|(key, value)| unfit(key, value).is_none()));
            let ours = entries.keys().filter(|key| key.starts_with(OURS)).count();
            prop_assert_eq!(merged.len() - OUR_ENTRIES + left_out.len() + ours, entries.len());
        }
    }
}
