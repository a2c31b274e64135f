//! Data of `eod_domain` for the guide on environments.

use std::collections::BTreeSet;

use eod_domain::{
    Environment, EnvironmentSpec, NamespaceProvenance, Nonce, Object, ObjectKind, Prices, Settings, Status, Tier,
    Tiers, Ttl, cost_per_day, labels, ledger::MadeBy, objects,
};
use serde_json::Value;

use super::table::{code, table};

pub(super) fn values() -> [(&'static str, String); 13] {
    let environment = environment(&spec());
    let with_mesh = with_mesh();
    let objects = objects(&environment, &provenance());
    [
        ("default_tier", Tier::default().to_string()),
        ("tiers", tiers()),
        ("ttl_ceiling", Ttl::MAX.to_string()),
        ("warnings", warnings()),
        ("statuses", statuses()),
        ("objects", kinds(&with_mesh)),
        ("limits", limits(&environment)),
        ("ingress_namespaces", list(&environment.network.ingress_namespaces)),
        ("dns_namespace", code(&environment.network.dns_namespace)),
        ("owner_role", owner_role(&objects)),
        ("domain", labels::DOMAIN.trim_end_matches('/').to_owned()),
        ("labels", described(&LABELS, &keys(&objects, "labels"), &[])),
        ("annotations", described(&ANNOTATIONS, &keys(&objects, "annotations"), &WRITTEN_LATER)),
    ]
}

/// Warning time of each tier that ends.
fn warnings() -> String {
    let tiers = Tiers::default();
    let warning = |tier: &Tier| Some(format!("`{tier}`: {}", tiers.get(*tier).warning?));
    Tier::ALL.iter().filter_map(warning).collect::<Vec<_>>().join(", ")
}

/// Arguments that give every label and annotation, and every object except for the policy of a mesh.
fn spec() -> EnvironmentSpec {
    let spec = r#"{
        "repository": "acme/shop", "pull_request": 123, "head_sha": "4f2a9c1", "owner": "alice", "extension": "review",
        "protected": true, "access": [{"kind": "User", "name": "alice", "role": "owner"}],
        "network": {
            "allow_from_namespaces": ["monitoring"], "allow_to_namespaces": ["shared"], "stable_services": ["stable/payments:8080"]
        }
    }"#;
    EnvironmentSpec::from_json(spec).expect("the arguments are valid")
}

fn environment(spec: &EnvironmentSpec) -> Environment {
    Environment::resolve(spec, &Settings::default()).expect("the environment is valid")
}

/// All objects that an environment can have.
fn with_mesh() -> Vec<Object> {
    let mesh = EnvironmentSpec::from_json(r#"{"mesh": {"kind": "linkerd"}}"#).expect("the arguments are valid").mesh;
    objects(&environment(&EnvironmentSpec { mesh, ..spec() }), &provenance())
}

fn provenance() -> NamespaceProvenance {
    let created_at = "2026-03-01T12:00:00Z".parse().expect("a time");
    let made_by = Some(MadeBy::Terraform);
    NamespaceProvenance { created_at: Some(created_at), nonce: Some(Nonce::new([0; 16])), made_by }
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(code).collect::<Vec<_>>().join(", ")
}

fn tiers() -> String {
    let tiers = Tiers::default();
    let names: Vec<String> = Tier::ALL.iter().map(code).collect();
    let head: Vec<&str> = std::iter::once("").chain(names.iter().map(String::as_str)).collect();
    let row = |title: &str, cell: &dyn Fn(Tier) -> String| {
        std::iter::once(title.to_owned()).chain(Tier::ALL.iter().copied().map(cell)).collect::<Vec<_>>()
    };
    let time = |ttl: Option<Ttl>| ttl.map_or("none".to_owned(), |ttl| ttl.to_string());
    let quota = |tier| &tiers.get(tier).quota;
    table(
        &head,
        [
            row("intended for", &|tier| {
                match tier {
                    Tier::Lightweight => "short tests",
                    Tier::Full => "a day of work",
                    Tier::Compliance => "reviews that end with an approval",
                    Tier::Staging => "permanent environments",
                }
                .to_owned()
            }),
            row("TTL", &|tier| time(tiers.get(tier).ttl)),
            row("longest TTL", &|tier| time(tiers.get(tier).max_ttl)),
            row("clock restarted by", &|tier| {
                let settings = tiers.get(tier);
                match (settings.ttl, settings.activity_resets_clock) {
                    (None, _) => "-",
                    (Some(_), true) => "commit, test, extension",
                    (Some(_), false) => "extension",
                }
                .to_owned()
            }),
            row("warning", &|tier| time(tiers.get(tier).warning)),
            row("protected", &|tier| if tiers.get(tier).protected { "yes" } else { "no" }.to_owned()),
            row("`quota.cpu`", &|tier| quota(tier).cpu.to_string()),
            row("`quota.memory`", &|tier| quota(tier).memory.to_string()),
            row("`quota.pods`", &|tier| quota(tier).pods.to_string()),
            row("`quota.services`", &|tier| quota(tier).services.to_string()),
            row("`quota.persistent_volume_claims`", &|tier| quota(tier).persistent_volume_claims.to_string()),
            row("`quota.storage`", &|tier| quota(tier).storage.to_string()),
            row("`quota.load_balancers`", &|tier| quota(tier).load_balancers.to_string()),
            row("`quota.node_ports`", &|tier| quota(tier).node_ports.to_string()),
            row("cost per day", &|tier| format!("${}", cost_per_day(quota(tier), &Prices::default()))),
        ],
    )
}

fn statuses() -> String {
    let meaning = |status| match status {
        Status::Pending => "the create is not complete",
        Status::Ready => "the create is complete; no deployment is recorded",
        Status::Active => {
            "deployed, and the last activity is less than half of the TTL ago; the reaper records deployments"
        }
        Status::Idle => "the last activity is at least half of the TTL ago",
        Status::Expiring => "within the warning time before the expiry, or after it",
        Status::Failed => "the create or a deployment failed; the reaper records failures of deployments",
        Status::AwaitingApproval => "after the expiry in tier `compliance`, which ends nothing without an approval",
        Status::Destroyed => {
            "the environment has ended: its namespace is gone or is being deleted; see the [guide on ends](ending.md)"
        }
    };
    table(
        &["status", "meaning"],
        Status::ALL.iter().copied().map(|status| vec![code(status), meaning(status).to_owned()]),
    )
}

/// The objects by kind and name. Each one has to be described.
fn kinds(objects: &[Object]) -> String {
    let purpose = |object: &Object| match (object.kind, object.name.as_str()) {
        (ObjectKind::Namespace, _) => "the environment, with the Pod Security level of `pod_security`",
        (ObjectKind::ServiceAccount, "default") => {
            "service account of the pods; its token is not mounted; has `image_pull_secrets`"
        }
        (ObjectKind::ResourceQuota, "eod") => "`quota`",
        (ObjectKind::LimitRange, "eod") => "`limits`",
        (ObjectKind::NetworkPolicy, "default-deny") => "denies all connections that no other policy allows",
        (ObjectKind::NetworkPolicy, "allow-same-namespace") => "connections between pods of the environment",
        (ObjectKind::NetworkPolicy, "allow-dns") => {
            "DNS queries to `network.dns_namespace` and to a DNS cache on the node"
        }
        (ObjectKind::NetworkPolicy, "allow-ingress") => "connections from `network.ingress_namespaces`",
        (ObjectKind::NetworkPolicy, "allow-from") => "connections from `network.allow_from_namespaces`, if set",
        (ObjectKind::NetworkPolicy, "allow-stable") => "connections to `network.stable_services`, if set",
        (ObjectKind::NetworkPolicy, "allow-to") => {
            "connections to `network.allow_to_namespaces` and `network.allow_to_cidrs`, if set"
        }
        (ObjectKind::NetworkPolicy, "allow-mesh") => "connections that the mesh itself needs, if `mesh` is set",
        (ObjectKind::Role, "eod-owner") => "rights of owners, if `access` has the role `owner`",
        (ObjectKind::RoleBinding, _) => "one per entry of `access`",
        (kind, name) => panic!("describe the object {kind}/{name}"),
    };
    let name = |object: &Object| match object.kind {
        ObjectKind::Namespace => "`<environment>`".to_owned(),
        ObjectKind::RoleBinding => "`eod-owner-<hash>` or `eod-cluster-role-<hash>`".to_owned(),
        _ => code(&object.name),
    };
    let row = |object: &Object| vec![object.kind.to_string(), name(object), purpose(object).to_owned()];
    table(&["kind", "name", "purpose"], objects.iter().map(row))
}

fn limits(environment: &Environment) -> String {
    let limits = &environment.limits;
    let rows = [
        ("default_cpu", limits.default_cpu.to_string(), "CPU limit of a container that sets none"),
        ("default_memory", limits.default_memory.to_string(), "memory limit of a container that sets none"),
        ("default_request_cpu", limits.default_request_cpu.to_string(), "CPU request of a container that sets none"),
        (
            "default_request_memory",
            limits.default_request_memory.to_string(),
            "memory request of a container that sets none",
        ),
        ("max_cpu", "`quota.cpu`".to_owned(), "largest CPU limit of one container"),
        ("max_memory", "`quota.memory`".to_owned(), "largest memory limit of one container"),
    ];
    let rows = rows.map(|(name, value, meaning)| vec![code(name), value, meaning.to_owned()]);
    table(&["argument", "default", "meaning"], rows)
}

fn owner_role(objects: &[Object]) -> String {
    let role = objects.iter().find(|object| object.kind == ObjectKind::Role).expect("there is a Role");
    let words = |rule: &Value, field: &str| -> Vec<String> {
        let items = rule[field].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.map(str::to_owned).collect()
    };
    let rules = role.content["rules"].as_array().expect("a Role has rules");
    let rows = rules.iter().map(|rule| {
        let group = words(rule, "apiGroups").join(", ");
        let group = if group.is_empty() { "core".to_owned() } else { code(group) };
        vec![group, list(&words(rule, "resources")), words(rule, "verbs").join(", ")]
    });
    table(&["API group", "resources", "verbs"], rows)
}

/// A key and its meaning.
type Described = (&'static str, &'static str);

const LABELS: [Described; 11] = [
    (labels::NAME, "always `preview`"),
    (labels::INSTANCE, "name of the environment"),
    (labels::MANAGED_BY, "always `eod`: ownership label"),
    (labels::INSTALLATION, "`installation` of the provider: ownership label"),
    (labels::ENV, "name of the environment"),
    (labels::OWNER, "`owner`, shortened with a hash if it is not a valid label value; `unknown` if not set"),
    (labels::TIER, "`tier`"),
    (labels::TTL, "`ttl`; `none` in `staging`"),
    ("pod-security.kubernetes.io/enforce", "`pod_security`"),
    ("pod-security.kubernetes.io/audit", "always `restricted`"),
    ("pod-security.kubernetes.io/warn", "always `restricted`"),
];

const ANNOTATIONS: [Described; 21] = [
    (labels::IDENTITY, "identity of the environment, such as `github.com/acme/shop#123`"),
    (labels::NONCE, "random value of the create or of the last takeover; names the state that manages the namespace"),
    (labels::CREATED_AT, "time of the create"),
    (labels::MADE_BY, "tool that manages the environment: `terraform`, or `argocd` if the Argo CD plugin renders it"),
    (labels::PROVISIONED_AT, "end of the create, written last; missing while a create is not complete"),
    (labels::LAST_ACTIVITY_AT, "clock: the last activity"),
    (labels::EXPIRES_AT, "clock: the expiry"),
    (labels::SPEC, "all arguments as JSON, for imports; arguments that are not set are omitted"),
    (labels::REPOSITORY, "`repository`"),
    (labels::PR_URL, "`pull_request_url`"),
    (labels::HEAD_SHA, "`head_sha`"),
    (labels::OWNER, "`owner` as written"),
    (labels::PROTECTED, "`protected`"),
    (labels::EXTENSION, "`extension`"),
    (labels::REAP_AFTER, "warning of the reaper: the environment ends after this time, unless there is activity"),
    (labels::REAP_REASON, "warning of the reaper: reason of the end"),
    (labels::APPROVED, "approval of an end in tier `compliance`, written by `eod approve`"),
    (labels::DEPLOYED_AT, "time of the first successful deployment, written by the reaper"),
    (labels::DEPLOYED_SHA, "commit that runs, written by the reaper"),
    (labels::FAILING, "reason of a failing deployment, written by the reaper"),
    (labels::STATE, "`active` or `asleep`; only on namespaces that the Argo CD plugin renders"),
];

/// Annotations that are written apart from the objects.
const WRITTEN_LATER: [&str; 10] = [
    labels::PROVISIONED_AT,
    labels::LAST_ACTIVITY_AT,
    labels::EXPIRES_AT,
    labels::REAP_AFTER,
    labels::REAP_REASON,
    labels::APPROVED,
    labels::DEPLOYED_AT,
    labels::DEPLOYED_SHA,
    labels::FAILING,
    labels::STATE,
];

/// The keys of the namespace's labels or annotations. A level of Pod Security and its version are one key.
fn keys(objects: &[Object], field: &str) -> BTreeSet<String> {
    let namespace = objects.iter().find(|object| object.kind == ObjectKind::Namespace).expect("there is a namespace");
    let map = namespace.content["metadata"][field].as_object().expect("it has labels and annotations");
    map.keys().map(|key| key.trim_end_matches("-version").to_owned()).collect()
}

/// A table of keys. Exactly those have to be described that a namespace has, or that are written apart.
fn described(table_rows: &[Described], found: &BTreeSet<String>, apart: &[&str]) -> String {
    let have: BTreeSet<String> = table_rows.iter().map(|(key, _)| (*key).to_owned()).collect();
    let need: BTreeSet<String> = found.iter().cloned().chain(apart.iter().map(|&key| key.to_owned())).collect();
    let difference: Vec<_> = have.symmetric_difference(&need).collect();
    assert!(difference.is_empty(), "labels and annotations to describe or to remove: {difference:?}");
    let row = |(key, meaning): &Described| {
        let key = key.strip_prefix(labels::DOMAIN).unwrap_or(key);
        vec![code(key), (*meaning).to_owned()]
    };
    table(&["key", "value"], table_rows.iter().map(row))
}
