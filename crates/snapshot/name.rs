//! Names of clones and of their roles.

use std::{fmt, str::FromStr};

use eod_domain::{Nonce, vault::EnvironmentLabel};
use eod_golden::GoldenName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Maximum length of a name in bytes. With the end `_owner` it is the name of a role, which has at most 63 bytes.
const MAX_NAME: usize = 56;
/// Number of hexadecimal digits of the hash in a name that is cut.
const HASH: usize = 8;
/// Length of `_` and a time of 14 digits.
const TIME: usize = 15;
/// First characters of the name of a schema. Names of schemas that begin with `pg_` are reserved by the server.
const SCHEMA: &str = "eod_";

/// Name of the database of an environment: of a clone, of a kept clone, or of a schema in a shared database.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
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
        Self(cut(format!("{golden}_{environment}").replace('-', "_"), MAX_NAME))
    }

    /// Default name of the schema of an environment in a shared database.
    pub fn of_schema(environment: &EnvironmentLabel) -> Self {
        Self(cut(format!("{SCHEMA}{environment}").replace('-', "_"), MAX_NAME))
    }

    /// Name of the clone after it was kept: with the time of its end in UTC as 14 digits.
    pub(crate) fn kept(&self, closed_at: Timestamp) -> Self {
        let head = cut(self.0.clone(), MAX_NAME - TIME);
        Self(format!("{head}_{}", closed_at.strftime("%Y%m%d%H%M%S")))
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

    /// Name of a login role for one run, by the nonce of that run.
    pub(crate) fn temporary_login(&self, nonce: &Nonce) -> String {
        // With the longest name, a role has six bytes left for the digits.
        format!("{}_{}", self.0, nonce.as_str().get(..6).unwrap_or_default())
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

/// Name of at most `most` bytes. One that is too long ends with a hash of the whole.
fn cut(name: String, most: usize) -> String {
    if name.len() <= most {
        return name;
    }
    let hash: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let hash: String = hash.chars().take(HASH).collect();
    let head: String = name.chars().take(most - HASH - 1).collect();
    format!("{}_{hash}", head.trim_end_matches('_'))
}

impl TryFrom<String> for CloneName {
    type Error = CloneNameError;

    fn try_from(name: String) -> Result<Self, CloneNameError> {
        name.parse()
    }
}

impl From<CloneName> for String {
    fn from(name: CloneName) -> Self {
        name.0
    }
}

impl fmt::Display for CloneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
