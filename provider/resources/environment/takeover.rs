//! Creation of a namespace, or takeover of an existing one.

use eod_clients::kubernetes::ObjectRef;
use eod_clients::{Error, ErrorKind};
use eod_domain::ledger::MadeBy;
use eod_domain::{
    ClaimCheck, NamespaceFacts, NamespaceProvenance, Nonce, check_claim, labels, namespace_claim, namespace_object,
};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::ApplyFailure;

use super::apply::{MANAGER, NamespaceTarget};
use super::claim::TRIES;
use super::model::Private;
use super::{EnvironmentResource, live, refusal};
use crate::explain;

/// A create that needs its namespace.
pub(super) struct Claimant<'a> {
    pub(super) target: &'a NamespaceTarget<'a>,
    pub(super) adopt: bool,
    /// True if the ledger has an earlier run of this create without its end, so that a finished namespace is continued,
    /// too.
    pub(super) is_continued: bool,
    pub(super) nonce: &'a Nonce,
    pub(super) now: Timestamp,
}

/// A namespace with our claim.
pub(super) struct Claimed {
    pub(super) namespace: Value,
    pub(super) origin: NamespaceOrigin,
}

/// Origin of a claimed namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamespaceOrigin {
    /// Created by this create.
    New,
    /// Created by a create that was interrupted.
    Interrupted,
    /// In use before: people may have data in it, so a failure of this create must not destroy it.
    InUse,
}

impl Claimant<'_> {
    /// Creates the namespace, or takes over the existing one.
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
            // The namespace may be stored although the answer was an error. Only a read of the namespace shows it.
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
                (check, Some(namespace))
                    if check == ClaimCheck::Interrupted || (check == ClaimCheck::Finished && self.is_continued) =>
                {
                    // Every create writes a nonce. A namespace without one was created by another tool, such as the
                    // Argo CD plugin. A finished one may have data, although the ledger has no end of its create.
                    let has_nonce = live::annotation(&namespace, labels::NONCE).is_some();
                    let is_unfinished = has_nonce && check == ClaimCheck::Interrupted;
                    let origin = if is_unfinished { NamespaceOrigin::Interrupted } else { NamespaceOrigin::InUse };
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
                    return Err(ApplyFailure::nothing(refusal::unavailable_error(environment, &verdict, &namespace)));
                }
            }
        }
        let lost = lost.map(|error| explain::remote(&error));
        Err(ApplyFailure::nothing(lost.unwrap_or_else(|| refusal::unsteady_error(environment.name.as_str()))))
    }

    /// Writes our claim and all of EoD's fields to an existing namespace. `None` if the namespace was changed since the
    /// read: then nothing was written.
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
        NamespaceProvenance { created_at, nonce: Some(self.nonce.clone()), made_by: Some(MadeBy::Terraform) }
    }

    /// A write that may have been stored. The nonce then identifies the namespace.
    fn uncertain(&self, error: &Error, takeover: Option<NamespaceOrigin>) -> ApplyFailure<EnvironmentResource> {
        let diag = explain::remote(error);
        if takeover == Some(NamespaceOrigin::InUse) || !error.outcome_unknown() {
            return ApplyFailure::nothing(diag);
        }
        ApplyFailure::traced(diag, Private::with_nonce(self.nonce))
    }
}
