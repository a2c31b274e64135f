//! Refresh: reads the environment. It leaves the state only if the namespace is certainly gone or certainly taken over.
//! Every uncertain result is an error.

use std::collections::BTreeMap;

use eod_clients::Deadline;
use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{
    Environment, NamespaceFacts, NamespacePresence, NamespaceProvenance, Object, ObjectKind, Ownership, drift, labels,
    objects,
};
use serde_json::Value;
use tfplugin::{Diag, Diags, Number, RequestContext, State};

use super::absent::{self, AbsenceRefresh};
use super::attributes::ResolvedAttributes;
use super::live::absent_sentence;
use super::model::Private;
use super::ownership::{installation_name, ownership, remembered, version_of_ours};
use super::{EnvironmentResource, arguments, attributes, cost, live, refusal};
use crate::explain;
use crate::provider::Context;
use crate::timeouts::{Operation, TimeoutsArgs};

pub(super) async fn read(
    cx: &Context,
    prior: State<EnvironmentResource>,
    call: &RequestContext,
) -> Result<Option<State<EnvironmentResource>>, Diags> {
    let Some(name) = prior.input.name.as_ref().map(ToString::to_string) else { return Ok(Some(prior)) };
    if !cx.is_usable() {
        call.warn(Diag::warning("The environment was not refreshed").detail(format!(
            "The provider's configuration is not known yet, so the state of environment `{name}` is kept as it is."
        )));
        return Ok(Some(prior));
    }
    let limit = TimeoutsArgs::of_or_default(prior.input.timeouts.as_ref(), Operation::Read);
    let remote = Deadline::within(limit, call.cancel.clone());
    let found = cx.reader()?.read(&name, &remote).await.map_err(|error| explain::remote(&error))?;
    let Some(found) = found else {
        return Ok(match absent::refresh(cx, prior, NamespacePresence::Gone, &remote, call).await? {
            AbsenceRefresh::Absent(state) => Some(state),
            AbsenceRefresh::Leaves | AbsenceRefresh::NotEnded(_) => None,
        });
    };
    let remembered = remembered(&prior);
    match ownership(cx, &remembered, &found.namespace) {
        Ownership::Ours | Ownership::Unmarked => {
            let prior = if live::is_terminating(&found.namespace) {
                match absent::refresh(cx, prior, NamespacePresence::Terminating, &remote, call).await? {
                    AbsenceRefresh::Absent(state) => return Ok(Some(state)),
                    AbsenceRefresh::Leaves => return Ok(None),
                    AbsenceRefresh::NotEnded(prior) => prior,
                }
            } else {
                prior
            };
            let mut now = refreshed(cx, prior, &found, call);
            // After drift the next update reads the namespace again before it writes.
            if now.output.as_ref().is_some_and(|output| output.drift.is_empty()) {
                now.private.version = version_of_ours(cx, &remembered, &found.namespace);
            }
            Ok(Some(now))
        }
        Ownership::OtherInstallation { theirs } => {
            Err(refusal::other_installation_error(&name, &theirs, &installation_name(cx)).into())
        }
        Ownership::Superseded => {
            call.warn(refusal::no_longer_managed_warning(&name));
            Ok(None)
        }
        Ownership::Another => {
            match absent::refresh(cx, prior, NamespacePresence::Gone, &remote, call).await? {
                AbsenceRefresh::Absent(state) => return Ok(Some(state)),
                AbsenceRefresh::Leaves => return Ok(None),
                AbsenceRefresh::NotEnded(_) => {}
            }
            let facts = NamespaceFacts::read(&found.namespace).ownership;
            let is_ours = facts.installation == Some(installation_name(cx))
                && facts.identity == Some(remembered.identity.canonical());
            call.warn(if is_ours { refusal::created_again_warning(&name) } else { refusal::replaced_warning(&name) });
            Ok(None)
        }
    }
}

/// The state as it is now.
fn refreshed(
    cx: &Context,
    prior: State<EnvironmentResource>,
    found: &LiveNamespace,
    call: &RequestContext,
) -> State<EnvironmentResource> {
    let namespace = &found.namespace;
    let mut reading = attributes::reading(cx, namespace, cx.server_now());
    refusal::unreadable_times_warning(&reading).into_iter().for_each(|warning| call.warn(warning));
    if cx.prices.is_unknown() || cx.tiers.is_unknown() {
        reading.cost_per_day = None;
    }
    let resolved = arguments::environment(cx, &prior.input).ok();
    let last = prior.output.as_ref();
    let recorded = last.map(|output| output.effective_labels.clone()).or_else(|| prior.private.labels.clone());
    let effective_labels = recorded.unwrap_or_default();
    let is_terminating = live::is_terminating(namespace);
    let drift =
        if is_terminating { Vec::new() } else { differences(&prior, resolved.as_ref(), found, &effective_labels) };
    let host = match last {
        Some(output) => output.host.clone(),
        None => resolved.as_ref().and_then(Environment::host),
    };
    let resolved_attributes = ResolvedAttributes {
        host,
        hosts: match last {
            Some(output) => output.hosts.clone(),
            None => resolved.as_ref().and_then(live::hosts),
        },
        cost_per_day_usd: last
            .map(|output| output.cost_per_day_usd.clone())
            .unwrap_or_else(|| resolved.as_ref().map_or_else(|| Number::from_u64(0), |it| cost::per_day(cx, it))),
        effective_labels,
        drift,
    };
    let output = attributes::output(&reading, resolved_attributes);
    let mut private = Private {
        terminating: is_terminating,
        version: None,
        labels: None,
        planned: false,
        absence: None,
        ..prior.private
    };
    // A run that was killed in an update has lost the claim. A finished namespace that is still to be moved here has
    // another state's claim: the move takes it over with a new claim.
    let is_unmoved = private.unmarked_uid.is_some() && live::annotation(namespace, labels::PROVISIONED_AT).is_some();
    if private.claims().is_empty() && !is_unmoved {
        private.nonce = live::annotation(namespace, labels::NONCE).map(str::to_owned);
    }
    State { input: prior.input, output: Some(output), private }
}

/// Deletions and changes by others, one sentence each.
fn differences(
    prior: &State<EnvironmentResource>,
    resolved: Option<&Environment>,
    found: &LiveNamespace,
    effective_labels: &BTreeMap<String, String>,
) -> Vec<String> {
    if prior.private.unmarked_uid.is_some() {
        return vec!["the namespace does not have the ownership labels of EoD yet".to_owned()];
    }
    let keys = live::our_keys(effective_labels);
    let wanted = resolved.map(|environment| objects(environment, &NamespaceProvenance::default())).unwrap_or_default();
    let live: BTreeMap<String, Option<Value>> = (prior.private.live.keys())
        .map(|key| {
            let (kind, name) = key.split_once('/').unwrap_or_default();
            let object = found.objects.get(&(kind.to_owned(), name.to_owned()));
            (key.clone(), object.filter(|object| !live::is_terminating(object)).cloned())
        })
        .collect();
    let mut sentences = drift::sentences(&prior.private.live, &live, &keys);
    sentences.extend(missing(&wanted, &prior.private, found));
    let labels = found.namespace.pointer("/metadata/labels");
    sentences.extend(fields("label", effective_labels, labels));
    let annotations = wanted
        .iter()
        .find(|object| object.kind == ObjectKind::Namespace)
        .and_then(|object| object.content.pointer("/metadata/annotations"));
    let annotations: BTreeMap<String, String> =
        annotations.and_then(|annotations| serde_json::from_value(annotations.clone()).ok()).unwrap_or_default();
    sentences.extend(fields("annotation", &annotations, found.namespace.pointer("/metadata/annotations")));
    sentences
}

/// Objects that a newer version of the provider needs, or that an import did not find.
fn missing(wanted: &[Object], private: &Private, found: &LiveNamespace) -> Vec<String> {
    let recorded = |object: &&Object| !private.live.contains_key(&object.key());
    wanted.iter().filter(recorded).filter_map(|object| absent_sentence(object, found)).collect()
}

/// Labels or annotations of EoD that others have removed or changed, one sentence each.
fn fields(what: &str, ours: &BTreeMap<String, String>, live: Option<&Value>) -> Vec<String> {
    let sentence = |(key, value): (&String, &String)| match live.and_then(|live| live.get(key)).and_then(Value::as_str)
    {
        None => Some(format!("{what} `{key}` of the namespace was removed")),
        Some(found) if found != value => Some(format!("{what} `{key}` of the namespace was changed")),
        Some(_) => None,
    };
    ours.iter().filter_map(sentence).collect()
}
