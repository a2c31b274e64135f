//! Check that no other environment has one of the hosts of a new environment.
//!
//! `shop` with service `api` and an environment named `shop-api` would both have `shop-api.<domain>`. Only environments
//! with a name that is a prefix of one of the new hosts can collide, so only those are listed.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::Deadline;
use eod_clients::kubernetes::Kubernetes;
use eod_domain::{Domain, Environment, EnvironmentName, EnvironmentSpec, environment_host, host, labels};
use tfplugin::Diag;

use super::live;
use super::model::Input;
use super::query;
use crate::explain;

/// Fails if another environment has one of the hosts.
pub(super) async fn check_free(
    kubernetes: &Kubernetes,
    environment: &Environment,
    call: &Deadline,
) -> Result<(), Diag> {
    let Some(domain) = &environment.domain else { return Ok(()) };
    let ours = hosts(&environment.name, &environment.spec, domain);
    let candidates = possible_owners(&environment.name, ours.keys());
    if candidates.is_empty() {
        return Ok(());
    }
    let selector = format!(
        "{},{} in ({})",
        query::selector(&environment.installation),
        labels::ENV,
        candidates.into_iter().collect::<Vec<_>>().join(",")
    );
    let found = kubernetes.list(&query::namespaces(selector), call).await.map_err(|error| explain::remote(&error))?;
    for namespace in &found {
        let (Some(name), Some(spec)) = (live::environment_name(namespace), live::recorded_spec(namespace)) else {
            continue;
        };
        let theirs = hosts(&name, &spec, domain);
        if let Some((taken, service)) = ours.iter().find(|(host, _)| theirs.contains_key(*host)) {
            let what = service
                .as_ref()
                .map_or_else(|| "the environment itself".to_owned(), |service| format!("service `{service}`"));
            return Err(Diag::error("The host belongs to another environment")
                .detail(format!("{taken}, the host of {what}, belongs to environment `{name}`. Nothing was changed."))
                .hint("rename the service, or give this environment another `name`")
                .at(if service.is_some() { tfplugin::Path::from(Input::SERVICES) } else { Input::NAME.into() }));
        }
    }
    Ok(())
}

/// All hosts of an environment, each with its service.
fn hosts(name: &EnvironmentName, spec: &EnvironmentSpec, domain: &Domain) -> BTreeMap<String, Option<String>> {
    let services = spec.services.iter().map(|service| (host(service, name, domain), Some(service.to_string())));
    services.chain([(environment_host(name, domain), None)]).collect()
}

/// Names of environments that could have one of these hosts.
fn possible_owners<'a>(name: &EnvironmentName, hosts: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let mut possible_owners = BTreeSet::new();
    for host in hosts {
        let label = host.split('.').next().unwrap_or_default();
        let ends = label.match_indices('-').map(|(at, _)| at).chain([label.len()]);
        possible_owners.extend(
            ends.filter_map(|end| label.get(..end))
                .filter(|text| !text.is_empty() && !text.ends_with('-'))
                .map(str::to_owned),
        );
    }
    possible_owners.remove(name.as_str());
    possible_owners
}

#[cfg(test)]
mod tests;
