//! Facts about clones that are kept after the end of their environment: comments of their databases.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    contents::CloneContents,
    mark::{CloneFacts, CloneMark, json},
    name::CloneName,
};

/// First words of the comment of a database that is closed and not renamed yet.
const KEEPING: &str = "eod clone 1 keeping ";
/// First words of the comment of a kept database.
const KEPT: &str = "eod clone 1 kept ";

/// Decision to keep a clone. From its transaction on the clone is closed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeepPlan {
    /// Name of the clone.
    pub database: CloneName,
    /// Name of the kept clone.
    pub kept_as: CloneName,
    /// Facts about the open clone.
    pub opened: CloneFacts,
    /// Time of the end, of the server.
    pub closed_at: Timestamp,
    /// End of the time that it is kept.
    pub until: Timestamp,
}

/// Facts about a kept clone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeptFacts {
    /// Decision.
    #[serde(flatten)]
    pub plan: KeepPlan,
    /// Contents after the last session has ended.
    pub contents: CloneContents,
}

/// A kept clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptClone {
    /// Mark.
    pub mark: CloneMark,
    /// Facts.
    pub facts: KeptFacts,
}

impl KeepPlan {
    /// Text of the comment.
    pub(crate) fn comment(&self) -> String {
        format!("{KEEPING}{}", json(self))
    }

    /// Decision of a comment; none if it is not that of a clone which is closed to be kept.
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(KEEPING)?).ok()
    }
}

impl KeptFacts {
    /// Text of the comment.
    pub(crate) fn comment(&self) -> String {
        format!("{KEPT}{}", json(self))
    }

    /// Facts of a comment; none if it is not that of a kept clone.
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(KEPT)?).ok()
    }
}

impl KeptClone {
    /// Name of the database.
    pub fn name(&self) -> &CloneName {
        &self.facts.plan.kept_as
    }
}

#[cfg(test)]
mod tests;
