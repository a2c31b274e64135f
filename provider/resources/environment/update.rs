//! Update in place: only what changed is written, and only to the namespace that we made.
//!
//! A push, the most frequent change of all, costs two calls: the namespace and its clock.

use eod_clients::Deadline;
use eod_clients::kubernetes::ObjectRef;
use eod_domain::{
    Clock, ClockChange, EnvironmentName, Installation, NamespaceProvenance, Nonce, Ownership, Remembered, contents,
    cost_per_day, labels, namespace_object, next_clock,
};
use serde_json::Value;
use tfplugin::{Applied, ApplyFailure, Diag, Diags, RequestContext, State};

use super::apply::Target;
use super::create::environment;
use super::model::{Input, Private};
use super::ownership::{belongs_to, ownership, remembered, version_of_ours};
use super::{EnvironmentResource, clock, hosts, live};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn update(
    cx: &Context,
    prior: State<EnvironmentResource>,
    input: Input,
    call: &RequestContext,
) -> Result<Applied<EnvironmentResource>, ApplyFailure<EnvironmentResource>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Update);
    let remote = Deadline::within(limit, call.cancel.clone());
    let environment = environment(cx, &input)?;
    let kubernetes = cx.kubernetes()?;
    let is_move = prior.private.unmarked_uid.is_some();
    if is_move || prior.input.services != input.services {
        hosts::are_free(kubernetes, &environment, &remote).await?;
    }

    let force_conflicts = input.force_conflicts == Some(true);
    let target = Target { kubernetes, environment: &environment, force_conflicts, call: &remote };
    let namespace = apply_namespace(cx, &target, &prior).await?;
    let remembered = Remembered {
        uid: live::uid(&namespace).map(str::to_owned),
        nonce: live::annotation(&namespace, labels::NONCE).map(str::to_owned),
        identity: environment.identity.clone(),
    };
    // Whatever has drifted is written again, even if it is wanted as before.
    let drifted = prior.output.as_ref().is_none_or(|output| !output.drift.is_empty());
    let before =
        if drifted { Private { wanted: Default::default(), ..prior.private.clone() } } else { prior.private.clone() };
    let mut private = target.contents(&contents(&environment), &before).await?;

    let now = clock::whole_seconds(cx.now());
    let found = live::clock(&namespace);
    let next = found.map_or_else(
        || Clock::start(now, environment.ttl),
        |found| next_clock(&found, change(&prior.input, &input), &environment.tier_settings, environment.ttl, now),
    );
    let provisioned = live::annotation(&namespace, labels::PROVISIONED_AT).is_some();
    let namespace = if provisioned && found == Some(next) {
        namespace
    } else {
        let first = Some(now).filter(|_| !provisioned);
        let uid = remembered.uid.as_deref().unwrap_or_default();
        clock::write(kubernetes, environment.name.as_str(), uid, next, first, &remote)
            .await
            .map_err(|error| explain::remote(&error))?
    };
    private.version = version_of_ours(cx, &remembered, &namespace);
    private.nonce = remembered.nonce;
    let cost = cost_per_day(&environment.quota, &cx.known_settings().prices);
    Ok(Applied { output: live::output(&environment, &namespace, next, cost, now), private })
}

/// Applies the namespace once it is certain that it is ours, and answers it as it is then.
///
/// Where the last refresh found it ours, the server makes sure in the same call that nobody has changed it since, which
/// is more than a look before can tell. Everywhere else it is looked at first.
async fn apply_namespace(
    cx: &Context,
    target: &Target<'_>,
    prior: &State<EnvironmentResource>,
) -> Result<Value, Diags> {
    let environment = target.environment;
    if let Some(Seen { uid, version, provenance }) = Seen::of(prior, &environment.installation) {
        let wanted = namespace_object(environment, &provenance);
        if let Some(namespace) = target.namespace_as_seen(&wanted, uid, version).await? {
            return Ok(namespace);
        }
    }
    let reference = ObjectRef::namespace(environment.name.as_str());
    let found = target.kubernetes.get(&reference, target.call).await.map_err(|error| explain::remote(&error))?;
    let namespace = owned(cx, prior, &environment.name, found)?;
    let nonce = live::annotation(&namespace, labels::NONCE).or(prior.private.nonce.as_deref());
    let nonce = nonce.map_or_else(|| Nonce::new(cx.random()), Nonce::recorded);
    let provenance = NamespaceProvenance { created_at: live::created_at(&namespace), nonce: Some(nonce) };
    let uid = live::uid(&namespace).unwrap_or_default();
    target.namespace(&namespace_object(environment, &provenance), uid).await
}

/// A namespace as it was when it was last seen and found ours.
struct Seen<'a> {
    uid: &'a str,
    version: &'a str,
    provenance: NamespaceProvenance,
}

impl<'a> Seen<'a> {
    fn of(prior: &'a State<EnvironmentResource>, installation: &Installation) -> Option<Self> {
        let (output, private) = (prior.output.as_ref()?, &prior.private);
        // This installation has found it ours; another one has to look for itself.
        output.effective_labels.get(labels::INSTALLATION).filter(|theirs| *theirs == installation.as_str())?;
        let provenance = NamespaceProvenance {
            created_at: Some(output.created_at.parse().ok()?),
            nonce: Some(Nonce::recorded(private.nonce.as_deref()?)),
        };
        Some(Self { uid: &output.uid, version: private.version.as_deref()?, provenance })
    }
}

/// The namespace, if it is still the one that the state speaks of.
fn owned(
    cx: &Context,
    prior: &State<EnvironmentResource>,
    name: &EnvironmentName,
    found: Option<Value>,
) -> Result<Value, Diag> {
    let again = "plan again: the refresh will see it";
    let Some(namespace) = found else {
        return Err(Diag::error("The namespace is gone")
            .detail(format!("Namespace `{name}` does not exist any more."))
            .hint(again));
    };
    if live::is_terminating(&namespace) {
        return Err(Diag::error("The namespace is being deleted")
            .detail(format!("Namespace `{name}` is on its way out, and nothing can be made in it."))
            .hint(again));
    }
    match ownership(cx, &remembered(prior), &namespace) {
        Ownership::Ours => Ok(namespace),
        // It comes from another resource type and gets its marks now.
        Ownership::Unmarked if prior.private.unmarked_uid.is_some() => Ok(namespace),
        Ownership::Unmarked => Err(Diag::error("The namespace does not carry our marks any more")
            .detail(format!(
                "Somebody has taken the marks of EoD off namespace `{name}`, or changed them. It is not touched."
            ))
            .hint("find out who wants it; then take the resource out of this state, or destroy it and apply again")),
        Ownership::OtherInstallation { theirs } => Err(belongs_to(cx, &namespace, &theirs)),
        Ownership::Another => Err(Diag::error("The namespace is not the one in the state")
            .detail(format!("Namespace `{name}` was deleted and made again by somebody else. It is not touched."))
            .hint("plan again; if the namespace is to be managed here, import it")),
    }
}

/// What of an update concerns the clock.
fn change(before: &Input, after: &Input) -> ClockChange {
    ClockChange {
        head_sha: before.head_sha != after.head_sha && after.head_sha.is_some(),
        extension: before.extension != after.extension && after.extension.as_ref().is_some_and(|text| !text.is_empty()),
        ttl: before.ttl != after.ttl,
    }
}
