//! Head of a ledger: the current state of an environment, stored as JSON in the annotation `/head`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::phase::{EndReason, LedgerPhase, MadeBy};
use super::steps::{EndStep, StepOutcome};
use crate::name::{Identity, IdentityError};
use crate::owner::Owner;
use crate::pull_request::HeadSha;
use crate::tier::Tier;

/// Version of the format of the head.
const VERSION: u32 = 1;
/// Length of a chain hash in hex digits.
pub(super) const HASH_LENGTH: usize = 32;
/// Maximum size of a head in bytes. All annotations of an object have 256 KiB in total.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Head of a ledger.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LedgerHead {
    /// Version of the format.
    pub v: u32,
    /// Number of the environment's current life, from 1. The 0 of a queued environment means that it never lived.
    pub generation: u64,
    /// Phase of the current life.
    pub phase: LedgerPhase,
    /// Identity of the environment in canonical form.
    pub identity: String,
    /// Uid of the namespace; none before the namespace is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Newest known commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_sha: Option<HeadSha>,
    /// Tier.
    pub tier: Tier,
    /// Owner as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Tool that created the environment.
    pub made_by: MadeBy,
    /// Start of the phase.
    pub since: Timestamp,
    /// Reason of the end, in the phases `ending` and `ended`. In the phase `queued` the reason of the end before, if there was
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// Outcome of each step of the end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<EndStep, StepOutcome>,
    /// Id of the run that holds a running create or end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Last heartbeat of the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat: Option<Timestamp>,
    /// True if a person or the forge lifted the tombstone, so that the environment may return.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lifted: bool,
    /// True if a person keeps the copies in Vault after the end of this life, independent of its reason. A cancelled end does not
    /// change that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keeps_vault: bool,
    /// First refusal for lack of a free place, in the phase `queued`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Timestamp>,
    /// Trigger label of the pull request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub label: TriggerLabelRecord,
    /// Status comment on the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentRecord>,
    /// Last event sent to each sink, by the name of the sink.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<String, u64>,
    /// Number of the last sealed event; 0 without events.
    #[serde(default)]
    pub seq: u64,
    /// Hash of the last sealed event; empty without events.
    #[serde(default)]
    pub hash: String,
}

/// Trigger label of a pull request, as recorded.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct TriggerLabelRecord {
    /// True if the label was seen on the pull request in this life.
    pub seen: bool,
    /// True if EoD removed the label.
    pub removed_by_us: bool,
}

/// Status comment on a pull request, as recorded.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommentRecord {
    /// Id of the comment at the forge.
    pub id: u64,
    /// Login of its author.
    pub login: String,
    /// Digest of its text, to skip equal updates.
    pub digest: String,
}

/// Reasons to refuse the text of a head.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// Not JSON, or a value is invalid.
    #[error("ledger head cannot be parsed")]
    Format(#[from] serde_json::Error),
    /// Written by a newer version of EoD.
    #[error("ledger head has version {0}, and this version of EoD supports {VERSION}; upgrade EoD")]
    Version(u32),
    /// The identity cannot be parsed.
    #[error("ledger head has an invalid identity")]
    Identity(#[from] IdentityError),
    /// The end of the chain is damaged.
    #[error(
        "ledger head has event number {seq} with hash `{hash}`: expected {HASH_LENGTH} hex digits, and no hash without events"
    )]
    ChainEnd {
        /// Number of the last sealed event.
        seq: u64,
        /// Hash of the last sealed event.
        hash: String,
    },
    /// Too large.
    #[error("ledger head must have at most {HEAD_BYTES_MAX} bytes, got {0}")]
    TooLarge(usize),
}

impl LedgerHead {
    /// Creates the first head of an identity.
    pub(super) fn new(identity: &str, tier: Tier, made_by: MadeBy, phase: LedgerPhase, now: Timestamp) -> Self {
        Self {
            v: VERSION,
            generation: 0,
            phase,
            identity: identity.to_owned(),
            uid: None,
            head_sha: None,
            tier,
            owner: None,
            made_by,
            since: now,
            reason: None,
            steps: BTreeMap::new(),
            holder: None,
            beat: None,
            lifted: false,
            keeps_vault: false,
            queued_at: None,
            label: TriggerLabelRecord::default(),
            comment: None,
            sent: BTreeMap::new(),
            seq: 0,
            hash: String::new(),
        }
    }

    /// Parses the annotation `/head`.
    ///
    /// # Errors
    ///
    /// The text is too large, not a head, of a newer version, or has an invalid identity or end of its chain. Approval, hold
    /// and generation of such a head are not known.
    pub fn from_json(text: &str) -> Result<Self, HeadError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        if text.len() > HEAD_BYTES_MAX {
            return Err(HeadError::TooLarge(text.len()));
        }
        // The version comes first: a newer head may differ in everything else.
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(HeadError::Version(v));
        }
        let head: Self = serde_json::from_str(text)?;
        head.identity.parse::<Identity>()?;
        let is_hash = head.hash.len() == HASH_LENGTH && head.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_valid_end = if head.seq == 0 { head.hash.is_empty() } else { is_hash };
        if is_valid_end { Ok(head) } else { Err(HeadError::ChainEnd { seq: head.seq, hash: head.hash }) }
    }

    /// Text of the annotation `/head`.
    ///
    /// # Errors
    ///
    /// The head is too large.
    pub fn to_json(&self) -> Result<String, HeadError> {
        let text = serde_json::to_string(self)?;
        if text.len() > HEAD_BYTES_MAX { Err(HeadError::TooLarge(text.len())) } else { Ok(text) }
    }

    /// True if a life is running: from the start of a create to the end of an end.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, LedgerPhase::Creating | LedgerPhase::Live | LedgerPhase::Ending)
    }

    /// True if an end of this life is finished: the head is a tombstone.
    pub fn is_ended(&self) -> bool {
        self.phase == LedgerPhase::Ended
    }

    /// True if an end of this life is recorded, running or finished, so that the environment is absent.
    pub fn is_absent(&self) -> bool {
        matches!(self.phase, LedgerPhase::Ending | LedgerPhase::Ended)
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
