//! Claims: annotation `/nonce` of a namespace names the Terraform object that manages it.
//!
//! # Guarantees
//! - A takeover of a namespace (adopt, continuing an interrupted create, the first update after an import or a move)
//!   writes a new claim, with the resource version of the last read as a precondition.
//! - The newest claim is valid. A state with an older claim changes and deletes nothing.

use eod_clients::kubernetes::{Kubernetes, ObjectRef};
use eod_clients::{Deadline, Error};
use eod_domain::{Environment, NamespaceFacts, Nonce};
use serde_json::Value;
use tfplugin::Diag;

use super::{live, refusal};
use crate::explain;

/// Number of attempts at a write that has a resource version as its precondition, or that other tools revert in the
/// meantime.
pub(super) const TRIES: usize = 5;

/// Reasons why a write to a claimed namespace was not made.
pub(super) enum ClaimError {
    /// The call failed.
    Remote(Error),
    /// The namespace is gone, being deleted, or another one of the same name.
    Gone,
    /// Another state has claimed the namespace.
    Superseded,
    /// Other clients change the namespace faster than it can be written.
    Unsteady,
}

impl ClaimError {
    /// The error for the user.
    pub(super) fn diag(&self, name: &str) -> Diag {
        match self {
            Self::Remote(error) => explain::remote(error),
            Self::Gone => refusal::gone_error(name),
            Self::Superseded => refusal::superseded_error(name),
            Self::Unsteady => refusal::unsteady_error(name),
        }
    }
}

impl From<Error> for ClaimError {
    fn from(error: Error) -> Self {
        Self::Remote(error)
    }
}

/// Reads a namespace again after a write was refused because of a change.
///
/// # Errors
/// The namespace is another one, is gone, or has another claim.
pub(super) async fn seen_again(
    kubernetes: &Kubernetes,
    environment: &Environment,
    seen: &Value,
    claim: &Nonce,
    call: &Deadline,
) -> Result<Value, ClaimError> {
    let reference = ObjectRef::namespace(environment.name.as_str());
    let Some(namespace) = kubernetes.get(&reference, call).await? else { return Err(ClaimError::Gone) };
    let facts = NamespaceFacts::read(&namespace);
    if live::uid(seen) != Some(facts.uid.as_str()) || facts.terminating {
        return Err(ClaimError::Gone);
    }
    // A person may have removed the annotation. Only another claim means another owner.
    if facts.ownership.nonce.is_some() && !facts.ownership.has_nonce(claim) {
        return Err(ClaimError::Superseded);
    }
    Ok(namespace)
}
