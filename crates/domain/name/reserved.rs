//! Reserved names: namespaces of the cluster and its operators.

/// Reason for the reservation of a name; none if it is not reserved.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    let exact = EXACT.iter().find(|(reserved, _)| *reserved == name);
    let prefix = || PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    exact.or_else(prefix).map(|(_, reason)| *reason)
}

const EXACT: [(&str, &str); 15] = [
    ("default", "Kubernetes creates the namespace `default` and it cannot be deleted"),
    ("eod-system", "EoD stores its own records there"),
    ("production", "EoD never owns production"),
    ("prod", "EoD never owns production"),
    ("argocd", "Argo CD runs there"),
    ("argo-cd", "Argo CD runs there"),
    ("istio-system", "Istio runs there"),
    ("istio-ingress", "an ingress gateway runs there"),
    ("envoy-gateway-system", "an ingress gateway runs there"),
    ("ingress-nginx", "an ingress controller runs there"),
    ("traefik", "an ingress controller runs there"),
    ("linkerd", "Linkerd runs there"),
    ("cert-manager", "cert-manager runs there"),
    ("openshift", "OpenShift stores its shared objects there"),
    ("gatekeeper-system", "the cluster's admission policies run there"),
];

const PREFIXES: [(&str, &str); 2] = [
    ("kube-", "Kubernetes reserves every name that begins with `kube-`"),
    ("openshift-", "OpenShift reserves every name that begins with `openshift-`"),
];
