//! Notices about copies.

use std::fmt;

use eod_domain::vault::{LeaveReason, LeftOut, SecretRef};

/// An event for the user that is not an error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A secret of another owner was kept.
    KeptForeign {
        /// The secret.
        target: SecretRef,
        /// Owner of the secret, or the reason why the owner is unknown.
        why: String,
    },
    /// A secret of the source was not copied.
    Skipped {
        /// The secret, as the server names it.
        source: String,
        /// The reason.
        why: String,
    },
    /// Custom metadata of the source that exceeds the limit together with the provenance.
    MetadataLeftOut {
        /// The copy.
        target: SecretRef,
        /// The entries that are missing.
        entries: Vec<LeftOut>,
    },
    /// A secret was not deleted.
    Left {
        /// The secret.
        target: SecretRef,
        /// The reason.
        reason: LeaveReason,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeptForeign { target, why } => write!(
                f,
                "the secret `{target}` existed before and is not a copy of this installation ({why}); it was not \
                 changed and will not be deleted with the environment"
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
