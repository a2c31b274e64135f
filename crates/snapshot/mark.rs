//! Marks of clones: comments of their roles and databases.
//!
//! Every role of the server can read them, so they contain nothing secret.

use eod_domain::vault::EnvironmentLabel;
use eod_domain::{Installation, Nonce};
use eod_golden::GoldenName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{name::CloneName, strategy::CloneStrategy};

/// First words of the comment of an owner role.
pub(crate) const CLONE: &str = "eod clone 1 ";
/// First words of the comment of a login role.
const LOGIN: &str = "eod clone login 1 ";
/// Words before the end of a temporary login in its comment.
const UNTIL: &str = " until ";
/// First words of the comment of an open database.
const OPEN: &str = "eod clone 1 open ";

/// Environment and installation that own a clone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloneOwner {
    /// Environment.
    pub environment: EnvironmentLabel,
    /// Installation.
    pub installation: Installation,
}

/// Mark of a clone: the comment of its owner role.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct CloneMark {
    /// Owner.
    #[serde(flatten)]
    pub owner: CloneOwner,
    /// Golden database that the clone was created from.
    pub golden: String,
    /// Version of the golden database.
    pub golden_version: String,
    /// Short digest of the manifest of that version.
    pub manifest: String,
    /// Nonce of the run that created the clone: its claim.
    pub nonce: String,
    /// Time of the create, of the server.
    pub begun_at: Timestamp,
    /// Size at its creation and sharing of blocks; none before the creation has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<CloneSize>,
}

/// Size of a clone at its creation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloneSize {
    /// Size in bytes.
    pub bytes: u64,
    /// Sharing of blocks with the database that it was created from.
    pub strategy: CloneStrategy,
}

/// Facts about an open clone: the comment of its database.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloneFacts {
    /// Login role of applications.
    pub login: String,
    /// Time of the opening, of the server.
    pub opened_at: Timestamp,
}

impl CloneMark {
    /// Text of the comment.
    pub(crate) fn comment(&self) -> String {
        format!("{CLONE}{}", json(self))
    }

    /// Mark of a comment; none if it is not that of a clone.
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(CLONE)?).ok()
    }

    /// True if the clone was created by the run with this nonce.
    pub fn is_of(&self, nonce: &Nonce) -> bool {
        self.nonce == nonce.as_str()
    }

    /// Name of the role that owns the objects of the clone.
    pub(crate) fn objects_role(&self) -> Option<String> {
        GoldenName::new(&self.golden).ok().map(|golden| golden.objects_role())
    }
}

impl CloneFacts {
    /// Text of the comment.
    pub(crate) fn comment(&self) -> String {
        format!("{OPEN}{}", json(self))
    }

    /// Facts of a comment; none if it is not that of an open clone.
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(OPEN)?).ok()
    }
}

impl CloneSize {
    /// Bytes of its own of a clone that has this size now; none if the sharing is not known. A block that was rewritten in place
    /// is not counted.
    pub(crate) fn own_bytes(self, now: u64) -> Option<u64> {
        match self.strategy {
            CloneStrategy::Copy => Some(now),
            CloneStrategy::Clone => Some(now.saturating_sub(self.bytes)),
            CloneStrategy::Unknown => None,
        }
    }
}

/// Comment of the login role of a clone; the first words of the comments of its temporary logins.
pub(crate) fn login_mark(name: &CloneName, installation: &Installation) -> String {
    format!("{LOGIN}{installation} {name}")
}

/// Comment of a temporary login.
pub(crate) fn temporary_login_mark(name: &CloneName, installation: &Installation, until: Timestamp) -> String {
    format!("{}{UNTIL}{until}", login_mark(name, installation))
}

/// First words of the comments of all logins of an installation.
pub(crate) fn login_marks(installation: &Installation) -> String {
    format!("{LOGIN}{installation} ")
}

/// Clone and end of a temporary login, from its comment; none if it is not that of a temporary login of the installation.
pub(crate) fn temporary_login(comment: &str, installation: &Installation) -> Option<(CloneName, Timestamp)> {
    let (name, until) = comment.strip_prefix(&login_marks(installation))?.split_once(UNTIL)?;
    Some((name.parse().ok()?, until.parse().ok()?))
}

/// A struct of texts and numbers always has a JSON form.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
