//! Ownership of an existing secret, and the allowed changes.
//!
//! The facts are from its metadata only. A secret with an unclear owner is foreign: it is not overwritten, adopted or
//! deleted.

use std::collections::BTreeMap;

use crate::installation::{Installation, Nonce};
use crate::vault::key::{KeyRecord, KeyResult};
use crate::vault::provenance::{self, CopyProvenance, EnvironmentLabel};

/// Ownership entries in the `custom_metadata` of a secret.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CopyOwnership {
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

/// Facts about an existing secret that decide about its ownership.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyFacts {
    /// Newest version; 0 if there is only metadata.
    pub current_version: u64,
    /// True if that version was deleted or destroyed.
    pub deleted: bool,
    /// Storage time of that version, as written by the server.
    pub created_time: Option<String>,
    /// Ownership entries.
    pub ownership: CopyOwnership,
}

/// Result of the ownership check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CopyCheck {
    /// There is neither a secret nor metadata at this path.
    Absent,
    /// Copy of the same source, created by this installation for this environment.
    Ours {
        /// True if its newest version was deleted.
        deleted: bool,
    },
    /// Copy of another source, created by this installation for this environment.
    OtherSource {
        /// Reference of that source.
        source: String,
    },
    /// Version 1 without ownership entries: possibly of a run that was interrupted before it wrote them.
    UnmarkedFirst,
    /// Secret of another owner.
    Foreign {
        /// Description of the owner: a sentence without a final dot.
        owner: String,
    },
}

/// Reason of the server to refuse the creation of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The version does not match: there is a secret.
    Conflict,
    /// The token is not allowed to write: there is a secret and the token may only create, or it has no right here.
    Denied,
}

/// Next step after the server refused the creation of a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AfterRefusal {
    /// There is no secret any more: try again once.
    CreateAgain,
    /// There is no secret and the token may not write: report missing rights.
    NotAllowed,
    /// Write the ownership entries. The value is not changed.
    Adopt,
    /// Compare the values in memory. Adopt the secret if they are equal, else keep it.
    CompareThenAdopt,
    /// Keep the foreign secret and report its owner.
    Keep {
        /// Description of the owner: a sentence without a final dot.
        owner: String,
    },
    /// Report an error: the secret belongs to this environment and is a copy of another source.
    OtherSource {
        /// Reference of that source.
        source: String,
    },
}

/// Effect of a destroy on one secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyRemoval {
    /// The secret does not exist any more.
    Gone,
    /// Delete all versions and the metadata.
    Delete,
    /// Keep the secret.
    Leave(LeaveReason),
}

/// Reasons of a destroy to keep a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LeaveReason {
    /// The secret was always foreign.
    #[error("it existed before and was not created by EoD")]
    KeptForeign,
    /// A later run adopted the secret.
    #[error("a later run of this environment adopted it")]
    Successor,
    /// The secret has another owner now.
    #[error("it now has the ownership metadata of another environment or installation")]
    OtherOwner,
    /// The secret has no ownership entries.
    #[error("it has no ownership metadata, so its owner is unknown; delete it by hand if it is a copy")]
    Unmarked,
}

/// Effect of an update of the overrides on a copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyUpdate {
    /// Write with the precondition that this is still the newest version.
    Write {
        /// Version that EoD wrote last.
        cas: u64,
    },
    /// The copy was changed or deleted by others: keep it.
    Edited,
    /// The copy does not exist any more.
    Gone,
    /// The secret does not belong to this state.
    NotOurs,
}

impl CopyOwnership {
    /// Reads the ownership entries of a secret's `custom_metadata`.
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

    /// True if there is no ownership entry.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True if this installation created the secret for this environment.
    pub fn belongs_to(&self, environment: &EnvironmentLabel, installation: &Installation) -> bool {
        self.environment.as_deref() == Some(environment.as_str())
            && self.installation.as_deref() == Some(installation.as_str())
    }
}

/// Checks the secret, or its absence, at the target of a copy.
pub fn check_copy(found: Option<&KeyFacts>, ours: &CopyProvenance) -> CopyCheck {
    let Some(KeyFacts { current_version, deleted, ownership, .. }) = found else { return CopyCheck::Absent };
    if ownership.belongs_to(&ours.environment, &ours.installation) {
        return match &ownership.source {
            Some(source) if *source == provenance::source_entry(&ours.source) => CopyCheck::Ours { deleted: *deleted },
            Some(source) => CopyCheck::OtherSource { source: source.clone() },
            None => CopyCheck::Foreign { owner: "it has only a part of the ownership metadata".to_owned() },
        };
    }
    if !ownership.is_empty() {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        let (environment, installation) = (part(&ownership.environment), part(&ownership.installation));
        let owner = format!("it belongs to environment `{environment}` of installation `{installation}`");
        return CopyCheck::Foreign { owner };
    }
    match (*current_version, *deleted) {
        (1, false) => CopyCheck::UnmarkedFirst,
        (0, _) => CopyCheck::Foreign { owner: "it has only metadata, created by others".to_owned() },
        (_, true) => CopyCheck::Foreign { owner: "others created it and deleted its newest version".to_owned() },
        (version, false) => CopyCheck::Foreign { owner: format!("others created it and wrote version {version}") },
    }
}

/// Decides the next step after the server refused the creation of a secret.
pub fn after_refusal(refused: Refused, check: CopyCheck) -> AfterRefusal {
    match (check, refused) {
        (CopyCheck::Absent, Refused::Conflict) => AfterRefusal::CreateAgain,
        (CopyCheck::Absent, Refused::Denied) => AfterRefusal::NotAllowed,
        (CopyCheck::Ours { .. }, _) => AfterRefusal::Adopt,
        (CopyCheck::UnmarkedFirst, _) => AfterRefusal::CompareThenAdopt,
        (CopyCheck::Foreign { owner }, _) => AfterRefusal::Keep { owner },
        (CopyCheck::OtherSource { source }, _) => AfterRefusal::OtherSource { source },
    }
}

/// True if others changed or deleted our copy: its newest version is not the one that EoD wrote, or has no value.
pub fn edited(facts: &KeyFacts, written: u64) -> bool {
    facts.current_version != written || facts.deleted
}

/// Decides the effect of a destroy on a secret of the state. `nonce` is the one in the state.
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
    let ownership = &facts.ownership;
    if ownership.belongs_to(environment, installation) {
        return match &ownership.nonce {
            Some(theirs) if theirs == nonce => KeyRemoval::Delete,
            _ => KeyRemoval::Leave(LeaveReason::Successor),
        };
    }
    if !ownership.is_empty() {
        return KeyRemoval::Leave(LeaveReason::OtherOwner);
    }
    // The run was interrupted between the value and the ownership entries. The time, to the nanosecond, identifies the copy.
    let same = record.created_time.is_some() && facts.created_time == record.created_time;
    if same && facts.current_version == record.version {
        KeyRemoval::Delete
    } else {
        KeyRemoval::Leave(LeaveReason::Unmarked)
    }
}

/// Effect of an update of the overrides on a copy. `nonce` is the one in the state.
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
    let ours = facts.ownership.belongs_to(environment, installation) && facts.ownership.nonce.as_ref() == Some(nonce);
    if !ours {
        KeyUpdate::NotOurs
    } else if edited(facts, record.version) {
        KeyUpdate::Edited
    } else {
        KeyUpdate::Write { cas: record.version }
    }
}

#[cfg(test)]
mod tests;
