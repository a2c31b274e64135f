//! Objects of complete environments, as applied.

use std::fmt::Write;

use serde_json::{Value, json};

use super::*;
use crate::installation::Nonce;
use crate::labels::{self, UserLabels};
use crate::ledger::MadeBy;
use crate::mesh::MeshKind;
use crate::object::ObjectKind;
use crate::settings::Settings;
use crate::spec::EnvironmentSpec;
use crate::spec::tests::EVERYTHING;

fn environment(spec: &str) -> Environment {
    let settings = Settings {
        installation: "acme".parse().unwrap(),
        default_labels: UserLabels::parse("default_labels", [("cost-center".to_owned(), "42".to_owned())].into())
            .unwrap(),
        ..Settings::default()
    };
    Environment::resolve(&EnvironmentSpec::from_json(spec).unwrap(), &settings).unwrap()
}

fn provenance() -> NamespaceProvenance {
    NamespaceProvenance {
        created_at: Some("2026-03-01T12:00:00.75Z".parse().unwrap()),
        nonce: Some(Nonce::new([7; 16])),
        made_by: Some(MadeBy::Terraform),
    }
}

/// Objects in short form. Fields common to all objects are omitted and tested by
/// [`every_object_has_the_ownership_labels`].
fn print(objects: &[Object]) -> String {
    let mut text = String::new();
    for object in objects {
        writeln!(text, "--- {}", object.key()).unwrap();
        let mut content = object.content.clone();
        if object.kind == ObjectKind::Namespace {
            print_value(&content["metadata"], 0, &mut text);
            continue;
        }
        for shared in ["apiVersion", "kind", "metadata"] {
            content.as_object_mut().unwrap().remove(shared);
        }
        print_value(&content, 0, &mut text);
    }
    text
}

/// One line per field. A short value stays on the line of its field.
fn print_value(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (format!("{key}:"), value)).collect(),
        Value::Array(list) => list.iter().map(|value| ("-".to_owned(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in children {
        let short = value.to_string();
        let flat = !value.is_object() && !value.is_array() || short.len() <= 90;
        if flat {
            writeln!(text, "{indent}{key} {short}").unwrap();
        } else {
            writeln!(text, "{indent}{key}").unwrap();
            print_value(value, depth + 1, text);
        }
    }
}

fn keys(spec: &str) -> Vec<String> {
    objects(&environment(spec), &provenance()).iter().map(Object::key).collect()
}

fn policy(spec: &str, name: &str) -> Value {
    let all = objects(&environment(spec), &provenance());
    let object = all.into_iter().find(|object| object.kind == ObjectKind::NetworkPolicy && object.name == name);
    object.expect(name).content["spec"].clone()
}

#[test]
fn full_environment_has_all_objects() {
    let objects = objects(&environment(EVERYTHING), &provenance());
    expect_test::expect_file!["full.txt"].assert_eq(&print(&objects));
}

#[test]
fn small_environment_has_its_objects() {
    let objects = objects(&environment(r#"{"pull_request":7}"#), &NamespaceProvenance::default());
    expect_test::expect_file!["small.txt"].assert_eq(&print(&objects));
}

#[test]
fn claim_has_only_fields_that_no_apply_removes() {
    let claim = namespace_claim(&environment(EVERYTHING), &provenance());
    expect_test::expect_file!["claim.txt"].assert_eq(&print(&[claim]));
}

#[test]
fn optional_objects_are_omitted() {
    let base = [
        "Namespace/pr-7",
        "ServiceAccount/default",
        "ResourceQuota/eod",
        "LimitRange/eod",
        "NetworkPolicy/default-deny",
        "NetworkPolicy/allow-same-namespace",
        "NetworkPolicy/allow-dns",
        "NetworkPolicy/allow-ingress",
    ];
    assert_eq!(keys(r#"{"pull_request":7}"#), base);
    assert_eq!(keys(r#"{"pull_request":7,"network":{"ingress_namespaces":[]}}"#), &base[..7]);
    assert_eq!(keys(r#"{"pull_request":7,"network":{"isolation":"none","allow_to_namespaces":["x"]}}"#), &base[..4]);
    let view = keys(
        r#"{"pull_request":7,"access":[{"kind":"User","name":"a","role":"view"},{"kind":"User","name":"a","role":"view"}]}"#,
    );
    assert_eq!(view.len(), base.len() + 1, "no Role without an owner, and one binding for one grant: {view:?}");
}

#[test]
fn every_object_has_the_ownership_labels() {
    let environment = environment(EVERYTHING);
    for object in objects(&environment, &provenance()) {
        let metadata = &object.content["metadata"];
        for (key, value) in environment.ownership_labels() {
            assert_eq!(metadata["labels"][&key], value, "{}", object.key());
        }
        assert_eq!(metadata["labels"]["cost-center"], "42", "{}", object.key());
        let namespace = (object.kind != ObjectKind::Namespace).then_some("shop-pr-123");
        assert_eq!(metadata["namespace"].as_str(), namespace);
        assert_eq!(object.content["apiVersion"], object.kind.api_version());
        assert_eq!(metadata["name"], object.name);
        assert_eq!(object.content["kind"].as_str().unwrap().parse(), Ok(object.kind));
        let text = object.content.to_string();
        for key in [labels::EXPIRES_AT, labels::LAST_ACTIVITY_AT, labels::PROVISIONED_AT] {
            assert!(!text.contains(key), "{} must not hold {key}", object.key());
        }
    }
}

#[test]
fn the_owner_reads_no_secrets_and_changes_no_guards() {
    let all = objects(&environment(EVERYTHING), &provenance());
    let role = all.iter().find(|object| object.kind == ObjectKind::Role).unwrap();
    let guarded =
        ["networkpolicies", "resourcequotas", "limitranges", "roles", "rolebindings", "serviceaccounts", "deployments"];
    for rule in role.content["rules"].as_array().unwrap() {
        let words = |field: &str| -> Vec<&str> {
            rule[field].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
        };
        let (resources, verbs) = (words("resources"), words("verbs"));
        assert!(!resources.contains(&"secrets") && !resources.contains(&"*") && !verbs.contains(&"*"));
        let writes = verbs.iter().any(|verb| !["get", "list", "watch"].contains(verb));
        assert!(!writes || resources.iter().all(|resource| !guarded.contains(resource)), "{rule}");
    }
}

#[test]
fn instance_metadata_is_never_allowed() {
    let spec = r#"{"pull_request":7,"network":{"allow_to_cidrs":["0.0.0.0/0","169.254.0.0/16","::/0"]}}"#;
    let blocks = policy(spec, "allow-to")["egress"][0]["to"].clone();
    for block in blocks.as_array().unwrap() {
        let block = &block["ipBlock"];
        let v4 = !block["cidr"].as_str().unwrap().contains(':');
        let address = if v4 { "169.254.169.254/32" } else { "fd00:ec2::254/128" };
        assert!(block["except"].as_array().unwrap().contains(&json!(address)), "{block}");
    }
    assert_eq!(blocks.as_array().unwrap().len(), 3);
}

#[test]
fn each_mesh_has_its_policy() {
    for (kind, stable, directions) in [
        (MeshKind::IstioSidecar, "[]", json!(["Egress"])),
        (MeshKind::IstioAmbient, "[]", json!(["Ingress"])),
        (MeshKind::IstioAmbient, r#"["stable/a:1"]"#, json!(["Ingress", "Egress"])),
        (MeshKind::Linkerd, r#"["stable/a:1"]"#, json!(["Egress"])),
    ] {
        let spec =
            format!(r#"{{"pull_request":7,"mesh":{{"kind":"{kind}"}},"network":{{"stable_services":{stable}}}}}"#);
        assert_eq!(policy(&spec, "allow-mesh")["policyTypes"], directions, "{kind}");
    }
    assert!(!keys(r#"{"pull_request":7,"mesh":{"kind":"none"}}"#).contains(&"NetworkPolicy/allow-mesh".to_owned()));
}

#[test]
fn openshift_dns_has_its_own_ports() {
    let spec = policy(r#"{"pull_request":7,"network":{"dns_namespace":"openshift-dns"}}"#, "allow-dns");
    assert_eq!(spec["egress"][0]["ports"].as_array().unwrap().len(), 4);
    assert!(spec["egress"][0]["to"][0].get("podSelector").is_none());
}

#[test]
fn kinds_are_parsed_or_refused() {
    for kind in ObjectKind::ALL.iter().copied() {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(kind.api_version().trim_end_matches("v1").trim_end_matches('/'), kind.group());
    }
    assert_eq!(
        "Pod".parse::<ObjectKind>().unwrap_err().to_string(),
        "unsupported kind of object `Pod`: supported are Namespace, ServiceAccount, ResourceQuota, LimitRange, NetworkPolicy, \
         Role, RoleBinding"
    );
}
