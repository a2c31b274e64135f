//! Create: records it, claims the namespace, adds its guards, starts the clock. Every step can be interrupted and
//! continued.
//!
//! The return of an ended environment is a create, too, with the next generation of the ledger.

use eod_clients::Deadline;
use eod_domain::ledger::MadeBy;
use eod_domain::{Clock, NamespaceProvenance, Nonce, Remembered, contents, namespace_object};
use tfplugin::{Applied, ApplyFailure, Diags, Left, RequestContext};

use super::apply::NamespaceTarget;
use super::attributes::ResolvedAttributes;
use super::claim::ClaimError;
use super::clock::ClockWrite;
use super::ledger::EnvironmentLedger;
use super::limit::{EnvironmentLimit, LimitCheckError};
use super::model::{Input, Private};
use super::ownership::version_of_ours;
use super::takeover::{Claimant, NamespaceOrigin};
use super::{EnvironmentResource, arguments, attributes, hosts, live, refusal};
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn create(
    cx: &Context,
    input: Input,
    call: &RequestContext,
) -> Result<Applied<EnvironmentResource>, ApplyFailure<EnvironmentResource>> {
    make(cx, input, CreateReason::No, call).await
}

/// Reason of a create in the ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CreateReason {
    /// A new environment.
    No,
    /// Return of an ended environment, for a reason that the ledger knows: a new commit, or a lifted end.
    Recorded,
    /// Return of an ended environment that only the configuration requests.
    Requested,
}

/// Creates an environment, or brings it back.
pub(super) async fn make(
    cx: &Context,
    input: Input,
    origin: CreateReason,
    call: &RequestContext,
) -> Result<Applied<EnvironmentResource>, ApplyFailure<EnvironmentResource>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Create);
    let remote = Deadline::within(limit, call.cancel.clone());
    let environment = arguments::environment(cx, &input).map_err(ApplyFailure::nothing)?;
    let kubernetes = cx.kubernetes().map_err(ApplyFailure::nothing)?;
    let ledger = EnvironmentLedger::of(cx, &environment.name, &remote, call).map_err(ApplyFailure::nothing)?;
    let lifted = origin == CreateReason::Requested;
    let max = EnvironmentLimit::check(cx, kubernetes, &environment, &ledger, lifted, &remote).await;
    let max = max.map_err(ApplyFailure::nothing)?;
    hosts::check_free(kubernetes, &environment, &remote).await.map_err(ApplyFailure::nothing)?;
    let listed = max.as_ref().map(EnvironmentLimit::listed_ledger).unwrap_or_default();
    let record = ledger.begin_create(&environment, lifted, listed).await;
    let record = record.map_err(ApplyFailure::nothing)?;

    // From here on `now` is the time of the API server, which has answered.
    let now = cx.server_now();
    let nonce = Nonce::new(cx.random());
    let target = NamespaceTarget {
        kubernetes,
        environment: &environment,
        force_conflicts: input.force_conflicts == Some(true),
        call: &remote,
    };
    let is_continued = record.is_continued();
    let claimant = Claimant { target: &target, adopt: input.adopt == Some(true), is_continued, nonce: &nonce, now };
    let claimed = match claimant.take().await {
        Ok(claimed) => claimed,
        Err(failure) => {
            if matches!(failure.left, Left::Nothing) {
                ledger.delete_again(&record).await;
            }
            return Err(failure);
        }
    };

    let claimed_at = cx.now();

    // The namespace exists from here on, and the nonce identifies it after a failure. A namespace that was in use
    // before is not recorded: the next apply would destroy a tainted one, and a repeated create takes it over again
    // without a record.
    let failure = |diags: Diags| match claimed.origin {
        NamespaceOrigin::New | NamespaceOrigin::Interrupted => ApplyFailure::traced(diags, Private::with_nonce(&nonce)),
        NamespaceOrigin::InUse => ApplyFailure::nothing(diags),
    };
    let claim_failure = |error: ClaimError| {
        let diag = error.diag(environment.name.as_str());
        match error {
            ClaimError::Remote(_) | ClaimError::Gone | ClaimError::Unsteady => failure(diag.into()),
            ClaimError::Superseded => ApplyFailure::nothing(diag),
        }
    };
    let limit_failure = |error: LimitCheckError| match error {
        LimitCheckError::GivenBack(diag) => ApplyFailure::nothing(diag),
        LimitCheckError::Remains(diag) => failure(diag.into()),
    };
    // Only a new namespace is deleted again; the others were counted before.
    let max = max.filter(|_| claimed.origin == NamespaceOrigin::New);
    if let Some(max) = &max {
        max.check_claimed(&claimed.namespace, &nonce, &record).await.map_err(limit_failure)?;
    }
    let provenance = NamespaceProvenance {
        created_at: live::created_at(&claimed.namespace).or(Some(now)),
        nonce: Some(nonce.clone()),
        made_by: Some(MadeBy::Terraform),
    };
    let (namespace, leftover) = match claimed.origin {
        NamespaceOrigin::New => {
            let wanted = namespace_object(&environment, &provenance);
            let applied = target.claimed_namespace(&wanted, &claimed.namespace, &nonce).await;
            (applied.map_err(claim_failure)?, Default::default())
        }
        // The takeover has applied the namespace.
        NamespaceOrigin::Interrupted | NamespaceOrigin::InUse => {
            (claimed.namespace.clone(), target.fingerprints_of_existing(cx).await.map_err(failure)?)
        }
    };
    let before = Private { live: leftover, ..Private::default() };
    let mut private = target.contents(&contents(&environment), &before).await.map_err(failure)?;
    if let Some(max) = &max {
        max.check_settled(&namespace, &nonce, &record, claimed_at).await.map_err(limit_failure)?;
    }
    let now = cx.server_now();
    let start = Clock::start(now, environment.ttl);
    let provisioned_at = Some(now);
    let write =
        ClockWrite { cx, kubernetes, environment: &environment, claim: &nonce, provisioned_at, now, call: &remote };
    let written = write.write(&namespace, |found| {
        let clock = found.map_or(start, |found| start.later(found.clock));
        Clock { expires_at: clock.expires_at.filter(|_| environment.ttl.is_some()), ..clock }
    });
    let namespace = written.await.map_err(claim_failure)?;
    if let Some(max) = &max {
        max.check_finished(&namespace, &nonce, &record).await.map_err(limit_failure)?;
    }
    let remembered = Remembered {
        uid: live::uid(&namespace).map(str::to_owned),
        claims: vec![nonce.clone()],
        identity: environment.identity.clone(),
    };
    private.version = version_of_ours(cx, &remembered, &namespace);
    private.nonce = Some(nonce.as_str().to_owned());
    private.generation = ledger.finish_create(record, &environment, &namespace).await;
    let reading = attributes::reading(cx, &namespace, now);
    refusal::unreadable_times(&reading).into_iter().chain(cx.skew_warning()).for_each(|warning| call.warn(warning));
    Ok(Applied { output: attributes::output(&reading, ResolvedAttributes::applied(cx, &environment)), private })
}
