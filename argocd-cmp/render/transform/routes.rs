//! Hosts, gateways and classes of routes.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::{Domain, EnvironmentName, ServiceName, environment_host, host};
use serde_json::{Value, json};

use crate::application::Preview;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::workload::{at_mut, items};

/// The hosts of an environment.
pub(crate) struct Hosts {
    environment: EnvironmentName,
    domain: Option<Domain>,
    /// The parameter `host`, where it is one of ours.
    wanted: Option<String>,
    /// Whether all routes of the source have one and the same host.
    single: bool,
    /// Hosts of Services of the source, the cut ones among them.
    known: BTreeSet<String>,
}

impl Hosts {
    pub(super) fn new(preview: &Preview<'_>, manifests: &[Manifest], refusals: &mut Vec<Refusal>) -> Self {
        let (environment, domain) = (preview.name().clone(), preview.environment.domain.clone());
        let mut hosts = Self { environment, domain, wanted: None, single: false, known: BTreeSet::new() };
        let services = manifests.iter().filter(|manifest| manifest.kind() == "Service");
        hosts.known = services.filter_map(|service| hosts.of_service(service.name())).collect();
        hosts.single = manifests.iter().flat_map(written_hosts).collect::<BTreeSet<_>>().len() == 1;
        if let Some(wanted) = &preview.parameters.host {
            if hosts.is_ours(wanted) {
                hosts.wanted = Some(wanted.clone());
            } else {
                let expected = hosts.expected();
                let message = format!("`{wanted}` is no host of this environment; {expected}");
                refusals.push(Refusal::new(
                    Location::parameter("host"),
                    RefusalRule::Host,
                    message,
                    "leave it out, or correct it",
                ));
            }
        }
        hosts
    }

    /// Whether a host belongs to this environment.
    pub(crate) fn is_ours(&self, host: &str) -> bool {
        let Some(domain) = &self.domain else { return false };
        let label = host.strip_suffix(domain.as_str()).and_then(|rest| rest.strip_suffix('.'));
        let Some(label) = label.filter(|label| label.len() <= 63 && !label.contains('.')) else { return false };
        let service = label.strip_prefix(self.environment.as_str()).and_then(|rest| rest.strip_prefix('-'));
        label == self.environment.as_str()
            || service.is_some_and(|service| service.parse::<ServiceName>().is_ok())
            || self.known.contains(host)
    }

    /// Which hosts are possible, for people.
    pub(crate) fn expected(&self) -> String {
        let environment = &self.environment;
        match &self.domain {
            Some(domain) => format!("expected `{environment}-<service>.{domain}`"),
            None => "there is no domain, so nothing can have a host".to_owned(),
        }
    }

    /// The host of a Service. A name that begins with the environment's loses that part.
    fn of_service(&self, service: &str) -> Option<String> {
        let domain = self.domain.as_ref()?;
        if service == self.environment.as_str() {
            return Some(environment_host(&self.environment, domain));
        }
        let own = service.strip_prefix(self.environment.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let service: ServiceName = own.unwrap_or(service).parse().ok()?;
        Some(host(&service, &self.environment, domain))
    }

    /// What a host becomes; none where it stays, and is then refused unless it is ours.
    fn rewritten(&self, written: &str, service: &str) -> Option<String> {
        if written.is_empty() || written.contains('*') {
            return None;
        }
        match &self.wanted {
            Some(wanted) if self.single || wanted == written => Some(wanted.clone()),
            _ => self.of_service(service),
        }
    }
}

/// The hosts that routes of the source have.
fn written_hosts(manifest: &Manifest) -> Vec<String> {
    let rules = items(&manifest.content, &["spec", "rules"]).iter().map(|rule| text(rule, &["host"]));
    let names = items(&manifest.content, &["spec", "hostnames"]).iter().filter_map(Value::as_str);
    match manifest.kind() {
        "Ingress" => rules.filter(|host| !host.is_empty()).map(ToOwned::to_owned).collect(),
        "HTTPRoute" => names.map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
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
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    if let Some(rules) = at_mut(content, &["spec", "rules"]).and_then(Value::as_array_mut) {
        for rule in &mut *rules {
            let written = text(rule, &["host"]).to_owned();
            let service = main_service(items(rule, &["http", "paths"]), "path", &["backend", "service", "name"]);
            if let (Some(host), Some(rule)) = (hosts.rewritten(&written, &service), rule.as_object_mut()) {
                rule.insert("host".to_owned(), json!(host));
                renamed.insert(written, host);
            }
        }
        // Two hosts of one service are one host now.
        let mut seen = Vec::<Value>::new();
        rules.retain(|rule| {
            !seen.contains(rule) && {
                seen.push(rule.clone());
                true
            }
        });
    }
    if let Some(entries) = at_mut(content, &["spec", "tls"]).and_then(Value::as_array_mut) {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(names) = entry.get_mut("hosts").and_then(Value::as_array_mut) {
                for name in &mut *names {
                    if let Some(host) = name.as_str().and_then(|name| renamed.get(name)) {
                        *name = json!(host);
                    }
                }
                names.dedup();
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

fn http_route(preview: &Preview<'_>, hosts: &Hosts, content: &mut Value) {
    let backends = items(content, &["spec", "rules"]).iter().flat_map(|rule| items(rule, &["backendRefs"]));
    let service =
        backends.map(|backend| text(backend, &["name"])).find(|name| !name.is_empty()).unwrap_or_default().to_owned();
    if let Some(names) = at_mut(content, &["spec", "hostnames"]).and_then(Value::as_array_mut) {
        for name in &mut *names {
            if let Some(host) = name.as_str().and_then(|written| hosts.rewritten(written, &service)) {
                *name = json!(host);
            }
        }
        names.dedup();
    }
    let only_gateways = items(content, &["spec", "parentRefs"])
        .iter()
        .all(|parent| parent.is_object() && parent.get("kind").is_none_or(|kind| kind == "Gateway"));
    let Some((namespace, name)) = preview.policy.ingress.gateway.as_ref().filter(|_| only_gateways) else { return };
    if let Some(spec) = at_mut(content, &["spec"]).and_then(Value::as_object_mut) {
        spec.insert("parentRefs".to_owned(), json!([gateway(namespace.as_str(), name.as_str())]));
    }
}

/// The one parent that a route has.
pub(crate) fn gateway(namespace: &str, name: &str) -> Value {
    json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": namespace, "name": name })
}

/// The service that the root path leads to, else the first one.
fn main_service(paths: &[Value], key: &str, service: &[&str]) -> String {
    let root = paths.iter().find(|path| matches!(text(path, &[key]), "/" | ""));
    root.or_else(|| paths.first()).map(|path| text(path, service).to_owned()).unwrap_or_default()
}
