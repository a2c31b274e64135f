//! `eod doctor`.

use eod_testkit::{cluster::PATIENCE, wait::wait_until};
use serde_json::json;

use super::Ops;

#[test]
fn missing_rights_are_printed_as_rules() {
    let ops = Ops::new("opsrights");
    let all = ops.eod(&["doctor", "rights"]).expect_ok();
    assert!(all.contains("All rights"), "{all}");
    let nobody = ops.cluster.nobody();
    let nobody = nobody.path().to_str().unwrap();
    let missing = ops.eod_with(nobody, &["doctor", "rights"]);
    assert_eq!(missing.code, Some(3), "{}", missing.report());
    let rule = r#"- { apiGroups: [""], resources: [namespaces], verbs: [get, list, patch, delete] }"#;
    assert!(missing.stdout.contains(rule), "{}", missing.report());
    let denied = ops.eod_with(nobody, &["list"]);
    assert_eq!(denied.code, Some(1), "{}", denied.report());
    assert!(denied.stderr.contains("eod doctor rights"), "{}", denied.report());
}

#[test]
fn finalizers_of_a_blocked_namespace_are_named_and_removed_on_request() {
    let ops = Ops::new("opsdoctor");
    let name = ops.environment("a", "lightweight", "4h", &json!({}));
    let fine = ops.eod(&["doctor", "namespace", &name]).expect_ok();
    assert!(fine.contains("is not being deleted"), "{fine}");
    let held = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "held", "namespace": &name, "finalizers": ["acme.io/hold"],
    } });
    ops.cluster.apply(&held.to_string());
    ops.cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
    wait_until("the blocker to be named", PATIENCE, || {
        let found = ops.eod(&["doctor", "namespace", &name]);
        let is_named = found.code == Some(3) && found.stdout.contains("ConfigMap/held finalizers=[acme.io/hold]");
        if is_named { Ok(()) } else { Err(found.report()) }
    });
    let refused = ops.eod(&["doctor", "namespace", &name, "--force-finalize"]);
    assert_eq!(refused.code, Some(2), "{}", refused.report());
    assert!(refused.stderr.contains("add --yes"), "{}", refused.report());
    assert!(ops.cluster.namespace_exists(&name));
    let removed = ops.eod(&["doctor", "namespace", &name, "--force-finalize", "--yes"]);
    assert_eq!(removed.code, Some(0), "{}", removed.report());
    assert!(removed.stderr.contains("cluster: "), "{}", removed.report());
    ops.cluster.wait_until_gone(&name);
}
