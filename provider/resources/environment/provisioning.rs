//! Provisioning of a claimed namespace: its labels, the objects inside, and the clock with the mark of a finished create.

use std::collections::BTreeMap;

use eod_domain::ledger::MadeBy;
use eod_domain::{Clock, NamespaceProvenance, Nonce, contents, namespace_object};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::{ApplyFailure, Diags};

use super::EnvironmentResource;
use super::apply::NamespaceTarget;
use super::claim::ClaimError;
use super::clock::ClockWrite;
use super::ledger::CreateRecord;
use super::limit::{EnvironmentLimit, LimitCheckError};
use super::live;
use super::model::Private;
use super::takeover::{Claimed, NamespaceOrigin};
use crate::provider::Context;

/// A create with a claimed namespace. The nonce identifies the namespace after a failure.
pub(super) struct Provisioning<'a> {
    pub(super) cx: &'a Context,
    pub(super) target: &'a NamespaceTarget<'a>,
    /// The limit `max_environments`, if it applies to this namespace.
    pub(super) limit: Option<&'a EnvironmentLimit<'a>>,
    pub(super) record: &'a CreateRecord,
    pub(super) nonce: &'a Nonce,
    pub(super) claimed: &'a Claimed,
    /// Time of the claim on this machine.
    pub(super) claimed_at: Timestamp,
}

/// Result of a finished provisioning.
pub(super) struct Provisioned {
    pub(super) namespace: Value,
    /// Fingerprints of the objects in the namespace.
    pub(super) private: Private,
    /// Time of the API server at the last write.
    pub(super) at: Timestamp,
}

type CreateFailure = ApplyFailure<EnvironmentResource>;

impl Provisioning<'_> {
    /// Completes the environment. `now` is the time of the claim on the API server.
    ///
    /// # Errors
    /// A call failed, the limit is exceeded, or another state has claimed the namespace.
    pub(super) async fn finish(&self, now: Timestamp) -> Result<Provisioned, CreateFailure> {
        let (nonce, record) = (self.nonce, self.record);
        let over_limit = |error| self.limit_failure(error);
        if let Some(limit) = self.limit {
            limit.check_claimed(&self.claimed.namespace, nonce, record).await.map_err(over_limit)?;
        }
        let namespace = self.labelled_namespace(now).await?;
        let before = Private { live: self.existing_fingerprints().await?, ..Private::default() };
        let wanted = contents(self.target.environment);
        let private = self.target.contents(&wanted, &before).await.map_err(|diags| self.failure(diags))?;
        if let Some(limit) = self.limit {
            limit.check_settled(&namespace, nonce, record, self.claimed_at).await.map_err(over_limit)?;
        }
        let at = self.cx.server_now();
        let namespace = self.start_clock(&namespace, at).await?;
        if let Some(limit) = self.limit {
            limit.check_finished(&namespace, nonce, record).await.map_err(over_limit)?;
        }
        Ok(Provisioned { namespace, private, at })
    }

    /// Applies the labels and annotations of a new namespace. The takeover of an existing one has applied them.
    async fn labelled_namespace(&self, now: Timestamp) -> Result<Value, CreateFailure> {
        let seen = &self.claimed.namespace;
        if self.claimed.origin != NamespaceOrigin::New {
            return Ok(seen.clone());
        }
        let provenance = NamespaceProvenance {
            created_at: live::created_at(seen).or(Some(now)),
            nonce: Some(self.nonce.clone()),
            made_by: Some(MadeBy::Terraform),
        };
        let wanted = namespace_object(self.target.environment, &provenance);
        let applied = self.target.claimed_namespace(&wanted, seen, self.nonce).await;
        applied.map_err(|error| self.claim_failure(&error))
    }

    /// Fingerprints of the objects that an earlier run has created; none for a new namespace.
    async fn existing_fingerprints(&self) -> Result<BTreeMap<String, String>, CreateFailure> {
        match self.claimed.origin {
            NamespaceOrigin::New => Ok(BTreeMap::new()),
            NamespaceOrigin::Interrupted | NamespaceOrigin::InUse => {
                self.target.fingerprints_of_existing(self.cx).await.map_err(|diags| self.failure(diags))
            }
        }
    }

    /// Starts the clock and marks the create as finished. A later clock on the namespace is kept.
    async fn start_clock(&self, namespace: &Value, now: Timestamp) -> Result<Value, CreateFailure> {
        let NamespaceTarget { kubernetes, environment, call, .. } = *self.target;
        let start = Clock::start(now, environment.ttl);
        let provisioned_at = Some(now);
        let write = ClockWrite { cx: self.cx, kubernetes, environment, claim: self.nonce, provisioned_at, now, call };
        let written = write.write(namespace, |found| {
            let clock = found.map_or(start, |found| start.later(found.clock));
            Clock { expires_at: clock.expires_at.filter(|_| environment.ttl.is_some()), ..clock }
        });
        written.await.map_err(|error| self.claim_failure(&error))
    }

    /// A namespace that was in use before is not recorded in the state: the next apply would destroy a tainted one, and a
    /// repeated create takes it over again without a record.
    fn failure(&self, diags: Diags) -> CreateFailure {
        match self.claimed.origin {
            NamespaceOrigin::New | NamespaceOrigin::Interrupted => {
                ApplyFailure::traced(diags, Private::with_nonce(self.nonce))
            }
            NamespaceOrigin::InUse => ApplyFailure::nothing(diags),
        }
    }

    fn claim_failure(&self, error: &ClaimError) -> CreateFailure {
        let diag = error.diag(self.target.environment.name.as_str());
        match error {
            ClaimError::Remote(_) | ClaimError::Gone | ClaimError::Unsteady => self.failure(diag.into()),
            ClaimError::Superseded => ApplyFailure::nothing(diag),
        }
    }

    fn limit_failure(&self, error: LimitCheckError) -> CreateFailure {
        match error {
            LimitCheckError::GivenBack(diag) => ApplyFailure::nothing(diag),
            LimitCheckError::Remains(diag) => self.failure(diag.into()),
        }
    }
}
