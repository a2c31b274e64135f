//! Claims: annotation `/nonce` of a namespace names the Terraform object that manages it.
//!
//! # Guarantees
//! - Taking a namespace over (adopt, continuing an interrupted create, the first update after an import or a move)
//!   writes a new claim, on condition that nobody has changed the namespace since it was read.
//! - The newest claim wins. A state with an older claim changes and deletes nothing.

use eod_clients::kubernetes::{Kubernetes, ObjectRef};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::{
    ClaimCheck, Environment, NamespaceFacts, NamespaceProvenance, Nonce, check_claim, labels, namespace_claim,
    namespace_object,
};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::{ApplyFailure, Diag};

use super::apply::{MANAGER, NamespaceTarget};
use super::model::Private;
use super::{EnvironmentResource, live, refusal};
use crate::explain;

/// Number of attempts at a write that depends on a resource version, or that other tools undo in the meantime.
pub(super) const TRIES: usize = 5;

/// A create that needs its namespace.
pub(super) struct Claimant<'a> {
    pub(super) target: &'a NamespaceTarget<'a>,
    pub(super) adopt: bool,
    pub(super) nonce: &'a Nonce,
    pub(super) now: Timestamp,
}

/// A namespace with our claim.
pub(super) struct Claimed {
    pub(super) namespace: Value,
    pub(super) origin: NamespaceOrigin,
}

/// NamespaceOrigin of a claimed namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamespaceOrigin {
    /// Made by this create.
    New,
    /// Made by a create that was interrupted.
    Interrupted,
    /// In use before: people may have data in it, so a failure of this create must not lead to its destruction.
    InUse,
}

/// Reasons why a write to a claimed namespace was not made.
pub(super) enum ClaimError {
    /// The call failed.
    Remote(Error),
    /// The namespace is gone, being deleted, or another one of the same name.
    Gone,
    /// Another state has claimed the namespace.
    Superseded,
    /// Others change the namespace faster than it can be written.
    Unsteady,
}

impl Claimant<'_> {
    /// Creates the namespace, or takes over the one that exists.
    ///
    /// # Errors
    /// The call failed, or the namespace is not available to this configuration.
    pub(super) async fn take(&self) -> Result<Claimed, ApplyFailure<EnvironmentResource>> {
        let NamespaceTarget { kubernetes, environment, call, .. } = *self.target;
        let reference = ObjectRef::namespace(environment.name.as_str());
        let body = namespace_claim(environment, &self.provenance(Some(self.now))).content;
        let (mut lost, mut takeover) = (None, None);
        for _ in 0..TRIES {
            let error = match kubernetes.create(&reference, &body, MANAGER, call).await {
                Ok(namespace) => return Ok(Claimed { namespace, origin: NamespaceOrigin::New }),
                Err(error) => error,
            };
            if error.kind != ErrorKind::AlreadyExists && !error.outcome_unknown() {
                return Err(ApplyFailure::nothing(explain::remote(&error)));
            }
            // It may be stored although the answer was an error; only the object itself can tell.
            let found = match kubernetes.get(&reference, call).await {
                Ok(found) => found,
                Err(_) if error.outcome_unknown() => return Err(self.uncertain(&error, takeover)),
                Err(error) => return Err(ApplyFailure::nothing(explain::remote(&error))),
            };
            let facts = found.as_ref().map(NamespaceFacts::read);
            if let (Some(namespace), Some(facts)) = (&found, &facts)
                && facts.ownership.has_nonce(self.nonce)
                && !facts.terminating
            {
                let namespace = namespace.clone();
                return Ok(Claimed { namespace, origin: takeover.unwrap_or(NamespaceOrigin::New) });
            }
            match (check_claim(facts.as_ref(), &environment.claim()), found) {
                (ClaimCheck::Absent, _) | (_, None) => lost = Some(error),
                (ClaimCheck::Interrupted, Some(namespace)) => {
                    // Every create writes a nonce. A namespace without one was made by others, such as the Argo CD plugin.
                    let has_nonce = live::annotation(&namespace, labels::NONCE).is_some();
                    let origin = if has_nonce { NamespaceOrigin::Interrupted } else { NamespaceOrigin::InUse };
                    takeover = Some(origin);
                    if let Some(namespace) = self.take_over(&namespace, origin).await? {
                        return Ok(Claimed { namespace, origin });
                    }
                }
                (ClaimCheck::Finished, Some(namespace)) if self.adopt => {
                    takeover = Some(NamespaceOrigin::InUse);
                    if let Some(namespace) = self.take_over(&namespace, NamespaceOrigin::InUse).await? {
                        return Ok(Claimed { namespace, origin: NamespaceOrigin::InUse });
                    }
                }
                (ClaimCheck::Terminating, Some(namespace)) => {
                    takeover = None;
                    let gone = kubernetes.wait_gone(&reference, live::uid(&namespace), call).await;
                    gone.map_err(|error| ApplyFailure::nothing(explain::remote(&error)))?;
                }
                (verdict, Some(namespace)) => {
                    return Err(ApplyFailure::nothing(refusal::unavailable(environment, &verdict, &namespace)));
                }
            }
        }
        let lost = lost.map(|error| explain::remote(&error));
        Err(ApplyFailure::nothing(lost.unwrap_or_else(|| refusal::unsteady(environment.name.as_str()))))
    }

    /// Writes our claim on a namespace that exists, with everything else that belongs on it. `None` if somebody has
    /// changed the namespace since it was read: then nothing was written.
    async fn take_over(
        &self,
        namespace: &Value,
        origin: NamespaceOrigin,
    ) -> Result<Option<Value>, ApplyFailure<EnvironmentResource>> {
        let (Some(uid), Some(version)) = (live::uid(namespace), live::version(namespace)) else { return Ok(None) };
        let provenance = self.provenance(live::created_at(namespace).or(Some(self.now)));
        let wanted = namespace_object(self.target.environment, &provenance);
        self.target.namespace_as_seen(&wanted, uid, version).await.map_err(|error| self.uncertain(&error, Some(origin)))
    }

    fn provenance(&self, created_at: Option<Timestamp>) -> NamespaceProvenance {
        NamespaceProvenance { created_at, nonce: Some(self.nonce.clone()) }
    }

    /// A write that may have been stored. The nonce finds the namespace again if it was.
    fn uncertain(&self, error: &Error, takeover: Option<NamespaceOrigin>) -> ApplyFailure<EnvironmentResource> {
        let diag = explain::remote(error);
        if takeover == Some(NamespaceOrigin::InUse) || !error.outcome_unknown() {
            return ApplyFailure::nothing(diag);
        }
        ApplyFailure::traced(diag, Private::with_nonce(self.nonce))
    }
}

impl ClaimError {
    /// The error for the user.
    pub(super) fn diag(&self, name: &str) -> Diag {
        match self {
            Self::Remote(error) => explain::remote(error),
            Self::Gone => refusal::gone(name),
            Self::Superseded => refusal::superseded(name),
            Self::Unsteady => refusal::unsteady(name),
        }
    }
}

impl From<Error> for ClaimError {
    fn from(error: Error) -> Self {
        Self::Remote(error)
    }
}

/// Reads a namespace again after a write that found it changed.
///
/// # Errors
/// It is no longer the one that was seen, or no longer has this claim.
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
    // A person may have removed the annotation. Only another claim takes a namespace away.
    if facts.ownership.nonce.is_some() && !facts.ownership.has_nonce(claim) {
        return Err(ClaimError::Superseded);
    }
    Ok(namespace)
}
