//! `eod reap` and `eod end`.

use eod_domain::labels;
use serde_json::{Value, json};

use super::Ops;

/// An environment past its end with a mark that is due.
pub(super) fn due(ops: &Ops, suffix: &str, tier: &str) -> String {
    ops.environment(
        suffix,
        tier,
        "4h",
        &json!({
            "created-at": ops.minutes(-300), "last-activity-at": ops.minutes(-300), "expires-at": ops.minutes(-60),
            "reap-after": ops.minutes(-30), "reap-reason": "expired",
        }),
    )
}

fn version(ops: &Ops, namespace: &str) -> Value {
    ops.cluster.read(&format!("/api/v1/namespaces/{namespace}")).unwrap()["metadata"]["resourceVersion"].clone()
}

#[test]
fn expired_environment_is_warned_first_and_ended_in_a_later_run() {
    let ops = Ops::new("opsreap");
    let marked = due(&ops, "a", "lightweight");
    let late = json!({
        "created-at": ops.minutes(-300), "last-activity-at": ops.minutes(-300), "expires-at": ops.minutes(-1),
    });
    let unmarked = ops.environment("b", "lightweight", "4h", &late);
    let kept = json!({ "expires-at": ops.minutes(-1), "protected": "true", "created-at": ops.minutes(-300) });
    let protected = ops.environment("c", "lightweight", "4h", &kept);
    let young = ops.environment("d", "lightweight", "4h", &json!({}));

    // A dry run says everything and writes nothing.
    let before = [&marked, &unmarked, &protected, &young].map(|name| version(&ops, name));
    let dry = ops.eod(&["reap", "--dry-run"]);
    assert!(dry.stdout.contains(&marked) && dry.stdout.contains(&unmarked), "{}", dry.report());
    assert_eq!(before, [&marked, &unmarked, &protected, &young].map(|name| version(&ops, name)));
    assert!(!ops.cluster.namespace_exists(&ops.installation), "a dry run creates no control namespace");

    let file = tempfile::tempdir().unwrap().keep().join("metrics.prom");
    let run = ops.eod(&["reap", "--metrics-file", file.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    assert!(!ops.cluster.namespace_exists(&marked), "{}", run.report());
    assert!(!ops.annotation(&unmarked, labels::REAP_AFTER).is_empty(), "warned first: {}", run.report());
    assert!(ops.annotation(&protected, labels::REAP_AFTER).is_empty());
    assert!(ops.annotation(&young, labels::REAP_AFTER).is_empty());
    let metrics = std::fs::read_to_string(&file).unwrap();
    assert!(metrics.contains("eod_reaper_exit_code 0"), "{metrics}");

    let ended = ops.json(0, &["show", &marked]);
    assert_eq!(ended["environment"]["ended_reason"], "expired");
    assert_eq!(ended["environment"]["status"], "destroyed");
    let listed = ops.eod(&["list", "--all"]).expect_ok();
    assert!(listed.contains("ended "), "{listed}");
    assert!(ops.events(&marked).contains(&"ended".to_owned()));
    let lifted = ops.eod(&["wake", &marked]).expect_ok();
    assert!(lifted.contains("its end is lifted"), "{lifted}");
}

#[test]
fn end_needs_a_confirmation_and_never_ends_a_protected_environment() {
    let ops = Ops::new("opsend");
    let name = ops.environment("a", "full", "24h", &json!({}));
    let protected = ops.environment("b", "full", "24h", &json!({ "protected": "true" }));
    let asked = ops.eod(&["end", &name]);
    assert_eq!(asked.code, Some(2), "{}", asked.report());
    assert!(asked.stderr.contains("add --yes") && asked.stderr.contains("cluster: "), "{}", asked.report());
    let refused = ops.eod(&["end", &protected, "--yes"]);
    assert_eq!(refused.code, Some(1), "{}", refused.report());
    assert!(refused.stderr.contains("is protected"), "{}", refused.report());
    let ended = ops.eod(&["end", &name, "--yes", "--reason", "not needed"]);
    assert_eq!(ended.code, Some(0), "{}", ended.report());
    assert!(ended.stdout.contains("ended"), "{}", ended.report());
    assert!(!ops.cluster.namespace_exists(&name));
    assert_eq!(ops.json(0, &["show", &name])["environment"]["ended_reason"], "requested");
    assert!(ops.cluster.namespace_exists(&protected));
}
