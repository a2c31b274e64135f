//! Copies of secrets: made once, never overwritten, found again, and given back whole.
//!
//! What is decided is decided in `eod_domain::vault`; this carries it out. A copy is made by one write that the server
//! refuses if anything is there (`cas=0`). Its provenance is written second: the other order could mark somebody
//! else's secret as ours. Whatever a run leaves behind, the next one adopts or finds to be its own.

mod copy;
mod existing;
mod overrides;
mod owned;
mod subtree;

use std::{collections::BTreeMap, fmt};

use eod_domain::{
    Installation, Nonce,
    vault::{EnvironmentLabel, KeyRecord, LeaveReason, LeftOut, SecretPath, SecretRef},
};

pub use self::{
    copy::clone,
    overrides::{Updated, update_overrides},
    owned::{Destroyed, Inspected, KeyState, Removed, destroy, inspect, refresh},
};
use super::secret::SecretMap;
use crate::Error;

/// Secrets worked on at once; below the client's own limit, so that other resources get their turn.
const AT_ONCE: usize = 4;

/// For whom copies are made, and by which run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyOwner {
    /// The environment.
    pub environment: EnvironmentLabel,
    /// The installation.
    pub installation: Installation,
    /// The nonce: a new one to make copies, the one in the state for everything after.
    pub nonce: Nonce,
}

/// How copies are made.
#[derive(Clone, Debug, Default)]
pub struct CloneOptions {
    /// Entries left out of every copy.
    pub exclude_keys: Vec<String>,
    /// Entries put over those of the source; only for a single secret.
    pub overrides: SecretMap,
    /// Copy the source and all below it.
    pub recursive: bool,
    /// What to do where somebody else's secret is.
    pub on_existing: OnForeignSecret,
}

/// What to do where somebody else's secret is. It is never overwritten.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OnForeignSecret {
    /// Leave it and go on.
    #[default]
    Keep,
    /// Fail.
    Fail,
}

/// What a clone came to. Where it failed, what it did is here all the same and belongs into the state.
#[derive(Debug, Default)]
pub struct Cloned {
    /// The copies by target path.
    pub keys: BTreeMap<SecretPath, KeyRecord>,
    /// What the user should know.
    pub notices: Vec<Notice>,
    /// Why it is not whole.
    pub error: Option<Error>,
}

/// Something the user should know that is no error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// Somebody else's secret was left alone.
    KeptForeign {
        /// Where.
        target: SecretRef,
        /// Whose, or why it could not be told.
        why: String,
    },
    /// A secret of the source was left out.
    Skipped {
        /// Which, as the server names it.
        source: String,
        /// Why.
        why: String,
    },
    /// Not all that people had written on the source fits beside our provenance.
    MetadataLeftOut {
        /// The copy.
        target: SecretRef,
        /// What is missing.
        entries: Vec<LeftOut>,
    },
    /// A secret was not deleted.
    Left {
        /// Which.
        target: SecretRef,
        /// Why.
        reason: LeaveReason,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeptForeign { target, why } => write!(
                f,
                "the secret `{target}` was there before and is not a copy of ours ({why}); it was left as it is and will \
                 not be deleted with the environment"
            ),
            Self::Skipped { source, why } => write!(f, "the secret `{source}` was not copied: {why}"),
            Self::MetadataLeftOut { target, entries } => {
                let entries: Vec<_> =
                    entries.iter().map(|entry| format!("{:?} ({})", entry.key, entry.reason)).collect();
                write!(f, "the copy `{target}` lacks custom metadata of its source: {}", entries.join(", "))
            }
            Self::Left { target, reason } => write!(f, "the secret `{target}` was not deleted: {reason}"),
        }
    }
}
