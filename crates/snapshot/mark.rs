//! Marks of clones: comments of their roles and databases.
//!
//! Every role of the server can read them, so they contain nothing secret.

use eod_domain::vault::EnvironmentLabel;
use eod_domain::{Installation, Nonce};
use eod_golden::GoldenName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::name::CloneName;

/// First words of the comment of an owner role.
pub(crate) const CLONE: &str = "eod clone 1 ";
/// First words of the comment of a login role.
const LOGIN: &str = "eod clone login 1 ";
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

/// Comment of the login roles of a clone.
pub(crate) fn login_mark(name: &CloneName, installation: &Installation) -> String {
    format!("{LOGIN}{installation} {name}")
}

/// A struct of texts and numbers always has a JSON form.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
