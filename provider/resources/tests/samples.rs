//! Valid configurations of every schema: together they set every argument.

use serde_json::{Value as Json, json};
use tfplugin::schema::{Attribute, Presence, Schema, Shape};
use tfplugin::{Model, ObjectValue, Value, json};

use crate::provider::ProviderConfig;

/// Configurations of `eod_environment`.
pub(super) fn environments() -> Vec<Json> {
    vec![
        json!({
            "repository": "acme/shop",
            "pull_request": 321,
            "pull_request_url": "https://git.acme.internal/shop/321",
            "head_sha": "0123456789abcdef",
            "owner": "alice",
            "tier": "full",
            "ttl": "12h",
            "extension": "waiting for review",
            "protected": true,
            "labels": { "team": "checkout", "cost": "7" },
            "annotations": { "acme.test/a": "b" },
            "services": ["api", "web"],
            "quota": {
                "cpu": "4", "memory": "8Gi", "pods": 40, "services": 20, "persistent_volume_claims": 5,
                "storage": "20Gi", "load_balancers": 1, "node_ports": 1
            },
            "limits": {
                "default_cpu": "500m", "default_memory": "512Mi", "default_request_cpu": "100m",
                "default_request_memory": "128Mi", "max_cpu": "2", "max_memory": "4Gi"
            },
            "network": {
                "isolation": "strict", "allow_from_namespaces": ["monitoring"], "allow_to_namespaces": ["shared"],
                "allow_to_cidrs": ["10.1.0.0/16", "10.2.0.0/16"], "stable_services": ["stable/payments:8080"],
                "dns_namespace": "kube-system", "ingress_namespaces": ["gateway"]
            },
            "pod_security": "restricted",
            "access": [
                { "kind": "ServiceAccount", "name": "ci", "namespace": "pipelines", "role": "view" },
                { "kind": "User", "name": "alice@example.com" }
            ],
            "image_pull_secrets": ["registry"],
            "mesh": { "kind": "istio-sidecar", "revision": "1-28" },
            "dns": { "mode": "wildcard" },
            "on_expired": "recreate",
            "force_conflicts": true,
            "adopt": true,
            "timeouts": { "create": "5m", "read": "1m", "update": "5m", "delete": "10m" }
        }),
        json!({ "name": "demo", "branch": "main", "repository": "acme/shop" }),
        json!({ "repository": "acme/shop", "pull_request": 7 }),
    ]
}

/// Configurations of `eod_vault_clone`.
pub(super) fn clones() -> Vec<Json> {
    vec![
        json!({
            "environment": "shop-pr-7",
            "mount": "secret",
            "target_mount": "secret",
            "source_path": "stage/shop",
            "target_path": "preview/shop-pr-7/shop",
            "recursive": false,
            "exclude_keys": ["API_KEY", "TOKEN"],
            "overrides_wo": { "URL": "https://shop.test", "MODE": "preview" },
            "overrides_wo_version": 1,
            "on_existing": "keep",
            "on_destroy": "delete",
            "sensitive_path": "sensitive/shop",
            "timeouts": { "create": "5m", "read": "1m", "update": "5m", "delete": "10m" }
        }),
        json!({ "environment": "shop-pr-7", "source_path": "stage", "recursive": true }),
    ]
}

/// Configurations of `eod_db_snapshot`.
pub(super) fn databases() -> Vec<Json> {
    let policy = "version: 1\ntables:\n  public.customers: { email: { kind: email }, phone: { kind: phone } }\n";
    vec![
        json!({
            "environment": "shop-pr-7",
            "engine": "postgres",
            "golden": "shop",
            "masking_policy": policy,
            "migrations": { "0001.sql": "ALTER TABLE public.customers ADD COLUMN phone text" },
            "database": "shop_pr_7",
            "secret": { "name": "db", "namespace": "shop-pr-7" },
            "extensions_allowed": ["pg_trgm"],
            "credentials_version": 1,
            "timeouts": { "create": "5m", "read": "1m", "update": "5m", "delete": "10m" }
        }),
        json!({ "environment": "shop-pr-7", "golden": "shop", "masking_policy": policy }),
    ]
}

/// Configurations of the data sources and ephemeral resources.
pub(super) fn lookups(type_name: &str) -> Vec<Json> {
    match type_name {
        "eod_environment" => vec![json!({ "name": "shop-pr-7" })],
        "eod_environments" => vec![json!({
            "repository": "acme/shop", "owner": "alice", "tier": "full", "status": "active", "label_selector": "team=a"
        })],
        "eod_db_golden" => vec![json!({ "name": "shop" })],
        "eod_db_credentials" => vec![json!({ "secret": "shop-pr-7/db" })],
        "eod_vault_clone" => vec![json!({ "target_mount": "secret", "target_path": "preview/shop-pr-7" })],
        "eod_vault_secret" => vec![
            json!({ "mount": "secret", "path": "preview/shop-pr-7/shop", "version": 3 }),
            json!({ "ref": "secret/preview/shop-pr-7/shop" }),
        ],
        other => panic!("there is no sample of {other}"),
    }
}

/// Provider blocks.
pub(super) fn providers() -> Vec<Json> {
    let shared = json!({
        "installation": "acme",
        "domain": "preview.acme.internal",
        "control_namespace": "eod-system",
        "name_template": "{repo}-{number}",
        "default_tier": "full",
        "default_labels": { "team": "platform" },
        "max_environments": 100,
        "tiers": {
            "full": {
                "ttl": "12h", "max_ttl": "48h", "warning": "1h",
                "quota": {
                    "cpu": "4", "memory": "8Gi", "pods": 40, "services": 20, "persistent_volume_claims": 5,
                    "storage": "20Gi", "load_balancers": 1, "node_ports": 1
                }
            }
        },
        "prices": { "cpu_hour_usd": 0.05, "memory_gib_hour_usd": 0.005, "storage_gib_month_usd": 0.2 }
    });
    let pem = "-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n";
    let clusters = [
        json!({ "config_path": "/home/alice/config", "config_context": "preview" }),
        json!({
            "host": "https://cluster.acme.internal:6443", "cluster_ca_certificate": pem, "token": "hush",
            "proxy_url": "http://proxy.acme.internal:3128", "tls_server_name": "cluster.acme.internal"
        }),
        json!({ "host": "https://cluster.acme.internal:6443", "insecure": true, "token_path": "/run/token" }),
        json!({ "host": "https://cluster.acme.internal:6443", "client_certificate": pem, "client_key": pem }),
        json!({
            "host": "https://cluster.acme.internal:6443",
            "exec": {
                "api_version": "client.authentication.k8s.io/v1", "command": "get-token",
                "args": ["--cluster", "preview"], "env": { "REGION": "north" }
            }
        }),
        json!({ "in_cluster": true }),
    ];
    let logins = [
        json!({ "token": "hush" }),
        json!({ "approle": { "role_id": "eod", "secret_id": "hush", "mount": "approle" } }),
        json!({ "kubernetes": { "role": "eod", "token_path": "/run/token", "mount": "kubernetes" } }),
        json!({ "jwt": { "role": "eod", "token": "hush", "mount": "jwt" } }),
        json!({ "jwt": { "role": "eod", "token_path": "/run/token" } }),
        Json::Null,
    ];
    let with = |(kubernetes, auth): (Json, Json)| {
        let mut block = shared.clone();
        block["kubernetes"] = kubernetes;
        block["vault"] = json!({
            "address": "https://vault.acme.internal:8200", "namespace": "team", "skip_verify": false, "auth": auth,
            "sensitive_paths": ["*/sensitive/*"], "target_prefixes": ["*/preview/*"]
        });
        block["postgres"] = json!({
            "host": "db.acme.internal", "port": 5433, "user": "eod", "password": "hush", "database": "postgres",
            "sslmode": "verify-full", "sslrootcert": "/etc/ssl/db.pem", "sslcert": "/etc/ssl/eod.pem",
            "sslkey": "/etc/ssl/eod.key", "advertise_host": "db.preview.internal", "advertise_port": 5432
        });
        if auth_is_null(&block) {
            block["vault"]["ca_cert"] = "/etc/ssl/vault.pem".into();
        }
        block
    };
    clusters.into_iter().zip(logins).map(with).collect()
}

fn auth_is_null(block: &Json) -> bool {
    block["vault"]["auth"].is_null()
}

/// The schema of the provider block.
pub(super) fn provider_schema() -> Schema {
    Schema { attributes: ProviderConfig::attributes(), ..Schema::default() }
}

/// A sample in Terraform's form, with every attribute present.
pub(super) fn object(schema: &Schema, sample: &Json) -> ObjectValue {
    let value = json::decode_state(sample.to_string().as_bytes(), &schema.ty()).expect("a sample fits its schema");
    value.as_map().cloned().expect("a sample is an object")
}

/// Every argument that no sample sets, nested ones too.
pub(super) fn unset(schema: &Schema, samples: &[ObjectValue]) -> Vec<String> {
    let mut found = Vec::new();
    unset_of("", &schema.attributes, &samples.iter().collect::<Vec<_>>(), &mut found);
    found
}

fn unset_of(prefix: &str, attributes: &[Attribute], samples: &[&ObjectValue], found: &mut Vec<String>) {
    for attribute in attributes.iter().filter(|attribute| attribute.presence != Presence::Computed) {
        let name = format!("{prefix}{}", attribute.name);
        let set: Vec<&Value> = samples.iter().filter_map(|sample| sample.get(attribute.name)).collect();
        if set.iter().all(|value| value.is_null()) {
            found.push(name);
        } else if let Shape::Object { attributes, .. } = &attribute.shape {
            let objects: Vec<&ObjectValue> = set.into_iter().flat_map(objects).collect();
            unset_of(&format!("{name}."), attributes, &objects, found);
        }
    }
}

/// The objects of a nested attribute. An object whose values are all objects is a map of them.
fn objects(value: &Value) -> Vec<&ObjectValue> {
    match value {
        Value::Map(object) if !object.is_empty() && object.values().all(|each| each.as_map().is_some()) => {
            object.values().filter_map(Value::as_map).chain([object]).collect()
        }
        Value::Map(object) => vec![object],
        Value::List(elements) => elements.iter().filter_map(Value::as_map).collect(),
        _ => Vec::new(),
    }
}
