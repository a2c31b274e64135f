//! Create: take the name, guard the namespace, start the clock. Every step can be interrupted and continued.

use eod_clients::Deadline;
use eod_clients::kubernetes::{Kubernetes, ListQuery, ObjectRef};
use eod_domain::{
    ClaimCheck, Clock, Environment, EnvironmentName, EnvironmentSpec, NamespaceFacts, NamespaceProvenance, Nonce,
    ObjectKind, Remembered, check_claim, contents, cost_per_day, labels, namespace_claim, namespace_object,
};
use serde_json::Value;
use tfplugin::{Applied, ApplyFailure, Diag, Diags, RequestContext};

use super::apply::{self, MANAGER};
use super::model::{Input, Private};
use super::ownership::version_of_ours;
use super::{EnvironmentResource, arguments, clock, hosts, live};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn create(
    cx: &Context,
    input: Input,
    call: &RequestContext,
) -> Result<Applied<EnvironmentResource>, ApplyFailure<EnvironmentResource>> {
    let limit = TimeoutsArgs::of_or_default(input.timeouts.as_ref(), Operation::Create);
    let remote = Deadline::within(limit, call.cancel.clone());
    let environment = environment(cx, &input).map_err(ApplyFailure::nothing)?;
    let kubernetes = cx.kubernetes().map_err(ApplyFailure::nothing)?;
    room(cx, kubernetes, &environment, &remote).await.map_err(ApplyFailure::nothing)?;
    hosts::are_free(kubernetes, &environment, &remote).await.map_err(ApplyFailure::nothing)?;

    let now = clock::whole_seconds(cx.now());
    let claim = Claiming { kubernetes, environment: &environment, adopt: input.adopt == Some(true), call: &remote };
    let nonce = Nonce::new(cx.random());
    let claimed = claim.take(&NamespaceProvenance { created_at: Some(now), nonce: Some(nonce) }).await?;

    // From here on something exists, and the nonce tells that it is ours.
    let nonce = live::annotation(&claimed.namespace, labels::NONCE).map(str::to_owned);
    let traced = |diags: Diags| ApplyFailure::traced(diags, Private { nonce: nonce.clone(), ..Private::default() });
    let provenance = NamespaceProvenance {
        created_at: live::created_at(&claimed.namespace).or(Some(now)),
        nonce: nonce.as_deref().map(Nonce::recorded),
    };
    let uid = live::uid(&claimed.namespace).unwrap_or_default();
    let target = apply::Target {
        kubernetes,
        environment: &environment,
        force_conflicts: input.force_conflicts == Some(true),
        call: &remote,
    };
    let leftover = if claimed.is_new { Default::default() } else { target.existing(cx).await.map_err(traced)? };
    target.namespace(&namespace_object(&environment, &provenance), uid).await.map_err(traced)?;
    let before = Private { live: leftover, ..Private::default() };
    let mut private = target.contents(&contents(&environment), &before).await.map_err(traced)?;
    let start = Clock::start(now, environment.ttl);
    let clock = live::clock(&claimed.namespace).filter(|_| !claimed.is_new).map_or(start, |found| start.later(found));
    let clock = Clock { expires_at: clock.expires_at.filter(|_| environment.ttl.is_some()), ..clock };
    let written = clock::write(kubernetes, environment.name.as_str(), uid, clock, Some(now), &remote).await;
    let namespace = written.map_err(|error| traced(explain::remote(&error).into()))?;
    let remembered =
        Remembered { uid: Some(uid.to_owned()), nonce: nonce.clone(), identity: environment.identity.clone() };
    private.version = version_of_ours(cx, &remembered, &namespace);
    private.nonce = nonce;
    let cost = cost_per_day(&environment.quota, &cx.known_settings().prices);
    Ok(Applied { output: live::output(&environment, &namespace, clock, cost, now), private })
}

/// The environment that the arguments describe.
pub(super) fn environment(cx: &Context, input: &Input) -> Result<Environment, Diags> {
    let settings = cx.settings()?;
    let spec = arguments::spec(input)?;
    Environment::resolve(&spec, &settings).map_err(|mistakes| explain::mistakes(&mistakes))
}

/// Refuses an environment that would be one too many.
async fn room(cx: &Context, kubernetes: &Kubernetes, environment: &Environment, call: &Deadline) -> Result<(), Diag> {
    let Some(max) = cx.max_environments.clone().known() else { return Ok(()) };
    let query = namespaces(live::selector(&environment.installation));
    let found = kubernetes.list(&query, call).await.map_err(|error| explain::remote(&error))?;
    let others = found
        .iter()
        .filter(|namespace| live::name(namespace) != environment.name.as_str() && !live::is_terminating(namespace));
    let count = u64::try_from(others.count()).unwrap_or(u64::MAX);
    if count < max {
        return Ok(());
    }
    Err(Diag::error("Too many environments")
        .detail(format!(
            "Installation `{}` has {count} environments, and the provider's `max_environments` is {max}. Nothing was made.",
            environment.installation
        ))
        .hint("close a pull request whose environment is no longer needed, or raise `max_environments`"))
}

/// Namespaces with these labels.
pub(crate) fn namespaces(label_selector: String) -> ListQuery {
    ListQuery {
        api_version: ObjectKind::Namespace.api_version().to_owned(),
        plural: ObjectKind::Namespace.plural().to_owned(),
        namespace: None,
        label_selector: Some(label_selector),
        field_selector: None,
    }
}

/// Taking a name.
struct Claiming<'a> {
    kubernetes: &'a Kubernetes,
    environment: &'a Environment,
    adopt: bool,
    call: &'a Deadline,
}

/// A namespace that is ours now.
struct Claimed {
    namespace: Value,
    is_new: bool,
}

/// What is tried again, and how often. A server that loses three writes in a row will lose the fourth.
const TRIES: usize = 3;

impl Claiming<'_> {
    /// Makes the namespace, or finds that it is ours already.
    async fn take(&self, provenance: &NamespaceProvenance) -> Result<Claimed, ApplyFailure<EnvironmentResource>> {
        let reference = ObjectRef::namespace(self.environment.name.as_str());
        let body = namespace_claim(self.environment, provenance).content;
        let nonce = provenance.nonce.as_ref();
        let mut lost = None;
        for _ in 0..TRIES {
            let error = match self.kubernetes.create(&reference, &body, MANAGER, self.call).await {
                Ok(namespace) => return Ok(Claimed { namespace, is_new: true }),
                Err(error) => error,
            };
            if error.kind != eod_clients::ErrorKind::AlreadyExists && !error.outcome_unknown() {
                return Err(ApplyFailure::nothing(explain::remote(&error)));
            }
            // It may be stored although the answer was an error; only the object itself can tell.
            let Ok(found) = self.kubernetes.get(&reference, self.call).await else {
                let trace = Private { nonce: nonce.map(|nonce| nonce.as_str().to_owned()), ..Private::default() };
                return Err(ApplyFailure::traced(explain::remote(&error), trace));
            };
            let facts = found.as_ref().map(NamespaceFacts::read);
            if let (Some(namespace), Some(facts), Some(nonce)) = (&found, &facts, nonce)
                && facts.ownership.has_nonce(nonce)
                && !facts.terminating
            {
                return Ok(Claimed { namespace: namespace.clone(), is_new: true });
            }
            match (check_claim(facts.as_ref(), &self.environment.claim()), found) {
                (ClaimCheck::Absent, _) | (_, None) => lost = Some(error),
                (ClaimCheck::Interrupted, Some(namespace)) => return Ok(Claimed { namespace, is_new: false }),
                (ClaimCheck::Finished, Some(namespace)) if self.adopt => {
                    return Ok(Claimed { namespace, is_new: false });
                }
                (ClaimCheck::Terminating, Some(namespace)) => {
                    let gone = self.kubernetes.wait_gone(&reference, live::uid(&namespace), self.call).await;
                    gone.map_err(|error| ApplyFailure::nothing(explain::remote(&error)))?;
                }
                (verdict, Some(namespace)) => return Err(ApplyFailure::nothing(self.taken(&verdict, &namespace))),
            }
        }
        let lost = lost.map(|error| explain::remote(&error));
        Err(ApplyFailure::nothing(lost.unwrap_or_else(|| {
            Diag::error("The namespace changes hands")
                .detail(format!(
                    "Namespace `{}` was deleted and made again several times while it was waited for.",
                    self.environment.name
                ))
                .hint("find out who makes it, then apply again")
        })))
    }

    fn taken(&self, verdict: &ClaimCheck, namespace: &Value) -> Diag {
        let name = &self.environment.name;
        match verdict {
            ClaimCheck::Finished => Diag::error("The environment exists already")
                .detail(format!(
                    "Environment `{name}` was made for {} and is in no state of this configuration. To manage it here, import it:\n\n\
                     import {{\n  to = eod_environment.<name>\n  id = \"{name}\"\n}}",
                    self.environment.identity
                ))
                .hint("add the import block, or set `adopt = true` to take it over in this apply"),
            ClaimCheck::OtherIdentity { theirs } => Diag::error("The name belongs to another environment")
                .detail(format!(
                    "Environment `{name}` belongs to {theirs}; this one is for {}. A name is never shared.",
                    self.environment.identity
                ))
                .hint("set `name_template = \"{owner}-{repo}-pr-{number}\"` in the provider block, or give this environment a `name`")
                .at(Input::NAME),
            ClaimCheck::OtherInstallation { theirs } => Diag::error("The namespace belongs to another installation")
                .detail(format!(
                    "Namespace `{name}` was made by EoD installation `{theirs}`; this one is `{}`. Installations never touch each other's things.",
                    self.environment.installation
                ))
                .hint("give this environment another `name` or `name_template`, or use the other installation")
                .at(Input::NAME),
            _ => Diag::error("The namespace is not ours")
                .detail(format!(
                    "Namespace `{name}` exists and does not carry the marks of EoD{}. It is not touched.",
                    live::label(namespace, labels::MANAGED_BY).map(|by| format!(" (it says it is managed by `{by}`)")).unwrap_or_default()
                ))
                .hint("give this environment another `name`, or delete the namespace if nobody needs it")
                .at(Input::NAME),
        }
    }
}

/// The arguments recorded on a namespace.
pub(super) fn recorded(namespace: &Value) -> Option<EnvironmentSpec> {
    EnvironmentSpec::from_json(live::annotation(namespace, labels::SPEC)?).ok()
}

/// The name of a namespace, if an environment can have it.
pub(super) fn environment_name(namespace: &Value) -> Option<EnvironmentName> {
    live::name(namespace).parse().ok()
}
