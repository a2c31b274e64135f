//! Network policies. Policies are additive: one denies everything, and each of the others allows one thing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cidr::Cidr;
use crate::dns::NamespaceName;
use crate::environment::Environment;
use crate::labels::NAMESPACE_NAME;
use crate::mesh::MeshKind;
use crate::network::{Isolation, Network, StableService};
use crate::object::{Object, ObjectKind};

/// Address of NodeLocal DNSCache. It runs on the node's network, so a pod selector cannot match it.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";
/// Source address of kubelet's probes in ambient mode: <https://istio.io/latest/docs/ambient/usage/networkpolicy/>.
const AMBIENT_PROBES: &str = "169.254.7.127/32";

/// Policies of an environment; none without isolation.
pub(super) fn policies(environment: &Environment) -> Vec<Object> {
    let network = &environment.network;
    if network.isolation == Isolation::None {
        return Vec::new();
    }
    let mesh = environment.spec.mesh.as_ref().map_or(MeshKind::None, crate::mesh::Mesh::kind);
    let specs = [
        ("default-deny", Some(json!({ "policyTypes": ["Ingress", "Egress"] }))),
        ("allow-same-namespace", Some(both(&json!([{ "from": [pods()] }]), &json!([{ "to": [pods()] }])))),
        ("allow-dns", Some(egress(&json!([dns(&network.dns_namespace)])))),
        ("allow-ingress", ingress_from(&network.ingress_namespaces)),
        ("allow-from", ingress_from(&network.allow_from_namespaces)),
        ("allow-stable", stable(&network.stable_services)),
        ("allow-to", allow_to(network)),
        ("allow-mesh", mesh_policy(mesh, &network.stable_services)),
    ];
    let object = |(name, spec): (&str, Option<Value>)| {
        let mut spec = spec?;
        let fields = spec.as_object_mut()?;
        // Every policy selects all pods of the environment.
        fields.insert("podSelector".to_owned(), json!({}));
        // Another field manager could set a list that is missing here, and the list would remain.
        for rules in ["ingress", "egress"] {
            fields.entry(rules).or_insert_with(|| json!([]));
        }
        Some(Object::inside(environment, ObjectKind::NetworkPolicy, name, json!({ "spec": spec })))
    };
    specs.into_iter().filter_map(object).collect()
}

fn both(ingress: &Value, egress: &Value) -> Value {
    json!({ "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress })
}

fn ingress(rules: &Value) -> Value {
    json!({ "policyTypes": ["Ingress"], "ingress": rules })
}

fn egress(rules: &Value) -> Value {
    json!({ "policyTypes": ["Egress"], "egress": rules })
}

fn pods() -> Value {
    json!({ "podSelector": {} })
}

fn tcp(port: u16) -> Value {
    json!({ "protocol": "TCP", "port": port })
}

/// All pods of these namespaces, selected by the label that only the API server sets.
fn namespaces<'a>(names: impl IntoIterator<Item = &'a NamespaceName>) -> Value {
    let names: BTreeSet<&str> = names.into_iter().map(NamespaceName::as_str).collect();
    json!({ "namespaceSelector": { "matchExpressions": [{ "key": NAMESPACE_NAME, "operator": "In", "values": names }] } })
}

fn namespace(name: &str) -> Value {
    json!({ "namespaceSelector": { "matchLabels": { NAMESPACE_NAME: name } } })
}

/// DNS over UDP and TCP. OpenShift's servers have another port and other labels than `kube-dns`.
fn dns(dns_namespace: &NamespaceName) -> Value {
    let mut servers = namespace(dns_namespace.as_str());
    if let (Some(servers), "kube-system") = (servers.as_object_mut(), dns_namespace.as_str()) {
        servers.insert("podSelector".to_owned(), json!({ "matchLabels": { "k8s-app": "kube-dns" } }));
    }
    let ports: &[u16] = if dns_namespace.as_str() == "openshift-dns" { &[53, 5353] } else { &[53] };
    let ports: Vec<Value> = ports
        .iter()
        .flat_map(|port| ["UDP", "TCP"].map(|protocol| json!({ "protocol": protocol, "port": port })))
        .collect();
    json!({ "to": [servers, { "ipBlock": { "cidr": NODE_LOCAL_DNS } }], "ports": ports })
}

fn ingress_from(names: &[NamespaceName]) -> Option<Value> {
    (!names.is_empty()).then(|| ingress(&json!([{ "from": [namespaces(names)] }])))
}

/// One rule per namespace, with the ports of all of its services.
fn stable(services: &[StableService]) -> Option<Value> {
    let mut ports: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
    for service in services {
        ports.entry(service.namespace.as_str()).or_default().insert(service.port);
    }
    let rule = |(name, ports): (&str, BTreeSet<u16>)| {
        let ports: Vec<Value> = ports.into_iter().map(tcp).collect();
        json!({ "to": [namespace(name)], "ports": ports })
    };
    let rules: Vec<Value> = ports.into_iter().map(rule).collect();
    (!rules.is_empty()).then(|| egress(&json!(rules)))
}

/// Namespaces and addresses. Metadata addresses are excluded from each range, so that no range returns the node's
/// credentials.
fn allow_to(network: &Network) -> Option<Value> {
    let mut peers = Vec::new();
    if !network.allow_to_namespaces.is_empty() {
        peers.push(namespaces(&network.allow_to_namespaces));
    }
    let cidrs: BTreeSet<Cidr> = network.allow_to_cidrs.iter().copied().collect();
    for cidr in cidrs {
        let except = cidr.metadata();
        let mut block = json!({ "cidr": cidr.to_string() });
        if let (Some(block), false) = (block.as_object_mut(), except.is_empty()) {
            block.insert("except".to_owned(), json!(except));
        }
        peers.push(json!({ "ipBlock": block }));
    }
    (!peers.is_empty()).then(|| egress(&json!([{ "to": peers }])))
}

/// Additional traffic of a mesh: control plane, probes, and its tunnel to stable services.
///
/// A tunnel transports all ports of its peer, so within a mesh only the mesh's own policies can restrict the ports.
fn mesh_policy(mesh: MeshKind, stable_services: &[StableService]) -> Option<Value> {
    let tunnel = |port: u16| {
        let names: Vec<&NamespaceName> = stable_services.iter().map(|service| &service.namespace).collect();
        (!names.is_empty()).then(|| json!({ "to": [namespaces(names)], "ports": [tcp(port)] }))
    };
    match mesh {
        MeshKind::None => None,
        MeshKind::IstioSidecar => Some(egress(&json!([{ "to": [namespace("istio-system")], "ports": [tcp(15012)] }]))),
        MeshKind::IstioAmbient => {
            let probes = json!([{ "from": [{ "ipBlock": { "cidr": AMBIENT_PROBES } }] }]);
            Some(tunnel(15008).map_or_else(|| ingress(&probes), |tunnel| both(&probes, &json!([tunnel]))))
        }
        MeshKind::Linkerd => {
            let control = json!({ "to": [namespace("linkerd")], "ports": [tcp(8080), tcp(8086), tcp(8090)] });
            Some(egress(&std::iter::once(control).chain(tunnel(4143)).collect()))
        }
    }
}
