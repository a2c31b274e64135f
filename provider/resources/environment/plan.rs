//! The plan: what follows from configuration, tier and provider block, as far as each is known. No API is needed.

use eod_domain::{Environment, EnvironmentError, EnvironmentSpec, Mistake, cost_per_day};
use tfplugin::{Attr, Diags, Draft, Field, Key, Number, Text};

use super::arguments::spec;
use super::live;
use super::model::{Input, Output, Private};
use super::sizes::{LimitsArgs, NetworkArgs, QuotaArgs};
use crate::explain;
use crate::provider::Context;

pub(super) fn plan(cx: &Context, draft: &mut Draft<'_, Private>) -> Diags {
    let known = Known::of(cx, draft);
    let spec = match known_spec(draft, &known) {
        Ok(spec) => spec,
        Err(diags) => return diags,
    };
    let environment = match Environment::resolve(&spec, &cx.known_settings()) {
        Ok(environment) => environment,
        Err(mistakes) => {
            let told: Vec<_> = mistakes.into_iter().filter(|mistake| known.explains(mistake)).collect();
            if told.is_empty() {
                // Only what is not known yet stands in the way; the plan during apply decides.
                unknown(draft);
                return Diags::new();
            }
            return explain::mistakes(&told);
        }
    };
    arguments(draft, &known, &environment);
    outputs(cx, draft, &known, &environment);
    if draft.private.terminating {
        // Nothing can be changed in a namespace that is going: wait until it is gone, then make another one.
        draft.private.terminating = false;
        draft.set(Output::UID, Attr::Unknown);
        draft.replace(Output::UID);
    }
    Diags::new()
}

/// Which inputs of a plan are known.
struct Known {
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

impl Known {
    fn of(cx: &Context, draft: &Draft<'_, Private>) -> Self {
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

    /// Whether a mistake is one whatever the unknown values turn out to be.
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

/// The arguments that are wholly known. The others count as not set, and nothing that depends on them is used.
fn known_spec(draft: &Draft<'_, Private>, known: &Known) -> Result<EnvironmentSpec, Diags> {
    let mut spec = spec(&draft.configuration().decode_known::<Input>()?)?;
    if let Attr::Known(repository) = draft.planned(Input::REPOSITORY) {
        // Another spelling of the same repository is no change, also not of what is derived from it.
        spec.repository = Some(repository.0);
    }
    if spec.name.is_none() && known.name {
        spec.name = kept_name(draft);
    }
    Ok(spec)
}

/// The name that an existing environment keeps, whatever the template says now: a change renames nothing that exists.
fn kept_name(draft: &Draft<'_, Private>) -> Option<eod_domain::EnvironmentName> {
    // A namespace that comes from another resource type has no identity yet; the one it gets decides about its name.
    let is_another = draft.private.unmarked_uid.is_some()
        || draft.changed(Input::REPOSITORY)
        || draft.changed(Input::PULL_REQUEST)
        || draft.changed(Input::BRANCH);
    draft.prior(Input::NAME).known().filter(|_| !is_another).map(|name| name.0)
}

fn arguments(draft: &mut Draft<'_, Private>, known: &Known, environment: &Environment) {
    settle(draft, Input::NAME, known.name, Some(Text(environment.name.clone())));
    settle(draft, Input::TIER, known.tier, Some(Text(environment.tier)));
    settle(draft, Input::TTL, known.ttl, environment.ttl.map(Text));
    settle(draft, Input::PROTECTED, known.protected, Some(environment.protected));
    settle(draft, Input::QUOTA, known.quota, Some(QuotaArgs::given(environment.quota.clone().into())));
    settle(draft, Input::LIMITS, known.limits, Some(LimitsArgs::given(environment.limits.clone().into())));
    settle(draft, Input::NETWORK, known.network, Some(NetworkArgs::given(environment.network.clone().into())));
    settle(draft, Input::PULL_REQUEST_URL, known.url, environment.pull_request_url.clone().map(Text));
    if draft.private.unmarked_uid.is_some() {
        // The state came from another resource type, which has no identity: learning it is no reason to replace.
        draft.in_place(Input::REPOSITORY);
        draft.in_place(Input::PULL_REQUEST);
        draft.in_place(Input::BRANCH);
    }
}

fn outputs(cx: &Context, draft: &mut Draft<'_, Private>, known: &Known, environment: &Environment) {
    let name = environment.name.to_string();
    settle(draft, Output::ID, known.name, Some(name.clone()));
    settle(draft, Output::NAMESPACE, known.name, Some(name));
    let host = environment.host();
    settle(draft, Output::URL, known.hosts, host.as_ref().map(|host| format!("https://{host}")));
    settle(draft, Output::HOST, known.hosts, host);
    settle(draft, Output::HOSTS, known.hosts, live::hosts(environment));
    if known.labels {
        draft.set(Output::EFFECTIVE_LABELS, Attr::Known(environment.namespace_labels()));
    }
    if known.cost
        && let Some(prices) = cx.prices.clone().known()
    {
        draft.set(Output::COST_PER_DAY_USD, dollars(cost_per_day(&environment.quota, &prices)).into());
    }
    draft.set(Output::DRIFT, Attr::Known(Vec::new()));
}

/// Everything that hangs on something unknown.
fn unknown(draft: &mut Draft<'_, Private>) {
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

fn settle<T: Field>(draft: &mut Draft<'_, Private>, key: Key<T>, known: bool, value: Option<T>) {
    draft.set(key, if known { value.into() } else { Attr::Unknown });
}

fn is_known<T: Field>(draft: &Draft<'_, Private>, key: Key<T>) -> bool {
    !draft.config(key).is_unknown()
}

/// An amount as Terraform's number.
pub(super) fn dollars(money: eod_domain::Money) -> Option<Number> {
    Number::parse(&money.to_string()).ok()
}
