//! Create: records it, claims the namespace and provisions it. Every step can be interrupted and continued.
//!
//! The return of an ended environment is a create, too, with the next generation of the ledger.

use eod_clients::Deadline;
use eod_domain::{Nonce, Remembered};
use tfplugin::{Applied, ApplyFailure, Left, RequestContext};

use super::apply::NamespaceTarget;
use super::attributes::ResolvedAttributes;
use super::ledger::EnvironmentLedger;
use super::limit::EnvironmentLimit;
use super::model::Input;
use super::ownership::version_of_ours;
use super::provisioning::{Provisioned, Provisioning};
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
    /// Return of an ended environment, for a reason in the ledger: a new commit, or a lifted end.
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

    let provisioning = Provisioning {
        cx,
        target: &target,
        // Only a new namespace is deleted again; the others were counted before.
        limit: max.as_ref().filter(|_| claimed.origin == NamespaceOrigin::New),
        record: &record,
        nonce: &nonce,
        claimed: &claimed,
        claimed_at: cx.now(),
    };
    let Provisioned { namespace, mut private, at } = provisioning.finish(now).await?;
    let remembered = Remembered {
        uid: live::uid(&namespace).map(str::to_owned),
        claims: vec![nonce.clone()],
        identity: environment.identity.clone(),
    };
    private.version = version_of_ours(cx, &remembered, &namespace);
    private.nonce = Some(nonce.as_str().to_owned());
    private.generation = ledger.finish_create(record, &environment, &namespace).await;
    let reading = attributes::reading(cx, &namespace, at);
    refusal::unreadable_times_warning(&reading)
        .into_iter()
        .chain(cx.skew_warning())
        .for_each(|warning| call.warn(warning));
    Ok(Applied { output: attributes::output(&reading, ResolvedAttributes::applied(cx, &environment)), private })
}
