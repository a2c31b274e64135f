//! Access in the namespace: the service account of pods, the owner's Role, and the bindings.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::{AccessGrant, AccessRole, OWNER_ROLE, SubjectKind};
use crate::environment::Environment;
use crate::object::{Object, ObjectKind};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Rule of the owner's Role: API group, resources, verbs.
type RoleRule = (&'static str, &'static [&'static str], &'static [&'static str]);

const READ: &[&str] = &["get", "list", "watch"];

/// Rights of an owner. Resources are listed one by one, because a wildcard would include Secrets.
///
/// Changing a workload is not allowed: a pod template can mount any Secret of the namespace. A restart is the deletion of
/// pods, which their controllers create again.
const OWNER: [RoleRule; 15] = [
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "persistentvolumeclaims",
            "pods",
            "pods/log",
            "pods/status",
            "replicationcontrollers",
            "resourcequotas",
            "serviceaccounts",
            "services",
        ],
        READ,
    ),
    ("apps", &["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"], READ),
    ("batch", &["cronjobs", "jobs"], READ),
    ("autoscaling", &["horizontalpodautoscalers"], READ),
    ("policy", &["poddisruptionbudgets"], READ),
    ("networking.k8s.io", &["ingresses", "networkpolicies"], READ),
    ("gateway.networking.k8s.io", &["gateways", "grpcroutes", "httproutes"], READ),
    ("discovery.k8s.io", &["endpointslices"], READ),
    ("events.k8s.io", &["events"], READ),
    ("metrics.k8s.io", &["pods"], &["get", "list"]),
    (RBAC, &["rolebindings", "roles"], READ),
    // `get` and `create`, because clients open these streams with either verb, depending on their version.
    ("", &["pods/attach", "pods/exec", "pods/portforward"], &["create", "get"]),
    ("", &["pods"], &["delete", "deletecollection"]),
    ("apps", &["deployments/scale", "replicasets/scale", "statefulsets/scale"], &["get", "patch", "update"]),
    ("", &["replicationcontrollers/scale"], &["get", "patch", "update"]),
];

/// Default service account of pods. Its token is not mounted: previews do not use the API server.
pub(super) fn service_account(environment: &Environment) -> Object {
    let mut fields = json!({ "automountServiceAccountToken": false });
    let secrets: Vec<Value> =
        environment.spec.image_pull_secrets.iter().map(|secret| json!({ "name": secret.as_str() })).collect();
    if let (Some(fields), false) = (fields.as_object_mut(), secrets.is_empty()) {
        fields.insert("imagePullSecrets".to_owned(), json!(secrets));
    }
    Object::inside(environment, ObjectKind::ServiceAccount, "default", fields)
}

/// Bindings of the grants, and the Role for owners if a grant needs it. Equal grants have one binding.
pub(super) fn access(environment: &Environment) -> Vec<Object> {
    let grants: BTreeSet<&AccessGrant> = environment.spec.access.iter().collect();
    let needs_role = grants.iter().any(|grant| *grant.role() == AccessRole::Owner);
    let role = needs_role.then(|| owner_role(environment));
    role.into_iter().chain(grants.into_iter().map(|grant| binding(environment, grant))).collect()
}

fn owner_role(environment: &Environment) -> Object {
    let rule =
        |(group, resources, verbs): RoleRule| json!({ "apiGroups": [group], "resources": resources, "verbs": verbs });
    let rules: Vec<Value> = OWNER.into_iter().map(rule).collect();
    Object::inside(environment, ObjectKind::Role, OWNER_ROLE, json!({ "rules": rules }))
}

fn binding(environment: &Environment, grant: &AccessGrant) -> Object {
    let role = match grant.role() {
        AccessRole::Owner => json!({ "apiGroup": RBAC, "kind": "Role", "name": OWNER_ROLE }),
        AccessRole::ClusterRole(name) => json!({ "apiGroup": RBAC, "kind": "ClusterRole", "name": name }),
    };
    let subject = match (grant.kind(), grant.namespace()) {
        (SubjectKind::ServiceAccount, namespace) => {
            json!({ "kind": "ServiceAccount", "name": grant.name(), "namespace": namespace })
        }
        (kind, _) => json!({ "apiGroup": RBAC, "kind": kind.as_str(), "name": grant.name() }),
    };
    Object::inside(
        environment,
        ObjectKind::RoleBinding,
        grant.binding_name(),
        json!({ "roleRef": role, "subjects": [subject] }),
    )
}
