//! Names that belong to the cluster or to those who run it.

/// Who uses a name, where it is reserved.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    let exact = EXACT.iter().find(|(reserved, _)| *reserved == name);
    let prefix = || PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    exact.or_else(prefix).map(|(_, reason)| *reason)
}

const EXACT: [(&str, &str); 15] = [
    ("default", "Kubernetes makes the namespace `default` itself and it cannot be deleted"),
    ("eod-system", "EoD keeps its own records there"),
    ("production", "production is never owned by EoD"),
    ("prod", "production is never owned by EoD"),
    ("argocd", "Argo CD runs there"),
    ("argo-cd", "Argo CD runs there"),
    ("istio-system", "Istio runs there"),
    ("istio-ingress", "an ingress gateway runs there"),
    ("envoy-gateway-system", "an ingress gateway runs there"),
    ("ingress-nginx", "an ingress controller runs there"),
    ("traefik", "an ingress controller runs there"),
    ("linkerd", "Linkerd runs there"),
    ("cert-manager", "cert-manager runs there"),
    ("openshift", "OpenShift keeps its shared objects there"),
    ("gatekeeper-system", "the cluster's admission policies run there"),
];

const PREFIXES: [(&str, &str); 2] = [
    ("kube-", "Kubernetes keeps every name that begins with `kube-` for itself"),
    ("openshift-", "OpenShift keeps every name that begins with `openshift-` for itself"),
];
