//! Names of clones and of their roles.

use std::{fmt, str::FromStr};

use eod_domain::vault::EnvironmentLabel;
use eod_golden::GoldenName;
use sha2::{Digest, Sha256};

/// Maximum length of a name in bytes. With the end `_owner` it is the name of a role, which has at most 63 bytes.
const MAX_NAME: usize = 56;
/// Number of hexadecimal digits of the hash in a name that is cut.
const HASH: usize = 8;

/// Name of the database of an environment.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CloneName(String);

/// Text that is not a name of a clone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid name `{0}` of a database: expected 1 to {MAX_NAME} characters of a-z, 0-9 and _, with a letter first")]
pub struct CloneNameError(String);

impl CloneName {
    /// Default name: the golden database and the environment, joined by `_`. A `-` becomes `_`, which no environment has in its
    /// name. A name that is too long is cut and ends with a hash of the whole. So two environments never share the name of a
    /// clone of one golden database.
    pub fn of(golden: &GoldenName, environment: &EnvironmentLabel) -> Self {
        let name = format!("{golden}_{environment}").replace('-', "_");
        if name.len() <= MAX_NAME {
            return Self(name);
        }
        let hash: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let head: String = name.chars().take(MAX_NAME - HASH - 1).collect();
        let hash: String = hash.chars().take(HASH).collect();
        Self(format!("{}_{hash}", head.trim_end_matches('_')))
    }

    /// The name of the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name of the role that owns the database. It cannot log in.
    pub fn owner(&self) -> String {
        format!("{}_owner", self.0)
    }

    /// Name of the role that applications log in with.
    pub fn login(&self) -> String {
        format!("{}_app", self.0)
    }

    /// Name of the database of an owner role.
    pub(crate) fn of_owner(owner: &str) -> Option<Self> {
        owner.strip_suffix("_owner")?.parse().ok()
    }
}

impl FromStr for CloneName {
    type Err = CloneNameError;

    fn from_str(name: &str) -> Result<Self, CloneNameError> {
        let is_valid = (1..=MAX_NAME).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        if is_valid { Ok(Self(name.to_owned())) } else { Err(CloneNameError(name.to_owned())) }
    }
}

impl fmt::Display for CloneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
