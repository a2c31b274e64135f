//! Whether the namespace that was found is the one that is remembered.
//!
//! [`check_claim`](crate::check_claim) answers who comes for the first time. Who has made a namespace knows more of it: its uid, or
//! the nonce of the call that made it. The uid decides: marks can be copied and taken off, a uid cannot.

use crate::labels;
use crate::marks::{Installation, Marks, NamespaceFacts, Nonce};
use crate::name::Identity;

/// What is remembered of a namespace that was made or taken over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remembered {
    /// The server's id of the object; none where a create broke off before it was told.
    pub uid: Option<String>,
    /// Nonces of the claims that this state holds. Empty if they were lost, and for a namespace that others have made.
    pub claims: Vec<Nonce>,
    /// Who the environment is for.
    pub identity: Identity,
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ownership {
    /// It is the one, and its marks say so.
    Ours,
    /// It is the one, and it does not carry our marks: it never did, or others have taken them off.
    Unmarked,
    /// It is the one, and it says that it belongs to another installation.
    OtherInstallation {
        /// Which one.
        theirs: String,
    },
    /// The remembered namespace, claimed since by another state: its nonce is not among the remembered ones.
    Superseded,
    /// It is another one of the same name. The one that is remembered is gone.
    Another,
}

/// Whether a namespace is the one that is remembered, and still ours. Whether it is being deleted plays no part.
///
/// `installation` is ours; none where it is not known yet, and then no installation is another one.
pub fn ownership(found: &NamespaceFacts, remembered: &Remembered, installation: Option<&Installation>) -> Ownership {
    let NamespaceFacts { uid, terminating: _, marks } = found;
    let has_claim = remembered.claims.iter().any(|claim| marks.has_nonce(claim));
    let is_it = match &remembered.uid {
        Some(remembered) => remembered == uid && !uid.is_empty(),
        // A create that panicked leaves no trace but a namespace that is not finished.
        None if remembered.claims.is_empty() => is_managed(marks) && marks.provisioned_at.is_none(),
        None => has_claim,
    };
    if !is_it {
        return Ownership::Another;
    }
    if let (Some(theirs), Some(ours)) = (&marks.installation, installation)
        && theirs != ours.as_str()
    {
        return Ownership::OtherInstallation { theirs: theirs.clone() };
    }
    if marks.nonce.is_some() && !remembered.claims.is_empty() && !has_claim {
        return Ownership::Superseded;
    }
    let by_identity = is_managed(marks)
        && marks.installation.is_some()
        && marks.identity.as_ref() == Some(&remembered.identity.canonical());
    if has_claim || by_identity { Ownership::Ours } else { Ownership::Unmarked }
}

fn is_managed(marks: &Marks) -> bool {
    marks.managed_by.as_deref() == Some(labels::MANAGED_BY_VALUE)
}

#[cfg(test)]
mod tests;
