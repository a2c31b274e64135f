//! Hosts, gateways and classes of Ingresses and HTTPRoutes.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{Domain, EnvironmentName, ServiceName, environment_host, host};
use eod_yaml::PathStep;
use serde_json::{Value, json};

use crate::application::Preview;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::workload::{at_mut, items};

/// Hosts of an environment.
pub(crate) struct Hosts {
    environment: EnvironmentName,
    domain: Option<Domain>,
    /// The parameter `host`, if it is valid.
    requested: Option<String>,
    /// Hosts of the source's Services, including shortened ones.
    known: BTreeSet<String>,
    /// New hosts by hosts of the source.
    replacements: BTreeMap<String, String>,
}

/// One path of a host in the source.
struct RoutePath<'a> {
    host: &'a str,
    path: &'a str,
    /// Service of the path; empty if it has none.
    service: &'a str,
    manifest: &'a Manifest,
}

impl Hosts {
    pub(super) fn new(preview: &Preview<'_>, manifests: &[Manifest], refusals: &mut Vec<Refusal>) -> Self {
        let (environment, domain) = (preview.name().clone(), preview.environment.domain.clone());
        let (known, replacements) = (BTreeSet::new(), BTreeMap::new());
        let mut hosts = Self { environment, domain, requested: None, known, replacements };
        let services = manifests.iter().filter(|manifest| manifest.kind() == "Service");
        hosts.known = services.filter_map(|service| hosts.of_service(service.name())).collect();
        if let Some(requested) = &preview.parameters.host {
            if hosts.contain(requested) {
                hosts.requested = Some(requested.clone());
            } else {
                let expected = hosts.expected();
                let message = format!("`{requested}` is not a host of the environment; {expected}");
                let remedy = "remove the parameter, or set a host of the environment";
                refusals.push(Refusal::new(Location::parameter("host"), RefusalRule::Host, message, remedy));
            }
        }
        let paths: Vec<RoutePath<'_>> = manifests.iter().flat_map(route_paths).collect();
        hosts.replace(&paths);
        refusals.extend(hosts.clashes(&paths));
        hosts
    }

    /// Chooses the new host of each host in the source, for all objects that use it: that of the Service of the path `/`,
    /// else of the shortest path. The parameter `host` replaces the only host.
    fn replace(&mut self, paths: &[RoutePath<'_>]) {
        let written: BTreeSet<&str> = paths.iter().map(|path| path.host).collect();
        for host in &written {
            let uses = paths.iter().filter(|path| path.host == *host && !path.service.is_empty());
            let service = uses.min_by_key(|path| if path.is_root() { 0 } else { path.path.len() });
            let new = match &self.requested {
                Some(requested) if written.len() == 1 || requested == *host => Some(requested.clone()),
                _ => service.and_then(|path| self.of_service(path.service)),
            };
            if let Some(new) = new {
                self.replacements.insert((*host).to_owned(), new);
            }
        }
    }

    /// Refusals of hosts that become the same host with different Services for one path.
    fn clashes(&self, paths: &[RoutePath<'_>]) -> Vec<Refusal> {
        let mut seen: BTreeMap<(&str, &str), &RoutePath<'_>> = BTreeMap::new();
        let mut refusals = Vec::new();
        for path in paths.iter().filter(|path| !path.service.is_empty()) {
            let Some(new) = self.replacements.get(path.host) else { continue };
            let shown = if path.is_root() { "/" } else { path.path };
            let first = *seen.entry((new.as_str(), shown)).or_insert(path);
            if first.host != path.host && first.service != path.service {
                let message = format!(
                    "uses host `{}`, which becomes `{new}` like host `{}`, but their path `{shown}` has the Services `{}` \
                     and `{}`",
                    path.host, first.host, path.service, first.service
                );
                let remedy = "use one Service for the path, or different Services for the path `/`";
                let step = [PathStep::Key("spec".to_owned())];
                refusals.push(path.manifest.refuse(&step, RefusalRule::Host, message, remedy));
            }
        }
        refusals
    }

    /// True if a host belongs to the environment.
    pub(crate) fn contain(&self, host: &str) -> bool {
        let Some(domain) = &self.domain else { return false };
        let label = host.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.'));
        let Some(label) = label.filter(|label| label.len() <= 63 && !label.contains('.')) else { return false };
        let service = label.strip_prefix(self.environment.as_str()).and_then(|rest| rest.strip_prefix('-'));
        label == self.environment.as_str()
            || service.is_some_and(|service| service.parse::<ServiceName>().is_ok())
            || self.known.contains(host)
    }

    /// Description of valid hosts, as a part of messages.
    pub(crate) fn expected(&self) -> String {
        let environment = &self.environment;
        match &self.domain {
            Some(domain) => format!("expected `{environment}-<service>.{domain}`"),
            None => "the policy has no `domain`, so hosts are not allowed".to_owned(),
        }
    }

    /// Host of a Service; none if there is no domain. A Service name that begins with the environment's name loses this
    /// part.
    fn of_service(&self, service: &str) -> Option<String> {
        let domain = self.domain.as_ref()?;
        if service == self.environment.as_str() {
            return Some(environment_host(&self.environment, domain));
        }
        let own = service.strip_prefix(self.environment.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let service: ServiceName = own.unwrap_or(service).parse().ok()?;
        Some(host(&service, &self.environment, domain))
    }
}

impl RoutePath<'_> {
    fn is_root(&self) -> bool {
        matches!(self.path, "" | "/")
    }
}

/// Paths of all hosts of a route. Hosts with wildcards have no replacement.
fn route_paths(manifest: &Manifest) -> Vec<RoutePath<'_>> {
    let rules = items(&manifest.content, &["spec", "rules"]);
    let mut paths: Vec<RoutePath<'_>> = match manifest.kind() {
        "Ingress" => rules.iter().flat_map(|rule| ingress_paths(manifest, rule)).collect(),
        "HTTPRoute" => {
            let hosts = items(&manifest.content, &["spec", "hostnames"]).iter().filter_map(Value::as_str);
            hosts.flat_map(|host| rules.iter().flat_map(move |rule| http_route_paths(manifest, host, rule))).collect()
        }
        _ => Vec::new(),
    };
    paths.retain(|path| !path.host.is_empty() && !path.host.contains('*'));
    paths
}

fn ingress_paths<'a>(manifest: &'a Manifest, rule: &'a Value) -> Vec<RoutePath<'a>> {
    let host = text(rule, &["host"]);
    let path = |path| RoutePath {
        host,
        path: text(path, &["path"]),
        service: text(path, &["backend", "service", "name"]),
        manifest,
    };
    items(rule, &["http", "paths"]).iter().map(path).collect()
}

fn http_route_paths<'a>(manifest: &'a Manifest, host: &'a str, rule: &'a Value) -> Vec<RoutePath<'a>> {
    let backends = items(rule, &["backendRefs"]).iter().map(|backend| text(backend, &["name"]));
    let service = backends.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let path = |path| RoutePath { host, path, service, manifest };
    match items(rule, &["matches"]) {
        [] => vec![path("/")],
        matches => matches.iter().map(|matched| path(text(matched, &["path", "value"]))).collect(),
    }
}

pub(super) fn rewrite(preview: &Preview<'_>, hosts: &Hosts, kind: &SourceKind, manifest: &mut Manifest) {
    match kind {
        SourceKind::Ingress => ingress(preview, hosts, &mut manifest.content),
        SourceKind::HttpRoute => http_route(preview, hosts, &mut manifest.content),
        _ => {}
    }
}

fn ingress(preview: &Preview<'_>, hosts: &Hosts, content: &mut Value) {
    let mut renamed: Vec<(String, String)> = Vec::new();
    if let Some(rules) = at_mut(content, &["spec", "rules"]).and_then(Value::as_array_mut) {
        for rule in &mut *rules {
            let written = text(rule, &["host"]).to_owned();
            if let (Some(host), Some(rule)) = (hosts.replacements.get(&written), rule.as_object_mut()) {
                rule.insert("host".to_owned(), json!(host));
                renamed.push((written, host.clone()));
            }
        }
        // Two hosts of one Service are the same host now.
        remove_duplicates(rules);
    }
    if let Some(entries) = at_mut(content, &["spec", "tls"]).and_then(Value::as_array_mut) {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(names) = entry.get_mut("hosts").and_then(Value::as_array_mut) {
                *names = std::mem::take(names).into_iter().flat_map(|name| tls_hosts(hosts, &renamed, name)).collect();
                remove_duplicates(names);
            }
            match &preview.policy.ingress.tls_secret {
                Some(secret) => entry.insert("secretName".to_owned(), json!(secret.as_str())),
                None => entry.remove("secretName"),
            };
        }
    }
    if let (Some(class), Some(spec)) =
        (&preview.policy.ingress.class, at_mut(content, &["spec"]).and_then(Value::as_object_mut))
    {
        spec.insert("ingressClassName".to_owned(), json!(class));
    }
}

/// New TLS hosts for a TLS host of the source. A wildcard becomes the hosts of the Ingress that it matches.
fn tls_hosts(hosts: &Hosts, renamed: &[(String, String)], name: Value) -> Vec<Value> {
    let written = name.as_str().unwrap_or_default();
    if let Some(new) = hosts.replacements.get(written) {
        return vec![json!(new)];
    }
    let is_matched = |host: &str| {
        let label = written.strip_prefix('*').and_then(|suffix| host.strip_suffix(suffix));
        label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
    };
    let matched: Vec<Value> =
        renamed.iter().filter(|(written, _)| is_matched(written)).map(|(_, new)| json!(new)).collect();
    if matched.is_empty() { vec![name] } else { matched }
}

fn remove_duplicates(values: &mut Vec<Value>) {
    let mut seen = Vec::<Value>::new();
    values.retain(|value| {
        !seen.contains(value) && {
            seen.push(value.clone());
            true
        }
    });
}

fn http_route(preview: &Preview<'_>, hosts: &Hosts, content: &mut Value) {
    if let Some(names) = at_mut(content, &["spec", "hostnames"]).and_then(Value::as_array_mut) {
        for name in &mut *names {
            if let Some(host) = name.as_str().and_then(|written| hosts.replacements.get(written)) {
                *name = json!(host);
            }
        }
        remove_duplicates(names);
    }
    let only_gateways = items(content, &["spec", "parentRefs"])
        .iter()
        .all(|parent| parent.is_object() && parent.get("kind").is_none_or(|kind| kind == "Gateway"));
    let Some((namespace, name)) = preview.policy.ingress.gateway.as_ref().filter(|_| only_gateways) else { return };
    if let Some(spec) = at_mut(content, &["spec"]).and_then(Value::as_object_mut) {
        spec.insert("parentRefs".to_owned(), json!([gateway(namespace.as_str(), name.as_str())]));
    }
}

/// The only parent of a route.
pub(crate) fn gateway(namespace: &str, name: &str) -> Value {
    json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": namespace, "name": name })
}
