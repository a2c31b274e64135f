//! Namespaces, objects outside of them and copies in Vault: the contract of the backends on the real servers.

use std::collections::BTreeMap;
use std::ffi::OsString;

use eod_domain::labels;
use eod_ops::contract::{ContractNames, broken_rules};
use eod_testkit::{cluster::PATIENCE, wait::wait_until};
use serde_json::{Value, json};

use super::{Ops, vault::Copies};

/// Creates a custom resource definition with objects of any content, and waits until the API server serves it.
fn define(ops: &Ops, group: &str, version: &str, plural: &str, kind: &str, scope: &str) {
    let singular = kind.to_lowercase();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        // The groups are protected: the API server requires this annotation.
        "metadata": { "name": format!("{plural}.{group}"), "annotations": {
            "api-approved.kubernetes.io": "unapproved, for tests",
        } },
        "spec": {
            "group": group, "scope": scope, "names": { "plural": plural, "singular": singular, "kind": kind },
            "versions": [{ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            } } }],
        },
    });
    ops.cluster.apply(&definition.to_string());
    wait_until(&format!("{kind} to be served"), PATIENCE, || {
        match ops.cluster.call("GET", &format!("/apis/{group}/{version}/{plural}"), None) {
            (200, _) => Ok(()),
            (status, answer) => Err(format!("{status} {answer}")),
        }
    });
}

/// Defines the kinds that EoD searches outside of namespaces.
pub(super) fn define_outside_kinds(ops: &Ops) {
    define(ops, SNAPSHOTS, "v1", "volumesnapshotcontents", "VolumeSnapshotContent", "Cluster");
    define(ops, GRANTS, "v1beta1", "referencegrants", "ReferenceGrant", "Namespaced");
}

const SNAPSHOTS: &str = "snapshot.storage.k8s.io";
const GRANTS: &str = "gateway.networking.k8s.io";

fn snapshot_path(name: &str) -> String {
    format!("/apis/{SNAPSHOTS}/v1/volumesnapshotcontents/{name}")
}

fn grant_path(name: &str) -> String {
    format!("/apis/{GRANTS}/v1beta1/namespaces/default/referencegrants/{name}")
}

/// Creates a snapshot and a grant in the namespace `default`, both with the ownership labels of an environment.
pub(super) fn create_objects(ops: &Ops, environment: &str, installation: &str) {
    let metadata = json!({ "name": environment, "labels": {
        labels::MANAGED_BY: labels::MANAGED_BY_VALUE, labels::INSTALLATION: installation, labels::ENV: environment,
    } });
    let create = |path: String, kind: &str, api_version: String| {
        let body = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
        let (status, answer) = ops.cluster.call("POST", path.rsplit_once('/').unwrap().0, Some(&body));
        assert_eq!(status, 201, "{answer}");
    };
    create(snapshot_path(environment), "VolumeSnapshotContent", format!("{SNAPSHOTS}/v1"));
    create(grant_path(environment), "ReferenceGrant", format!("{GRANTS}/v1beta1"));
}

pub(super) fn objects_exist(ops: &Ops, environment: &str) -> [bool; 2] {
    [snapshot_path(environment), grant_path(environment)].map(|path| ops.cluster.read(&path).is_some())
}

/// Checks a backend of `eod` on the real server.
#[track_caller]
fn check(ops: &Ops, kind: &str, config: Option<&str>) {
    let mut line = vec!["eod", "list", "--installation", &ops.installation, "--control-namespace", &ops.installation];
    line.extend(config.iter().flat_map(|config| ["--config", *config]));
    let kubeconfig = ops.cluster.kubeconfig().to_str().unwrap().to_owned();
    let variables = BTreeMap::from([("KUBECONFIG".to_owned(), kubeconfig)]);
    let name = |suffix: &str| ops.name(suffix).parse().unwrap();
    let names = ContractNames { ended: name("pr-1"), living: name("pr-12"), empty: name("pr-2") };
    let broken = broken_rules(line.into_iter().map(OsString::from), variables, kind, &names);
    assert_eq!(broken, Ok(Vec::new()));
}

#[test]
fn backends_keep_the_contract_on_the_real_servers() {
    let ops = Ops::new("opscontract");
    define_outside_kinds(&ops);
    let copies = Copies::new("opscontract");
    for suffix in ["pr-1", "pr-12"] {
        let name = ops.environment(suffix, "full", "24h", &json!({}));
        create_objects(&ops, &name, &ops.installation);
        copies.add(&format!("preview/{name}"), &name, &ops.installation);
        copies.add(&format!("preview/{name}/app"), &name, &ops.installation);
    }
    check(&ops, "namespace", None);
    check(&ops, "objects", None);
    check(&ops, "vault", Some(&copies.config()));
}

#[test]
fn objects_outside_of_the_namespace_end_with_their_environment() {
    let ops = Ops::new("opsobjects");
    define_outside_kinds(&ops);
    let ended = ops.environment("pr-1", "full", "24h", &json!({}));
    let living = ops.environment("pr-12", "full", "24h", &json!({}));
    let (lost, foreign) = (ops.name("lost"), ops.name("foreign"));
    for name in [&ended, &living, &lost] {
        create_objects(&ops, name, &ops.installation);
    }
    create_objects(&ops, &foreign, &format!("{}x", ops.installation));
    let run = ops.eod(&["end", &ended, "--yes"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert_eq!(objects_exist(&ops, &ended), [false; 2], "{}", run.report());
    assert_eq!([&living, &lost, &foreign].map(|name| objects_exist(&ops, name)), [[true; 2]; 3]);
    // Objects of an environment on no record are reported and stay, those of another installation are not seen.
    let run = ops.json(3, &["reap"]);
    assert_eq!((&run["unknown"], &run["orphans"]), (&json!({ "objects": 2 }), &json!({})), "{run:#}");
    assert_eq!([&living, &lost, &foreign].map(|name| objects_exist(&ops, name)), [[true; 2]; 3]);
    let rights = ops.json(0, &["doctor", "rights"]);
    let resources: Vec<&Value> = rights["rights"].as_array().unwrap().iter().map(|right| &right["resource"]).collect();
    assert!(resources.contains(&&json!("volumesnapshotcontents")), "{rights:#}");
}
