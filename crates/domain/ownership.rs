//! Check that a namespace is the one that was created or taken over earlier.
//!
//! [`check_claim`](crate::check_claim) is for a first claim. After a create more facts are known: the uid of the
//! namespace, or the nonce of the create call. The uid decides: labels can be copied and removed, a uid cannot.

use crate::claim::{NamespaceFacts, OwnershipMetadata};
use crate::installation::{Installation, Nonce};
use crate::labels;
use crate::name::Identity;

/// Recorded facts about a namespace that was created or taken over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remembered {
    /// Server's id of the object; none if a create was interrupted before its response.
    pub uid: Option<String>,
    /// Nonces of the claims that this state holds. Empty if they were lost, and for a namespace of another creator.
    pub claims: Vec<Nonce>,
    /// Identity of the environment.
    pub identity: Identity,
}

/// Result of the ownership check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ownership {
    /// The recorded namespace, with our ownership labels.
    Ours,
    /// The recorded namespace, without our ownership labels: they were never set, or were removed.
    Unmarked,
    /// The recorded namespace, with the label of another installation.
    OtherInstallation {
        /// Id of that installation.
        theirs: String,
    },
    /// The recorded namespace, claimed since by another state: its nonce is not one of the recorded claims.
    Superseded,
    /// Another namespace of the same name. The recorded one is gone.
    Another,
}

/// Checks a namespace against the recorded facts. A deletionTimestamp has no effect on the result.
///
/// `installation` is ours. If it is not known yet, no installation counts as another one.
pub fn ownership(found: &NamespaceFacts, remembered: &Remembered, installation: Option<&Installation>) -> Ownership {
    let NamespaceFacts { uid, terminating: _, ownership } = found;
    let has_claim = remembered.claims.iter().any(|claim| ownership.has_nonce(claim));
    let is_remembered = match &remembered.uid {
        Some(remembered) => remembered == uid && !uid.is_empty(),
        // A create that panicked leaves only a namespace that is not finished.
        None if remembered.claims.is_empty() => is_managed(ownership) && ownership.provisioned_at.is_none(),
        None => has_claim,
    };
    if !is_remembered {
        return Ownership::Another;
    }
    if let (Some(theirs), Some(ours)) = (&ownership.installation, installation)
        && theirs != ours.as_str()
    {
        return Ownership::OtherInstallation { theirs: theirs.clone() };
    }
    if ownership.nonce.is_some() && !remembered.claims.is_empty() && !has_claim {
        return Ownership::Superseded;
    }
    let by_identity = is_managed(ownership)
        && ownership.installation.is_some()
        && ownership.identity.as_ref() == Some(&remembered.identity.canonical());
    if has_claim || by_identity { Ownership::Ours } else { Ownership::Unmarked }
}

fn is_managed(ownership: &OwnershipMetadata) -> bool {
    ownership.managed_by.as_deref() == Some(labels::MANAGED_BY_VALUE)
}

#[cfg(test)]
mod tests;
