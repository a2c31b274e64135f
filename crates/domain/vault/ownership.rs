//! Whose is the secret that is there, and what may be done to it?
//!
//! The facts come from its metadata alone. Whatever cannot be told is somebody else's: it is not overwritten, not
//! marked and not deleted.

use std::collections::BTreeMap;

use crate::marks::{Installation, Nonce};
use crate::vault::key::{KeyRecord, KeyResult};
use crate::vault::provenance::{self, CopyProvenance, EnvironmentLabel};

/// What a secret's metadata says about whose it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyMarks {
    /// Entry `eod-env`.
    pub environment: Option<String>,
    /// Entry `eod-installation`.
    pub installation: Option<String>,
    /// Entry `eod-src`.
    pub source: Option<String>,
    /// Entry `eod-src-version`.
    pub source_version: Option<u64>,
    /// Entry `eod-created`.
    pub created: Option<String>,
    /// Entry `eod-nonce`.
    pub nonce: Option<Nonce>,
}

/// A secret that exists, as far as ownership goes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyFacts {
    /// Its newest version; 0 where there is metadata only.
    pub current_version: u64,
    /// Whether that version was deleted or destroyed.
    pub deleted: bool,
    /// When that version was stored, as the server wrote it.
    pub created_time: Option<String>,
    /// Its marks.
    pub marks: KeyMarks,
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CopyCheck {
    /// There is nothing at this path, not even metadata.
    Absent,
    /// A copy of the same source that this installation made for this environment.
    Ours {
        /// Whether somebody deleted its newest version.
        deleted: bool,
    },
    /// This installation made it for this environment, of another source.
    OtherSource {
        /// Which one.
        source: String,
    },
    /// Version 1 without any of our marks: perhaps a run of ours was killed before it wrote them.
    UnmarkedFirst,
    /// Somebody else's.
    Foreign {
        /// Whose, for people.
        whose: String,
    },
}

/// How the server refused to create a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The version did not match: something is there.
    Conflict,
    /// The token may not: either something is there and it may only create, or it may not write here at all.
    Denied,
}

/// What follows when the server refused to create a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AfterRefusal {
    /// Nothing is there any more: try once again.
    CreateAgain,
    /// Nothing is there and the token may not write: an error of rights.
    NotAllowed,
    /// Write our marks and take it over; its value stays as it is.
    Adopt,
    /// Compare values in memory; adopt it if they are equal, else leave it.
    CompareThenAdopt,
    /// Leave it alone and say whose it is.
    Keep {
        /// For people.
        whose: String,
    },
    /// It belongs to this environment and is a copy of something else: an error.
    OtherSource {
        /// What it is a copy of.
        source: String,
    },
}

/// What a destroy does with one secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyRemoval {
    /// It is gone already.
    Gone,
    /// Delete all its versions and its metadata.
    Delete,
    /// Leave it.
    Leave(LeaveReason),
}

/// Why a destroy leaves a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LeaveReason {
    /// It never was ours.
    #[error("it was there before and was never ours")]
    KeptForeign,
    /// A later run adopted it.
    #[error("a later run of this environment has taken it over")]
    Successor,
    /// Somebody replaced it.
    #[error("it now carries the marks of another environment or installation")]
    OtherOwner,
    /// No marks.
    #[error("it carries no marks, so it cannot be told from somebody else's; delete it by hand if it is a copy")]
    Unmarked,
}

/// What an update of the overrides does with a copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyUpdate {
    /// Write, on condition that this is still the newest version.
    Write {
        /// The version we wrote last.
        cas: u64,
    },
    /// Somebody changed or deleted it: leave it.
    Edited,
    /// It is gone.
    Gone,
    /// It is not ours, or no longer.
    NotOurs,
}

impl KeyMarks {
    /// Reads the marks from a secret's `custom_metadata`.
    pub fn read(custom: &BTreeMap<String, String>) -> Self {
        let entry = |key: &str| custom.get(key).cloned();
        Self {
            environment: entry(provenance::ENVIRONMENT),
            installation: entry(provenance::INSTALLATION),
            source: entry(provenance::SOURCE),
            source_version: entry(provenance::SOURCE_VERSION).and_then(|version| version.parse().ok()),
            created: entry(provenance::CREATED),
            nonce: entry(provenance::NONCE).map(|nonce| Nonce::recorded(&nonce)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this installation made it for this environment.
    pub fn belongs_to(&self, environment: &EnvironmentLabel, installation: &Installation) -> bool {
        self.environment.as_deref() == Some(environment.as_str())
            && self.installation.as_deref() == Some(installation.as_str())
    }
}

/// Whose secret it is that was found, or not found, where a copy of ours belongs.
pub fn check_copy(found: Option<&KeyFacts>, ours: &CopyProvenance) -> CopyCheck {
    let Some(KeyFacts { current_version, deleted, marks, .. }) = found else { return CopyCheck::Absent };
    if marks.belongs_to(&ours.environment, &ours.installation) {
        return match &marks.source {
            Some(source) if *source == provenance::source_entry(&ours.source) => CopyCheck::Ours { deleted: *deleted },
            Some(source) => CopyCheck::OtherSource { source: source.clone() },
            None => CopyCheck::Foreign { whose: "it carries only some of our marks".to_owned() },
        };
    }
    if !marks.is_empty() {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        let (environment, installation) = (part(&marks.environment), part(&marks.installation));
        let whose = format!("it belongs to environment `{environment}` of installation `{installation}`");
        return CopyCheck::Foreign { whose };
    }
    match (*current_version, *deleted) {
        (1, false) => CopyCheck::UnmarkedFirst,
        (0, _) => CopyCheck::Foreign { whose: "somebody prepared its metadata".to_owned() },
        (_, true) => CopyCheck::Foreign { whose: "somebody made it and deleted its newest version".to_owned() },
        (version, false) => CopyCheck::Foreign { whose: format!("somebody made it and wrote version {version}") },
    }
}

/// What follows when the server refused to create a secret.
pub fn after_refusal(refused: Refused, verdict: CopyCheck) -> AfterRefusal {
    match (verdict, refused) {
        (CopyCheck::Absent, Refused::Conflict) => AfterRefusal::CreateAgain,
        (CopyCheck::Absent, Refused::Denied) => AfterRefusal::NotAllowed,
        (CopyCheck::Ours { .. }, _) => AfterRefusal::Adopt,
        (CopyCheck::UnmarkedFirst, _) => AfterRefusal::CompareThenAdopt,
        (CopyCheck::Foreign { whose }, _) => AfterRefusal::Keep { whose },
        (CopyCheck::OtherSource { source }, _) => AfterRefusal::OtherSource { source },
    }
}

/// Whether somebody changed or deleted our copy: its newest version is not the one we wrote, or has no value.
pub fn edited(facts: &KeyFacts, written: u64) -> bool {
    facts.current_version != written || facts.deleted
}

/// What a destroy does with a secret of the state. `nonce` is the one in the state.
pub fn removal(
    found: Option<&KeyFacts>,
    record: &KeyRecord,
    nonce: &Nonce,
    environment: &EnvironmentLabel,
    installation: &Installation,
) -> KeyRemoval {
    if record.result == KeyResult::KeptForeign {
        return KeyRemoval::Leave(LeaveReason::KeptForeign);
    }
    let Some(facts) = found else { return KeyRemoval::Gone };
    let marks = &facts.marks;
    if marks.belongs_to(environment, installation) {
        return match &marks.nonce {
            Some(theirs) if theirs == nonce => KeyRemoval::Delete,
            _ => KeyRemoval::Leave(LeaveReason::Successor),
        };
    }
    if !marks.is_empty() {
        return KeyRemoval::Leave(LeaveReason::OtherOwner);
    }
    // The run was stopped between the value and the marks. The time, to the nanosecond, says that it is the same.
    let same = record.created_time.is_some() && facts.created_time == record.created_time;
    if same && facts.current_version == record.version {
        KeyRemoval::Delete
    } else {
        KeyRemoval::Leave(LeaveReason::Unmarked)
    }
}

/// What an update of the overrides does with a copy. `nonce` is the one in the state.
pub fn update(
    found: Option<&KeyFacts>,
    record: &KeyRecord,
    nonce: &Nonce,
    environment: &EnvironmentLabel,
    installation: &Installation,
) -> KeyUpdate {
    if record.result == KeyResult::KeptForeign {
        return KeyUpdate::NotOurs;
    }
    let Some(facts) = found else { return KeyUpdate::Gone };
    let ours = facts.marks.belongs_to(environment, installation) && facts.marks.nonce.as_ref() == Some(nonce);
    if !ours {
        KeyUpdate::NotOurs
    } else if edited(facts, record.version) {
        KeyUpdate::Edited
    } else {
        KeyUpdate::Write { cas: record.version }
    }
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;
