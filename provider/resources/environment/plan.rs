//! The plan: computes attributes from the known parts of the configuration, the tier and the provider block. It
//! makes no call to any API.

use eod_domain::{Environment, EnvironmentError, EnvironmentSpec, Mistake};
use tfplugin::{Attr, Diags, DraftOf, Field, Key, ModelOf, Text};

use super::EnvironmentResource;
use super::absent;
use super::arguments::spec;
use super::model::{Input, Output};
use super::sizes::{LimitsArgs, NetworkArgs};
use super::{cost, live};
use crate::explain;
use crate::provider::Context;
use crate::quota::QuotaArgs;

pub(super) fn plan_attributes(cx: &Context, draft: &mut DraftOf<'_, EnvironmentResource>) -> Diags {
    draft.private.planned = draft.is_create() && draft.private.claims().is_empty();
    let known = KnownInputs::of(cx, draft);
    let spec = match known_spec(draft, &known) {
        Ok(spec) => spec,
        Err(diags) => return diags,
    };
    let environment = match Environment::resolve(&spec, &cx.known_settings()) {
        Ok(environment) => environment,
        Err(mistakes) => {
            let certain: Vec<_> = mistakes.into_iter().filter(|mistake| known.explains(mistake)).collect();
            if certain.is_empty() {
                // All mistakes depend on unknown values; the plan during apply decides.
                set_unknown(draft);
                absent::plan_return(draft);
                return Diags::new();
            }
            return explain::mistakes(&certain);
        }
    };
    set_arguments(draft, &known, &environment);
    set_outputs(cx, draft, &known, &environment);
    absent::plan_return(draft);
    if draft.private.terminating {
        // A namespace that is being deleted cannot be changed: it is replaced after its deletion.
        draft.private.terminating = false;
        draft.set(Output::UID, Attr::Unknown);
        draft.replace(Output::UID);
    }
    Diags::new()
}

/// Inputs of a plan that are known.
struct KnownInputs {
    identity: bool,
    name: bool,
    tier: bool,
    ttl: bool,
    protected: bool,
    quota: bool,
    limits: bool,
    network: bool,
    url: bool,
    hosts: bool,
    labels: bool,
    cost: bool,
}

impl KnownInputs {
    fn of(cx: &Context, draft: &DraftOf<'_, EnvironmentResource>) -> Self {
        let identity = is_known(draft, Input::REPOSITORY)
            && is_known(draft, Input::PULL_REQUEST)
            && is_known(draft, Input::BRANCH);
        let named = matches!(draft.config(Input::NAME), Attr::Known(_));
        let name = named
            || is_known(draft, Input::NAME)
                && identity
                && (kept_name(draft).is_some() || !cx.name_template.is_unknown());
        let preset = !cx.tiers.is_unknown();
        let tier = match draft.config(Input::TIER) {
            Attr::Null => !cx.default_tier.is_unknown(),
            tier => !tier.is_unknown(),
        };
        let quota = tier && preset && is_known(draft, Input::QUOTA);
        let ttl = tier && preset && is_known(draft, Input::TTL);
        let described = is_known(draft, Input::OWNER) && is_known(draft, Input::LABELS) && is_known(draft, Input::MESH);
        Self {
            identity,
            name,
            tier,
            ttl,
            protected: tier && preset && is_known(draft, Input::PROTECTED),
            quota,
            limits: quota && is_known(draft, Input::LIMITS),
            network: is_known(draft, Input::NETWORK),
            url: identity && is_known(draft, Input::PULL_REQUEST_URL),
            hosts: name && is_known(draft, Input::SERVICES) && is_known(draft, Input::DNS) && !cx.domain.is_unknown(),
            labels: name
                && ttl
                && described
                && is_known(draft, Input::POD_SECURITY)
                && !cx.installation.is_unknown()
                && !cx.default_labels.is_unknown(),
            cost: quota && !cx.prices.is_unknown(),
        }
    }

    /// True if a mistake does not depend on unknown values.
    fn explains(&self, mistake: &Mistake<EnvironmentError>) -> bool {
        match mistake.path.first().map(String::as_str) {
            Some("ttl") => self.ttl,
            Some("limits") => self.limits,
            Some("quota") => self.quota,
            Some("branch") => self.identity,
            _ => self.name,
        }
    }
}

/// The arguments that are wholly known. The others count as not set, and nothing may depend on them.
fn known_spec(draft: &DraftOf<'_, EnvironmentResource>, known: &KnownInputs) -> Result<EnvironmentSpec, Diags> {
    let mut spec = spec(&draft.configuration().decode_known()?)?;
    if let Attr::Known(repository) = draft.planned(Input::REPOSITORY) {
        // Another spelling of the same repository is not a change, nor are the attributes derived from it.
        spec.repository = Some(repository.0);
    }
    if spec.name.is_none() && known.name {
        spec.name = kept_name(draft);
    }
    Ok(spec)
}

/// Name that an existing environment keeps: a change of the template renames no existing environment.
fn kept_name(draft: &DraftOf<'_, EnvironmentResource>) -> Option<eod_domain::EnvironmentName> {
    // A namespace from another resource type has no identity yet; its new identity determines the name.
    let is_another = draft.private.unmarked_uid.is_some()
        || draft.changed(Input::REPOSITORY)
        || draft.changed(Input::PULL_REQUEST)
        || draft.changed(Input::BRANCH);
    draft.prior(Input::NAME).known().filter(|_| !is_another).map(|name| name.0)
}

fn set_arguments(draft: &mut DraftOf<'_, EnvironmentResource>, known: &KnownInputs, environment: &Environment) {
    set_or_unknown(draft, Input::NAME, known.name, Some(Text(environment.name.clone())));
    set_or_unknown(draft, Input::TIER, known.tier, Some(Text(environment.tier)));
    set_or_unknown(draft, Input::TTL, known.ttl, environment.ttl.map(Text));
    set_or_unknown(draft, Input::PROTECTED, known.protected, Some(environment.protected));
    set_or_unknown(draft, Input::QUOTA, known.quota, Some(QuotaArgs::given(environment.quota.clone().into())));
    set_or_unknown(draft, Input::LIMITS, known.limits, Some(LimitsArgs::given(environment.limits.clone().into())));
    set_or_unknown(draft, Input::NETWORK, known.network, Some(NetworkArgs::given(environment.network.clone().into())));
    set_or_unknown(draft, Input::PULL_REQUEST_URL, known.url, environment.pull_request_url.clone().map(Text));
    if draft.private.unmarked_uid.is_some() {
        // The state came from another resource type, which has no identity: a new identity does not replace the
        // namespace.
        draft.in_place(Input::REPOSITORY);
        draft.in_place(Input::PULL_REQUEST);
        draft.in_place(Input::BRANCH);
    }
}

fn set_outputs(
    cx: &Context,
    draft: &mut DraftOf<'_, EnvironmentResource>,
    known: &KnownInputs,
    environment: &Environment,
) {
    let name = environment.name.to_string();
    set_or_unknown(draft, Output::ID, known.name, Some(name.clone()));
    set_or_unknown(draft, Output::NAMESPACE, known.name, Some(name));
    let host = environment.host();
    set_or_unknown(draft, Output::URL, known.hosts, host.as_ref().map(|host| format!("https://{host}")));
    set_or_unknown(draft, Output::HOST, known.hosts, host);
    set_or_unknown(draft, Output::HOSTS, known.hosts, live::hosts(environment));
    if known.labels {
        draft.set(Output::EFFECTIVE_LABELS, Attr::Known(environment.namespace_labels()));
    }
    if known.cost
        && let Some(prices) = cx.prices.clone().known()
    {
        draft.set(Output::COST_PER_DAY_USD, Attr::Known(cost::per_day_at(&prices, environment)));
    }
    draft.set(Output::DRIFT, Attr::Known(Vec::new()));
}

/// Sets all attributes unknown that depend on unknown values.
fn set_unknown(draft: &mut DraftOf<'_, EnvironmentResource>) {
    draft.set(Input::NAME, Attr::Unknown);
    draft.set(Input::TIER, Attr::Unknown);
    draft.set(Input::TTL, Attr::Unknown);
    draft.set(Input::PROTECTED, Attr::Unknown);
    draft.set(Input::QUOTA, Attr::Unknown);
    draft.set(Input::LIMITS, Attr::Unknown);
    draft.set(Input::NETWORK, Attr::Unknown);
    draft.set(Input::PULL_REQUEST_URL, Attr::Unknown);
    draft.set(Output::DRIFT, Attr::Known(Vec::new()));
}

fn set_or_unknown<M, T>(draft: &mut DraftOf<'_, EnvironmentResource>, key: Key<M, T>, known: bool, value: Option<T>)
where
    M: ModelOf<Input, Output>,
    T: Field,
{
    draft.set(key, if known { value.into() } else { Attr::Unknown });
}

fn is_known<T: Field>(draft: &DraftOf<'_, EnvironmentResource>, key: Key<Input, T>) -> bool {
    !draft.config(key).is_unknown()
}
