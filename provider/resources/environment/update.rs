//! Update in place: writes only changed objects, and only to the namespace that this state owns.
//!
//! A push, the most frequent change of all, needs two calls: the namespace and its clock.

use eod_clients::kubernetes::ObjectRef;
use eod_clients::{Deadline, ErrorKind};
use eod_domain::ledger::MadeBy;
use eod_domain::{
    ClaimCheck, Clock, ClockChange, Installation, NamespaceFacts, NamespaceProvenance, Nonce, Ownership, Remembered,
    check_claim, contents, labels, namespace_object, next_clock,
};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::{Applied, ApplyFailure, Diag, Diags, RequestContext, State};

use super::absent;
use super::apply::NamespaceTarget;
use super::attributes::ResolvedAttributes;
use super::claim::TRIES;
use super::clock::{ClockWrite, LiveClock};
use super::create::make;
use super::ledger::{EnvironmentLedger, RecordedArguments};
use super::model::{Input, Private};
use super::ownership::{installation_name, ownership, remembered, version_of_ours};
use super::{EnvironmentResource, arguments, attributes, hosts, live, refusal};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn update(
    cx: &Context,
    prior: State<EnvironmentResource>,
    input: Input,
    call: &RequestContext,
) -> Result<Applied<EnvironmentResource>, ApplyFailure<EnvironmentResource>> {
    let environment = arguments::environment(cx, &input)?;
    if let Some(absence) = &prior.private.absence {
        return match absent::return_of(absence, &prior.input, &input) {
            Some(origin) => make(cx, input, origin, call).await,
            None => Ok(absent::unchanged(cx, prior, &environment)?),
        };
    }
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Update);
    let remote = Deadline::within(limit, call.cancel.clone());
    let kubernetes = cx.kubernetes()?;
    let is_move = prior.private.unmarked_uid.is_some();
    if is_move || prior.input.services != input.services {
        hosts::check_free(kubernetes, &environment, &remote).await?;
    }

    let force_conflicts = input.force_conflicts == Some(true);
    let target = NamespaceTarget { kubernetes, environment: &environment, force_conflicts, call: &remote };
    let claim = prior.private.next_claim().unwrap_or_else(|| Nonce::new(cx.random()));
    let namespace = apply_namespace(cx, &target, &prior, &claim).await?;
    let remembered = Remembered {
        uid: live::uid(&namespace).map(str::to_owned),
        claims: vec![claim.clone()],
        identity: environment.identity.clone(),
    };
    // After drift everything is written again, even if its arguments have not changed.
    let drifted = prior.output.as_ref().is_none_or(|output| !output.drift.is_empty());
    let before =
        if drifted { Private { wanted: Default::default(), ..prior.private.clone() } } else { prior.private.clone() };
    let mut private = match target.contents(&contents(&environment), &before).await {
        Ok(private) => private,
        Err(diags) => {
            return Err(absent::ended_since_plan_error(cx, &prior, &remote).await.map_or(diags, Diags::from).into());
        }
    };

    let now = cx.server_now();
    let changes = clock_changes(&prior.input, &input);
    let provisioned = live::annotation(&namespace, labels::PROVISIONED_AT).is_some();
    let next = |found: Option<LiveClock>| {
        let Some(LiveClock { mut clock, has_end }) = found else { return Clock::start(now, environment.ttl) };
        if !has_end && (changes.ttl || !provisioned) {
            // An end that was never written must not be in the past with the new TTL.
            clock.expires_at = None;
        }
        next_clock(&clock, changes, &environment.tier_settings, environment.ttl, now)
    };
    let found = LiveClock::of(&attributes::reading(cx, &namespace, now), &namespace);
    let is_next = found.is_ok_and(|found| found.map(|found| found.clock) == Some(next(found)));
    let namespace = if provisioned && is_next {
        namespace
    } else {
        let provisioned_at = Some(now).filter(|_| !provisioned);
        let write =
            ClockWrite { cx, kubernetes, environment: &environment, claim: &claim, provisioned_at, now, call: &remote };
        write.write(&namespace, next).await.map_err(|error| error.diag(environment.name.as_str()))?
    };
    private.version = version_of_ours(cx, &remembered, &namespace);
    private.nonce = Some(claim.as_str().to_owned());
    let ledger = EnvironmentLedger::of(cx, &environment.name, &remote, call)?;
    let recorded = RecordedArguments { before: &prior.input, after: &input };
    let uid = live::uid(&namespace).unwrap_or_default();
    private.generation = ledger.record_changes(&recorded, prior.private.generation, &environment, uid).await;
    let reading = attributes::reading(cx, &namespace, now);
    refusal::unreadable_times_warning(&reading)
        .into_iter()
        .chain(cx.skew_warning())
        .for_each(|warning| call.warn(warning));
    Ok(Applied { output: attributes::output(&reading, ResolvedAttributes::applied(cx, &environment)), private })
}

/// Applies the namespace with this claim if this state owns it, and returns it.
///
/// If the last refresh verified the ownership, no read is needed: the resource version of that refresh is a
/// precondition of the write, so the server refuses it after any change. In all other cases the namespace is read
/// first.
async fn apply_namespace(
    cx: &Context,
    target: &NamespaceTarget<'_>,
    prior: &State<EnvironmentResource>,
    claim: &Nonce,
) -> Result<Value, Diags> {
    let environment = target.environment;
    if let Some(SeenNamespace { uid, version, provenance }) = SeenNamespace::of(prior, &environment.installation, claim)
    {
        let wanted = namespace_object(environment, &provenance);
        match target.namespace_as_seen(&wanted, uid, version).await {
            Ok(Some(namespace)) => return Ok(namespace),
            Ok(None) => {}
            // A conflict of fields may hide that the namespace has another owner now.
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(explain::remote(&error).into()),
        }
    }
    let reference = ObjectRef::namespace(environment.name.as_str());
    for _ in 0..TRIES {
        let found = target.kubernetes.get(&reference, target.call).await.map_err(|error| explain::remote(&error))?;
        let namespace = match owned(cx, target, prior, found) {
            Ok(namespace) => namespace,
            Err(NotOwned::Gone(gone)) => {
                return Err(absent::ended_since_plan_error(cx, prior, target.call).await.unwrap_or(gone).into());
            }
            Err(NotOwned::Refused(refused)) => return Err(refused.into()),
        };
        let provenance = provenance(live::created_at(&namespace), claim);
        let (Some(uid), Some(version)) = (live::uid(&namespace), live::version(&namespace)) else { continue };
        let wanted = namespace_object(environment, &provenance);
        let applied = target.namespace_as_seen(&wanted, uid, version).await;
        if let Some(namespace) = applied.map_err(|error| explain::remote(&error))? {
            return Ok(namespace);
        }
    }
    Err(refusal::unsteady_error(environment.name.as_str()).into())
}

/// Namespace at the last refresh, if it was ours then.
struct SeenNamespace<'a> {
    uid: &'a str,
    version: &'a str,
    provenance: NamespaceProvenance,
}

impl<'a> SeenNamespace<'a> {
    fn of(prior: &'a State<EnvironmentResource>, installation: &Installation, claim: &Nonce) -> Option<Self> {
        let (output, private) = (prior.output.as_ref()?, &prior.private);
        // This installation has verified the ownership; another one has to read the namespace first.
        output.effective_labels.get(labels::INSTALLATION).filter(|theirs| *theirs == installation.as_str())?;
        let provenance = provenance(Some(output.created_at.parse().ok()?), claim);
        Some(Self { uid: &output.uid, version: private.version.as_deref()?, provenance })
    }
}

fn provenance(created_at: Option<Timestamp>, claim: &Nonce) -> NamespaceProvenance {
    NamespaceProvenance { created_at, nonce: Some(claim.clone()), made_by: Some(MadeBy::Terraform) }
}

/// Reasons to change nothing.
enum NotOwned {
    /// The namespace is gone or being deleted.
    Gone(Diag),
    /// The namespace has another owner, or has lost its ownership labels.
    Refused(Diag),
}

/// The namespace, if this state still owns it.
fn owned(
    cx: &Context,
    target: &NamespaceTarget<'_>,
    prior: &State<EnvironmentResource>,
    found: Option<Value>,
) -> Result<Value, NotOwned> {
    let environment = target.environment;
    let name = environment.name.as_str();
    let again = "plan again: the refresh reads the current state of the cluster";
    let Some(namespace) = found else {
        return Err(NotOwned::Gone(
            Diag::error("The namespace is gone")
                .detail(format!("Namespace `{name}` does not exist any more."))
                .hint(again),
        ));
    };
    if live::is_terminating(&namespace) {
        return Err(NotOwned::Gone(
            Diag::error("The namespace is being deleted")
                .detail(format!("Namespace `{name}` is being deleted, so nothing can be created in it."))
                .hint(again),
        ));
    }
    let is_move = prior.private.unmarked_uid.is_some();
    let facts = NamespaceFacts::read(&namespace);
    let refused = match (ownership(cx, &remembered(prior), &namespace), check_claim(Some(&facts), &environment.claim())) {
        (Ownership::Unmarked, ClaimCheck::OtherIdentity { theirs }) if is_move => {
            refusal::other_identity_error(environment, &theirs)
        }
        (Ownership::Ours, _) => return Ok(namespace),
        // The namespace comes from another resource type and gets its ownership labels now.
        (Ownership::Unmarked, _) if is_move => return Ok(namespace),
        (Ownership::Unmarked, _) => Diag::error("The namespace does not have our ownership labels any more")
            .detail(format!(
                "The ownership labels or annotations of EoD on namespace `{name}` were removed or changed. The namespace \
                 was not changed."
            ))
            .hint(
                "find the author of the change; remove the resource from this state, or destroy the environment and apply again",
            ),
        (Ownership::OtherInstallation { theirs }, _) => {
            refusal::other_installation_error(name, &theirs, &installation_name(cx))
        }
        (Ownership::Superseded, _) => refusal::superseded_error(name),
        (Ownership::Another, _) => Diag::error("The namespace is not the one in the state")
            .detail(format!("Namespace `{name}` was deleted and created again by others. It was not changed."))
            .hint("plan again; to manage the namespace here, import it"),
    };
    Err(NotOwned::Refused(refused))
}

/// Changes of an update that concern the clock.
fn clock_changes(before: &Input, after: &Input) -> ClockChange {
    ClockChange {
        head_sha: before.head_sha != after.head_sha && after.head_sha.is_some(),
        extension: before.extension != after.extension && after.extension.as_ref().is_some_and(|text| !text.is_empty()),
        ttl: before.ttl != after.ttl,
    }
}
